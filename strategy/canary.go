package strategy

import (
	"fmt"
	"time"
)

// Canary gives the new revision a growing share of the traffic, step by step, beside a stable side
// that stays as it is until all steps have passed.
type Canary struct {
	// Replicas is how many instances shall run in the end. Zero: as many as now.
	Replicas int
	// Steps are walked in order; their shares never fall. All of the traffic follows in the end in
	// any case. Empty: those of Ramp.
	Steps []CanaryStep
	// Ramp makes the steps, instead of Steps. Zero, where there are no Steps: 5%, 25% and 50%.
	Ramp Ramp
	// Bake is how long a step is held that does not say so itself. Zero: no longer than until its gates
	// have passed; a canary without Gates, Bake and pauses goes from step to step at once, and nobody watches it.
	Bake time.Duration
	// Gates are the names of the gates of a step that does not name its own.
	Gates []string
	// Baseline puts a fresh group of the old revision beside the candidate, as large as it and
	// with as much traffic, taken from stable, so that both can be compared fairly. It is left out
	// where both do not fit into the traffic (above 50%), and where the step has neither a share
	// nor a mirror.
	Baseline bool
	// DynamicStable shrinks stable to what its share of the traffic needs. It saves instances, and
	// makes the way back wait for them.
	DynamicStable bool
	// After holds the candidate once it has all of the traffic, while stable is still warm, before
	// it is retired. With DynamicStable nothing is left to be kept warm by then.
	After Hold
	// MinReady is how long an instance must have been ready before it counts as available.
	MinReady time.Duration
	// Deadline is the progress deadline of each step. Zero: the rollout's default.
	Deadline time.Duration
	// Sticky keeps a client with the group that answered it first, as far as the shares allow.
	Sticky bool
}

// CanaryStep is one step of a Canary.
type CanaryStep struct {
	// Share is the candidate's part of the traffic. It is zero in a step that reaches the
	// candidate by rules or copies only.
	Share Share
	// Replicas is the candidate's size, a percentage of the full size rounded up. Unset: tied to
	// the larger one of Share and Mirror, rounded up, and at least 1.
	Replicas Amount
	// Match lists requests that reach the candidate during this step whatever its share is.
	Match []Match
	// Mirror is the part of the traffic that is copied to the candidate during this step.
	Mirror Share
	// Bake is how long the step is held. Zero: Canary.Bake.
	Bake time.Duration
	// Gates of this step. Nil: Canary.Gates; empty but not nil: none.
	Gates []string
	// Pause waits for a person after the bake.
	Pause *Pause
	// Irreversible says why there is no way back from this step on. Empty: there is.
	Irreversible string
}

var _ Strategy = Canary{}

func defaultCanarySteps() []CanaryStep {
	return []CanaryStep{{Share: Percent(5)}, {Share: Percent(25)}, {Share: Percent(50)}}
}

// Validate reports everything that is wrong with the settings, each problem with its field.
func (c Canary) Validate() error {
	var bad problems
	bad.count("Canary.Replicas", c.Replicas)
	for i := range c.Steps {
		field := fmt.Sprintf("Canary.Steps[%d]", i)
		bad.nest(field, c.Steps[i].Validate())
		if i > 0 && c.Steps[i].Share.Compare(c.Steps[i-1].Share) < 0 {
			bad.add(field+".Share", "%s is below the %s of the step before", c.Steps[i].Share, c.Steps[i-1].Share)
		}
	}
	if !c.Ramp.IsZero() {
		bad.nest("Canary.Ramp", c.Ramp.Validate())
		if len(c.Steps) > 0 {
			bad.add("Canary.Ramp", "there are Steps, too: name one of them")
		}
	}
	bad.nest("Canary", Hold{Bake: c.Bake, Gates: c.Gates}.Validate())
	bad.nest("Canary.After", c.After.Validate())
	bad.duration("Canary.MinReady", c.MinReady)
	bad.duration("Canary.Deadline", c.Deadline)
	return bad.err()
}

// Validate reports everything that is wrong with the step, each problem with its field.
func (s CanaryStep) Validate() error {
	var bad problems
	bad.share("Share", s.Share)
	bad.share("Mirror", s.Mirror)
	bad.amount("Replicas", s.Replicas)
	if !s.Replicas.IsZero() {
		if s.Replicas.Up(maxReplicas) == 0 {
			bad.add("Replicas", "a candidate without an instance gets no request")
		}
		if s.Share == All() {
			bad.add("Replicas", "with all of the traffic the candidate has its full size")
		}
	}
	bad.matches("Match", s.Match)
	bad.text("Irreversible", s.Irreversible)
	bad.merge(Hold{Bake: s.Bake, Gates: s.Gates, Pause: s.Pause}.Validate())
	return bad.err()
}

