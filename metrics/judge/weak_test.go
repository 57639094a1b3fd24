package judge_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/judge"
)

// swinging is a release of a harmless candidate where each arm's error rate, and each half of the
// baseline's, swings on its own: the logarithm has this standard deviation, and a memory of two minutes.
func swinging(t *testing.T, spread float64, seed uint64) judge.Judgement {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 77))
	j, err := judge.New(judge.Config{Metrics: []judge.Metric{judge.Errors{}}})
	require.NoError(t, err)
	keep := math.Exp(-5.0 / 120)
	var waves [3]float64
	for i := range waves {
		waves[i] = spread * rnd.NormFloat64()
	}
	part := func(i int, n float64) metrics.Window {
		waves[i] = keep*waves[i] + math.Sqrt(1-keep*keep)*spread*rnd.NormFloat64()
		rate := 0.001 * math.Exp(waves[i]-spread*spread/2)
		good, bad := poisson(rnd, n*(1-rate)), poisson(rnd, n*rate)
		return metrics.Window{Requests: good + bad, Errors: bad}
	}
	var g judge.Judgement
	for look := -120; look < 400; look++ {
		from := noon.Add(time.Duration(look) * 5 * time.Second)
		s := judge.Sample{From: from, To: from.Add(5 * time.Second), Parts: []metrics.Window{part(1, 125), part(2, 125)}, Candidate: part(0, 250), Share: 0.5}
		s.Baseline = sum(s.Parts...)
		if look < 0 {
			require.NoError(t, j.Learn(s))
			continue
		}
		if g, err = j.Observe(s); g.Outcome != gate.Continue {
			break
		}
		require.NoError(t, err)
	}
	return g
}

// The limits of the noise guard, as the documentation tells them: arms that swing a little are
// told from harm; arms that really are twice as bad for minutes are not always.
func TestArmsThatSwing(t *testing.T) {
	failed := func(spread float64) (n int) {
		for seed := range uint64(60) {
			if swinging(t, spread, seed).Outcome == gate.Fail {
				n++
			}
		}
		return n
	}
	assert.LessOrEqual(t, failed(0.25), 1)
	hard := failed(0.5)
	t.Logf("%d of 60 releases that swing by a factor of 1.6 are called harmful", hard)
	assert.LessOrEqual(t, hard, 8)
}
