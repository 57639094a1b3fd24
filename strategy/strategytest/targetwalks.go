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
	sync.Mutex        // laws may be proved side by side, on harnesses of their own
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
// of transitions. Of those in one row, the first that the target can walk is taken.
func (s targetSubject) strategies() [][]strategy.Strategy {
	rolling := strategy.Rolling{Surge: strategy.Count(1), Unavailable: strategy.Count(0)}
	canary := strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(10)}, {Share: strategy.Percent(50)}}}
	rows := [][]strategy.Strategy{
		{rolling},
		{
			strategy.BlueGreen{Preview: strategy.Count(1), Switch: []strategy.Share{strategy.Percent(50)}, Warm: s.Poll},
			strategy.BlueGreen{Preview: strategy.Count(1), Warm: s.Poll},
		},
		{canary},
		{strategy.Recreate{}},
		{native()},
	}
	if s.Quick {
		rows = rows[1:]
		rows[1] = []strategy.Strategy{canary, rolling}
	}
	return rows
}

// plans are the plans of all strategies that are walked.
func (s targetSubject) plans() ([]strategy.Plan, error) {
	var plans []strategy.Plan
	for i, given := range s.Strategies {
		plan, err := given.Plan(s.old(), s.Revisions[1])
		if err == nil {
			err = s.canWalk(plan)
		}
		if err != nil {
			return nil, fmt.Errorf("Strategies[%d] of the harness: %w", i, err)
		}
		plans = append(plans, plan)
	}
	if len(s.Strategies) > 0 {
		return plans, nil
	}
	for _, row := range s.strategies() {
		var why error
		for _, strat := range row {
			plan, err := strat.Plan(s.old(), s.Revisions[1])
			if err != nil {
				return nil, err
			}
			if why = s.canWalk(plan); why == nil {
				plans = append(plans, plan)
				break
			}
			s.omit("promotes", fmt.Sprintf("%s is left out: %v", plan.Strategy, why))
		}
	}
	if len(plans) == 0 {
		return nil, errors.New("the target can walk no strategy at all")
	}
	return plans, nil
}

// walk walks all rollouts, unless another law has done so.
func (s targetSubject) walk(ctx context.Context) (*walks, error) {
	s.shared.Lock()
	defer s.shared.Unlock()
	if !s.shared.walked {
		s.shared.walked, s.shared.failed = true, s.walkAll(ctx)
	}
	return s.shared, s.shared.failed
}

func (s targetSubject) walkAll(ctx context.Context) error {
	plans, err := s.plans()
	if err != nil {
		return err
	}
	for i, plan := range plans {
		for _, at := range s.aborts(i, plan) {
			w, err := s.rollout(ctx, plan, at)
			if err != nil {
				return err
			}
			s.shared.aborted = append(s.shared.aborted, w)
		}
		w, err := s.rollout(ctx, plan, abortion{step: len(plan.Steps)})
		if err != nil {
			return err
		}
		s.shared.promoted = append(s.shared.promoted, w)
	}
	return nil
}

// abortion is where a rollout is aborted: once a step is reached, or half-way there.
type abortion struct {
	step int
	half bool
}

// aborts are the places at which the i-th plan is aborted.
func (s targetSubject) aborts(i int, plan strategy.Plan) []abortion {
	var all []abortion
	for step := range plan.Steps {
		if plan.Steps[step].Native {
			all = append(all, abortion{step, true})
		}
		all = append(all, abortion{step, false})
	}
	if s.Quick {
		i = (i + 1) % len(all)
		all = all[i : i+1]
	}
	return all
}

// is reports whether an event is the moment to abort. Where a target is never seen half-way, it is when
// it is there.
func (a abortion) is(e rollout.Event) bool {
	half := a.half && e.Kind == rollout.Progressed && len(e.Observed.Pools) > 1
	return !e.Back && e.Step == a.step && (half || e.Kind == rollout.StepReached)
}

// rollout walks a plan, and aborts it at a step, if there is such a step. The error says why it could not
// even begin.
func (s targetSubject) rollout(ctx context.Context, plan strategy.Plan, abort abortion) (walk, error) {
	w := walk{name: plan.Strategy}
	want, outcome := plan.Final(), rollout.Promoted
	if abort.step < len(plan.Steps) {
		where := "at"
		if abort.half {
			where = "half-way to"
		}
		w.name = fmt.Sprintf("%s, aborted %s step %d of %d", plan.Strategy, where, abort.step+1, len(plan.Steps))
		want, outcome = plan.From, rollout.RolledBack
	}
	if _, err := s.reach(ctx, plan.From); err != nil {
		return w, name("before "+w.name, err)
	}
	watched := &watched{Target: s.Target, limits: plan.Limits, rolls: plan.Needs().Native}
	var r *rollout.Rollout
	r, err := rollout.New(watched, plan, rollout.Options{
		Poll: s.Poll, Deadline: s.Patience, CallTimeout: s.Patience,
		RollbackTimeout: time.Duration(2+len(plan.Steps)) * s.Patience,
		Notify: func(e rollout.Event) {
			if abort.is(e) {
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
	rolls  bool
	broken error // the first breach
}

func (w *watched) Unwrap() any { return w.Target }

func (w *watched) Observe(ctx context.Context) (rollout.Observation, error) {
	o, err := w.Target.Observe(ctx)
	if err != nil || w.broken != nil {
		return o, err
	}
	w.broken = outside(o, w.limits, w.rolls)
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
