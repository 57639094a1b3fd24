package rollout

import (
	"context"
	"fmt"

	"github.com/davit-sdk/davit/strategy"
)

// Restore brings a target to a state that nobody needs to judge, and waits until it shows it: what a
// host does after a restart with the state that Current or its own records tell, after a rollout that
// ended frozen or could not be rolled back, or to take something away altogether. What runs and has
// lost its traffic gets it back first; then Restore starts, routes, drains and stops in the order of
// a rollout, so that the old instances stay until the new ones are available. Where the target cannot be
// brought to the states in between (it is a Fitter), and walks by itself (it is a Roller), that is left to
// it, with a quarter of the instances on top and a quarter missing at most. It uses the Poll,
// CallTimeout, Deadline, Fence, Notify and Logger of the options.
func Restore(ctx context.Context, target Target, s strategy.State, o Options) error {
	o, err := o.withDefaults()
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := s.Validate(); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	step := strategy.Step{Reason: "restore", State: s}
	r := &Rollout{
		target: target, o: o, log: o.Logger.Named("rollout"), control: newControl(), failed: map[string]bool{}, told: map[StuckError]bool{},
		plan: strategy.Plan{From: s, Steps: []strategy.Step{step}},
	}
	release, err := claim(target)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer release()
	w := r.watch(leg{step: step, count: 1, restore: true, known: []strategy.State{s}})
	if err := r.fence(ctx, w); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := r.look(ctx, w); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	w.leg.known = append(w.leg.known, r.seen.roles())
	if w.leg, err = r.byItself(w.leg); err != nil {
		return fmt.Errorf("restore %s: %w", s, err)
	}
	if err := r.reach(ctx, w); err != nil {
		return fmt.Errorf("restore %s: %w", s, err)
	}
	return nil
}

// Relight restores the state that a target was left in, where that is not dark and the target routes nothing: its
// router, or all of it, lived in a process that has ended. What runs gets its traffic back at once, and what has
// died with that process is started anew. Where something is routed it does nothing. The look that tells takes
// CallTimeout of the options at most.
func Relight(ctx context.Context, target Target, s strategy.State, o Options) error {
	o, err := o.withDefaults()
	if err != nil {
		return fmt.Errorf("relight: %w", err)
	}
	seen, err := seeWithin(ctx, target, o.CallTimeout)
	if err != nil {
		return fmt.Errorf("look at the target: %w", err)
	}
	if len(seen.Traffic) > 0 || s.Dark() {
		return nil
	}
	return Restore(ctx, target, s, o)
}

// roles gives the pools that run the roles that they most likely have: what gets most is stable.
func (o Observation) roles() strategy.State {
	var s strategy.State
	most := -1
	for _, status := range o.Pools {
		if share := o.TrafficOf(status.Pool).Share.Millionths(); !status.Pool.Baseline && share > most {
			most, s.Stable.Revision = share, status.Pool.Revision
		}
	}
	for _, status := range o.Pools {
		switch {
		case status.Pool.Baseline:
			s.Baseline = strategy.Group{Revision: status.Pool.Revision, Replicas: status.Running}
		case status.Pool.Revision == s.Stable.Revision:
			s.Stable.Replicas = status.Running
		case s.Candidate.IsZero():
			s.Candidate = strategy.Group{Revision: status.Pool.Revision, Replicas: status.Running}
		}
	}
	return s
}

// claim takes a target that serves one rollout at a time.
func claim(target Target) (release func(), err error) {
	c, ok := ability[Claimer](target)
	if !ok {
		return func() {}, nil
	}
	return c.Claim()
}
