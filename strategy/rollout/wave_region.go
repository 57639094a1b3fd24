package rollout

import (
	"context"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
)

// turn is a lock that may be waited for for long, as what the host does goes on under it.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

func (t turn) take() { t <- struct{}{} }

// within takes the turn before the context ends; one that is free is taken even so.
func (t turn) within(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	default:
	}
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (t turn) leave() { <-t }

// region is one of the regions of a plan.
type region struct {
	name    string
	wave    int
	plan    strategy.Plan
	target  Target
	gates   map[string]gate.Gate // that judge it, but for the one of its wave
	rollout *Rollout             // of its way forth; nil where that has ended
	judged  bool                 // gates are asked in its hold, beside the one of the wave

	// What follows is guarded by the lock of Waves.
	phase    phase
	begun    bool // it has a position, or moves
	arrived  bool // it is in its hold
	ready    bool // the hold is over, but for the others
	end      bool // its gates were asked for their last word
	told     bool // it was told that its wave is bad
	outcomes map[string]gate.Outcome
	said     string // by the gate of the wave, last
	result   *Result
	err      error
	undone   *Result
	undoErr  error
}

func newRegion(wave int, r strategy.RegionPlan, target Target) *region {
	g := &region{name: r.Region, wave: wave, plan: r.Plan, target: target, outcomes: map[string]gate.Outcome{}}
	if r.Held() {
		g.judged = len(r.Plan.Steps[len(r.Plan.Steps)-1].Gates) > 1
	}
	return g
}

// phase is what a region does.
type phase int

const (
	idle phase = iota
	walking
	promoted
	undoing
	over
)
