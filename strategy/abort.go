package strategy

import (
	"errors"
	"fmt"
)

// ErrWayBack is what Abort answers for a plan that is a way back itself.
var ErrWayBack = errors.New("the plan is a way back already")

// IrreversibleError says that there is no way back, because a step that cannot be undone has begun.
type IrreversibleError struct {
	// Step is the number of that step, from 0.
	Step int
	// Reason is why it cannot be undone.
	Reason string
}

// Error is the reason in a sentence.
func (e *IrreversibleError) Error() string {
	return fmt.Sprintf("Steps[%d] cannot be undone: %s", e.Step, e.Reason)
}

// Abort is the way back from a step, counted from 0, that has begun: it may have been reached, or
// the target may be anywhere between StateBefore(step) and the step's state. From there on, the way
// back ends exactly in p.From, keeps p.Limits, and never gives the revision that is taken back a
// larger share than it has.
//
// It goes there in as few jumps as the limits allow: straight to p.From where both sides fit side
// by side, otherwise back through states of the plan. Each jump starts what is missing before it
// moves traffic; where that is needed and the jump is one, "restore capacity" is a step of its own,
// so that it is reached and verified before anything else happens. Nothing on the way back bakes,
// asks gates, or pauses.
//
// What the target has walked by itself, in a Native step, it walks back by itself, from whatever mix it
// is in. A jump leads over such steps only, or over none.
//
// Where nobody answered before, the way back goes dark again, and its limits allow it.
//
// The error is *IrreversibleError where one of the steps 0 to step cannot be undone, ErrWayBack for
// a plan that is a way back, and a plain one for a step that the plan does not have. A plan that
// breaks its own laws has a way back too, for it may be needed most; Verify tells what is wrong
// with both.
func Abort(p Plan, step int) (Plan, error) {
	if p.Back() {
		return Plan{}, fmt.Errorf("abort %s: %w", p.Strategy, ErrWayBack)
	}
	if step < 0 || step >= len(p.Steps) {
		return Plan{}, fmt.Errorf("abort %s at step %d: the plan has steps 0 to %d", p.Strategy, step, len(p.Steps)-1)
	}
	for i := range p.Steps[:step+1] {
		if reason := p.Steps[i].Irreversible; reason != "" {
			return Plan{}, &IrreversibleError{Step: i, Reason: reason}
		}
	}
	goal := p.From
	r := retreat{forth: p, step: step, back: Plan{
		Strategy: p.Strategy + ", taken back",
		From:     p.Steps[step].State,
		To:       p.Leaves(),
		Limits:   p.Limits,
		Goal:     &goal,
	}}
	if goal.Dark() {
		r.back.Limits.MinAvailable, r.back.Limits.Load = 0, 0
	}
	r.walk()
	return r.back, nil
}

// retreat makes a way back.
type retreat struct {
	forth, back Plan
	step        int
	at          int // the step that is jumped from
	// here is where the next jump may begin: one state, or, before the first one, all that the
	// target may be in.
	here []State
}

func (r *retreat) walk() {
	r.here, r.at = []State{r.back.From}, r.step
	phases, err := r.forth.Phases(r.step)
	for i := 0; err == nil && i < len(phases)-1; i++ {
		r.here = append(r.here, phases[i].State)
	}
	if r.fits(-1, r.forth.From) {
		if capacity, ok := r.capacity(); ok {
			r.jump(r.step, fmt.Sprintf("restore capacity: %d of %s", capacity.Stable.Replicas, r.back.name(r.back.To)), capacity)
		}
		r.jump(-1, r.homeReason(), r.forth.From)
		return
	}
	for r.at >= 0 {
		if to, s := r.farthest(r.at); to < 0 {
			r.jump(to, r.homeReason(), s)
		} else {
			r.jump(to, fmt.Sprintf("back towards step %d: %s", to+1, r.forth.Steps[to].Reason), s)
		}
	}
}

// crosses tells whether the steps that a jump to another one (-1: From) leads over are the target's to
// walk, and whether they are all alike in that. A step that only holds what is there is like any other.
// Where nothing shall run, the target has nothing to walk to.
func (r *retreat) crosses(to int, s State) (native, alike bool) {
	moves := false
	for i := to + 1; i <= r.at; i++ {
		step := &r.forth.Steps[i]
		if r.forth.StateBefore(i).Equal(step.State) {
			continue
		}
		if moves && step.Native != native {
			return false, false
		}
		moves, native = true, step.Native
	}
	return native && s.Replicas() > 0, true
}

