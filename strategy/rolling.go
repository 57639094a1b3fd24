package strategy

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Rolling replaces instances batch by batch. The traffic follows the instances: each group answers
// the part of it that is its part of all instances.
//
// At every instant at most max(now, Replicas) + Surge instances exist, and at least
// min(now, Replicas) - Unavailable are available. Each step first starts as many new instances as
// the surge leaves room for, routes to them, and then stops as many old ones as the floor allows,
// both up to a batch; without room to start any, old ones are stopped first, in a step of their
// own, which the plan shows.
type Rolling struct {
	// Replicas is how many instances shall run in the end. Zero: as many as now.
	Replicas int
	// Surge is how many instances may exist on top, a percentage of Replicas rounded up. Unset:
	// 25%.
	Surge Amount
	// Unavailable is how many instances may be missing, a percentage of Replicas rounded down.
	// Unset: 25%. Where a percentage rounds to zero, and Surge is none, it is 1, because nothing could
	// move; the plan shows it. To ask for none of both is an error.
	Unavailable Amount
	// Batch is how many instances are replaced in one step, a percentage of Replicas rounded up.
	// Unset: as many as Surge and Unavailable allow.
	Batch Amount
	// Partition is how many instances of the old revision are held back: the plan ends with them
	// and the new ones side by side. A later plan to the same revision goes on from there, and one
	// to the old revision goes back.
	Partition int
	// MinReady is how long an instance must have been ready before it counts as available.
	MinReady time.Duration
	// Deadline is the progress deadline of each step. Zero: the rollout's default.
	Deadline time.Duration
	// Bake is how long each batch is held and watched.
	Bake time.Duration
	// Gates are asked during each bake and must pass at its end.
	Gates []string
	// Sticky keeps a client with the group that answered it first, as far as the shares allow.
	Sticky bool
}

var _ Strategy = Rolling{}

// Validate reports everything that is wrong with the settings, each problem with its field.
func (r Rolling) Validate() error {
	var bad problems
	bad.count("Rolling.Replicas", r.Replicas)
	bad.amount("Rolling.Surge", r.Surge)
	bad.amount("Rolling.Unavailable", r.Unavailable)
	if r.Surge.none() && r.Unavailable.none() {
		bad.add("Rolling.Unavailable", "with none on top and none missing nothing could move")
	}
	bad.amount("Rolling.Batch", r.Batch)
	if !r.Batch.IsZero() && r.Batch.Up(maxReplicas) == 0 {
		bad.add("Rolling.Batch", "in batches of none nothing moves")
	}
	bad.count("Rolling.Partition", r.Partition)
	bad.duration("Rolling.MinReady", r.MinReady)
	bad.duration("Rolling.Deadline", r.Deadline)
	bad.nest("Rolling", Hold{Bake: r.Bake, Gates: r.Gates}.Validate())
	return bad.err()
}

// Plan replaces batch by batch. Where nothing runs yet the plan has the one step that starts the
// revision.
//
// Where instances were held back, both revisions run, and either may be the one that shall run: a plan
// to the candidate goes on, one to stable goes back, batch by batch and within the same limits. Going
// back is a plan like any other: stable is what it brings and what its gates judge as their candidate,
// its share rises, and aborting it leads to what was held back and what ran beside it.
//
// The errors are those of every strategy: what Validate says, ErrUnderWay where a candidate runs and a
// third revision shall, ErrNothingToDo.
func (r Rolling) Plan(from State, to Revision) (Plan, error) {
	j, err := journey{strategy: "Rolling", from: from, to: to, minReady: r.MinReady, deadline: r.Deadline,
		sticky: r.Sticky}.embark(r.Replicas, r.Validate(), true)
	if err != nil {
		return Plan{}, err
	}
	back := from.Stable.Revision == to && !from.Candidate.absent()
	if back && r.Partition > 0 {
		return Plan{}, fmt.Errorf("Rolling.Partition: on the way back to %s nothing is held back", to)
	}
	if j.old == 0 || from.Stable.Revision == to && !back {
		if r.Partition > 0 {
			return Plan{}, fmt.Errorf("Rolling.Partition: no instance of another revision runs that could be held back")
		}
		p, _, err := j.direct(Hold{Bake: r.Bake, Gates: r.Gates})
		return p, err
	}
	w, err := r.walk(j, back)
	if err != nil {
		return Plan{}, err
	}
	p := j.plan(Limits{MinAvailable: w.floor, MaxTotal: w.ceiling, Load: w.floor})
	p.HoldBack = r.Partition
	p.Steps = w.steps(Hold{Bake: r.Bake, Gates: r.Gates})
	if len(p.Steps) == 0 {
		return Plan{}, fmt.Errorf("Rolling to %s: %d instances run it and %d are held back already: %w",
			to, w.fresh, r.Partition, ErrNothingToDo)
	}
	return p, nil
}

