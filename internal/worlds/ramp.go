package worlds

import (
	"context"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
)

// Stage is one step of a fixed ramp: a share of the traffic, and how long it bakes.
type Stage struct {
	Share float64
	Bake  time.Duration
}

// Fixed walks a fixed ramp, as a rollout does: the gate is asked every ten seconds, a fail takes the
// release back, and a pass at the end of a bake leads to the next stage, from the last one to the
// promotion. Without a pass it waits where it is.
type Fixed struct {
	// Title is how it is called in tables.
	Title string
	// Ramp are the stages.
	Ramp []Stage
	// Gate makes the gate for a world; it may use what the owner of the service knows of it.
	Gate func(w World, s *Source) gate.Gate
}

var _ Policy = Fixed{}

// asking is the time between two questions to a gate.
const asking = 10 * time.Second

// Name is the title.
func (f Fixed) Name() string { return f.Title }

// Pilot wires the gate.
func (f Fixed) Pilot(w World, s *Source) (Pilot, error) {
	return &fixedPilot{walk: newWalk(f.Ramp), gate: f.Gate(w, s), subject: gate.Subject{
		Step: "ramp", Stable: StableLabel, Candidate: CandidateLabel, Baseline: map[bool]string{true: BaselineLabel}[w.Fresh],
	}}, nil
}

type fixedPilot struct {
	walk    *walk
	gate    gate.Gate
	subject gate.Subject
}

// Look asks the gate when it is time to. An error of the gate is no verdict.
func (p *fixedPilot) Look(now time.Time) (float64, gate.Outcome, error) {
	if !p.walk.due(now) {
		return p.walk.share(), gate.Continue, nil
	}
	s := &p.subject
	s.Now, s.Since, s.Share, s.End = now, p.walk.since, p.walk.share(), p.walk.baked(now)
	v, err := p.gate.Check(context.Background(), *s)
	if err != nil {
		v.Outcome = gate.Continue
	} else {
		s.Memory = v.Memory
	}
	share, outcome := p.walk.step(now, v.Outcome)
	return share, outcome, nil
}

// walk is the way along a ramp.
type walk struct {
	ramp  []Stage
	stage int
	since time.Time
	ask   time.Time
}

// newWalk is at the first stage; nil without any.
func newWalk(ramp []Stage) *walk {
	if len(ramp) == 0 {
		return nil
	}
	return &walk{ramp: ramp, since: Begin, ask: Begin}
}

func (p *walk) due(now time.Time) bool { return !now.Before(p.ask) }

func (p *walk) share() float64 { return p.ramp[p.stage].Share }

func (p *walk) baked(now time.Time) bool { return !now.Before(p.since.Add(p.ramp[p.stage].Bake)) }

// step is what an answer leads to.
func (p *walk) step(now time.Time, answer gate.Outcome) (share float64, outcome gate.Outcome) {
	p.ask = now.Add(asking)
	switch {
	case answer == gate.Fail:
		return 0, gate.Fail
	case answer != gate.Pass || !p.baked(now):
	case p.stage == len(p.ramp)-1:
		return 1, gate.Pass
	default:
		p.stage, p.since = p.stage+1, now
	}
	return p.share(), gate.Continue
}
