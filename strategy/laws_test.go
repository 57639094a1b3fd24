package strategy_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
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
		h.Pause = &strategy.Pause{Reason: "look at it", Deadline: r.duration(), Default: strategy.AnswerResume}
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
	switch r.IntN(5) {
	case 0:
		return r.rolling(old)
	case 1:
		return r.blueGreen(old)
	case 2:
		return r.canary(old)
	case 3:
		return strategy.Native{
			Replicas: r.replicas(old), Surge: r.amount(old), Unavailable: r.amount(old),
			After: r.hold(), MinReady: r.duration(), Deadline: r.duration(),
		}
	}
	return strategy.Recreate{Replicas: r.replicas(old), MinReady: r.duration(), Bake: r.duration(), Gates: r.gates()}
}

// TestEveryPlanKeepsItsLaws draws fleets and settings, proves each plan and its ways back, and has
// them walked by the simulation.
func TestEveryPlanKeepsItsLaws(t *testing.T) {
	for _, old := range fleets {
		t.Run(fmt.Sprint(old), func(t *testing.T) {
			seeds := 80 / raced
			if old >= 333 {
				seeds = max(12/raced, 4)
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

func FuzzEveryPlanKeepsItsLaws(f *testing.F) {
	for seed, old := range fleets[:10] {
		f.Add(uint16(old), uint64(seed))
	}
	f.Fuzz(func(t *testing.T, old uint16, seed uint64) {
		checkLaws(t, int(old%1200), seed)
	})
}

// beginning is what a plan starts from: mostly all of the traffic on so many instances, sometimes
// instances that nobody is sent to, and where there are none, sometimes a revision that is named.
func (r random) beginning(old int) strategy.State {
	from := running(v1, old)
	switch from.Sticky = r.chance(); {
	case old == 0 && r.chance():
		return strategy.State{}
	case old == 0 || r.IntN(6) == 0:
		from.Stable.Share = strategy.Share{}
	}
	return from
}

// checkLaws reports whether the settings that are drawn gave a plan.
func checkLaws(t *testing.T, old int, seed uint64) bool {
	r := draw(seed, uint64(old))
	s := r.strategy(old)
	from := r.beginning(old)
	p, err := s.Plan(from, v2)
	if err != nil {
		require.NotErrorIs(t, err, strategy.ErrUnderWay)
		return false
	}
	about := fmt.Sprintf("seed %d, from %s: %#v", seed, from, s)
	checkPlan(t, p, r, about)
	if p.HoldBack > 0 {
		on := strategy.Rolling{Gates: r.gates(), Surge: r.amount(old), Unavailable: r.amount(old)}
		if on.Validate() != nil { // none on top, and none missing
			on.Surge = strategy.Count(1)
		}
		next, err := on.Plan(p.Final(), v2)
		require.NoError(t, err, about)
		checkPlan(t, next, r, about+", gone on with")
		on.Replicas, on.Batch = r.replicas(old), r.positive(old)
		home, err := on.Plan(p.Final(), v1)
		require.NoError(t, err, about)
		require.True(t, home.From.Equal(p.Final()), about)
		last := home.Final()
		require.True(t, last.Candidate.IsZero() && last.Stable.Equal(running(v1, last.Stable.Replicas).Stable), about)
		checkPlan(t, home, r, about+", gone back from")
	}
	return true
}

func checkPlan(t *testing.T, p strategy.Plan, r random, about string) {
	t.Helper()
	require.NoError(t, p.Validate(), about)
	require.NoError(t, p.Verify(), about)
	require.NoError(t, simulate(p, r), about)
	checkEncoding(t, p, about)

	some := 1
	if len(p.Steps) > 40 {
		some = len(p.Steps) / 9
	}
	for i := 0; i < len(p.Steps); i += some {
		back, err := strategy.Abort(p, i)
		require.NoError(t, err, about)
		require.NoError(t, back.Validate(), "%s: back from step %d", about, i)
		require.NoError(t, back.Verify(), "%s: back from step %d", about, i)
		require.True(t, back.Final().Equal(p.From), "%s: back from step %d", about, i)
		require.LessOrEqual(t, len(back.Steps), i+2, "%s: back from step %d", about, i)
		checkBetween(t, p, back, i, about)
	}
}

// checkBetween proves the way back from every phase that the target may be in.
func checkBetween(t *testing.T, p, back strategy.Plan, step int, about string) {
	t.Helper()
	if p.Steps[step].Native {
		return // there are no phases: the simulation goes back from every mix
	}
	phases, err := strategy.Transition(p.StateBefore(step), p.Steps[step].State)
	require.NoError(t, err)
	for _, phase := range phases {
		back.From = phase.State
		require.NoError(t, back.Verify(), "%s: back from the %s phase of step %d", about, phase.Kind, step)
	}
}

func checkEncoding(t *testing.T, p strategy.Plan, about string) {
	t.Helper()
	if len(p.Steps) > 400 {
		return // the codec does not care for the number of steps
	}
	text, err := json.Marshal(p)
	require.NoError(t, err, about)
	read, err := strategy.ParsePlan(text)
	require.NoError(t, err, about)
	require.Equal(t, p, read, about)
	require.Equal(t, p.Hash(), read.Hash(), about)
	_, rows, found := strings.Cut(p.Table(), "\nnow")
	require.True(t, found, about)
	require.Equal(t, len(p.Steps)+1, strings.Count(rows, "\n"), about)
}