func (r *retreat) homeReason() string {
	if r.back.To.IsZero() {
		return "back to nothing, as before"
	}
	return fmt.Sprintf("back to %s, as before", r.back.name(r.back.To))
}

func (r *retreat) jump(to int, reason string, s State) {
	native, _ := r.crosses(to, s)
	r.back.Steps = append(r.back.Steps, Step{
		Reason: reason, State: s, Deadline: r.forth.Steps[r.step].Deadline, Native: native,
	})
	r.here, r.at = []State{s}, to
}

// farthest is the earliest step that can be jumped to from step at, -1 standing for From, and the
// state to jump to. The step just before can always be reached: a transition that is safe forth is
// safe back.
//
// It doubles the distance until a jump does not fit and then halves the gap, so that a way back
// over n steps in j jumps takes about j times log(n/j) trials.
func (r *retreat) farthest(at int) (int, State) {
	near := at - 1 // the farthest that fits
	s, ok := r.reach(near)
	far := -2 // the nearest that does not
	for distance := 2; ok && near > -1; distance *= 2 {
		next := max(at-distance, -1)
		farther, fits := r.reach(next)
		if !fits {
			far = next
			break
		}
		near, s = next, farther
	}
	for far >= -1 && near-far > 1 {
		middle := far + (near-far)/2
		if farther, fits := r.reach(middle); fits {
			near, s = middle, farther
		} else {
			far = middle
		}
	}
	return near, s
}

// reach is the state in which the way back may call at a step of the plan, and whether it can be
// jumped to. Nothing is looked at on the way back, so that rules and copies are left out, and a
// baseline is taken into stable, which runs the same; only where the step's own baseline still runs
// and leaves no room for that, it stays.
func (r *retreat) reach(step int) (State, bool) {
	s := r.forth.StateBefore(step + 1)
	if step < 0 {
		return s, r.fits(step, s)
	}
	s.Candidate.Match, s.Candidate.Mirror = nil, Share{}
	if s.Baseline.absent() {
		return s, r.fits(step, s)
	}
	merged := s
	merged.Stable.Revision = s.Baseline.Revision
	merged.Stable.Share = s.Stable.Share.Plus(s.Baseline.Share)
	merged.Stable.Replicas = max(s.Stable.Replicas,
		min(s.Stable.Replicas+s.Baseline.Replicas, r.forth.From.Stable.Replicas))
	merged.Baseline = Group{}
	if r.fits(step, merged) {
		return merged, true
	}
	s.Baseline.Match, s.Baseline.Mirror = nil, Share{}
	return s, r.fits(step, s)
}

// fits reports whether all limits hold on the way to a state of a step (-1: From) from wherever the
// target may be.
func (r *retreat) fits(step int, to State) bool {
	native, alike := r.crosses(step, to)
	if !alike {
		return false
	}
	for _, from := range r.here {
		v := verifier{plan: r.back, limits: r.back.Limits, lit: true}
		if v.step(0, from, Step{State: to, Native: native}); v.found != nil {
			return false
		}
	}
	return true
}

// capacity is the state in which everything that ran before runs again, while the traffic is still
// no more and no less on what is taken back than before the step: at that moment nobody knows
// whether the step has already moved any. It is not needed where nothing is missing, nor where the
// traffic is then where it shall go already, because every jump starts before it routes, nor where the target
// walks home by itself.
func (r *retreat) capacity() (State, bool) {
	before, now, goal := r.forth.StateBefore(r.step), r.back.From, r.forth.From
	exposed := before.On(r.forth.To)
	missing := goal.Stable.Replicas > now.groupOf(goal.Pool(Stable)).Replicas
	if native, _ := r.crosses(-1, goal); native || !missing || exposed.IsZero() || before.Dark() || !goal.Baseline.IsZero() || !goal.Candidate.IsZero() {
		return State{}, false
	}
	s := State{Stable: goal.Stable, Sticky: now.Sticky, MinReady: now.MinReady}
	s.Stable.Share = exposed.Rest()
	s.Candidate = Group{
		Revision: r.forth.To, Share: exposed,
		Replicas: now.groupOf(Pool{Revision: r.forth.To}).Replicas,
	}
	v := verifier{plan: r.back, limits: r.back.Limits, lit: true}
	v.step(0, s, Step{State: goal})
	return s, v.found == nil && s.Validate() == nil && r.fits(r.step, s)
}
