package changelog

import (
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/hashicorp/go-multierror"
)

// Release is one version of a full changelog.
type Release struct {
	// Component is the name of the component, empty where there is one only.
	Component string `json:"component,omitempty"`
	// Version is the version, nil for what is not released yet. Tag is its tag.
	Version *semver.Version `json:"version"`
	Tag     string          `json:"tag,omitempty"`
	// Commit is what the tag points at.
	Commit string `json:"commit,omitempty"`
	// Time is when it was tagged, or, where the tag does not say, when its commit was made.
	Time time.Time `json:"time,omitzero"`
	// Commits is how many commits belong to it, with those that the notes do not list.
	Commits int `json:"commits"`
	// Notes are what it brings. Their day is that of Time in UTC.
	Notes Notes `json:"notes"`
	// Leads are the commits that it brings, but no merges and none that were taken back, the newest first, where
	// ReleasesOptions.Leads asks for them.
	Leads []Lead `json:"leads,omitempty"`
	// Diagnostics tell what may be wrong with it: final versions that are tagged in another form than the policy's (CodeOtherFormat) are no
	// releases, and what came with them belongs to this one.
	Diagnostics []Diagnostic `json:"diagnostics,omitempty"`
}

// ReleasesOptions say what a full changelog holds.
type ReleasesOptions struct {
	// Notes say what goes into the notes of each release. The Date has no say.
	Notes NotesOptions `json:"notes,omitzero"`
	// Components are the names of the components to tell of. Empty: all of the policy, and its umbrella.
	Components []string `json:"components,omitempty"`
	// Prereleases shows pre-releases as releases of their own. By default their commits belong to the final release
	// that follows, and only those are shown that no final release has followed yet.
	Prereleases bool `json:"prereleases,omitempty"`
	// Leads asks for Release.Leads, by which lead times are measured.
	Leads bool `json:"leads,omitempty"`
}

// Validate reports everything that is wrong with the options, each problem with its field.
func (o ReleasesOptions) Validate() error {
	if err := o.Notes.Validate(); err != nil {
		return fmt.Errorf("Notes: %w", err)
	}
	return nil
}

// OrderError says that a history does not have the order that Releases needs.
type OrderError struct {
	// Commit is the first commit that came with none of its children before it.
	Commit string
}

func (e *OrderError) Error() string {
	return fmt.Sprintf("commit %s comes with none of its children before it: the history must begin at one commit, "+
		"have every commit that can be reached from it, and children before their parents", e.Commit)
}

// Releases tells a whole history as releases, from the highest version to the lowest, with what is not released yet on top, and
// then the pre-releases that no final release has followed. The
// commits come children before their parents, from one commit on, as History has them; they are read once. Of several
// components each has its releases in that order, and which of them comes when is up to the history.
//
// A commit belongs to the lowest version that contains it. So a hotfix that was merged later is told once, in its own
// release, and so does a version of a component that another one depends on, which its Dependencies name, as far as it is one of Components. A revert and what it takes back cancel each other where both belong to one release, if the policy cancels
// reverts; else both are told. A version with a tag that is not among the commits is told, and empty, if the tag says that it is
// Reachable. The notes of a version without changes have no sections.
//
// A release comes as soon as no commit can belong to it any more, and nothing of it is kept then: memory does not grow with the
// length of the history, but with the number of branches that are open at one time, and with how far back they go.
//
// An error is the last thing that comes: one of the options, of the policy, or of the history, an *OrderError, or a ComponentError with
// ErrOtherFormat for each component of which no tag can be read while others hold versions.
func Releases(commits iter.Seq2[Commit, error], tags []Ref, policy Policy, o ReleasesOptions) iter.Seq2[Release, error] {
	return func(yield func(Release, error) bool) {
		w, err := newWalk(tags, policy, o)
		if err != nil {
			yield(Release{}, err)
			return
		}
		for c, err := range commits {
			if err == nil {
				err = w.take(c)
			}
			if err != nil {
				yield(Release{}, err)
				return
			}
			if !w.give(yield) {
				return
			}
		}
		w.end()
		w.give(yield)
	}
}

// walk goes over a history from the newest commit to the oldest, for all components at once.
type walk struct {
	policy  Policy
	reading Reading
	cancels bool
	leads   bool
	owners  *owners
	tracks  []*track
	// mine says to which components of the policy the commit belongs that is looked at.
	mine []bool
	// pending are the commits that are known as parents and have not come yet, with the place of their
	// labels: the lowest version of each track that contains one of their children.
	pending map[string]int
	labels  []int
	free    []int // places that are free again
	own     []int // scratch: the labels of the commit that is looked at
	begun   bool
	ready   []Release
	// commit and message are what is looked at.
	commit  Commit
	message Message
	spare   spare
	// dependents are, by track, the tracks of the components that depend on it.
	dependents [][]int
}

