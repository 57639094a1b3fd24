package changelog

import "slices"

// bringing finds for each track the tracks of the components that it depends on, also by others, where a release of one
// makes a release of it.
func (w *walk) bringing(views []*view) {
	w.dependents = make([][]int, len(w.tracks))
	if w.policy.Propagate == PropagateNone && w.policy.PropagateBy == nil {
		return
	}
	at := map[string]int{}
	for k, t := range w.tracks {
		if t.index != everything {
			at[t.name] = k
		}
	}
	for k, t := range w.tracks {
		if t.index == everything {
			continue
		}
		for _, on := range views[t.index].component.DependsOn {
			if from, ok := at[on]; ok {
				w.dependents[from] = append(w.dependents[from], k)
			}
		}
	}
}

// bring tells the tracks that depend on a tagged component that the version is in the release that the commit is in. The
// newest comes first, and is the one that counts.
func (w *walk) bring(c *Commit) {
	for k, t := range w.tracks {
		if len(w.dependents[k]) == 0 {
			continue
		}
		for _, own := range t.tagged[c.ID] {
			v := t.versions[own]
			if v.Version.Prerelease() != "" && !t.shown {
				continue
			}
			for _, on := range w.dependents[k] {
				w.tracks[on].depends(w.own[on], Dependency{Name: t.name, Next: v.Version})
			}
		}
	}
}

// await tells the tracks that depend on one that this has something to be released, as they have by that.
func (w *walk) await(k int, m *Message) {
	if w.own[k] != 0 || len(w.dependents[k]) == 0 {
		return
	}
	if weightOf(m, 0, nil, &w.policy, ZeroStable).level > None {
		w.awaiting(k)
	}
}

func (w *walk) awaiting(k int) {
	for _, on := range w.dependents[k] {
		if w.own[on] == 0 {
			w.tracks[on].depends(0, Dependency{Name: w.tracks[k].name})
			w.awaiting(on)
		}
	}
}

// depends adds what a release was made with.
func (t *track) depends(label int, on Dependency) {
	ch := t.sections[label]
	if ch == nil {
		ch = newChapter(t.edition)
		t.sections[label] = ch
	}
	i := slices.IndexFunc(ch.with, func(d Dependency) bool { return d.Name == on.Name })
	switch {
	case i < 0:
		ch.with = append(ch.with, on)
	case ch.with[i].Next == nil: // what is not released is above all
	case on.Next == nil || on.Next.GreaterThan(ch.with[i].Next):
		ch.with[i] = on
	}
}

func newChapter(e *edition) *chapter {
	ch := &chapter{page: newPage(e)}
	ch.page.backwards = true
	return ch
}
