package strategy

import (
	"fmt"
	"time"
)

// Recreate stops the old revision, and then starts the new one: for what cannot run twice. The
// downtime in between is in the plan, as a dark step, and in its Estimate.
type Recreate struct {
	// Replicas is how many instances shall run. Zero: as many as now.
	Replicas int
	// MinReady is how long an instance must have been ready before it counts as available.
	MinReady time.Duration
	// Deadline is the progress deadline of each step. Zero: the rollout's default.
	Deadline time.Duration
	// Bake is how long the new revision is held and watched.
	Bake time.Duration
	// Gates are asked during the bake and must pass at its end.
	Gates []string
}

var _ Strategy = Recreate{}

// Validate reports everything that is wrong with the settings, each problem with its field.
func (r Recreate) Validate() error {
	var bad problems
	bad.count("Recreate.Replicas", r.Replicas)
	bad.duration("Recreate.MinReady", r.MinReady)
	bad.duration("Recreate.Deadline", r.Deadline)
	bad.nest("Recreate", Hold{Bake: r.Bake, Gates: r.Gates}.Validate())
	return bad.err()
}

// Plan goes dark and comes back with the new revision. Its errors are those of every strategy:
// what Validate says, ErrUnderWay, ErrNothingToDo.
func (r Recreate) Plan(from State, to Revision) (Plan, error) {
	j, err := journey{strategy: "Recreate", from: from, to: to, minReady: r.MinReady, deadline: r.Deadline,
		sticky: from.Sticky}.embark(r.Replicas, r.Validate(), false)
	if err != nil {
		return Plan{}, err
	}
	hold := Hold{Bake: r.Bake, Gates: r.Gates}
	if p, done, err := j.direct(hold); done {
		return p, err
	}
	return j.plan(
		Limits{MaxTotal: max(j.old, j.want), Load: min(j.old, j.want)},
		j.step(fmt.Sprintf("stop %s: nobody answers until %s is up", j.oldName, j.newName), j.state(Group{}, Group{})),
		hold.on(j.last(fmt.Sprintf("start %s", j.newName))),
	), nil
}
