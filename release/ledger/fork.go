package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-multierror"
)

// ErrNotOver says that a release cannot be forked from, as it is still under way: what a fork would take
// over from it may yet be undone.
var ErrNotOver = errors.New("it is not over")

// Fork are the first events of a release that begins at a stage of this one: first, with what it takes
// over, and a Copied for each stage that is not run anew.
//
// The stage runs anew, and whatever needs it, directly or through others. Any other stage is taken over
// when it was done, and so was all that it needs: it succeeded, skipped itself, was passed over by a
// person, or was left out as its needs had ended, and nobody has begun to undo it. One that was made
// once for each of several items is taken over as a whole, when each of them was done. All others run,
// too, and those that need them. That first.Pipeline has changed since does not matter, as long as the
// stages that were done are still there and write the same keys.
//
// A stage that is taken over is still what it was: it works in the same environment, for the items of the same list, writes the same keys, and
// has come to have no trait and no gate, since what nobody was asked then cannot be answered now. (It has not come
// to build either, which its keys tell.) Where somebody else asks for the new release, a stage with four eyes runs
// anew, and so does what needs it: among those who agreed may be who asks now. The same goes for each stage that asks people
// where a deployment that a yes lets begin is not what it was: one that is new, works elsewhere, is made for the items of another list,
// reads other keys, or lacks a trait or a gate that it had. A yes is for all deployments behind it, up to the next question to people
// that comes after one.
//
// A stage that waits for a time or an opening (stage.Holds), or asks whether the release may go on (stage.Judges), runs anew where anything behind
// it does, and that waits for it, though what is in between was done and is taken over; but for what comes after a deployment that is taken over, unless it is a criterion of Activate.
//
// Inputs that first does not give are those of this release; one that it gives must not differ from
// what a stage that is taken over has read, and not at all where such a stage asks people: they have agreed to a release
// with what was in it. The same goes for Release.Service and Release.Commit, which
// any stage may have read. A stage.AtMostOnce that has run, and would run again though it is neither that
// stage nor behind it (some of its items were not done), is an error.
//
// Where a stage that is taken over is Irreversible, those that run are Irreversible, too: as in the old
// release, nothing is undone behind it.
//
// The error is a *multierror.Error with everything that is wrong, or ErrNotOver.
func (s *State) Fork(at string, first Requested, now time.Time) ([]Event, error) {
	if !s.Over() {
		return nil, fmt.Errorf("release %s cannot be forked: %w", s.Release.ID, ErrNotOver)
	}
	f := fork{old: s, at: at, new: first}
	f.identity()
	if f.errs != nil {
		return nil, f.errs
	}
	f.stages()
	f.inputs()
	f.reads()
	if f.errs != nil {
		return nil, f.errs
	}
	return f.events(now), nil
}

// fork gathers what a release takes over.
type fork struct {
	old    *State
	at     string
	new    Requested
	copied map[string]bool // the stages that are taken over
	errs   *multierror.Error
}

func (f *fork) bad(format string, args ...any) {
	f.errs = multierror.Append(f.errs, fmt.Errorf(format, args...))
}

// identity checks that both releases are of the same thing, and that there is such a stage.
func (f *fork) identity() {
	was, is := f.old.Release, &f.new.Release
	if was.ID == is.ID {
		f.bad("release %s cannot be a fork of itself", is.ID)
	}
	if f.new.Pipeline.Name != f.old.Pipeline.Name {
		f.bad("pipeline %s is not that of release %s, which is %s", f.new.Pipeline.Name, was.ID, f.old.Pipeline.Name)
	}
	for _, same := range []struct {
		what string
		was  string
		is   *string
	}{{"service", was.Service, &is.Service}, {"commit", was.Commit, &is.Commit}} {
		switch *same.is {
		case "":
			*same.is = same.was
		case same.was:
		default:
			f.bad("%s %s is not that of release %s, which is %q", same.what, *same.is, was.ID, same.was)
		}
	}
	if slices.ContainsFunc(f.new.Pipeline.Stages, func(n Stage) bool { return n.Name == f.at }) {
		return
	}
	if node := f.old.Node(f.at); node != nil && node.Of != "" {
		f.bad("stage %s was made of stage %s: the release can be forked at that one", f.at, node.Of)
	} else {
		f.bad("pipeline %s has no stage %q", f.new.Pipeline.Name, f.at)
	}
}

