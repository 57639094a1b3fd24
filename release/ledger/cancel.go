package ledger

import (
	"fmt"
	"time"

	"github.com/davit-sdk/davit/stage"
)

// cancel decides whether the context of a stage ends that runs or is being undone.
func (d *decider) cancel(i int) {
	s := d.state
	st, node := &s.Stages[i], &s.Pipeline.Stages[i]
	switch {
	case st.Undo.Running():
		if d.passed(st.Undo.Began, node.undoTimeout()) {
			d.end(st, stage.Error{Outcome: stage.Failed, Reason: fmt.Sprintf("its undo took longer than %s", node.undoTimeout())})
			return
		}
	case st.Told != nil:
		d.end(st, stage.Error{Outcome: toldOutcome(st.Told), By: st.Told.By, Reason: st.Told.Why})
		return
	case st.cut != "":
		d.end(st, stage.Error{Outcome: stage.Aborted, Reason: st.cut})
		return
	case d.passed(st.Started, node.Timeout):
		d.end(st, stage.Error{Outcome: stage.Failed, Reason: overtime(node), Final: true})
		return
	case d.passed(st.Began, node.AttemptTimeout):
		d.end(st, stage.Error{Outcome: stage.Failed, Reason: fmt.Sprintf("the attempt took longer than its timeout of %s", node.AttemptTimeout)})
		return
	}
	if stop := s.Interrupted; stop != nil && !stop.Until.IsZero() {
		if d.now.Before(stop.Until) {
			d.wake(stop.Until)
		} else {
			d.end(st, stage.Error{Outcome: stage.Interrupted, Reason: stop.Reason})
		}
	}
}

// end ends the context of a stage.
func (d *decider) end(st *StageState, cause stage.Error) {
	d.Cancel = append(d.Cancel, Cancel{st.Name, &cause})
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

func told(s *stage.Signal) Ended {
	return Ended{Outcome: toldOutcome(s), By: s.By, Reason: s.Why}
}

func toldOutcome(s *stage.Signal) stage.Outcome {
	if s.Kind == stage.SkipStage {
		return stage.Skipped
	}
	return stage.Aborted
}
