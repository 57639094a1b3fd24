package rollout

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
)

// question is what a person is asked.
type question struct {
	text     string
	deadline time.Time
	answer   strategy.Answer
	gates    bool // it was the gates that did not agree; if they do later, nobody need answer
}

// decide says whether the hold is over, and asks a person where one is needed.
func (r *Rollout) decide(ctx context.Context, h *hold) (bool, error) {
	now := time.Now()
	if h.ask != nil {
		if err := r.answer(ctx, h, now); err != nil {
			return false, err
		}
	}
	if r.paused {
		h.patience = later(h.patience, now.Add(r.o.Patience))
		return false, nil
	}
	if now.Before(h.until) && !h.undecided() || h.degraded {
		return false, nil
	}
	if h.agreed || h.granted {
		if p := h.leg.step.Pause; p != nil && !h.granted {
			return false, r.question(ctx, h, *p, false)
		}
		r.verdicts = append(r.verdicts, h.verdicts...)
		return true, nil
	}
	if h.ask == nil && (h.undecided() || now.After(h.patience)) {
		p := r.o.Decision
		p.Reason = "the gates do not agree: " + doubts(h.verdicts)
		return false, r.question(ctx, h, p, true)
	}
	return false, nil
}

// undecided reports whether a gate says that more data will not help.
func (h *hold) undecided() bool {
	return slices.ContainsFunc(h.verdicts, func(v gate.Verdict) bool { return v.Outcome == gate.Inconclusive })
}

func doubts(verdicts []gate.Verdict) string {
	var parts []string
	for _, v := range verdicts {
		if v.Outcome != gate.Pass {
			parts = append(parts, fmt.Sprintf("%q says %s: %s", v.Gate, v.Outcome, v.Reason))
		}
	}
	return strings.Join(parts, "; ")
}

// question begins to wait for a person.
func (r *Rollout) question(ctx context.Context, h *hold, p strategy.Pause, gates bool) error {
	if h.ask != nil {
		return nil
	}
	if r.at.Asked.IsZero() {
		r.at.Asked = time.Now()
	}
	h.ask = &question{text: p.Reason, answer: p.Default, gates: gates}
	if h.ask.text == "" {
		h.ask.text = "go on after: " + h.leg.step.Reason + "?"
	}
	if h.ask.answer == "" {
		h.ask.answer = strategy.AnswerAbort
	}
	if p.Deadline > 0 {
		h.ask.deadline = r.at.Asked.Add(p.Deadline)
	}
	r.control.wait(true)
	if err := r.record(ctx); err != nil {
		return err
	}
	r.tell(h.leg.event(Asked, h.ask.text))
	return nil
}

// answer takes a person's answer, or the default one when the time is over.
func (r *Rollout) answer(ctx context.Context, h *hold, now time.Time) error {
	var by *command
	switch {
	case h.ask.gates && h.agreed:
		by = &command{"gates", "all gates pass now"}
	default:
		by = r.control.take(func(c *control) **command { return &c.answered })
		if by == nil && !r.paused && !h.ask.deadline.IsZero() && !now.Before(h.ask.deadline) {
			by = &command{"deadline", fmt.Sprintf("nobody answered in time: %s", h.ask.text)}
			if h.ask.answer == strategy.AnswerAbort {
				return &AbortError{By: by.by, Why: by.why}
			}
		}
	}
	if by == nil {
		return nil
	}
	e := h.leg.event(Answered, by.why)
	e.By = by.by
	r.tell(e)
	r.control.wait(false)
	// The gates' question, answered by the gates, leaves a pause of the plan to be asked still.
	h.granted = by.by != "gates" || h.leg.step.Pause == nil
	h.ask, h.patience = nil, later(h.patience, now.Add(r.o.Patience))
	r.at.Asked = time.Time{}
	return r.record(ctx)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
