package ledger

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/stage"
)

// Decision is what is to be done next. The order of its fields is the order in which it is done.
type Decision struct {
	// Append are events to be recorded and folded before anything else is done. Their numbers are
	// those that follow the state's.
	Append []Event
	// Start are stages whose beginning is among Append: they run once that is recorded.
	Start []string
	// Cancel are running stages whose context is to end. A stage is named at every decision until
	// it has ended, and the first cause counts.
	Cancel []Cancel
	// Wake is when to decide again though nothing has happened. Zero: there is no such time.
	Wake time.Time
}

// Cancel ends the context of a running stage.
type Cancel struct {
	Stage string
	Cause *stage.Error
}

// Decide says what is to be done in a state at a time. It decides all that can be decided: after its
// events and without others, Decide finds nothing further to append, except for the end of the
// release, which it decides only when all stages are over.
func Decide(s *State, now time.Time) Decision {
	if s.Seq == 0 || s.Over() {
		return Decision{}
	}
	d := decider{state: s, now: now.UTC(), outcome: make([]verdict, len(s.Stages))}
	for i := range s.Stages {
		d.outcome[i] = verdict{s.Stages[i].Outcome, s.Stages[i].By}
		if s.Stages[i].Running() {
			d.running++
			d.cancel(i)
		}
	}
	if !slices.ContainsFunc(s.Stages, func(st StageState) bool { return !st.Over() }) {
		d.finish()
		return d.Decision
	}
	if s.Interrupted != nil {
		return d.Decision
	}
	d.halted = s.halted()
	for i := range s.Stages {
		if st := &s.Stages[i]; !st.Over() && !st.Running() {
			d.unbegun(i)
		}
	}
	return d.Decision
}

// decider gathers a decision. outcome is how each stage has ended, with what is decided already.
type decider struct {
	Decision
	state   *State
	now     time.Time
	outcome []verdict
	running int
	halted  string
}

type verdict struct {
	outcome stage.Outcome
	by      string
}

func (d *decider) cancel(i int) {
	st, node := &d.state.Stages[i], &d.state.Pipeline.Stages[i]
	end := func(outcome stage.Outcome, by, reason string) {
		d.Cancel = append(d.Cancel, Cancel{st.Name, &stage.Error{Outcome: outcome, By: by, Reason: reason}})
	}
	if st.Told != nil {
		end(toldOutcome(st.Told), st.Told.By, st.Told.Why)
		return
	}
	if node.Timeout > 0 {
		if deadline := st.Started.Add(node.Timeout); d.now.Before(deadline) {
			d.wake(deadline)
		} else {
			end(stage.Failed, "", fmt.Sprintf("it took longer than its timeout of %s", node.Timeout))
			return
		}
	}
	if stop := d.state.Interrupted; stop != nil {
		switch {
		case stop.Until.IsZero():
		case d.now.Before(stop.Until):
			d.wake(stop.Until)
		default:
			end(stage.Interrupted, "", stop.Reason)
		}
	}
}

func (d *decider) wake(t time.Time) {
	if d.Wake.IsZero() || t.Before(d.Wake) {
		d.Wake = t
	}
}

// unbegun decides about a stage that does not run and is not over: whether it begins, will never run,
// or waits.
func (d *decider) unbegun(i int) {
	st, node := &d.state.Stages[i], &d.state.Pipeline.Stages[i]
	if st.Attempt == 0 {
		// Nothing is decided before all needs are over, for bad ends too: so a stage that runs
		// always, behind one that is skipped, still comes after all that come before both.
		ready, never := d.needs(node)
		switch {
		case !ready:
			return
		case !node.Always && d.halted != "":
			d.end(i, stage.Skipped, "", d.halted)
			return
		case !node.Always && never != "":
			d.end(i, stage.Skipped, "", never)
			return
		case st.Told != nil:
			d.end(i, toldOutcome(st.Told), st.Told.By, st.Told.Why)
			return
		}
	}
	held := d.state.Paused != nil && d.state.Aborted == nil
	if held || d.running >= d.state.Pipeline.parallel() {
		return
	}
	d.running++
	d.append(st.Name, st.Attempt+1, Began{})
	d.Start = append(d.Start, st.Name)
}

// needs reports whether all stages that the node needs are over, and why it can never run, if so.
func (d *decider) needs(node *Stage) (ready bool, never string) {
	ready = true
	for _, name := range node.Needs {
		j := d.state.index[name]
		had := d.outcome[j]
		if had.outcome == "" || had.outcome == stage.Interrupted {
			ready = false
		} else if never == "" && !d.state.Pipeline.Stages[j].satisfied(had) {
			never = fmt.Sprintf("it needs %s, which ended as %s", name, had.outcome)
		}
	}
	return ready, never
}

