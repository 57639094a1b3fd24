package ledger

import (
	"fmt"
	"strings"
	"time"

	"github.com/davit-sdk/davit/stage"
)

// A stage that waits is run again no sooner than leastWait after it said so, and no later than mostWait.
// Without the first, one whose host's clock is behind that of the host before would be run over and over
// while it says that its time has not come; without the second, a time that no calendar knows could not
// be recorded.
const (
	leastWait = 100 * time.Millisecond
	mostWait  = 100 * 365 * 24 * time.Hour
)

// Settle completes the end of a running attempt by what the pipeline says becomes of it: it is tried
// again, waits for a person, or is the end of the stage. An engine calls it before it records the end.
func (s *State) Settle(name string, e Ended, at time.Time) Ended {
	st, node := s.Stage(name), s.Node(name)
	if at.Before(s.Last) {
		at = s.Last
	}
	at = at.UTC().Round(0)
	e = e.recordable()
	switch {
	case e.Outcome == stage.Waiting && e.Until.IsZero() && len(node.Listens) == 0:
		e = Ended{Outcome: stage.Failed, Reason: "it waits for ever: it listens for no signal, and names no time", Heard: e.Heard, Final: true}
	case e.Outcome == stage.Waiting && !e.Until.IsZero():
		if soonest := at.Add(leastWait); e.Until.Before(soonest) {
			e.Until = soonest
		}
		if latest := at.Add(mostWait); e.Until.After(latest) {
			e.Until = latest
		}
	case st.Told == nil || st.Told.Kind != stage.Abort || s.Aborted != nil:
	case e.Outcome == stage.Succeeded, e.Outcome == stage.Skipped && e.By != "":
		// The abort was taken, so nothing goes on behind the stage, though it came to its end before
		// it heard of it, or was told to be skipped before.
		e.Reason = strings.TrimPrefix(fmt.Sprintf("%s (it had ended as %s)", st.Told.Why, e.Outcome), " ")
		e.Outcome, e.By = stage.Aborted, st.Told.By
	}
	switch {
	case e.Outcome == stage.Waiting:
	case e.Outcome == stage.Interrupted:
		if node.Effect == stage.AtMostOnce {
			e.Parked = sentence(e.Reason, atMostOnce)
		}
	case e.Outcome == stage.Failed && !e.Final && st.Told == nil && (node.Always || s.halted() == "") && st.Failures+1 < node.Retry.Attempts:
		e.RetryAt = at.Add(node.Retry.Wait(st.Failures+1, s.Release.ID+"/"+name))
		if node.Timeout > 0 && e.RetryAt.After(st.Started.Add(node.Timeout)) {
			e.RetryAt = time.Time{}
			e.Reason = sentence(e.Reason, "its timeout leaves no time for a further attempt")
			s.park(node, st, &e)
		}
	default:
		s.park(node, st, &e)
	}
	return e
}

// park lets a stage that ended badly wait for a person, where the pipeline says so, or says to undo
// what must not be undone any more.
func (s *State) park(node *Stage, st *StageState, e *Ended) {
	if st.Told != nil || st.cut != "" || s.Aborted != nil || !node.Spoils(e.Outcome) {
		return
	}
	switch {
	case node.OnFailure == Freeze:
		e.Parked = "the release is frozen: " + person
	case node.OnFailure == Undo && s.passed != "":
		e.Parked = fmt.Sprintf("stage %s is irreversible, so nothing can be undone: %s", s.passed, person)
	}
}