func newWalk(tags []Ref, policy Policy, o ReleasesOptions) (*walk, error) {
	if err := policy.Validate(); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("options: %w", err)
	}
	w := &walk{
		policy: policy, reading: policy.reading(), cancels: policy.Reverts != CountReverts, leads: o.Leads,
		owners: newOwners(policy), pending: map[string]int{},
	}
	views := policy.views()
	w.mine = make([]bool, len(policy.components()))
	var errs *multierror.Error
	for _, name := range o.Components {
		if !slices.ContainsFunc(views, func(v *view) bool { return v.component.Name == name }) {
			errs = multierror.Append(errs, fmt.Errorf("options: Components: the policy has no component %q", name))
		}
	}
	edition := newEdition(o.Notes)
	shares, _ := share(tags, views)
	for i, v := range views {
		v.tags, _ = versions(shares[i], v.format)
	}
	forms := otherForms(tags, views)
	for i, v := range views {
		if len(o.Components) > 0 && !slices.Contains(o.Components, v.component.Name) {
			continue
		}
		t := newTrack(v, i, edition, o.Prereleases)
		if i == len(w.mine) {
			t.index = everything
		}
		t.read(shares[i])
		if other := otherFormOf(v, forms); other != nil && len(v.tags) == 0 && v.component.GoModule == "" {
			stranger := other.stem != "" && other.stem != stem(v.component.Name)
			if !v.beginsAnew(other.tags[0], !stranger, policy) {
				errs = multierror.Append(errs, &ComponentError{Component: v.component.Name, Err: v.otherFormat(other, other.tags)})
			}
		} else if other != nil {
			t.strange = strangeTo(v, other)
		}
		w.tracks = append(w.tracks, t)
	}
	w.bringing(views)
	w.own = make([]int, len(w.tracks))
	return w, errs.ErrorOrNil()
}

// take takes the next commit.
func (w *walk) take(commit Commit) error {
	w.commit = commit
	c, m := &w.commit, &w.message
	place, known := w.pending[c.ID]
	switch {
	case known:
		delete(w.pending, c.ID)
		copy(w.own, w.at(place))
		w.free = append(w.free, place)
	case w.begun:
		return &OrderError{Commit: c.ID}
	default:
		clear(w.own)
	}
	w.begun = true
	c.message(w.reading, m)
	owned := w.owners.of(c, m, w.mine)
	for k, t := range w.tracks {
		if known {
			t.waiting[w.own[k]]--
		}
		w.own[k] = t.label(c, w.own[k])
		if t.index == everything && owned || t.index != everything && w.mine[t.index] {
			t.add(w, w.own[k], c, m)
		}
	}
	for k, t := range w.tracks { // the labels of all are known
		if t.index != everything && w.mine[t.index] {
			w.await(k, m)
		}
	}
	w.bring(c)
	for _, parent := range c.Parents {
		w.expect(parent)
	}
	for _, t := range w.tracks {
		w.ready = t.finish(w, w.ready)
	}
	return nil
}

// at are the labels at a place.
func (w *walk) at(place int) []int { return w.labels[place : place+len(w.tracks)] }

// expect gives a parent the labels of the commit that is looked at, where they are those of lower versions.
func (w *walk) expect(parent string) {
	place, known := w.pending[parent]
	if !known {
		if n := len(w.free); n > 0 {
			place, w.free = w.free[n-1], w.free[:n-1]
		} else {
			place = len(w.labels)
			w.labels = append(w.labels, w.own...)
		}
		copy(w.at(place), w.own)
		w.pending[parent] = place
		for k, t := range w.tracks {
			t.waiting[w.own[k]]++
		}
		return
	}
	for k, labels := 0, w.at(place); k < len(labels); k++ {
		if own := w.own[k]; own > labels[k] {
			w.tracks[k].waiting[labels[k]]--
			w.tracks[k].waiting[own]++
			labels[k] = own
		}
	}
}

// end gives out all that is left, which is something where the history was cut off.
func (w *walk) end() {
	for _, t := range w.tracks {
		clear(t.waiting)
		w.ready = t.finish(w, w.ready)
		if t.held != nil {
			w.ready = append(w.ready, *t.held)
		}
	}
}

// give hands out what is ready. It is false when nobody wants more.
func (w *walk) give(yield func(Release, error) bool) bool {
	for i, r := range w.ready {
		w.ready[i] = Release{}
		if !yield(r, nil) {
			return false
		}
	}
	w.ready = w.ready[:0]
	return true
}