// stages finds the stages that are taken over, and checks that they are still what they were.
func (f *fork) stages() {
	f.copied = f.kept(f.new.Pipeline.Stages)
	for _, node := range f.new.Pipeline.Stages {
		if was := f.old.Node(node.Name); f.copied[node.Name] {
			if diff := differs(was, &node); diff != "" {
				f.bad("stage %s cannot be taken over from release %s: %s", node.Name, f.old.Release.ID, diff)
			}
		}
	}
	f.moments()
	f.twice()
	before := f.kept(f.old.Pipeline.Stages)
	for _, node := range f.old.Pipeline.Stages {
		there := func(n Stage) bool { return n.Name == node.Name }
		if before[node.Name] && node.Of == "" && !slices.ContainsFunc(f.new.Pipeline.Stages, there) {
			f.bad("stage %s cannot be taken over from release %s: pipeline %s no longer has it", node.Name, f.old.Release.ID, f.new.Pipeline.Name)
		}
	}
}

// kept are those of the stages that need not run anew: they were done, and so was all that they need.
// The stages are in an order in which each comes after all that it needs.
func (f *fork) kept(stages []Stage) map[string]bool {
	kept := make(map[string]bool)
	for i := range stages {
		node := &stages[i]
		anew := func(need string) bool { return !kept[need] }
		if node.Name != f.at && !slices.ContainsFunc(node.Needs, anew) && f.old.done(node) && !f.otherEyes(node) && !f.otherEnds(node) {
			kept[node.Name] = true
		}
	}
	return kept
}

// twice reports stages that may run only once and did, and that would run again though nobody has said
// so: only a fork at such a stage, or before it, says so.
func (f *fork) twice() {
	behind := map[string]bool{f.at: true}
	for _, node := range f.new.Pipeline.Stages {
		if slices.ContainsFunc(node.Needs, func(need string) bool { return behind[need] }) {
			behind[node.Name] = true
		}
		if node.Effect != stage.AtMostOnce || f.copied[node.Name] || behind[node.Name] {
			continue
		}
		for i := range f.old.Stages {
			old, st := &f.old.Pipeline.Stages[i], &f.old.Stages[i]
			if (old.Name == node.Name || old.Of == node.Name) && st.Attempt > 0 && !st.Undone() {
				f.bad("stage %s may run only once, and did in release %s: fork at %s to say that it is to run again",
					old.Name, f.old.Release.ID, node.Name)
			}
		}
	}
}

// done reports whether nothing is left to do for a stage all of whose needs were done. The stage is as
// a pipeline has it that is perhaps not this release's.
func (s *State) done(node *Stage) bool {
	st := s.Stage(node.Name)
	switch {
	case st == nil || st.Undo != nil:
		return false
	case st.Expanded:
		for i := range s.made(s.index[st.Name]) {
			if !s.done(&s.Pipeline.Stages[i]) {
				return false
			}
		}
		return st.Outcome == stage.Succeeded || st.Outcome == stage.Skipped
	case st.Outcome == stage.Succeeded || st.Outcome == stage.Skipped && (st.Copied || st.Attempt > 0 || st.By != ""):
		return true
	case st.Outcome != stage.Skipped || node.Of != "":
		return false
	}
	// It was left out. By what it needs, or by the end of the release?
	if s.lacks(node) >= 0 {
		return true
	}
	if node.Each == nil {
		return false
	}
	items, err := s.items(node)
	return err == nil && len(items) == 0
}

// events are what the release begins with.
func (f *fork) events(now time.Time) []Event {
	f.new.Forked = &Origin{Release: f.old.Release.ID, Stage: f.at}
	stages := slices.Clone(f.new.Pipeline.Stages)
	f.new.Pipeline.Stages = stages
	if slices.ContainsFunc(stages, func(n Stage) bool { return n.Irreversible && f.copied[n.Name] && f.old.began(n.Name) }) {
		for i := range stages {
			stages[i].Irreversible = stages[i].Irreversible || !f.copied[stages[i].Name]
		}
	}
	events := []Event{{Seq: 1, Time: now, Body: f.new}}
	for _, node := range stages {
		if !f.copied[node.Name] {
			continue
		}
		st := f.old.Stage(node.Name)
		body := Copied{Outcome: st.Outcome, Reason: st.Reason, By: st.By}
		for _, w := range node.Writes {
			if value, there := f.old.Values[w.Name]; there {
				if body.Values == nil {
					body.Values = make(map[string]json.RawMessage)
				}
				body.Values[w.Name] = value
			}
		}
		events = append(events, Event{Seq: uint64(len(events)) + 1, Time: now, Stage: node.Name, Body: body})
	}
	return events
}

// began reports whether a stage that is over has begun, here or in a release that this one was forked
// from.
func (s *State) began(name string) bool {
	st := s.Stage(name)
	return st.Attempt > 0 || st.Expanded || st.Copied && st.Outcome == stage.Succeeded
}

// origin says where the release was forked from; empty where it was not.
func (s *State) origin() string {
	if s.Forked == nil {
		return ""
	}
	return fmt.Sprintf("forked from release %s at stage %s", s.Forked.Release, s.Forked.Stage)
}
