package worlds_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/worlds"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/judge"
)

// named is a world of the catalogue.
func named(t testing.TB, name string) worlds.World {
	t.Helper()
	for _, w := range slices.Concat(worlds.Harmless(), worlds.Harmful(), worlds.Odd()) {
		if w.Name == name {
			return w
		}
	}
	t.Fatalf("there is no world %q", name)
	return worlds.World{}
}

func balanced() worlds.Policy {
	return worlds.Judged{Title: "judge, balanced", Config: judge.Balanced()}
}

func play(t *testing.T, p *worlds.Player, w worlds.World, policy worlds.Policy, seeds int) *worlds.Tally {
	t.Helper()
	var tally worlds.Tally
	for seed := range seeds {
		r, err := p.Play(w, policy, uint64(seed))
		require.NoError(t, err)
		tally.Add(r)
	}
	return &tally
}

// chance is the probability that at least k of n releases are taken back, each with probability p.
func chance(k, n int, p float64) float64 {
	sum := 0.0
	for i := range k {
		c := 1.0
		for j := range i {
			c *= float64(n-j) / float64(j+1)
		}
		sum += c * math.Pow(p, float64(i)) * math.Pow(1-p, float64(n-i))
	}
	return 1 - sum
}

// More than one harmless release in a hundred is not taken back, in any world, as far as a few releases
// can tell; and in all of them together. The table in BENCHMARKS.md tells more.
func TestJudgeLeavesTheHarmlessAlone(t *testing.T) {
	// What is known to be taken back: a cold start that outlasts the longest warm-up, and nobody told.
	known := []string{"cold start, 200 s"}
	p := worlds.NewPlayer()
	all, back := 0, 0
	for _, w := range worlds.Harmless() {
		if slices.Contains(known, w.Name) || w.Rate < 1 {
			continue
		}
		const seeds = (5 + raced - 1) / raced
		tally := play(t, p, w, balanced(), seeds)
		assert.GreaterOrEqual(t, chance(tally.RolledBack, seeds, 0.01), 1e-3, "%s: %d of %d were taken back", w.Name, tally.RolledBack, seeds)
		all, back = all+seeds, back+tally.RolledBack
	}
	assert.GreaterOrEqual(t, chance(back, all, 0.01), 1e-2, "%d of %d were taken back", back, all)
}

// The main harms are found, and cost no more than they do. The limits are twice what was measured.
func TestJudgeFindsHarm(t *testing.T) {
	p := worlds.NewPlayer()
	for _, c := range []struct {
		world  string
		seeds  int
		harmed float64
	}{
		{"errors .1 to 1 %", 8, 20}, {"errors .1 to .2 %", 4, 140}, {"errors 1 to 3 %", 8, 50}, {"outage", 8, 64}, {"outage, 0.2 requests/s", 2, 25},
		{"latency +20 %", 6, 2400}, {"tail, 2 % are 8 times as slow", 6, 140}, {"errors .1 to 1 % after 150 s", 4, 60}, {"errors .1 to 1 % in bursts", 4, 30},
	} {
		tally := play(t, p, named(t, c.world), balanced(), c.seeds)
		assert.Equal(t, c.seeds, tally.RolledBack, c.world)
		harmed, _ := tally.Harmed()
		assert.Less(t, harmed, c.harmed, c.world)
	}
}

// Silence is never promoted, by any preset of the judge.
func TestJudgeDoesNotPromoteSilence(t *testing.T) {
	p := worlds.NewPlayer()
	for _, policy := range worlds.Policies()[:4] {
		assert.Zero(t, play(t, p, named(t, "no data from the candidate"), policy, 1).Promoted, policy.Name())
	}
}

// The gate, which reads a source and carries its memory from question to question, decides as the judge
// that is fed directly, at the same moment.
func TestJudgeAsGate(t *testing.T) {
	ramp := []worlds.Stage{{Share: 0.05, Bake: 90 * time.Second}, {Share: 0.5, Bake: 2 * time.Minute}}
	p := worlds.NewPlayer()
	for name, want := range map[string]gate.Outcome{
		"errors .1 to 1 %": gate.Fail, "1000 requests/s": gate.Pass, "latency +20 %": gate.Fail, "errors .1 to 1 %, 20 s late": gate.Fail, "cold start, step of 90 s, fresh baseline": "",
	} {
		w := named(t, name)
		direct := worlds.Judged{Title: "same", Config: judge.Quick(), Ramp: ramp}
		asked := worlds.Fixed{Title: "same", Ramp: ramp, Gate: func(w worlds.World, s *worlds.Source) gate.Gate {
			c := judge.Quick()
			c.FreshBaseline, c.AtEnd = w.Fresh, judge.Extend
			return judge.Gate{Source: s, Config: c, Delay: w.Late}
		}}
		a, err := p.Play(w, direct, 2)
		require.NoError(t, err)
		b, err := p.Play(w, asked, 2)
		require.NoError(t, err)
		assert.Equal(t, a, b, name)
		if want != "" {
			assert.Equal(t, want, a.Outcome, name)
		}
	}
}
