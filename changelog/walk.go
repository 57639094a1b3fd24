package changelog

import (
	"fmt"
	"slices"

	"github.com/hashicorp/go-multierror"
)

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
	pending pending
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
		owners: newOwners(policy), pending: pending{others: map[string]int{}},
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
		t.fellows = policy.fellows(v, views)
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
	return w, joined(errs)
}

// take takes the next commit.
func (w *walk) take(commit Commit) error {
	w.commit = commit
	c, m := &w.commit, &w.message
	place, known := w.pending.take(c.ID)
	switch {
	case known:
		copy(w.own, w.at(place))
		w.free = append(w.free, place)
	case w.begun:
		return &OrderError{Commit: c.ID}
	default:
		clear(w.own)
	}
	w.begun = true
	c.message(&w.reading, m)
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
	place, known := w.pending.place(parent)
	if !known {
		if n := len(w.free); n > 0 {
			place, w.free = w.free[n-1], w.free[:n-1]
		} else {
			place = len(w.labels)
			w.labels = append(w.labels, w.own...)
		}
		copy(w.at(place), w.own)
		w.pending.add(parent, place)
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
