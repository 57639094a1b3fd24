package rehearse

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
)

// epoch is when each run begins. Only differences count.
func epoch() time.Time { return time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC) }

// play is one run under way.
type play struct {
	Rehearsal
	world  *world
	gates  map[string]gate.Gate
	names  []string
	memory map[string]json.RawMessage
	run    Run
}

// play plays the plan once.
func (r Rehearsal) play(ctx context.Context, n uint64) (Run, error) {
	p := &play{Rehearsal: r, world: newWorld(r.Traffic, r.Plan, r.Seed, n), memory: map[string]json.RawMessage{}}
	var err error
	if p.gates, err = r.gates(p.world); err != nil {
		return Run{}, err
	}
	last := r.Plan.From
	p.run.Outcome = Promoted
	for i := range r.Plan.Steps {
		step := &r.Plan.Steps[i]
		p.enter(r.Plan, i, last)
		if p.run.Step = i; p.late() {
			break
		}
		if err := p.hold(ctx, i); err != nil {
			return Run{}, err
		}
		if p.run.Outcome != Promoted {
			break
		}
		last = step.State
	}
	if p.late() && p.run.Outcome == Promoted {
		p.run.Outcome, p.run.Reason = Undecided, fmt.Sprintf("not over after %s", r.Limit)
	}
	p.run.Decided = p.world.elapsed()
	if p.run.Outcome == RolledBack {
		p.back()
	}
	p.run.Duration = p.world.elapsed()
	p.run.Exposed, p.run.Failed = p.world.exposed, p.world.failed
	return p.run, nil
}

func (p *play) late() bool { return p.world.elapsed() >= p.Limit }

// enter goes into a step of a plan from wherever the target is: straight, but where the step is left to
// the target, batch by batch, as the target most likely does.
func (p *play) enter(plan strategy.Plan, step int, from strategy.State) {
	for s := range plan.Course(step) {
		p.move(from, s)
		from = s
	}
}

// move goes from one state to another, with the time that starting and draining takes.
func (p *play) move(from, to strategy.State) {
	phases, _ := strategy.Transition(from, to)
	for _, phase := range phases {
		switch phase.Kind {
		case strategy.Grow:
			p.world.pass(phase.State, p.Times.Startup+to.MinReady)
		case strategy.Shrink:
			p.world.pass(phase.State, p.Times.Drain)
		}
	}
	p.world.settle(to)
}

// ask asks all gates of the step at the same moment.
func (p *play) ask(ctx context.Context, s gate.Subject) []gate.Verdict {
	verdicts := make([]gate.Verdict, len(p.names))
	for i, name := range p.names {
		s.Memory = p.memory[name]
		v := gate.Ask(ctx, p.gates[name], s)
		if p.memory[name] = v.Memory; v.Down {
			p.run.Errors++
		}
		v.Gate = name
		verdicts[i] = v
	}
	return verdicts
}

// back takes the release back: by the way that the plan has for it, with the times of its moves.
func (p *play) back() {
	way, err := strategy.Abort(p.Plan, p.run.Step)
	if err != nil {
		p.run.Outcome, p.run.Reason = Frozen, p.run.Reason+"; "+err.Error()
		return
	}
	last := p.Plan.Steps[p.run.Step].State
	for i := range way.Steps {
		p.enter(way, i, last)
		last = way.Steps[i].State
	}
}
