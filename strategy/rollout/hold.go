package rollout

import (
	"context"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
)

// hold keeps the step's state until the bake is over, the gates agree, and nobody is waited for.
func (r *Rollout) hold(ctx context.Context, w *watch) error {
	w.begin()
	w.applied = w.leg.step.State
	h := &hold{watch: w, until: r.at.Reached.Add(w.leg.step.Bake + r.at.Degraded), looked: time.Now()}
	h.patience = h.until.Add(r.o.Patience)
	h.waived, h.granted = r.at.Waived, r.at.Granted
	if s := r.at.Stopped; !s.IsZero() && s.Before(h.looked) {
		h.extended, h.looked = true, s // the clock stood still while no host was up, too
	}
	defer r.control.settle()
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := r.commands(ctx, w.leg); err != nil {
			return err
		}
		h.pass(r)
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
	extended bool      // a gate has asked not to count this time
	kept     time.Time // when what the gates remember was recorded last
	looked   time.Time // when the clocks were looked at last
	ask      *question
	waived   bool // somebody said to go on although the gates do not agree
	granted  bool // the plan's pause was answered: go on
}

// pass lets time pass. What is degraded, or what a gate asks not to count, is not baked, and a pause of a person suspends all deadlines.
func (h *hold) pass(r *Rollout) {
	now := time.Now()
	d := now.Sub(h.looked)
	h.looked = now
	if h.degraded || h.extended {
		h.until, r.at.Degraded = h.until.Add(d), r.at.Degraded+d
	}
	if h.extended {
		r.at.Stopped = now
	}
	if h.degraded || h.extended || r.paused {
		h.patience = h.patience.Add(d)
	}
	if r.paused {
		h.since = h.since.Add(d)
		if h.ask != nil && !h.ask.deadline.IsZero() {
			h.ask.deadline = h.ask.deadline.Add(d)
		}
	}
}

// extend stops the clock, or lets it go on, and reports whether it did otherwise before.
func (h *hold) extend(stop bool, r *Rollout) (turned bool) {
	turned, h.extended = stop != h.extended, stop
	if r.at.Stopped = (time.Time{}); stop {
		r.at.Stopped = h.looked
	}
	return turned
}

// baked reports whether the bake is over.
func (h *hold) baked(now time.Time) bool { return !h.degraded && !now.Before(h.until) }

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
// else are told and answered. A pool that is stuck here has been whole before: what keeps a replacement
// from starting is no proof against the revision, and somebody has until the deadline to mend it. Only what
// somebody else has taken over is no revision to wait for.
func (r *Rollout) tend(ctx context.Context, h *hold) error {
	s, need := h.leg.step.State, r.need(h.leg)
	before, failed := r.seen, len(r.failed)
	if h.last = r.observe(ctx, h.leg); h.last != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if final(h.last) {
			return h.last
		}
		if !h.degraded {
			r.tell(h.leg.event(Degraded, "the target could not be observed: "+h.last.Error()))
		}
		h.degraded, h.agreed = true, false
		return h.overdue("the target could not be observed")
	}
	r.stuck(h.watch)
	if err := h.foreign(s); err != nil {
		return err
	}
	if err := r.failures(h.watch); err != nil {
		return err
	}
	missing := r.seen.missing(s, need)
	if missing == "" {
		if h.degraded {
			r.tell(h.leg.event(Healed, r.seen.String()))
		}
		h.degraded, h.scored, h.most, h.since = false, false, nil, time.Now()
		return nil
	}
	if seen := meddled(r.seen, before, s, h.leg.known, before.missingTraffic(s) == ""); seen != "" && failed == len(r.failed) {
		if err := r.drifted(h.watch, seen); err != nil {
			return err
		}
	} else if !h.degraded {
		r.tell(h.leg.event(Degraded, missing))
	}
	h.degraded, h.agreed = true, false // what the gates said was of a state that is no more
	h.progressed(r.seen, s)
	if r.paused && (len(r.seen.Traffic) > 0 || s.Dark()) {
		return nil // but a table that was lost is given back: that is no move
	}
	h.last = r.move(ctx, h.leg, s)
	if final(h.last) {
		return fmt.Errorf("apply %s: %w", s, h.last)
	}
	return h.overdue(missing)
}
