package strategy_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
)

var (
	v1 = strategy.Revision{Version: "1.0.0", Digest: "sha256:aaaaaaaaaaaaaaaa"}
	v2 = strategy.Revision{Version: "1.1.0", Digest: "sha256:bbbbbbbbbbbbbbbb"}
	v3 = strategy.Revision{Version: "1.2.0", Digest: "sha256:cccccccccccccccc"}
)

// running is n instances of a revision with all of the traffic.
func running(r strategy.Revision, n int) strategy.State {
	return strategy.State{Stable: strategy.Group{Revision: r, Replicas: n, Share: strategy.All()}}
}

// fleets are the sizes that the laws are tried on.
var fleets = []int{0, 1, 2, 3, 4, 5, 7, 10, 13, 50, 100, 333, 1000, 10000}

// random draws settings. Each draw uses as many numbers as it needs, so that a seed is a test case.
type random struct{ *rand.Rand }

func (r random) amount(limit int) strategy.Amount {
	switch r.IntN(4) {
	case 0:
		return strategy.Amount{}
	case 1:
		return strategy.Count(r.IntN(limit + 2))
	default:
		return strategy.PercentOf(float64(r.IntN(1001)) / 10)
	}
}

func (r random) positive(limit int) strategy.Amount {
	switch r.IntN(3) {
	case 0:
		return strategy.Amount{}
	case 1:
		return strategy.Count(1 + r.IntN(max(1, limit)))
	default:
		return strategy.PercentOf(float64(1+r.IntN(1000)) / 10)
	}
}

func (r random) replicas(old int) int {
	switch r.IntN(3) {
	case 0:
		return 1 + r.IntN(2*old+3)
	case 1:
		return max(old, 1)
	default:
		if old == 0 {
			return 1 + r.IntN(5)
		}
		return 0
	}
}

func (r random) chance() bool { return r.IntN(2) == 0 }

func (r random) duration() time.Duration { return time.Duration(r.IntN(5)) * 10 * time.Second }

func (r random) gates() []string {
	return []string{"errors", "latency", "saturation"}[:r.IntN(4)]
}

func (r random) hold() strategy.Hold {
	h := strategy.Hold{Bake: r.duration(), Gates: r.gates()}
	if r.IntN(4) == 0 {
		h.Pause = &strategy.Pause{Reason: "look at it", Deadline: r.duration(), Default: strategy.AnswerPromote}
	}
	return h
}

func (r random) match() []strategy.Match {
	return []strategy.Match{{Header: "X-Canary", Value: "on"}, {Cookie: "canary", Value: "1"}}[:r.IntN(3)]
}

func (r random) rolling(old int) strategy.Strategy {
	s := strategy.Rolling{
		Replicas: r.replicas(old), Surge: r.amount(old), Unavailable: r.amount(old), Batch: r.positive(old),
		MinReady: r.duration(), Deadline: r.duration(), Bake: r.duration(), Gates: r.gates(), Sticky: r.chance(),
	}
	if r.IntN(3) == 0 && old > 0 {
		s.Partition = r.IntN(old + 1)
	}
	return s
}

func (r random) blueGreen(old int) strategy.Strategy {
	s := strategy.BlueGreen{
		Replicas: r.replicas(old), Preview: r.positive(max(old, 1)), PreviewMatch: r.match(), Before: r.hold(),
		SwitchHold: r.hold(), After: r.hold(), Warm: r.duration(), MinReady: r.duration(), Sticky: r.chance(),
	}
	for at := 0; r.chance(); {
		if at += 1 + r.IntN(400_000); at <= 1_000_000 {
			s.Switch = append(s.Switch, strategy.Millionths(at))
		} else {
			break
		}
	}
	return s
}

func (r random) canary(old int) strategy.Strategy {
	s := strategy.Canary{
		Replicas: r.replicas(old), Bake: r.duration(), Gates: r.gates(), Baseline: r.chance(),
		DynamicStable: r.chance(), After: r.hold(), MinReady: r.duration(), Sticky: r.chance(),
	}
	apart := r.IntN(3) == 0
	for at := 0; r.IntN(5) > 0; {
		step := strategy.CanaryStep{Share: strategy.Millionths(at), Match: r.match(), Gates: r.gates()}
		if r.IntN(3) == 0 {
			step.Mirror = strategy.Millionths(r.IntN(1_000_001))
		}
		if apart && at < 1_000_000 {
			step.Replicas = r.positive(max(old, 1))
		}
		s.Steps = append(s.Steps, step)
		at = min(1_000_000, at+r.IntN(300_000))
	}
	return s
}

func (r random) strategy(old int) strategy.Strategy {
	switch r.IntN(4) {
	case 0:
		return r.rolling(old)
	case 1:
		return r.blueGreen(old)
	case 2:
		return r.canary(old)
	}
	return strategy.Recreate{Replicas: r.replicas(old), MinReady: r.duration(), Bake: r.duration(), Gates: r.gates()}
}

// TestEveryPlanKeepsItsLaws draws fleets and settings, and proves each plan and its ways back.
func TestEveryPlanKeepsItsLaws(t *testing.T) {
	for _, old := range fleets {
		t.Run(fmt.Sprint(old), func(t *testing.T) {
			seeds := 400
			if old >= 1000 {
				seeds = 25
			}
			planned := 0
			for seed := range seeds {
				if checkLaws(t, old, uint64(seed)) {
					planned++
				}
			}
			require.Greater(t, planned, seeds/2, "most settings that are drawn must give a plan")
		})
	}
}

func checkLaws(t *testing.T, old int, seed uint64) bool {
	r := random{rand.New(rand.NewPCG(seed, uint64(old)))}
	var from strategy.State
	if old > 0 {
		from = running(v1, old)
	}
	s := r.strategy(old)
	p, err := s.Plan(from, v2)
	if err != nil {
		return false
	}
	require.NoError(t, p.Validate(), "seed %d: %+v", seed, s)
	require.NoError(t, p.Verify(), "seed %d: %+v", seed, s)
	for i := range p.Steps {
		if len(p.Steps) > 50 && i%(len(p.Steps)/10) != 0 {
			continue
		}
		back, err := strategy.Abort(p, i)
		require.NoError(t, err)
		require.NoError(t, back.Validate(), "seed %d step %d: %+v", seed, i, s)
		require.NoError(t, back.Verify(), "seed %d step %d: %+v", seed, i, s)
		require.True(t, back.Final().Equal(from))
	}
	if p.HoldBack > 0 {
		on := strategy.Rolling{Gates: r.gates(), Surge: r.amount(old), Unavailable: r.amount(old)}
		next, err := on.Plan(p.Final(), v2)
		require.NoError(t, err)
		require.NoError(t, next.Verify(), "seed %d: %+v after %+v", seed, on, s)
	}
	return true
}