// Plan walks the steps, promotes, and retires the old side. Where nothing runs yet there is nobody
// to compare the new revision with: the plan has the one step that starts it, under the hold After.
// Its errors are those of every strategy: what Validate says, ErrUnderWay, ErrNothingToDo.
func (c Canary) Plan(from State, to Revision) (Plan, error) {
	j, err := journey{strategy: "Canary", from: from, to: to, minReady: c.MinReady, deadline: c.Deadline,
		sticky: c.Sticky}.embark(c.Replicas, c.Validate(), false)
	if err != nil {
		return Plan{}, err
	}
	if p, done, err := j.direct(c.After); done {
		return p, err
	}
	switch {
	case len(c.Steps) > 0:
	case c.Ramp.IsZero():
		c.Steps = defaultCanarySteps()
	default:
		c.Steps = c.Ramp.steps()
	}
	sizes, err := c.sizes(j)
	if err != nil {
		return Plan{}, err
	}
	p := j.plan(c.limits(j, sizes))
	p.Steps = make([]Step, 0, len(c.Steps)+2)
	for i, s := range c.Steps {
		step := c.holdOf(s).on(j.step(c.reason(s, sizes[i], j.newName), c.state(j, s, sizes[i])))
		step.Irreversible = s.Irreversible
		p.Steps = append(p.Steps, step)
	}
	p.Steps = append(p.Steps, c.promotion(j)...)
	return p, nil
}

// promotion is what follows the steps that the user named.
func (c Canary) promotion(j journey) []Step {
	promote := fmt.Sprintf("promote %s", j.newName)
	if c.DynamicStable || c.After.IsZero() {
		return []Step{c.After.on(j.last(promote))}
	}
	warm := j.state(j.stable(j.old, Share{}), j.candidate(j.want, All()))
	return []Step{
		c.After.on(j.step(promote, warm)),
		j.last(fmt.Sprintf("retire %s", j.oldName)),
	}
}

func (c Canary) holdOf(s CanaryStep) Hold {
	h := Hold{Bake: s.Bake, Gates: s.Gates, Pause: s.Pause}
	if h.Bake == 0 {
		h.Bake = c.Bake
	}
	if h.Gates == nil {
		h.Gates = c.Gates
	}
	return h
}

func (c Canary) state(j journey, s CanaryStep, n canarySize) State {
	rest := s.Share.Rest()
	var baseline Group
	if n.baseline > 0 {
		rest = rest.Minus(s.Share)
		baseline = j.stable(n.baseline, s.Share).with(nil, s.Mirror)
	}
	state := j.state(j.stable(n.stable, rest), j.candidate(n.candidate, s.Share).with(s.Match, s.Mirror))
	state.Baseline = baseline
	return state
}

func (c Canary) reason(s CanaryStep, n canarySize, to string) string {
	what := ""
	switch {
	case !s.Share.IsZero():
		what = fmt.Sprintf("%s of the traffic to %s", s.Share, to)
	case !s.Mirror.IsZero():
		what = fmt.Sprintf("a copy of %s of the traffic to %s", s.Mirror, to)
	case len(s.Match) > 0:
		what = fmt.Sprintf("only matching requests to %s", to)
	default:
		what = fmt.Sprintf("%s runs without traffic", to)
	}
	if n.baseline > 0 {
		what += ", beside its baseline"
	}
	return what
}

// canarySize is how many instances each group has in a step.
type canarySize struct{ stable, baseline, candidate int }

// sizes works out how many instances the groups have in each step of the settings.
func (c Canary) sizes(j journey) ([]canarySize, error) {
	var bad problems
	sizes := make([]canarySize, len(c.Steps))
	for i, s := range c.Steps {
		n := canarySize{stable: j.old}
		if s.Replicas.IsZero() {
			tie := s.Share
			if s.Mirror.Compare(tie) > 0 {
				tie = s.Mirror
			}
			n.candidate = max(1, tie.Of(j.want))
		} else if n.candidate = s.Replicas.Up(j.want); n.candidate > j.want {
			bad.add(fmt.Sprintf("Canary.Steps[%d].Replicas", i), "%d instances are more than the %d of the full size",
				n.candidate, j.want)
		}
		if c.compares(s) {
			n.baseline = n.candidate
		}
		if c.DynamicStable {
			n.stable = c.stableShare(s).Of(j.old)
		}
		sizes[i] = n
	}
	return sizes, bad.err()
}

// compares reports whether a step has a baseline.
func (c Canary) compares(s CanaryStep) bool {
	return c.Baseline && s.Share.Compare(Percent(50)) <= 0 && !(s.Share.IsZero() && s.Mirror.IsZero())
}

func (c Canary) stableShare(s CanaryStep) Share {
	if c.compares(s) {
		return s.Share.Rest().Minus(s.Share)
	}
	return s.Share.Rest()
}

// limits are what the settings promise. Stable stays as it is, and the candidate and its baseline
// come on top; where stable shrinks as the candidate grows, no more than two neighbouring steps
// exist at once. Where a step sets its size apart from its share, capacity does not follow traffic,
// and what is left is what the groups that answer then have.
func (c Canary) limits(j journey, sizes []canarySize) Limits {
	least := min(j.old, j.want)
	l := Limits{MinAvailable: least, Load: least}
	last := canarySize{stable: j.old}
	for i, s := range c.Steps {
		n := sizes[i]
		l.MaxTotal = max(l.MaxTotal, last.beside(n))
		last = n
		if s.Replicas.IsZero() || s.Share.IsZero() {
			continue
		}
		l.Load = 0
		answering := n.candidate + n.baseline
		if !c.stableShare(s).IsZero() {
			answering += n.stable
		}
		l.MinAvailable = min(l.MinAvailable, answering)
	}
	end := canarySize{candidate: j.want}
	if !c.DynamicStable {
		end.stable = j.old
	}
	l.MaxTotal = max(l.MaxTotal, last.beside(end))
	return l
}

// beside is how many instances exist at most while one size becomes the other.
func (n canarySize) beside(o canarySize) int {
	return max(n.stable, o.stable) + max(n.baseline, o.baseline) + max(n.candidate, o.candidate)
}
