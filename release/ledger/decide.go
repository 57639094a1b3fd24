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
	// at every decision until it has ended, and the first cause counts. A stage that begins and is
	// named at once runs with a context that has ended already: it only clears up.
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
func Decide(s *State, now time.Time) Decision {
	if s.Seq == 0 || s.Over() {
		return Decision{}
	}
	d := decider{state: s, now: now.UTC()}
	if d.now.Before(s.Last) {
		d.now = s.Last
	}
	for _, i := range s.running {
		d.cancel(i)
	}
	if s.Interrupted != nil && (s.open > 0 || s.wantsUndo() || s.Busy()) {
		return d.Decision
	}
	if s.open > 0 {
		d.parallel = len(s.running)
		d.halted = s.halted()
		for _, i := range s.ready {
			d.next(i)
		}
		if len(d.Append) == 0 { // else an end may let an earlier stage begin before these
			for _, i := range d.able {
				d.begin(i)
			}
		}
	}
	if s.wantsUndo() {
		d.undo()
	}
	if s.open == 0 && !s.Busy() && !s.wantsUndo() {
		d.finish()
	}
	return d.Decision
}

// decider gathers a decision.
type decider struct {
	Decision
	state    *State
	now      time.Time
	able     []int  // stages that may begin, as far as there is room
	parallel int    // how many run, with those that are decided to begin
	halted   string // why no further stage begins, apart from those that run always
}

func (d *decider) cancel(i int) {
	s := d.state
	st, node := &s.Stages[i], &s.Pipeline.Stages[i]
	end := func(cause stage.Error) { d.Cancel = append(d.Cancel, Cancel{st.Name, &cause}) }
	if st.Undo.Running() {
		if d.passed(st.Undo.Began, node.undoTimeout()) {
			end(stage.Error{Outcome: stage.Failed, Reason: fmt.Sprintf("its undo took longer than %s", node.undoTimeout())})
			return
		}
	} else {
		if st.Told != nil {
			end(stage.Error{Outcome: toldOutcome(st.Told), By: st.Told.By, Reason: st.Told.Why})
			return
		}
		if d.passed(st.Started, node.Timeout) {
			end(stage.Error{Outcome: stage.Failed, Reason: overtime(node), Final: true})
			return
		}
		if d.passed(st.Began, node.AttemptTimeout) {
			end(stage.Error{Outcome: stage.Failed, Reason: fmt.Sprintf("the attempt took longer than its timeout of %s", node.AttemptTimeout)})
			return
		}
	}
	if stop := s.Interrupted; stop != nil && !stop.Until.IsZero() {
		if d.now.Before(stop.Until) {
			d.wake(stop.Until)
		} else {
			end(stage.Error{Outcome: stage.Interrupted, Reason: stop.Reason})
		}
	}
}

func overtime(node *Stage) string {
	return fmt.Sprintf("it took longer than its timeout of %s", node.Timeout)
}

