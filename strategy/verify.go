package strategy

import (
	"fmt"

	"github.com/hashicorp/go-multierror"
)

// Verify proves that the plan keeps its own limits.
func (p Plan) Verify() error { return Verify(p, p.Limits) }

// Verify proves that a plan keeps the limits, and every Law, at each instant: in its states, and
// in every phase of the transitions between them, as Transition makes them. It assumes what the
// rollout ensures: that a state is reached before the next one is begun, and that within a phase
// instances may come and go in any order. Of a Native step it assumes what the target promises: that it
// keeps the plan's own limits.
//
// Where nobody answers in the state that the plan starts from (a first release), the laws of the
// floor and of the dark hold from the first state on in which somebody does.
//
// The error is a *multierror.Error of *Violation, in the order of the steps. A transition that
// breaks a law is walked through to its end, so that all its violations are told at once.
func Verify(p Plan, l Limits) error {
	v := &verifier{plan: p, limits: l, lit: !p.From.Dark()}
	if err := p.From.Validate(); err != nil {
		v.breach(-1, "", LawStart, "%v", err)
	} else {
		v.ceiling(-1, "", p.From, p.From)
		v.table(-1, "", p.From, p.From)
	}
	last := p.From
	for i := range p.Steps {
		v.step(i, last, p.Steps[i])
		last = p.Steps[i].State
	}
	v.end(last)
	return v.found.ErrorOrNil()
}

// verifier walks a plan. It is also how Abort asks whether one transition is safe.
type verifier struct {
	plan   Plan
	limits Limits
	lit    bool // somebody has answered
	found  *multierror.Error
}

func (v *verifier) breach(step int, phase PhaseKind, law Law, format string, args ...any) {
	v.found = multierror.Append(v.found,
		&Violation{Step: step, Phase: phase, Law: law, Detail: fmt.Sprintf(format, args...)})
}

// step checks the transition into step i. A transition from or into a state that cannot be read
// without doubt is left out, and so is one from a state whose traffic is wrong: that is told already,
// and what follows from it would only hide it.
func (v *verifier) step(i int, from State, step Step) {
	to := step.State
	if err := to.structure(); err != nil {
		v.breach(i, "", LawState, "%v", err)
		return
	}
	if from.Validate() != nil {
		return
	}
	if step.Native {
		v.roll(i, from, to)
		return
	}
	phases, err := Transition(from, to)
	if err != nil {
		v.breach(i, "", LawPath, "%v", err)
		return
	}
	for _, phase := range phases {
		v.ceiling(i, phase.Kind, from, phase.State)
		v.table(i, phase.Kind, from, phase.State)
		v.exposure(i, phase.Kind, from, phase.State)
		from = phase.State
	}
}

// roll checks a step that is left to the target. In between, the target keeps the plan's limits, which is
// held against those that are to be proved; that every mix answers by its number makes the floor the
// capacity of all of the traffic, too.
func (v *verifier) roll(i int, from, to State) {
	if err := rolls(from, to, v.plan.Limits); err != nil {
		v.breach(i, "", LawNative, "%v", err)
		return
	}
	may, must := v.plan.Limits, v.limits
	if must.MaxTotal > 0 && (may.MaxTotal == 0 || may.MaxTotal > must.MaxTotal) {
		v.breach(i, Roll, LawCeiling, "the plan lets the target have %s, %d instances may exist", may, must.MaxTotal)
	}
	if !from.Dark() && may.MinAvailable < must.MinAvailable {
		v.breach(i, Roll, LawFloor, "the plan lets the target have %s, %d must be available", may, must.MinAvailable)
	}
	if !from.Dark() && may.MinAvailable < must.Load {
		v.breach(i, Roll, LawLoad, "the plan lets the target have %s, all of the traffic needs %d", may, must.Load)
	}
	v.ceiling(i, Roll, to, to)
	v.table(i, Roll, to, to)
	v.exposure(i, Roll, from, to)
}

func (v *verifier) ceiling(i int, kind PhaseKind, before, after State) {
	if v.limits.MaxTotal == 0 {
		return
	}
	if peak := peak(before, after); peak > v.limits.MaxTotal {
		v.breach(i, kind, LawCeiling, "up to %d instances exist, %d may", peak, v.limits.MaxTotal)
	}
}