// walk finds out between which bounds to move, and whether the way leads there at all. On the way
// back from a partition the candidate is what is replaced.
func (r Rolling) walk(j journey, back bool) (rollingWalk, error) {
	w := rollingWalk{journey: j, back: back, keep: r.Partition, end: j.want - r.Partition,
		stables: j.from.Stable.Replicas, fresh: j.from.Candidate.Replicas}
	if back {
		w.stables, w.fresh = w.fresh, w.stables
		w.newName = j.to.besides(j.from.Candidate.Revision)
	}
	var bad problems
	if r.Partition >= j.want {
		bad.add("Rolling.Partition", "%d held back of %d leaves nothing to release", r.Partition, j.want)
	} else if r.Partition > w.stables {
		bad.add("Rolling.Partition", "%d cannot be held back: only %d instances of %s run",
			r.Partition, w.stables, j.from.Stable.Revision)
	}
	now, last := j.from.On(j.to), Ratio(max(w.end, 0), j.want)
	if c := j.from.Candidate; c.Share != Ratio(c.Replicas, j.old) {
		bad.add("From.Candidate.Share", "%s with %d of %d instances is no state of a rolling plan: %w",
			c.Share, c.Replicas, j.old, ErrUnderWay)
	} else if now.Compare(last) > 0 {
		bad.add("Rolling.Partition", "it would take traffic back from %s, which answers %s now and would answer %s",
			j.to, now, last)
	}
	surge, unavailable := r.room(j.want)
	w.batch = max(j.old, j.want)
	if !r.Batch.IsZero() {
		w.batch = r.Batch.Up(j.want)
	}
	w.ceiling = max(j.old, j.want) + surge
	w.floor = max(0, min(j.old, j.want)-unavailable)
	return w, bad.err()
}

// room is how many instances may exist on top, and how many may be missing.
func (r Rolling) room(want int) (surge, unavailable int) {
	surge, unavailable = PercentOf(25).Up(want), PercentOf(25).Down(want)
	if !r.Surge.IsZero() {
		surge = r.Surge.Up(want)
	}
	if !r.Unavailable.IsZero() {
		unavailable = r.Unavailable.Down(want)
	}
	if surge == 0 && unavailable == 0 {
		unavailable = 1
	}
	return surge, unavailable
}

// rollingWalk is where a rolling plan stands while it is made.
type rollingWalk struct {
	journey
	back           bool // from a partition: stable is what is new
	stables, fresh int  // instances of the old and of the new revision
	keep, end      int  // what they shall be in the end
	batch          int
	ceiling, floor int
}

// steps walks to the end. It is linear in the number of steps: 10,000 instances in batches of one
// are 10,000 steps.
func (w rollingWalk) steps(h Hold) []Step {
	steps := make([]Step, 0, max(w.stables, w.end)/min(w.batch, w.ceiling-w.floor)+2)
	hold := h.on(Step{}) // one copy of the gates for all steps
	add := func(before rollingWalk) {
		s := w.step(w.reason(before), w.state())
		if w.fresh > 0 {
			s.Bake, s.Gates = hold.Bake, slices.Clip(hold.Gates)
		}
		steps = append(steps, s)
	}
	for w.stables > w.keep || w.fresh < w.end {
		before := w
		w.fresh += max(0, min(w.end-w.fresh, w.batch, w.ceiling-w.stables-w.fresh))
		w.stables = max(w.keep, w.stables-w.batch, min(w.stables, w.floor-w.fresh))
		add(before)
	}
	// What runs already may be the end but for its roles, or more of the new revision than is
	// wanted in the end.
	before := w
	if w.fresh = w.end; before.fresh > w.end || len(steps) == 0 && !w.arrived() {
		add(before)
	}
	return steps
}

// arrived reports whether the state that the plan starts from is the one that it ends in.
func (w *rollingWalk) arrived() bool {
	goal := w.state()
	return goal.Stable.Equal(w.from.Stable) && goal.Candidate.Equal(w.from.Candidate) && goal.Sticky == w.from.Sticky
}

// state is the state of both groups, each with the share that its instances are of all. Roles stay
// what they are until the end, and the candidate's share is the one that is rounded down.
func (w *rollingWalk) state() State {
	if total := w.stables + w.fresh; w.back && total > 0 {
		leaving := Group{Revision: w.from.Candidate.Revision, Replicas: w.stables, Share: Ratio(w.stables, total)}
		return w.journey.state(w.stable(w.fresh, leaving.Share.Rest()), leaving)
	}
	fresh := Share{}
	if total := w.stables + w.fresh; total > 0 {
		fresh = Ratio(w.fresh, total)
	}
	switch {
	case w.fresh == 0 && w.stables == 0:
		return w.journey.state(Group{}, Group{})
	case w.keep == 0 && w.stables == 0 && w.fresh == w.end:
		return w.journey.state(w.candidate(w.fresh, All()), Group{})
	}
	return w.journey.state(w.stable(w.stables, fresh.Rest()), w.candidate(w.fresh, fresh))
}

// reason says for people what a step does. It is put together by hand because a plan may have as
// many of them as there are instances.
func (w *rollingWalk) reason(before rollingWalk) string {
	started, stopped := w.fresh-before.fresh, before.stables-w.stables
	text := make([]byte, 0, 64)
	switch {
	case started > 0 && stopped > 0:
		text = strconv.AppendInt(append(text, "replace "...), int64(stopped), 10)
	case started > 0:
		text = strconv.AppendInt(append(text, "start "...), int64(started), 10)
	case stopped > 0:
		text = strconv.AppendInt(append(text, "stop "...), int64(stopped), 10)
		if w.fresh < w.end {
			text = append(text, " to make room"...)
		}
	default:
		text = append(text, "settle"...)
	}
	if w.stables+w.fresh == 0 {
		return string(append(text, ": nobody answers"...))
	}
	text = strconv.AppendInt(append(text, ": "...), int64(w.fresh), 10)
	text = strconv.AppendInt(append(text, " of "...), int64(w.end), 10)
	return string(append(append(text, " run "...), w.newName...))
}
