package ledger

import (
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/stage"
)

// Decision is what is to be done next. The order of its fields is the order in which it is done.
type Decision struct {
	// Append are events to be recorded before anything else is done. Their numbers are those that
	// follow the state's.
	Append []Event
	// Start are stages whose beginning is among Append, and Undo those whose undo is: they run once
	// that is recorded.
	Start []string
	Undo  []string
	// Cancel are stages that run, or are being undone, and whose context is to end. A stage is named
	// at every decision until it has ended, and the first cause counts. A stage that has just begun
	// and is named by the next decision runs with a context that has ended already: it only clears up.
	Cancel []Cancel
	// Wake is when to decide again though nothing has happened. Zero: there is no such time. It is
	// right once nothing is left to append.
	Wake time.Time
}

// Cancel ends the context of a running stage.
type Cancel struct {
	Stage string
	Cause *stage.Error
}

// Decide says what is to be done in a state at a time. What it decides may have made further decisions
// possible: after its events, an engine decides again, until there is nothing to append. A time before
// that of the last event counts as that: clocks of hosts differ.
//
// It costs as much as there is to decide, however long the pipeline is, apart from a release that is
// about to end, or is being undone.
func Decide(s *State, now time.Time) Decision {
	if s.Seq == 0 || s.Over() {
		return Decision{}
	}
	d := decider{state: s, now: now.UTC().Round(0)}
	if d.now.Before(s.Last) {
		d.now = s.Last
	}
	d.undoing = s.wantsUndo()
	if s.Interrupted != nil && (s.open > 0 || d.undoing || s.Busy()) {
		s.running.all(func(i int) bool { d.cancel(i); return true })
		return d.Decision
	}
	due, next := s.alarms.due(d.now)
	d.Wake = next
	for _, i := range merged(&s.ending, due) {
		if s.running.has(i) {
			d.cancel(i)
		}
	}
	if s.open > 0 {
		d.stages(due)
	}
	if d.undoing {
		d.undo()
	}
	if s.open == 0 && !s.Busy() && !d.undoing {
		d.finish()
	}
	return d.Decision
}

// merged is a set and a list, in order.
func merged(set *places, list []int) []int {
	if set.n == 0 {
		return list
	}
	all := append(make([]int, 0, set.n+len(list)), list...)
	set.all(func(i int) bool { all = append(all, i); return true })
	slices.Sort(all)
	return slices.Compact(all)
}

// decider gathers a decision.
type decider struct {
	Decision
	state   *State
	now     time.Time
	undoing bool   // what was done is to be undone
	halted  string // why no further stage begins, apart from those that run always
	// resumed are stages that were under way, and are run again whatever holds the others; able are
	// those that have begun, and begin a further attempt as far as there is room.
	resumed, able []int
}

// stages decides about the stages that do not run and are not over.
func (d *decider) stages(due []int) {
	s := d.state
	if d.halted = s.halted(); d.halted != "" {
		s.ready.all(func(i int) bool { d.next(i); return true })
	} else {
		for _, i := range merged(&s.pressing, due) {
			if s.ready.has(i) {
				d.next(i)
			}
		}
	}
	if len(d.Append) > 0 {
		return // an end may let an earlier stage begin before these
	}
	d.begins()
}

// append appends an event of a stage; of the release, where it has no name.
func (d *decider) append(name string, attempt int, b Body) {
	seq := d.state.Seq + uint64(len(d.Append)) + 1
	d.Append = append(d.Append, Event{Seq: seq, Time: d.now, Stage: name, Attempt: attempt, Body: b})
}

func (d *decider) wake(t time.Time) {
	if d.Wake.IsZero() || t.Before(d.Wake) {
		d.Wake = t
	}
}

// passed reports whether a time after another has passed, and asks to be woken when it will. Zero
// never passes.
func (d *decider) passed(from time.Time, after time.Duration) bool {
	if after <= 0 {
		return false
	}
	deadline := from.Add(after)
	if d.now.Before(deadline) {
		d.wake(deadline)
		return false
	}
	return true
}

// halted says why no further stage begins, apart from those that run always; empty where it goes on.
func (s *State) halted() string {
	switch {
	case s.Aborted != nil:
		return "the release was aborted by " + s.Aborted.By
	case s.spoilt >= 0:
		return fmt.Sprintf("stage %s ended as %s", s.Stages[s.spoilt].Name, s.Stages[s.spoilt].Outcome)
	}
	return ""
}
