package rollout

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/davit-sdk/davit/internal/subject"
	"github.com/davit-sdk/davit/metrics/gate"
)

// judge asks the gates, when it is time to.
func (r *Rollout) judge(ctx context.Context, h *hold) error {
	step, now := h.leg.step, time.Now()
	ended := h.baked(now)
	if len(step.Gates) == 0 {
		h.agreed = ended
		return nil
	}
	if now.Before(h.nextAsk) {
		return nil
	}
	verdicts, err := r.askGates(ctx, h, now, ended)
	if err != nil || verdicts == nil {
		return err
	}
	h.nextAsk = now.Add(r.o.GateInterval)
	if now.Before(h.until) && h.nextAsk.After(h.until) {
		h.nextAsk = h.until // the last word is asked for as soon as the bake is over
	}
	news := !outcomes(verdicts, h.verdicts)
	r.remember(verdicts)
	h.verdicts, h.agreed = verdicts, ended
	if h.extend(slices.ContainsFunc(verdicts, func(v gate.Verdict) bool { return v.Extend }), r) {
		news, r.unkept = true, true
	}
	for _, v := range verdicts {
		e := h.leg.event(Judged, fmt.Sprintf("gate %q says %s: %s", v.Gate, v.Outcome, v.Reason))
		e.Verdict = &v
		r.tell(e)
		h.agreed = h.agreed && v.Outcome == gate.Pass
	}
	for _, v := range verdicts {
		if v.Outcome == gate.Fail {
			r.verdicts = append(r.verdicts, verdicts...)
			return &GateError{Verdict: v}
		}
	}
	r.keep(ctx, h, news)
	return nil
}

// askGates asks all gates of the step at the same moment. It returns nothing when a command
// interrupted it.
func (r *Rollout) askGates(ctx context.Context, h *hold, now time.Time, end bool) ([]gate.Verdict, error) {
	about := subject.Of(r.plan, h.leg.index)
	about.Since, about.Now, about.End = r.at.Reached, now, end
	asking, stop := r.control.interruptible(ctx)
	defer stop()
	names := slices.Sorted(slices.Values(h.leg.step.Gates))
	verdicts := make([]gate.Verdict, len(names))
	var group errgroup.Group
	for i, name := range names {
		group.Go(func() error {
			verdicts[i] = r.askGate(asking, name, about)
			return nil
		})
	}
	_ = group.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if asking.Err() != nil {
		return nil, nil
	}
	return verdicts, nil
}

// askGate asks one gate, with what it remembers.
func (r *Rollout) askGate(ctx context.Context, name string, s gate.Subject) gate.Verdict {
	ctx, cancel := context.WithTimeout(ctx, r.o.GateTimeout)
	defer cancel()
	s.Memory = r.at.Memory[name]
	v := gate.Ask(ctx, r.o.Gates[name], s)
	v.Gate = name
	return v
}
