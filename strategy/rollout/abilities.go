package rollout

import (
	"fmt"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/strategy"
)

// unwrapper is a target or router that wraps another one.
type unwrapper interface{ Unwrap() any }

// ability finds an optional ability of v, or of what v wraps.
func ability[T any](v any) (T, bool) {
	for v != nil {
		if found, ok := v.(T); ok {
			return found, true
		}
		u, ok := v.(unwrapper)
		if !ok {
			break
		}
		v = u.Unwrap()
	}
	var none T
	return none, false
}

// checkGrain reports every share that the target cannot split off.
func checkGrain(target Target, plan strategy.Plan) error {
	g, ok := ability[Grainer](target)
	if !ok {
		return nil
	}
	grain := g.Grain()
	var errs *multierror.Error
	for i, step := range plan.Steps {
		for role, group := range step.State.Groups() {
			if !group.Share.IsZero() && group.Share.Compare(grain) < 0 {
				errs = multierror.Append(errs, fmt.Errorf("Plan.Steps[%d].State: %s gets %s, and the target splits traffic by %s at least", i, role, group.Share, grain))
			}
		}
	}
	return errs.ErrorOrNil()
}

// checkSteps reports every step that the target cannot do: one that is left to it, within limits that it
// does not keep, and one whose states, or those on the way there, it cannot be brought to.
func checkSteps(target Target, plan strategy.Plan) error {
	var errs *multierror.Error
	if plan.Needs().Native {
		if roller, ok := ability[Roller](target); !ok {
			errs = multierror.Append(errs, fmt.Errorf("the plan leaves a step to the target, and the target does not walk by itself (it has no method Roll)"))
		} else if err := roller.Rolls(plan.Limits); err != nil {
			errs = multierror.Append(errs, fmt.Errorf("the plan leaves a step to the target, with %s: %w", plan.Limits, err))
		}
	}
	fitter, ok := ability[Fitter](target)
	for i := range plan.Steps {
		if !ok || plan.Steps[i].Native {
			continue
		}
		phases, _ := plan.Phases(i) // one that has none is told by Verify
		for _, phase := range phases {
			if err := fitter.Fits(phase.State); err != nil {
				errs = multierror.Append(errs, fmt.Errorf("Plan.Steps[%d]: the target cannot be brought to %s: %w", i, phase.State, err))
				break
			}
		}
	}
	return errs.ErrorOrNil()
}

// checkAbilities reports every ability that the plan needs and the target lacks.
func checkAbilities(target Target, needs strategy.Needs) error {
	var errs *multierror.Error
	if len(needs.Match) > 0 {
		matcher, ok := ability[Matcher](target)
		if !ok {
			errs = multierror.Append(errs, fmt.Errorf("the plan routes by %s, and the target cannot match requests (it has no method Matches)", needs.Match[0]))
		}
		for _, m := range needs.Match {
			if !ok {
				break
			}
			if err := matcher.Matches(m); err != nil {
				errs = multierror.Append(errs, fmt.Errorf("the plan routes by %s: %w", m, err))
			}
		}
	}
	if !needs.Mirror.IsZero() {
		mirrorer, ok := ability[Mirrorer](target)
		if !ok {
			errs = multierror.Append(errs, fmt.Errorf("the plan mirrors %s of the traffic, and the target cannot mirror (it has no method Mirrors)", needs.Mirror))
		} else if err := mirrorer.Mirrors(needs.Mirror); err != nil {
			errs = multierror.Append(errs, fmt.Errorf("the plan mirrors %s of the traffic: %w", needs.Mirror, err))
		}
	}
	if needs.Sticky {
		sticker, ok := ability[Sticker](target)
		if !ok {
			errs = multierror.Append(errs, fmt.Errorf("the plan keeps clients with their group, and the target cannot (it has no method Sticks)"))
		} else if err := sticker.Sticks(); err != nil {
			errs = multierror.Append(errs, fmt.Errorf("the plan keeps clients with their group: %w", err))
		}
	}
	return errs.ErrorOrNil()
}
