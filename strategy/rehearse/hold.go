package rehearse

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/internal/subject"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
)

// hold is what is kept in mind while a step bakes. It goes by the same rules as that of a rollout.
type hold struct {
	until    time.Time // the end of the bake
	patience time.Time // from then on, gates that do not agree are a person's business
	nextAsk  time.Time
	looked   time.Time      // when the clocks were looked at last
	extended bool           // a gate has asked not to count the time since
	verdicts []gate.Verdict // of the last round
	agreed   bool           // all passed in one round, after the bake
	waived   bool           // the answer was to go on although they do not agree
	deadline time.Time      // of the answer that is waited for; zero: none is
}

// hold bakes a step and asks its gates, at once, at each interval and at the end of the bake, and on
// until all pass in one round.
func (p *play) hold(ctx context.Context, index int) error {
	step := &p.Plan.Steps[index]
	p.names = slices.Sorted(slices.Values(step.Gates))
	reached := p.world.now
	h := &hold{until: reached.Add(step.Bake), nextAsk: reached, looked: reached}
	h.patience = h.until.Add(p.Patience)
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		h.pass(p.world.now)
		p.judge(ctx, h, index, reached)
		if p.run.Outcome != Promoted || p.decided(h) || p.late() {
			return nil
		}
		p.world.pass(step.State, h.nap(p.world.now, len(p.names) > 0))
	}
}

// pass lets time pass. What a gate asks not to count is neither baked nor does it wear patience out.
func (h *hold) pass(now time.Time) {
	if h.extended {
		d := now.Sub(h.looked)
		h.until, h.patience = h.until.Add(d), h.patience.Add(d)
	}
	h.looked = now
}

// judge asks the gates when it is time to.
func (p *play) judge(ctx context.Context, h *hold, index int, reached time.Time) {
	now := p.world.now
	ended := !now.Before(h.until)
	if len(p.names) == 0 {
		h.agreed = ended
		return
	}
	if now.Before(h.nextAsk) {
		return
	}
	s := subject.Of(p.Plan, index)
	s.Since, s.Now, s.End = reached, now, ended
	h.verdicts = p.ask(ctx, s)
	h.nextAsk = now.Add(p.GateInterval)
	if now.Before(h.until) && h.nextAsk.After(h.until) {
		h.nextAsk = h.until
	}
	h.agreed = ended
	h.extended = slices.ContainsFunc(h.verdicts, func(v gate.Verdict) bool { return v.Extend })
	for _, v := range h.verdicts {
		h.agreed = h.agreed && v.Outcome == gate.Pass
		if v.Outcome == gate.Fail {
			p.run.Outcome, p.run.Reason = RolledBack, fmt.Sprintf("gate %q: %s", v.Gate, v.Reason)
			return
		}
	}
}

// decided reports whether the step is over. Where a person is asked nobody answers, until the default
// answer is due.
func (p *play) decided(h *hold) bool {
	now := p.world.now
	switch {
	case h.deadline.IsZero():
	case h.agreed:
		h.deadline = time.Time{}
	case now.Before(h.deadline):
		return false
	case p.Decision.Default == strategy.AnswerResume:
		h.waived, h.deadline = true, time.Time{}
	default:
		p.run.Outcome, p.run.Unanswered = RolledBack, true
		p.run.Reason = "nobody answered in time: " + doubts(h.verdicts)
		return true
	}
	if !h.agreed && !h.waived && (h.undecided() || now.After(h.patience)) {
		p.run.Asked++
		h.deadline = now.Add(p.Decision.Deadline)
		return false
	}
	return !now.Before(h.until) && (h.agreed || h.waived)
}

// undecided reports whether a gate says that more data will not help.
func (h *hold) undecided() bool {
	return slices.ContainsFunc(h.verdicts, func(v gate.Verdict) bool { return v.Outcome == gate.Inconclusive })
}

func doubts(verdicts []gate.Verdict) string {
	for _, v := range verdicts {
		if v.Outcome != gate.Pass {
			return fmt.Sprintf("gate %q says %s: %s", v.Gate, v.Outcome, v.Reason)
		}
	}
	return "all gates pass"
}

// nap is how long nothing happens but traffic.
func (h *hold) nap(now time.Time, gates bool) time.Duration {
	moments := []time.Time{h.until, h.deadline}
	if gates {
		moments = append(moments, h.nextAsk, h.patience.Add(1)) // after, not at, the end of patience
	}
	next := time.Time{}
	for _, m := range moments {
		if m.After(now) && (next.IsZero() || m.Before(next)) {
			next = m
		}
	}
	return next.Sub(now)
}
