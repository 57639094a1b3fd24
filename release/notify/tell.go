package notify

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// tell says what the event means for people; false where it means nothing to them.
func (c *course) tell(o *Occurrence, e ledger.Event, was ledger.StageState) bool {
	switch b := e.Body.(type) {
	case ledger.Requested:
		o.Kind, o.Reason = ReleaseRequested, b.Release.Reason
	case ledger.Taken:
		o.Kind, o.Reason = ReleaseTaken, "by host "+b.Host
	case ledger.Interrupted:
		o.Kind, o.Reason = ReleaseInterrupted, b.Reason
	case ledger.Undoing:
		o.Kind, o.Reason = ReleaseUndoing, b.Reason
	case ledger.Finished:
		o.Kind, o.Outcome, o.Reason = ended("release", b.Outcome), b.Outcome, b.Reason
		clear(c.asks)
	case ledger.Signalled:
		c.said(o, b.Signal, e.Time)
	case ledger.Began:
		if (was.Outcome == stage.Waiting || was.Outcome == stage.Interrupted) && was.Parked == "" {
			return false // it looks whether its wait is over, or goes on where a host has left it: what it asks is still open
		}
		delete(c.asks, e.Stage)
		delete(c.waiting, e.Stage) // what it asks now, it asks anew
		o.Kind = StageBegan
		return was.Outcome != stage.Interrupted
	case ledger.Ended:
		return c.ended(o, e, b)
	case ledger.Parked:
		o.Kind, o.Reason = StageParked, b.Reason
		c.asks[e.Stage] = &ask{}
	case ledger.Judged:
		return c.judged(o, b.Verdict)
	case ledger.Noted:
		return b.Name == deploy.DetailEvent && c.moves(o, b.Data)
	case ledger.UndoEnded:
		o.Outcome, o.Reason = b.Outcome, b.Reason
		o.Kind = StageNotUndone
		if b.Outcome == stage.Succeeded {
			o.Kind = StageUndone
		}
		return c.state.Stage(e.Stage).Undo.Over()
	default:
		return false
	}
	return true
}

// said is what a person said. An answer counts for whatever the stage asks.
func (c *course) said(o *Occurrence, s stage.Signal, at time.Time) {
	o.By, o.Said, o.Reason = s.By, s.Kind, s.Why
	for _, a := range c.asks { // each gets the same, so that the order does not matter
		if s.Stage != "" && a.occurrence.Stage == s.Stage {
			a.answers = append(a.answers, at)
		}
	}
	switch {
	case s.Stage == "" && s.Kind == stage.Pause:
		o.Kind = ReleasePaused
	case s.Stage == "" && s.Kind == stage.Resume:
		o.Kind = ReleaseResumed
	case s.Stage == "":
		o.Kind = ReleaseAborting
	case s.Kind == stage.Approve, s.Kind == stage.Reject, s.Kind == stage.Withdraw:
		o.Kind = ApprovalAnswered
	default:
		o.Kind = StageSignalled
	}
}

// ended is how an attempt of a stage ended.
func (c *course) ended(o *Occurrence, e ledger.Event, b ledger.Ended) bool {
	st, node := c.state.Stage(e.Stage), c.state.Node(e.Stage)
	o.Outcome, o.Reason = b.Outcome, b.Reason
	goesOn := b.Outcome == stage.Interrupted && b.Parked == ""
	for key, a := range c.asks { // what a rollout asked ends with it; which comes first does not matter
		if a.rollout && a.occurrence.Stage == e.Stage && !goesOn {
			delete(c.asks, key)
		}
	}
	switch {
	case b.Parked != "":
		o.Kind, o.Reason = StageParked, b.Parked
		if b.Reason != "" && b.Reason != b.Parked {
			o.Reason += ": " + b.Reason
		}
		c.asks[e.Stage] = &ask{}
		return true
	case b.Outcome == stage.Interrupted:
		return false
	case b.Outcome == stage.Waiting:
		o.Until = b.Until
		told := c.waiting[e.Stage]
		c.waiting[e.Stage] = true
		if o.Kind = StageWaiting; approves(node) {
			o.Kind = ApprovalAsked
			if a := c.asks[e.Stage]; a == nil {
				c.asks[e.Stage] = &ask{}
			} else { // the same question, of which something was answered: whoever is asked next hears what is left of it
				a.occurrence.Reason, a.occurrence.Until = o.Reason, o.Until
			}
		}
		return !told
	case !st.RetryAt.IsZero():
		o.Kind, o.Until = StageRetrying, st.RetryAt
		return true
	}
	delete(c.asks, e.Stage)
	delete(c.waiting, e.Stage)
	o.Kind = ended("stage", b.Outcome)
	return true
}

// approves reports whether the stage waits for a person who says yes or no.
func approves(node *ledger.Stage) bool {
	return slices.Contains(node.Traits, stage.Asks) || slices.Contains(node.Listens, stage.Approve) && !slices.Contains(node.Traits, stage.Holds)
}

// judged is the verdict of a gate. One that says the same as the last time is nothing new.
func (c *course) judged(o *Occurrence, v gate.Verdict) bool {
	o.Gate, o.Reason = v.Gate, v.Reason
	key := [2]string{askKey(o.Stage, o.Region), v.Gate}
	was := c.verdicts[key]
	c.verdicts[key] = v.Outcome
	switch v.Outcome {
	case gate.Pass:
		o.Kind = GatePassed
	case gate.Fail:
		o.Kind = GateFailed
	case gate.Inconclusive:
		o.Kind = GateInconclusive
	default:
		return false
	}
	return was != v.Outcome
}

// moves is what a rollout told. A detail that is something else says nothing.
func (c *course) moves(o *Occurrence, data json.RawMessage) bool {
	var e rollout.Event
	if json.Unmarshal(data, &e) != nil || e.Kind == "" {
		return false
	}
	if !c.moved[o.Stage] {
		c.moved[o.Stage] = false // it is a rollout, and has not moved anything yet
	}
	o.Reason, o.By, o.Region = e.Text, e.By, e.Region
	key := askKey(o.Stage, e.Region)
	switch e.Kind {
	case rollout.StepDone, rollout.WaveDone, rollout.GoingBack, rollout.WaveStopped, rollout.Ended:
		if a := c.asks[key]; a != nil && a.rollout { // somebody went on, or back, without an answer
			delete(c.asks, key)
		}
	}
	switch e.Kind {
	case rollout.StepStarted:
		c.moved[o.Stage] = true
		return false
	case rollout.StepReached:
		o.Kind = RolloutReached
	case rollout.GoingBack, rollout.WaveStopped:
		o.Kind = RolloutGoingBack
	case rollout.Stuck:
		o.Kind = RolloutStuck
	case rollout.Degraded:
		o.Kind = RolloutDegraded
	case rollout.Drifted:
		o.Kind = RolloutDrifted
	case rollout.Asked:
		o.Kind = ApprovalAsked
		if c.asks[key] != nil {
			return false // it is asked again by a host that has taken over
		}
		c.asks[key] = &ask{rollout: true}
	case rollout.Answered:
		a := c.asks[key]
		delete(c.asks, key)
		o.Kind = ApprovalAnswered
		return a != nil && len(a.answers) == 0 // a person's word was told when it was given
	case rollout.Judged:
		return e.Verdict != nil && c.judged(o, *e.Verdict)
	default:
		return false
	}
	return true
}
