package worlds

import (
	"fmt"
	"hash/fnv"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
)

// Policy decides on releases.
type Policy interface {
	// Name is how the policy is called in tables.
	Name() string
	// Pilot takes charge of one release in a world, of which it may know what its owner would know: the
	// usual rates, whether the baseline is fresh, how late data are.
	Pilot(w World, s *Source) (Pilot, error)
}

// Pilot decides on one release.
type Pilot interface {
	// Look is called at the beginning, and after each cell. It answers which share of the traffic the
	// candidate is to get from now on; Pass promotes it, Fail takes it back, all else goes on.
	Look(now time.Time) (share float64, outcome gate.Outcome, err error)
}

// Result is what became of one release.
type Result struct {
	// Outcome is Pass (promoted), Fail (taken back), or Continue: neither until the horizon.
	Outcome gate.Outcome
	// At is when that was decided.
	At time.Duration
	// Harmed is how many requests suffered from the harm until the horizon: a candidate that was
	// promoted has all the traffic. Failures count beyond the usual ones, slow requests all.
	Harmed float64
	// Served is how many requests the candidate answered until it was decided on.
	Served uint64
}

// Player plays releases, one after another. It keeps its memory from one to the next.
type Player struct {
	source *Source
}

// NewPlayer makes a player.
func NewPlayer() *Player { return &Player{newSource()} }

// Play plays one release. The seed gives its weather; the same seed, world and policy give the same
// result.
func (p *Player) Play(w World, policy Policy, seed uint64) (Result, error) {
	s := p.source
	s.begin(w, [2]uint64{seed, hash(w.Name)}, [2]uint64{seed, hash(w.Name + "/" + policy.Name())})
	pilot, err := policy.Pilot(w, s)
	if err != nil {
		return Result{}, err
	}
	var result Result
	for {
		now := timeOf(s.now)
		share, outcome, err := pilot.Look(now)
		if err != nil {
			return Result{}, fmt.Errorf("%s in %s, seed %d: %w", policy.Name(), w.Name, seed, err)
		}
		result.Outcome, result.At = outcome, now.Sub(Begin)
		switch {
		case outcome == gate.Fail:
			return result, nil
		case outcome == gate.Pass:
			result.Harmed += p.promoted()
			return result, nil
		case s.now == allCells:
			result.Outcome = gate.Continue
			return result, nil
		}
		b := s.sky.behaves(w, candidate, s.now)
		s.pass(share)
		served := s.sides[candidate].requests[s.now-1]
		result.Served += served
		result.Harmed += float64(served) * b.harmed
	}
}

// promoted is how many requests suffer from a candidate with all the traffic, from now to the horizon.
func (p *Player) promoted() float64 {
	s, harmed := p.source, 0.0
	for cell := s.now; cell < allCells; cell++ {
		harmed += s.sky.rate[cell] * Cell.Seconds() * s.sky.behaves(s.world, candidate, cell).harmed
	}
	return harmed
}

func hash(text string) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, text)
	return h.Sum64()
}
