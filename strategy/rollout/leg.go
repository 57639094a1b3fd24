package rollout

import (
	"time"

	"github.com/davit-sdk/davit/strategy"
)

// leg is one step on the way forward or back, or all of a Restore.
type leg struct {
	step    strategy.Step
	index   int
	count   int
	back    bool
	restore bool
	limits  strategy.Limits  // what a target that walks by itself is to keep
	exact   bool             // the end of the way back: nothing may be missing of what was there
	known   []strategy.State // the states whose pools may be met on the leg, nearest first
}

func (r *Rollout) leg(i int) leg {
	return leg{
		step: r.plan.Steps[i], index: i, count: len(r.plan.Steps), limits: r.plan.Limits,
		known: []strategy.State{r.plan.StateBefore(i), r.plan.Steps[i].State, r.plan.From, r.plan.Final()},
	}
}

// forward reports whether commands are taken, and harm is looked for.
func (l leg) forward() bool { return !l.back && !l.restore }

func (l leg) event(kind EventKind, text string) Event {
	return Event{Kind: kind, Back: l.back, Step: l.index, Steps: l.count, Text: text, State: l.step.State}
}

func (l leg) deadline(o Options) time.Duration {
	if l.step.Deadline > 0 {
		return l.step.Deadline
	}
	return o.Deadline
}
