package rollout

import (
	"context"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
)

// hold keeps the step's state until the bake is over, the gates agree, and nobody is waited for.
func (r *Rollout) hold(ctx context.Context, l leg) error {
	h := &hold{watch: r.watch(l), until: r.at.Reached.Add(l.step.Bake)}
	h.patience = h.until.Add(r.o.Patience)
	defer r.control.wait(false)
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := r.commands(ctx, l); err != nil {
			return err
		}
		if r.at.Promoting && !r.paused {
			return nil
		}
		if err := r.tend(ctx, h); err != nil {
			return err
		}
		if err := r.judge(ctx, h); err != nil {
			return err
		}
		done, err := r.decide(ctx, h)
		if err != nil || done {
			return err
		}
		r.control.sleep(ctx, h.nap(r.o))
	}
}

// hold is what is kept in mind while a state is held.
type hold struct {
	*watch
	until    time.Time // the end of the bake
	patience time.Time // when gates that do not agree become a person's business
	nextAsk  time.Time
	verdicts []gate.Verdict // of the last round
	agreed   bool           // all gates passed in one round at the end of the bake
	degraded bool
	ask      *question
	granted  bool // the question was answered: go on
}

func (h *hold) nap(o Options) time.Duration {
	now := time.Now()
	wait := o.Poll
	sooner := func(t time.Time) {
		if d := t.Sub(now); d > 0 && d < wait {
			wait = d
		}
	}
	sooner(h.until)
	if len(h.leg.step.Gates) > 0 {
		sooner(h.nextAsk)
	}
	if h.ask != nil && !h.ask.deadline.IsZero() {
		sooner(h.ask.deadline)
	}
	return wait
}

// tend looks after the state that was reached: failed instances are replaced, changes by somebody
// else are told and answered.
func (r *Rollout) tend(ctx context.Context, h *hold) error {
	s := h.leg.step.State
	before := r.seen
	o, err := r.target.Observe(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		h.last, h.degraded = err, true
		return h.overdue(r, s)
	}
	r.seen, h.last = o, nil
	failed := len(r.failed)
	if err := r.failures(h.watch); err != nil {
		return err
	}
	missing := o.Missing(s)
	if missing == "" {
		if h.degraded {
			r.tell(h.leg.event(Healed, o.String()))
		}
		h.degraded, h.aimed, h.since = false, false, time.Now()
		return nil
	}
	if seen := meddled(o, before, s, h.leg.known); seen != "" && failed == len(r.failed) {
		if err := r.drifted(h.watch, seen); err != nil {
			return err
		}
	} else if !h.degraded {
		r.tell(h.leg.event(Degraded, missing))
	}
	h.degraded = true
	h.progressed(o.score(s))
	if !r.paused {
		if h.last = r.target.Apply(ctx, s); isPermanent(h.last) {
			return fmt.Errorf("apply %s: %w", s, h.last)
		}
	}
	return h.overdue(r, s)
}

// meddled says what differs from the state in a way that no failing instance explains, and did not
// differ in that way before.
func meddled(o, before Observation, s strategy.State, known []strategy.State) string {
	if pools := o.foreign(known...); len(pools) > 0 {
		if len(before.foreign(known...)) > 0 {
			return ""
		}
		return fmt.Sprintf("%s is not part of this rollout", pools[0])
	}
	if t := o.missingTraffic(s); t != "" {
		if before.missingTraffic(s) != "" {
			return ""
		}
		return t
	}
	for role, g := range s.Groups() {
		now, was := o.Pool(s.Pool(role)), before.Pool(s.Pool(role))
		if now.Running != g.Replicas && was.Running == g.Replicas {
			return fmt.Sprintf("%s %s was scaled to %d instances, %d are wanted", role, g.Revision, now.Running, g.Replicas)
		}
	}
	return ""
}
