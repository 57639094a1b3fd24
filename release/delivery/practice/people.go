package practice

import (
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics/maturity"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// asks says whether a stage asks people for a yes.
func asks(node *ledger.Stage) bool {
	return slices.Contains(node.Listens, stage.Approve) && slices.Contains(node.Listens, stage.Reject) && slices.Contains(node.Listens, stage.Withdraw)
}

// hands are those who have answered, in order, each where they did last.
func (t *stint) hands() []string {
	var all []string
	for _, s := range t.heard {
		if !t.ignored[s.ID] {
			all = append(slices.DeleteFunc(all, func(by string) bool { return by == s.By }), s.By)
		}
	}
	return all
}

// approved tells of an approval that is over. One that asked nobody is none.
func (c *course) approved(e ledger.Event, st *ledger.StageState, b ledger.Ended, t *stint) {
	by := t.hands()
	if !st.Over() || !t.waited && len(by) == 0 && b.Outcome != stage.Rejected {
		return
	}
	s := maturity.Step{Kind: maturity.KindApproval, By: by, From: st.Started, Outcome: done(b.Outcome)}
	if b.Outcome == stage.Rejected && b.By != "" {
		s.Outcome = maturity.Refused
	}
	c.add(e, s)
}

// signalled tells of what people say to a release, apart from answers.
func (c *course) signalled(e ledger.Event, is stage.Signal) {
	switch is.Kind {
	case stage.Approve, stage.Reject, stage.Withdraw:
		t := c.stint(is.Stage)
		t.heard = append(t.heard, is)
		return
	}
	e.Stage = is.Stage
	s := maturity.Step{Kind: maturity.KindDecision, Outcome: maturity.Done, By: []string{is.By}}
	if t := c.stages[is.Stage]; t != nil {
		s.From, t.parked = t.parked, time.Time{}
	}
	c.add(e, s)
}
