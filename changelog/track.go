package changelog

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// everything stands for the index of a component that every commit belongs to which belongs to any.
const everything = -1

// track are the releases of one component while a history is told. Its versions are known by labels: 0 is what is not
// released, and then they go from the highest to the lowest. Where pre-releases are not shown they go before the final ones, so that
// a final release has all that it contains.
//
// The label of a commit is the highest of those that its children have and of its own tags. So labels can only grow on the
// way back through the history, and once no commit that is still to come has a label or one below it, the release
// is complete.
type track struct {
	name    string
	index   int // of the component in the policy, or everything
	format  TagFormat
	edition *edition
	shown   bool // whether pre-releases are releases of their own

	versions []trackedTag // by label; the first one has no tag
	tagged   map[string][]int
	waiting  []int // by label: how many commits that are still to come have it
	sections []*chapter
	next     int      // the label whose release is to come next
	held     *Release // complete but for the tag before it
	strange  *strange // nil where all tags have one form
	fellows  []*view  // the other components of its fixed group
}

// trackedTag is a tag with the time that it was made, and what has become of it.
type trackedTag struct {
	Tag
	time   time.Time
	seen   bool // its commit has come
	folded bool // it is a pre-release that a final one has followed
}

func newTrack(v *view, index int, e *edition, shown bool) *track {
	return &track{name: v.component.Name, index: index, format: v.format, edition: e, shown: shown, tagged: map[string][]int{}}
}

// read reads the tags.
func (t *track) read(refs []Ref) {
	t.versions = make([]trackedTag, 1, 1+len(refs))
	for _, ref := range refs {
		if ref.Commit == "" || !t.format.holds(ref.Name) {
			continue
		}
		if v, err := t.format.Parse(ref.Name); err == nil {
			t.versions = append(t.versions, trackedTag{
				Tag:  Tag{Name: ref.Name, Version: v, Commit: ref.Commit, Reachable: ref.Reachable},
				time: ref.Time,
			})
		}
	}
	slices.SortFunc(t.versions[1:], func(a, b trackedTag) int {
		if early := a.Version.Prerelease() != ""; !t.shown && early != (b.Version.Prerelease() != "") {
			if early {
				return -1
			}
			return 1
		}
		return cmp.Or(b.Version.Compare(a.Version), strings.Compare(b.Name, a.Name))
	})
	for label, v := range t.versions[1:] {
		t.tagged[v.Commit] = append(t.tagged[v.Commit], label+1)
	}
	t.waiting = make([]int, len(t.versions))
	t.sections = make([]*chapter, len(t.versions))
}

// fellows are the other components of the fixed group that one is in, by name.
func (p Policy) fellows(of *view, views []*view) (all []*view) {
	for _, g := range p.Groups {
		if g.Kind != Fixed || !slices.Contains(g.Components, of.component.Name) {
			continue
		}
		for _, v := range views {
			if v != of && slices.Contains(g.Components, v.component.Name) {
				all = append(all, v)
			}
		}
	}
	slices.SortFunc(all, func(a, b *view) int { return strings.Compare(a.component.Name, b.component.Name) })
	return all
}

// isFinal reports whether a label is that of a final release.
func (t *track) isFinal(label int) bool {
	return label > 0 && t.versions[label].Version.Prerelease() == ""
}

// label is the lowest version that contains a commit, given the lowest that contains one of its children.
func (t *track) label(c *Commit, label int) int {
	own := t.tagged[c.ID]
	for _, l := range own {
		v := &t.versions[l]
		v.seen = true
		if v.time.IsZero() {
			v.time = c.Committed
		}
		label = max(label, l)
	}
	for _, l := range own {
		t.versions[l].folded = !t.shown && !t.isFinal(l) && t.isFinal(label)
	}
	if t.strange != nil {
		t.strange.meet(c, label)
	}
	return label
}

// add adds a commit to the version of a label.
func (t *track) add(w *walk, label int, c *Commit, m *Message) {
	ch := t.sections[label]
	if ch == nil {
		ch = newChapter(t.edition)
		t.sections[label] = ch
	}
	ch.add(w, c, m)
}

