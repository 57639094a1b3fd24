package strategy

import (
	"fmt"
	"time"
)

// Native leaves the replacement of the instances to a target that does it by itself, as a Kubernetes
// Deployment does: the plan has one step, which is Native, from what runs now to what shall run.
//
// At every instant at most max(now, Replicas) + Surge instances exist, and at least
// min(now, Replicas) - Unavailable are available. In between, any mix of both revisions may run, and
// each answers the part of the traffic that its available instances are of all: no share is kept, no
// group is large enough to be judged, and nothing is looked at before all of it is on the new revision.
// Whoever wants that takes Rolling, or Canary.
type Native struct {
	// Replicas is how many instances shall run in the end. Zero: as many as now.
	Replicas int
	// Surge is how many instances may exist on top, a percentage of Replicas rounded up. Unset:
	// 25%.
	Surge Amount
	// Unavailable is how many instances may be missing, a percentage of Replicas rounded down.
	// Unset: 25%. Both may not be set to zero, because nothing could move; where they come to zero
	// by being rounded, this one is 1.
	Unavailable Amount
	// After holds the new revision once nothing else runs.
	After Hold
	// MinReady is how long an instance must have been ready before it counts as available.
	MinReady time.Duration
	// Deadline is the progress deadline of the step. Zero: the rollout's default.
	Deadline time.Duration
}

var _ Strategy = Native{}

// Validate reports everything that is wrong with the settings, each problem with its field.
func (n Native) Validate() error {
	var bad problems
	bad.count("Native.Replicas", n.Replicas)
	bad.amount("Native.Surge", n.Surge)
	bad.amount("Native.Unavailable", n.Unavailable)
	if n.Surge.none() && n.Unavailable.none() {
		bad.add("Native.Unavailable", "with none on top and none missing nothing could move")
	}
	bad.nest("Native.After", n.After.Validate())
	bad.duration("Native.MinReady", n.MinReady)
	bad.duration("Native.Deadline", n.Deadline)
	return bad.err()
}

// Plan leaves all of it to the target, also the first release, and more or fewer instances of what runs.
//
// The errors are those of every strategy (what Validate says, ErrUnderWay, ErrNothingToDo), and that
// what runs now has rules or copies, or no traffic: the target moves traffic by number, and nothing else.
func (n Native) Plan(from State, to Revision) (Plan, error) {
	j, err := journey{strategy: "Native", from: from, to: to, minReady: n.MinReady, deadline: n.Deadline,
		sticky: from.Sticky}.embark(n.Replicas, n.Validate(), false)
	if err != nil {
		return Plan{}, err
	}
	if g := from.Stable; !g.absent() && !g.SameTraffic(Group{Share: All()}) {
		return Plan{}, fmt.Errorf("Native: From.Stable: %s is no state that a target walks from by itself: "+
			"it wants all of the traffic on what runs, without rules and copies", from)
	}
	p, direct, err := j.direct(n.After)
	if err != nil {
		return Plan{}, err
	}
	if !direct {
		p = j.plan(Limits{}, n.After.on(j.last(fmt.Sprintf("%d x %s become %d x %s by the target itself",
			j.old, j.oldName, j.want, j.newName))))
	}
	p.Steps[0].Native = true
	p.Limits = n.limits(j.old, j.want)
	return p, nil
}

// limits are those of the settings. The first instances have nothing that they could be missing from.
func (n Native) limits(old, want int) Limits {
	surge, unavailable := Rolling{Surge: n.Surge, Unavailable: n.Unavailable}.room(want)
	least := min(old, want)
	if old == 0 {
		least = want
	}
	floor := max(0, least-unavailable)
	return Limits{MinAvailable: floor, MaxTotal: max(old, want) + surge, Load: floor}
}

// rolls is why a target cannot walk by itself from one state to another within the limits; nil: it can.
func rolls(from, to State, l Limits) error {
	alone := func(s State) bool { return s.Baseline.absent() && s.Candidate.absent() }
	switch {
	case !alone(from):
		return fmt.Errorf("it starts from %s; a target that walks by itself starts from one group, or from nothing", from)
	case !alone(to) || to.Stable.Replicas <= 0:
		return fmt.Errorf("it leads to %s; a target that walks by itself ends with one group, in stable", to)
	case len(to.Stable.Match) > 0 || !to.Stable.Mirror.IsZero():
		return fmt.Errorf("it leads to %s; a target that walks by itself moves traffic by number, not by rules or copies", to)
	case from.Stable.absent():
		return nil
	case !from.Stable.SameTraffic(to.Stable) || from.Sticky != to.Sticky:
		return fmt.Errorf("it leads from %s to %s; a target that walks by itself keeps the traffic as it is", from, to)
	case from.Stable.Revision != to.Stable.Revision && l.MaxTotal > 0 && l.MaxTotal <= l.MinAvailable:
		return fmt.Errorf("with %s nothing can move", l)
	}
	return nil
}