func (p *Stage) undoTimeout() time.Duration {
	if p.UndoTimeout == 0 {
		return DefaultUndoTimeout
	}
	return p.UndoTimeout
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

func (d *decider) wake(t time.Time) {
	if d.Wake.IsZero() || t.Before(d.Wake) {
		d.Wake = t
	}
}

// next decides about a stage that does not run, is not over, and whose needs are.
func (d *decider) next(i int) {
	st := &d.state.Stages[i]
	switch {
	case st.Expanded:
		d.end(i, d.state.together(i))
	case st.Attempt == 0:
		d.first(i)
	default:
		d.further(i)
	}
}

// first decides about a stage that has never run: whether it begins, will never run, or waits.
func (d *decider) first(i int) {
	s := d.state
	st, node := &s.Stages[i], &s.Pipeline.Stages[i]
	never := d.never(node)
	switch {
	case !node.Always && d.halted != "":
		d.end(i, Ended{Outcome: stage.Skipped, Reason: d.halted})
		return
	case never != "":
		d.end(i, Ended{Outcome: stage.Skipped, Reason: never})
		return
	case st.Told != nil:
		d.end(i, told(st.Told))
		return
	}
	switch {
	case s.wantsUndo():
		// What runs always tells people how it ended: it comes after the undo.
	case d.held(st):
	case node.Each != nil:
		d.expand(i, node)
	default:
		d.able = append(d.able, i)
	}
}

func (d *decider) expand(i int, node *Stage) {
	items, err := d.state.items(node)
	switch {
	case err != nil:
		d.end(i, Ended{Outcome: stage.Failed, Reason: err.Error()})
	case len(items) == 0:
		d.end(i, Ended{Outcome: stage.Skipped, Reason: "key " + node.Each.Key.Name + " is empty"})
	default:
		d.append(node.Name, 0, Expanded{Items: items})
	}
}

// further decides about a stage that has begun and waits for something.
func (d *decider) further(i int) {
	s := d.state
	st, node := &s.Stages[i], &s.Pipeline.Stages[i]
	switch {
	case st.Outcome == stage.Interrupted && st.Parked == "" && st.RetryAt.IsZero():
		if node.Effect == stage.AtMostOnce {
			d.append(st.Name, st.Attempt, Parked{Reason: st.Reason + ": " + atMostOnce})
			return
		}
		d.able = append(d.able, i)
		return
	case st.Told != nil:
		d.end(i, told(st.Told))
		return
	case st.Parked != "":
		return
	case d.halted != "" && !st.again && !node.Always:
		if st.Outcome == stage.Waiting {
			d.end(i, Ended{Outcome: stage.Skipped, Reason: d.halted})
		} else {
			d.end(i, Ended{Outcome: stage.Failed, Reason: st.Reason + " (not tried again: " + d.halted + ")"})
		}
		return
	case d.passed(st.Started, node.Timeout):
		d.end(i, Ended{Outcome: stage.Failed, Reason: overtime(node), Final: true})
		return
	}
	due := st.RetryAt
	if st.Outcome == stage.Waiting {
		if due = st.Until; len(st.Inbox) > st.taken {
			due = d.now
		}
	}
	switch {
	case due.IsZero():
	case d.now.Before(due):
		d.wake(due)
	default:
		d.able = append(d.able, i)
	}
}

const atMostOnce = "it may not run twice, and how far it came is not known"

// held reports whether the stage does not begin for now: the release is paused, or it is frozen, and not
// by this stage, which a person has said to try again.
func (d *decider) held(st *StageState) bool {
	s := d.state
	return s.Aborted == nil && (s.Paused != nil || s.frozen > 0 && !st.iced)
}

func (d *decider) begin(i int) {
	s := d.state
	st, node := &s.Stages[i], &s.Pipeline.Stages[i]
	if d.held(st) || d.parallel >= s.Pipeline.parallel() || d.crowded(node) {
		return
	}
	d.parallel++
	d.append(st.Name, st.Attempt+1, Began{})
	d.Start = append(d.Start, st.Name)
	if st.Told != nil {
		d.Cancel = append(d.Cancel, Cancel{st.Name, &stage.Error{Outcome: toldOutcome(st.Told), By: st.Told.By, Reason: st.Told.Why}})
	}
}

// crowded reports whether as many of the stages made of one run as may at once.
func (d *decider) crowded(node *Stage) bool {
	if node.Of == "" {
		return false
	}
	s := d.state
	most := s.Node(node.Of).Each.Parallel
	if most == 0 {
		return false
	}
	n := 0
	for _, i := range s.running {
		if s.Pipeline.Stages[i].Of == node.Of {
			n++
		}
	}
	for _, name := range d.Start {
		if s.Node(name).Of == node.Of {
			n++
		}
	}
	return n >= most
}

// never says why a stage whose needs are over can never run; empty where it can.
func (d *decider) never(node *Stage) string {
	s := d.state
	for _, name := range node.Needs {
		j := s.index[name]
		had := &s.Stages[j]
		at := slices.IndexFunc(node.When, func(c Condition) bool { return c.Stage == name })
		switch {
		case at >= 0:
			if !slices.Contains(node.When[at].Is, had.Outcome) {
				return fmt.Sprintf("it runs when %s, and that ended as %s", node.When[at], had.Outcome)
			}
		case !node.Always && !s.Pipeline.Stages[j].satisfied(had.Outcome, had.By):
			return fmt.Sprintf("it needs %s, which ended as %s", name, had.Outcome)
		}
	}
	return ""
}

// satisfied reports whether an outcome of the stage lets those go on that need it: success, being
// passed over by a person, and failures that are allowed. A stage that skips itself has found nothing
// to do, so there is nothing for those to do either.
func (p *Stage) satisfied(o stage.Outcome, by string) bool {
	switch o {
	case stage.Succeeded:
		return true
	case stage.Skipped:
		return by != ""
	}
	return p.forgives(o)
}

func (p *Stage) forgives(o stage.Outcome) bool {
	return p.OnFailure == GoOn && (o == stage.Failed || o == stage.RolledBack)
}

// end ends a stage that does not run.
func (d *decider) end(i int, e Ended) {
	st := &d.state.Stages[i]
	e.Heard = st.taken
	d.append(st.Name, st.Attempt, e)
}

func (d *decider) append(name string, attempt int, b Body) {
	seq := d.state.Seq + uint64(len(d.Append)) + 1
	d.Append = append(d.Append, Event{Seq: seq, Time: d.now, Stage: name, Attempt: attempt, Body: b})
}

func told(s *stage.Signal) Ended {
	return Ended{Outcome: toldOutcome(s), By: s.By, Reason: s.Why}
}

func toldOutcome(s *stage.Signal) stage.Outcome {
	if s.Kind == stage.SkipStage {
		return stage.Skipped
	}
	return stage.Aborted
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