// finish adds the releases that are complete to others.
func (t *track) finish(w *walk, ready []Release) []Release {
	for t.next < len(t.versions) && t.waiting[t.next] == 0 {
		if r, ok := t.release(w, t.next); ok {
			if t.held != nil {
				t.held.Notes.PreviousTag = r.Tag
				ready = append(ready, *t.held)
			}
			t.held = &r
		} else if t.strange != nil {
			t.strange.pass(t.next)
		}
		t.sections[t.next] = nil
		t.next++
	}
	return ready
}

// release is the release of a label. It is false where there is nothing to be told.
func (t *track) release(w *walk, label int) (Release, bool) {
	v, ch := t.versions[label], t.sections[label]
	switch {
	case ch == nil && (label == 0 || v.folded || !v.seen && (!v.Reachable || !t.shown && !t.isFinal(label))):
		return Release{}, false
	case ch == nil:
		ch = &chapter{page: newPage(t.edition)}
	}
	r := Release{Component: t.name, Version: v.Version, Tag: v.Name, Commit: v.Commit, Time: v.time, Commits: ch.commits, Notes: ch.notes(w)}
	if t.strange != nil {
		r.Diagnostics = t.strange.tell(label, t, r.Tag)
	}
	r.Leads = ch.leads // without those that the notes have found to be taken back
	r.Notes.Component, r.Notes.Version, r.Notes.Tag = r.Component, r.Version, r.Tag
	r.Notes.Date = time.Time{}
	for _, fellow := range t.fellows {
		if len(r.Notes.Sections) == 0 && r.Version != nil && fellow.has(r.Version) {
			r.Notes.With = append(r.Notes.With, fellow.component.Name)
		}
	}
	if !r.Time.IsZero() {
		r.Notes.Date = r.Time.UTC().Truncate(24 * time.Hour)
	}
	return r, true
}

// chapter is what is known of a release that is not complete.
type chapter struct {
	page    *page
	commits int
	// with are what it depends on and was released with it.
	with  []Dependency
	leads []Lead
	// From the first revert on the commits are kept, because it may take them back.
	keeping bool
	kept    shelf
}

func (ch *chapter) add(w *walk, c *Commit, m *Message) {
	ch.commits++
	if w.leads && len(c.Parents) < 2 && m.Kind != Merging {
		ch.leads = append(ch.leads, leadOf(c))
	}
	if w.cancels && !ch.keeping {
		ch.keeping = takesBack(m)
	}
	if ch.keeping {
		ch.kept.add(&w.spare, c, m)
		m.Footers = nil // the next message is read into it, and the shelf has them
		return
	}
	if len(m.Inner) == 0 {
		ch.page.add(c, m, nil, w.policy.level(m) > None)
		return
	}
	weight := weightOf(m, 0, nil, &w.policy, ZeroStable)
	ch.page.add(c, m, weight.changes, weight.level > None)
}

// takesBack reports whether a message, or one within it, is that of a revert.
func takesBack(m *Message) bool {
	return m.isRevert() || m.undoes()
}

// notes are the notes of the chapter, which is complete.
func (ch *chapter) notes(w *walk) Notes {
	if ch.keeping {
		commits, messages := w.spare.clear(&ch.kept)
		defer w.spare.takeBack()
		r := &reading{commits: commits, messages: messages, reverting: true, unclear: map[int]string{}}
		all := slices.Repeat([]bool{true}, len(r.commits))
		gone := r.cancel(all, w.policy)
		for i := range r.commits {
			c := &r.commits[i]
			if weight := r.weight(i, gone, &w.policy, ZeroStable); !weight.cancelled {
				ch.page.add(c, r.messages[i], weight.changes, weight.level > None)
			} else if w.leads {
				ch.leads = slices.DeleteFunc(ch.leads, func(l Lead) bool { return l.Commit == c.ID })
			}
		}
	}
	for at, items := range ch.page.items {
		slices.Reverse(items)
		ch.page.items[at] = ch.page.settle(items)
	}
	slices.SortFunc(ch.with, func(a, b Dependency) int { return strings.Compare(a.Name, b.Name) })
	ch.page.depends(ch.with)
	for _, on := range ch.with {
		if on.Next == nil {
			at := ch.page.at(Dependencies)
			ch.page.items[at] = append(ch.page.items[at], Item{Scope: on.Name, Text: "unreleased"})
		}
	}
	return ch.page.notes()
}