// satisfied reports whether an outcome of the stage lets those go on that need it: success, being
// passed over by a person, and failures that are allowed. A stage that skips itself has found nothing
// to do, so there is nothing for those to do either.
func (p *Stage) satisfied(v verdict) bool {
	switch v.outcome {
	case stage.Succeeded:
		return true
	case stage.Skipped:
		return v.by != ""
	}
	return p.forgives(v.outcome)
}

func (p *Stage) forgives(o stage.Outcome) bool {
	return p.AllowFailure && (o == stage.Failed || o == stage.RolledBack)
}

func (d *decider) end(i int, o stage.Outcome, by, reason string) {
	d.outcome[i] = verdict{o, by}
	d.append(d.state.Stages[i].Name, 0, Ended{Outcome: o, By: by, Reason: reason})
}

func (d *decider) append(name string, attempt int, b Body) {
	seq := d.state.Seq + uint64(len(d.Append)) + 1
	d.Append = append(d.Append, Event{Seq: seq, Time: d.now, Stage: name, Attempt: attempt, Body: b})
}

func toldOutcome(s *stage.Signal) stage.Outcome {
	if s.Kind == stage.SkipStage {
		return stage.Skipped
	}
	return stage.Aborted
}

// halted says why no further stage begins, apart from those that run always; empty where it goes on.
func (s *State) halted() string {
	if s.Aborted != nil {
		return "the release was aborted by " + s.Aborted.By
	}
	if i := s.spoiler(); i >= 0 {
		return fmt.Sprintf("stage %s ended as %s", s.Stages[i].Name, s.Stages[i].Outcome)
	}
	return ""
}

// spoiler is the first stage in time that ended in a way which ends the release; -1 where there is
// none. A stranded stage goes before all others.
func (s *State) spoiler() int {
	first := -1
	for i := range s.Stages {
		st := &s.Stages[i]
		if !st.Over() || st.Outcome == stage.Succeeded || st.Outcome == stage.Skipped || s.Pipeline.Stages[i].forgives(st.Outcome) {
			continue
		}
		if st.Outcome == stage.Stranded {
			return i
		}
		if first < 0 || st.endSeq < s.Stages[first].endSeq {
			first = i
		}
	}
	return first
}

// finish decides the outcome of a release whose stages are all over: stranded if any stage is, else
// aborted if it was, else as the first stage that did not go well, else skipped if nothing that the
// pipeline leads to was done.
func (d *decider) finish() {
	s, f := d.state, Finished{Outcome: stage.Succeeded}
	spoiler := s.spoiler()
	switch {
	case spoiler >= 0 && (s.Aborted == nil || s.Stages[spoiler].Outcome == stage.Stranded):
		st := &s.Stages[spoiler]
		f = Finished{Outcome: st.Outcome, By: st.By, Reason: strings.TrimSuffix("stage "+st.Name+": "+st.Reason, ": ")}
	case s.Aborted != nil:
		f = Finished{Outcome: stage.Aborted, By: s.Aborted.By, Reason: s.Aborted.Why}
	case s.nothingDone():
		f = Finished{Outcome: stage.Skipped, Reason: s.firstSkip()}
	}
	d.append("", 0, f)
}

// nothingDone reports whether a release in which nothing went wrong is skipped, rather than succeeded.
// It is when everything that the pipeline leads to was skipped, and
//
//   - either stages were left out, because one that they need had skipped itself: a version stage that
//     finds nothing to release;
//   - or nothing at all was done.
//
// So a last stage that skips itself, such as one that finds nobody to tell, takes nothing from what was
// done before it, and neither does one that a person passes over.
func (s *State) nothingDone() bool {
	sinks := s.Pipeline.sinks()
	if len(sinks) == 0 || slices.ContainsFunc(sinks, func(name string) bool { return s.Stage(name).Outcome != stage.Skipped }) {
		return false
	}
	leftOut, done := false, false
	for i := range s.Stages {
		switch st := &s.Stages[i]; {
		case s.Pipeline.Stages[i].Always:
		case st.Outcome != stage.Skipped:
			done = true
		case st.Attempt == 0 && st.By == "":
			leftOut = true
		}
	}
	return leftOut || !done
}

// firstSkip is why the first stage in time was skipped.
func (s *State) firstSkip() string {
	first := -1
	for i := range s.Stages {
		if s.Stages[i].Outcome == stage.Skipped && (first < 0 || s.Stages[i].endSeq < s.Stages[first].endSeq) {
			first = i
		}
	}
	return strings.TrimSuffix("stage "+s.Stages[first].Name+": "+s.Stages[first].Reason, ": ")
}
