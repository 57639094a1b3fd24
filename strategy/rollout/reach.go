package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/strategy"
)

// reach brings the target to the leg's state, phase by phase. The phases are planned from what is
// observed, not from what ought to be there, so that a new process goes on where the old one was.
func (r *Rollout) reach(ctx context.Context, l leg) error {
	w := r.watch(l)
	if err := r.look(ctx, w); err != nil {
		return err
	}
	if pools := r.seen.foreign(l.known...); len(pools) > 0 {
		if err := r.drifted(w, fmt.Sprintf("%s is not part of this rollout", pools[0])); err != nil {
			return err
		}
	}
	if err := r.relight(ctx, w); err != nil {
		return err
	}
	phases, err := strategy.Transition(r.seen.as(l.known...), l.step.State)
	if err != nil {
		return fmt.Errorf("find a way from %s to %s: %w", r.seen, l.step.State, err)
	}
	for _, phase := range phases {
		e := l.event(PhaseStarted, fmt.Sprintf("%s: %s", phase.Kind, phase.State))
		e.State = phase.State
		r.tell(e)
		if err := r.settle(ctx, w, phase.State); err != nil {
			return err
		}
	}
	return nil
}

// relight gives traffic back to what runs, where a router lost its table, as one in the host's own
// process does when the host dies: nobody is to wait in the dark until further instances are ready.
func (r *Rollout) relight(ctx context.Context, w *watch) error {
	if len(r.seen.Traffic) > 0 {
		return nil
	}
	wanted := []strategy.State{w.leg.known[0], w.leg.step.State}
	if w.leg.back {
		slices.Reverse(wanted) // not through what is to be taken back, if that can be helped
	}
	for _, s := range wanted {
		if lit, ok := r.seen.lit(s, w.leg.known); ok {
			return r.settle(ctx, w, lit)
		}
	}
	return nil
}

