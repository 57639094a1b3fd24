package strategy

import (
	"fmt"
	"time"
)

// journey is what every strategy sets out with: where from, where to, and with how many instances.
type journey struct {
	strategy string
	from     State
	to       Revision
	old      int // instances that run now
	want     int // instances that shall run in the end

	oldName, newName string // both revisions as short as they can be told apart

	minReady time.Duration
	deadline time.Duration
	sticky   bool
}

// embark checks what all strategies need. Replicas is what the strategy's field says, settings is
// what its Validate said, and continues tells that it can go on from a candidate of the very
// revision that it brings.
func (j journey) embark(replicas int, settings error, partitions bool) (journey, error) {
	var bad problems
	bad.merge(settings)
	bad.revision("to", j.to)
	bad.nest("From", j.from.Validate())
	if !j.from.Baseline.absent() {
		bad.add("From.Baseline", "%s runs: %w", j.from.Pool(Baseline), ErrUnderWay)
	}
	if c, s := j.from.Candidate.Revision, j.from.Stable.Revision; !j.from.Candidate.absent() &&
		!(partitions && (c == j.to || s == j.to)) {
		bad.add("From.Candidate", "%s runs beside stable (finish that rollout or take it back; from where Rolling has "+
			"held instances back, plan with Rolling to %s or to %s first): %w", c, c, s, ErrUnderWay)
	}
	j.oldName, j.newName = j.from.Stable.Revision.besides(j.to), j.to.besides(j.from.Stable.Revision)
	j.old = j.from.Replicas()
	if j.want = replicas; j.want == 0 {
		j.want = j.old
	}
	if j.want == 0 {
		bad.add(j.field("Replicas"), "no instance runs now, and no number is given")
	}
	return j, bad.err()
}

// field is the name of one of the strategy's fields.
func (j journey) field(name string) string { return j.strategy + "." + name }

// direct answers the cases in which there are no two revisions between which a strategy could
// choose its way: the revision runs already, perhaps in another number, or nothing runs yet.
func (j journey) direct(h Hold) (p Plan, done bool, err error) {
	goal := j.state(Group{Revision: j.to, Replicas: j.want, Share: All()}, Group{})
	least, most := min(j.old, j.want), max(j.old, j.want)
	switch {
	case j.from.Stable.Revision == j.to:
		if samePools(j.from, goal) && j.from.Sticky == goal.Sticky {
			return Plan{}, true, fmt.Errorf("%s to %s: %d instances run it already: %w", j.strategy, j.to, j.want, ErrNothingToDo)
		}
		p = j.plan(Limits{MinAvailable: least, MaxTotal: most, Load: least},
			j.step(fmt.Sprintf("%d instances of %s, %d before", j.want, j.newName, j.old), goal))
		return p, true, nil
	case j.old == 0:
		p = j.plan(Limits{MinAvailable: j.want, MaxTotal: j.want, Load: j.want},
			h.on(j.step(fmt.Sprintf("start %s: nothing runs before it", j.newName), goal)))
		return p, true, nil
	}
	return Plan{}, false, nil
}

func (j journey) plan(l Limits, steps ...Step) Plan {
	return Plan{Strategy: j.strategy, From: j.from, To: j.to, Steps: steps, Limits: l}
}

func (j journey) step(reason string, s State) Step {
	return Step{Reason: reason, State: s, Deadline: j.deadline}
}

// state is a state of a stable group and a candidate. Groups without instances are left out.
func (j journey) state(stable, candidate Group) State {
	s := State{Stable: stable, Candidate: candidate, Sticky: j.sticky, MinReady: j.minReady}
	s.drop()
	return s
}

// stable is a group of what runs now.
func (j journey) stable(n int, s Share) Group {
	return Group{Revision: j.from.Stable.Revision, Replicas: n, Share: s}
}

// candidate is a group of what shall run.
func (j journey) candidate(n int, s Share) Group {
	return Group{Revision: j.to, Replicas: n, Share: s}
}

// last is the step that leaves nothing but the new revision.
func (j journey) last(reason string) Step {
	return j.step(reason, j.state(j.candidate(j.want, All()), Group{}))
}

// with is the group with rules, which it does not share with the strategy, and with copies.
func (g Group) with(rules []Match, mirror Share) Group {
	g.Match, g.Mirror = append([]Match(nil), rules...), mirror
	return g
}
