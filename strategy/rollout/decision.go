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

// question is what a person is asked: to go on although the gates do not agree, or what the plan
// pauses for. An answer to the one is none to the other.
type question struct {
	text     string
	deadline time.Time
	answer   strategy.Answer
	gates    bool
}

// decide says whether the hold is over, and asks a person where one is needed.
func (r *Rollout) decide(ctx context.Context, h *hold) (bool, error) {
	now := time.Now()
	if h.ask != nil {
		if err := r.answer(ctx, h, now); err != nil {
			return false, err
		}
	}
	if r.paused || h.ask != nil {
		return false, nil
	}
	if !h.agreed && !h.waived && (h.undecided() || !h.degraded && now.After(h.patience)) {
		p := r.o.Decision
		p.Reason = "the gates do not agree: " + doubts(h.verdicts)
		return false, r.question(ctx, h, p, true)
	}
	if !h.baked(now) || !h.agreed && !h.waived {
		return false, nil
	}
	if p := h.leg.step.Pause; p != nil && !h.granted {
		return false, r.question(ctx, h, *p, false)
	}
	r.verdicts = append(r.verdicts, h.verdicts...)
	return true, nil
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
	again := !r.at.Asked.IsZero() && r.at.AskedGates == gates
	if !again {
		r.at.Asked, r.at.AskedGates = time.Now(), gates
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
	r.control.ask(again)
	if err := r.record(ctx); err != nil {
		return err
	}
	r.tell(h.leg.event(Asked, h.ask.text))
	return nil
}

// answer takes a person's answer, the gates' own where they agree after all, or the default one when
// the time is over.
func (r *Rollout) answer(ctx context.Context, h *hold, now time.Time) error {
	given := r.control.take(func(c *control) **command { return &c.answered })
	var late bool
	switch {
	case given != nil:
	case h.ask.gates && h.agreed:
		given = &command{"", "all gates pass now"}
	case !r.paused && !h.ask.deadline.IsZero() && !now.Before(h.ask.deadline):
		late, given = true, &command{"deadline", "nobody answered in time: " + h.ask.text}
	default:
		return nil
	}
	if late && h.ask.answer == strategy.AnswerAbort {
		return &AbortError{By: given.by, Why: given.why}
	}
	e := h.leg.event(Answered, given.why)
	e.By = given.by
	r.tell(e)
	r.control.settle()
	if h.ask.gates {
		h.waived = !h.agreed
	} else {
		h.granted = true
	}
	h.ask, r.at.Asked, r.at.AskedGates = nil, time.Time{}, false
	r.at.Waived, r.at.Granted = h.waived, h.granted
	return r.record(ctx)
}