// settle applies one state until the target shows it.
func (r *Rollout) settle(ctx context.Context, w *watch, s strategy.State) error {
	w.aim()
	for {
		if err := r.mayMove(ctx, w); err != nil {
			return err
		}
		if w.routed {
			// Look before applying again: a change by somebody else must be seen, not painted over.
			if err := r.fought(ctx, w, s); err != nil {
				return err
			}
		}
		applyErr := r.target.Apply(ctx, s)
		if isPermanent(applyErr) {
			return fmt.Errorf("apply %s: %w", s, applyErr)
		}
		before := r.seen
		o, observeErr := r.target.Observe(ctx)
		if observeErr == nil {
			r.seen = o
			if err := r.failures(w); err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		w.last = errors.Join(applyErr, observeErr)
		if w.last == nil && o.Missing(s) == "" {
			return nil
		}
		if observeErr == nil {
			w.routed = w.routed || o.missingTraffic(s) == ""
			if w.progressed(o.score(s)) && o.String() != before.String() {
				e := w.leg.event(Progressed, o.String())
				e.State = s
				r.tell(e)
			}
		}
		if err := w.overdue(r, s); err != nil {
			return err
		}
		r.control.sleep(ctx, r.o.Poll)
	}
}

// look observes until the target answers.
func (r *Rollout) look(ctx context.Context, w *watch) error {
	for {
		o, err := r.target.Observe(ctx)
		if err == nil {
			r.seen = o
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		w.last = err
		if time.Since(w.since) >= w.deadline {
			return &DeadlineError{Deadline: w.deadline, Missing: "the target could not be observed", Last: err}
		}
		if err := r.mayMove(ctx, w); err != nil {
			return err
		}
		r.control.sleep(ctx, r.o.Poll)
	}
}

// mayMove returns nil when the target may be moved now: it waits out a pause, and reports the end
// of the context or an abort. The way back is neither paused nor aborted.
func (r *Rollout) mayMove(ctx context.Context, w *watch) error {
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if w.leg.back {
			return nil
		}
		if err := r.commands(ctx, w.leg); err != nil {
			return err
		}
		if !r.paused {
			return nil
		}
		start := time.Now()
		r.control.sleep(ctx, r.o.Poll)
		w.since = w.since.Add(time.Since(start))
	}
}

// commands carries out what was asked for meanwhile.
func (r *Rollout) commands(ctx context.Context, l leg) error {
	paused, promoted, aborted := r.control.look()
	if aborted != nil {
		return &AbortError{By: aborted.by, Why: aborted.why}
	}
	tell := func(kind EventKind, c *command) {
		e := l.event(kind, c.why)
		e.By = c.by
		r.tell(e)
	}
	if promoted != nil && !r.at.Promoting {
		r.at.Promoting = true
		if err := r.record(ctx); err != nil {
			return err
		}
		tell(Promoting, promoted)
	}
	if is := paused != nil; is != r.paused {
		r.paused, r.at.Paused = is, is
		if err := r.record(ctx); err != nil {
			return err
		}
		if is {
			tell(Paused, paused)
		} else if c := r.control.take(func(c *control) **command { return &c.resumed }); c != nil {
			tell(Resumed, c)
		}
	}
	return nil
}

// watch is what is kept in mind during one step.
type watch struct {
	leg      leg
	deadline time.Duration
	since    time.Time // of the last progress
	best     int
	aimed    bool
	last     error
	routed   bool // the traffic that is aimed at was in effect once
	drifts   int
	failures []Failure // of the new revision, within this step
}

func (r *Rollout) watch(l leg) *watch {
	return &watch{leg: l, deadline: l.deadline(r.o), since: time.Now()}
}

// aim begins the watch over another state.
func (w *watch) aim() {
	w.since, w.aimed, w.routed, w.last = time.Now(), false, false, nil
}

// progressed reports whether the score is a new best. Only that counts: an instance that becomes
// ready again and again makes no progress.
func (w *watch) progressed(score int) bool {
	if w.aimed && score <= w.best {
		return false
	}
	w.aimed, w.best, w.since = true, score, time.Now()
	return true
}

func (w *watch) overdue(r *Rollout, s strategy.State) error {
	if time.Since(w.since) < w.deadline {
		return nil
	}
	missing := r.seen.Missing(s)
	if missing == "" {
		missing = "the target shows the state and still reports an error"
	}
	return &DeadlineError{Deadline: w.deadline, Missing: missing, Failures: w.failures, Last: w.last}
}

// failures tells of instances that failed since the last look, and counts those of the new
// revision.
func (r *Rollout) failures(w *watch) error {
	for _, status := range r.seen.Pools {
		for _, f := range status.Failures {
			if r.failed[f.ID] {
				continue
			}
			r.failed[f.ID] = true
			r.tell(w.leg.event(InstanceFailed, fmt.Sprintf("%s of %s: %s", f.ID, status.Pool, f.Reason)))
			if status.Pool.Revision == r.plan.To && !w.leg.back {
				w.failures = append(w.failures, f)
			}
		}
	}
	if len(w.failures) >= r.o.CrashLimit {
		return &CrashError{Failures: slices.Clone(w.failures)}
	}
	return nil
}

// fought notices that somebody else changes the traffic back, or brings pools of their own.
func (r *Rollout) fought(ctx context.Context, w *watch, s strategy.State) error {
	o, err := r.target.Observe(ctx)
	if err != nil {
		return nil // the look after the next pass tells
	}
	if pools := o.foreign(w.leg.known...); len(pools) > 0 && len(r.seen.foreign(w.leg.known...)) == 0 {
		r.seen = o
		return r.drifted(w, fmt.Sprintf("%s is not part of this rollout", pools[0]))
	}
	if traffic := o.missingTraffic(s); traffic != "" {
		r.seen, w.routed = o, false
		return r.drifted(w, traffic)
	}
	return nil
}

// drifted tells of a change by somebody else, and decides whether to go on. The way back always
// goes on, for as long as it has time.
func (r *Rollout) drifted(w *watch, seen string) error {
	w.drifts++
	r.tell(w.leg.event(Drifted, seen))
	if w.leg.back || r.o.Drift == Converge && w.drifts <= r.o.DriftLimit {
		return nil
	}
	return &ConflictError{Seen: seen, Times: w.drifts}
}
