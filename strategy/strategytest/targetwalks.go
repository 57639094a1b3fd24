package strategytest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// walks are the rollouts that several laws look at.
type walks struct {
	walked            bool
	failed            error // why they could not be walked
	promoted, aborted []walk
}

// walk is one rollout: why it did not end as it must, and what it broke on its way.
type walk struct {
	name             string
	end, limit, loss error
}

// strategies are those of package strategy, with settings that walk in few steps through all kinds
// of transitions.
func (s targetSubject) strategies() []strategy.Strategy {
	return []strategy.Strategy{
		strategy.Rolling{Surge: strategy.Count(1), Unavailable: strategy.Count(0)},
		strategy.BlueGreen{Preview: strategy.Count(1), Switch: []strategy.Share{strategy.Percent(50)}, Warm: s.Poll},
		strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(10)}, {Share: strategy.Percent(50)}}},
		strategy.Recreate{},
	}
}

// walk walks all rollouts, unless another law has done so.
func (s targetSubject) walk(ctx context.Context) (*walks, error) {
	if !s.shared.walked {
		s.shared.walked, s.shared.failed = true, s.walkAll(ctx)
	}
	return s.shared, s.shared.failed
}

func (s targetSubject) walkAll(ctx context.Context) error {
	for _, strat := range s.strategies() {
		plan, err := strat.Plan(s.old(), s.Revisions[1])
		if err != nil {
			return err
		}
		for step := range plan.Steps {
			w, err := s.rollout(ctx, plan, step)
			if err != nil {
				return err
			}
			s.shared.aborted = append(s.shared.aborted, w)
		}
		w, err := s.rollout(ctx, plan, len(plan.Steps))
		if err != nil {
			return err
		}
		s.shared.promoted = append(s.shared.promoted, w)
	}
	return nil
}

// rollout walks a plan, and aborts it once the step is reached, if there is such a step. The error
// says why it could not even begin.
func (s targetSubject) rollout(ctx context.Context, plan strategy.Plan, abort int) (walk, error) {
	w := walk{name: plan.Strategy}
	want, outcome := plan.Final(), rollout.Promoted
	if abort < len(plan.Steps) {
		w.name = fmt.Sprintf("%s, aborted at step %d of %d", plan.Strategy, abort+1, len(plan.Steps))
		want, outcome = plan.From, rollout.RolledBack
	}
	if _, err := s.reach(ctx, plan.From); err != nil {
		return w, name("before "+w.name, err)
	}
	watched := &watched{Target: s.Target, limits: plan.Limits}
	var r *rollout.Rollout
	r, err := rollout.New(watched, plan, rollout.Options{
		Poll: s.Poll, Deadline: s.Patience,
		Notify: func(e rollout.Event) {
			if e.Kind == rollout.StepReached && !e.Back && e.Step == abort {
				_ = r.Abort("the kit", "every step must have a way back") // too late is told by the outcome
			}
		},
	})
	if err != nil {
		return w, name(w.name, err)
	}
	clients := s.clients(ctx, plan)
	result, err := r.Run(ctx)
	w.loss = clients()
	if result.Outcome != outcome {
		w.end = fmt.Errorf("it is %s, not %s: %w", result.Outcome, outcome, err)
	} else if missing := result.Observed.Missing(want); missing != "" {
		w.end = errors.New(missing)
	}
	w.limit = watched.broken
	return w, nil
}

// watched holds what a target shows against limits. The abilities are the target's.
type watched struct {
	rollout.Target
	limits strategy.Limits
	broken error // the first breach
}

func (w *watched) Unwrap() any { return w.Target }

func (w *watched) Observe(ctx context.Context) (rollout.Observation, error) {
	o, err := w.Target.Observe(ctx)
	if err != nil || w.broken != nil {
		return o, err
	}
	total, available := 0, 0
	for _, p := range o.Pools {
		total += p.Running + p.Stopping
		if !o.TrafficOf(p.Pool).Share.IsZero() {
			available += p.Available
		}
	}
	switch {
	case w.limits.MaxTotal > 0 && total > w.limits.MaxTotal:
		w.broken = fmt.Errorf("%d instances existed, at most %d may: %s", total, w.limits.MaxTotal, o)
	case available < w.limits.MinAvailable:
		w.broken = fmt.Errorf("%d instances were available, at least %d must be: %s", available, w.limits.MinAvailable, o)
	}
	return o, nil
}

// clients ask until they are told to stop, which gives the first request that was lost. They do
// not ask where the plan has downtime.
func (s targetSubject) clients(ctx context.Context, plan strategy.Plan) (stop func() error) {
	const clients = 4
	if s.Request == nil || plan.Limits.MinAvailable == 0 {
		return func() error { return nil }
	}
	var asking sync.WaitGroup
	over := make(chan struct{})
	lost := make([]error, clients)
	for i := range clients {
		asking.Go(func() { lost[i] = s.client(ctx, over) })
	}
	return func() error {
		close(over)
		asking.Wait()
		return cmp.Or(lost...)
	}
}

func (s targetSubject) client(ctx context.Context, over <-chan struct{}) error {
	for n := 1; ; n++ {
		switch by, err := s.Request(ctx); {
		case err != nil:
			return fmt.Errorf("a client's request %d was not answered: %w", n, err)
		case by != s.Revisions[0] && by != s.Revisions[1]:
			return fmt.Errorf("a client's request %d was answered by %s", n, by)
		}
		select {
		case <-over:
			return nil
		case <-time.After(time.Millisecond):
		}
	}
}

// judge joins what a law finds on walks.
func (s targetSubject) judge(ctx context.Context, find func(all *walks) []error) error {
	all, err := s.walk(ctx)
	if err != nil {
		return err
	}
	return gather(find(all), func(err error) error { return err })
}

func pick(list []walk, what func(w walk) error) []error {
	errs := make([]error, len(list))
	for i, w := range list {
		errs[i] = name(w.name, what(w))
	}
	return errs
}

func (s targetSubject) provesPromotes(ctx context.Context) error {
	return s.judge(ctx, func(all *walks) []error { return pick(all.promoted, func(w walk) error { return w.end }) })
}

func (s targetSubject) provesAborts(ctx context.Context) error {
	return s.judge(ctx, func(all *walks) []error { return pick(all.aborted, func(w walk) error { return w.end }) })
}

func (s targetSubject) provesLimits(ctx context.Context) error {
	return s.judge(ctx, func(all *walks) []error {
		limit := func(w walk) error { return w.limit }
		return append(pick(all.promoted, limit), pick(all.aborted, limit)...)
	})
}

func (s targetSubject) provesLossless(ctx context.Context) error {
	if s.Request == nil {
		return skip("the harness has no Request")
	}
	return s.judge(ctx, func(all *walks) []error {
		loss := func(w walk) error { return w.loss }
		return append(pick(all.promoted, loss), pick(all.aborted, loss)...)
	})
}