// table checks who answers what in a phase. The traffic is that of after: in a phase that moves
// none, before's is the same; in one that does, no instance comes or goes, and before's was checked
// by the phase before it with no more instances than now.
func (v *verifier) table(i int, kind PhaseKind, before, after State) {
	sum, answering, stray := 0, 0, false
	for role, g := range after.Groups() {
		if !g.Routed() {
			continue
		}
		sum += g.Share.Millionths()
		n := min(g.Replicas, before.groupOf(after.Pool(role)).Replicas)
		if n <= 0 {
			v.breach(i, kind, LawRouted, "%s gets traffic, but may have no instance", after.Pool(role))
			stray = true
		}
		if !g.Share.IsZero() {
			answering += n
		}
	}
	switch {
	case sum != 0 && sum != whole:
		v.breach(i, kind, LawShares, "the shares add up to %s", Millionths(sum))
		return
	case stray:
		return
	case sum == 0:
		if v.lit && v.limits.MinAvailable > 0 {
			v.breach(i, kind, LawDark, "nobody answers, %d must be available", v.limits.MinAvailable)
		}
		return
	}
	v.lit = true
	if answering < v.limits.MinAvailable {
		v.breach(i, kind, LawFloor, "only %d instances of the groups that answer are certain, %d must be",
			answering, v.limits.MinAvailable)
	}
	v.load(i, kind, before, after)
}

func (v *verifier) load(i int, kind PhaseKind, before, after State) {
	if v.limits.Load == 0 {
		return
	}
	for role, g := range after.Groups() {
		n := min(g.Replicas, before.groupOf(after.Pool(role)).Replicas)
		// A share that was rounded up to its whole millionth asks for no more than what it was
		// rounded from.
		if exact := g.Share.Minus(Millionths(1)); exact.Of(v.limits.Load) > n {
			v.breach(i, kind, LawLoad, "%s answers %s with %d instances, all of the traffic needs %d",
				after.Pool(role), g.Share, n, v.limits.Load)
		}
	}
}

func (v *verifier) exposure(i int, kind PhaseKind, before, after State) {
	was, is := v.plan.exposed(before), v.plan.exposed(after)
	switch {
	case !v.plan.Back() && is.Compare(was) < 0:
		v.breach(i, kind, LawExposure, "the share of %s falls from %s to %s", v.plan.To, was, is)
	case v.plan.Back() && is.Compare(was) > 0:
		v.breach(i, kind, LawExposure, "the share of what is taken back rises from %s to %s", was, is)
	}
}

func (v *verifier) end(last State) {
	i, p := len(v.plan.Steps)-1, v.plan
	bad := func(format string, args ...any) { v.breach(i, "", LawEnd, format, args...) }
	switch {
	case i < 0:
		bad("there is no step")
	case p.Back():
		if !last.Equal(*p.Goal) {
			bad("it ends in %s, not in %s", last, *p.Goal)
		}
	case !last.Baseline.IsZero():
		bad("%s is left", last.Pool(Baseline))
	case p.HoldBack == 0:
		want := Group{Revision: p.To, Replicas: last.Stable.Replicas, Share: All()}
		if !last.Candidate.IsZero() || !last.Stable.Equal(want) {
			bad("it ends in %s, not in %s alone with all of the traffic", last, p.To)
		}
	case last.Stable.Revision != p.From.Stable.Revision || last.Stable.Replicas != p.HoldBack ||
		last.Candidate.Revision != p.To:
		bad("it ends in %s, not in %s with %d instances of %s held back",
			last, p.To, p.HoldBack, p.From.Stable.Revision)
	case !sideBySide(last.Stable, last.Candidate):
		bad("it ends in %s, not with all of the traffic shared out by instances", last)
	}
}

// sideBySide reports whether two groups share the traffic as Rolling does: each answers the part
// that its instances are of all, rounded to either millionth beside it, and nothing else.
func sideBySide(stable, candidate Group) bool {
	plain := func(g Group) bool { return len(g.Match) == 0 && g.Mirror.IsZero() }
	total := int64(stable.Replicas) + int64(candidate.Replicas)
	off := int64(candidate.Share.millionths)*total - int64(candidate.Replicas)*whole // in millionths of an instance
	return plain(stable) && plain(candidate) && stable.Share == candidate.Share.Rest() && -total < off && off < total
}

// peak is how many instances exist at most while one state becomes the other.
func peak(a, b State) int {
	n := 0
	for role, g := range a.Groups() {
		n += max(g.Replicas, b.groupOf(a.Pool(role)).Replicas)
	}
	for role, g := range b.Groups() {
		if a.groupOf(b.Pool(role)).IsZero() {
			n += g.Replicas
		}
	}
	return n
}

// exposed is the share of the traffic that a release is put at risk with: what the new revision
// answers, or, on a way back, what is left with others than the one that is gone back to.
func (p Plan) exposed(s State) Share {
	on := s.On(p.To)
	if !p.Back() {
		return on
	}
	return s.Stable.Share.Plus(s.Baseline.Share).Plus(s.Candidate.Share).Minus(on)
}
