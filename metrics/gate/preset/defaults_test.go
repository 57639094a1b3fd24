package preset_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/davit-sdk/davit/metrics/gate/preset"
)

// errorsOf draws how many of n requests fail, by the gaps between those that do.
func errorsOf(rnd *rand.Rand, n int, p float64) int {
	k := 0
	for at := 0; ; k++ {
		at += 1 + int(math.Log(1-rnd.Float64())/math.Log1p(-p))
		if at > n {
			return k
		}
	}
}

// The rules as the tools ship them, on a service of which 0.5 % of the requests fail, with the objective
// that 99 % succeed: how many releases in a hundred are taken back that fail as often as the stable
// version, twice or five times as often. n is how many requests the candidate gets a minute (Flagger: at a
// weight of 5 %). The wanted numbers were measured with another implementation of the same rules, over
// 2,000 releases for Argo Rollouts and Flagger, and 300 for the two others.
func TestDefaultsTakeBackWhatTheyAreKnownTo(t *testing.T) {
	const stable = 0.005
	argo := func(limit int) func(*rand.Rand, int, float64) bool {
		a := preset.ArgoRollouts{Metrics: []preset.ArgoMetric{{Interval: time.Minute, Count: 10, FailureLimit: limit, SuccessCondition: "result >= 0.99"}}}
		return func(rnd *rand.Rand, n int, p float64) bool {
			r := a.Start(since)
			for r.Phase == preset.PhaseRunning {
				at, _ := a.Next(r, 0)
				r = a.Step(r, at, preset.Measurement{Value: 1 - float64(errorsOf(rnd, n, p))/float64(n)})
			}
			return r.Phase == preset.PhaseFailed
		}
	}
	flagger := func(threshold int) func(*rand.Rand, int, float64) bool {
		f := preset.Flagger{Threshold: threshold, StepWeight: 5, MaxWeight: 50,
			Metrics: []preset.FlaggerMetric{{Name: preset.RequestSuccessRate, ThresholdRange: preset.Range{Min: new(99.0)}}}}
		return func(rnd *rand.Rand, n int, p float64) bool {
			weight, promote := f.Advance(0)
			var r preset.FlaggerRun
			for !promote && !r.Failed {
				requests := n * weight / 5
				r = f.Tick(r, since, func(int) (float64, error) {
					return 100 * (1 - float64(errorsOf(rnd, requests, p))/float64(requests)), nil
				})
				if r.Passed {
					weight, promote = f.Advance(weight)
				}
			}
			return r.Failed
		}
	}
	rates := func(rnd *rand.Rand, n, minutes int, p float64) []float64 {
		values := make([]float64, minutes)
		for i := range values {
			values[i] = float64(errorsOf(rnd, n, p)) / float64(n)
		}
		return values
	}
	kayenta := func(rnd *rand.Rand, n int, p float64) bool {
		m := preset.KayentaMetric{Direction: preset.Increase}
		return m.Classify(rates(rnd, n, 60, p), rates(rnd, n, 60, stable)).Class == preset.ClassHigh
	}
	pipecd := func(rnd *rand.Rand, n int, p float64) bool {
		stage := preset.PipeCD{Metrics: []preset.PipeCDMetric{{Strategy: preset.CanaryPrimary, Deviation: preset.DeviationHigh}}}
		var r preset.PipeCDRun
		for range 6 {
			r = stage.Look(r, since, 0, preset.Points{Experiment: rates(rnd, n, 10, p), Control: rates(rnd, n, 10, stable)})
		}
		return stage.Failed(r)
	}
	rules := []struct {
		name string
		runs float64 // behind the wanted numbers
		back func(rnd *rand.Rand, n int, p float64) bool
	}{
		{"Argo, limit 0", 2000, argo(0)}, {"Argo, limit 3", 2000, argo(3)},
		{"Flagger, threshold 1", 2000, flagger(1)}, {"Flagger, threshold 5", 2000, flagger(5)}, {"Flagger, threshold 10", 2000, flagger(10)},
		{"Kayenta", 300, kayenta}, {"PipeCD", 300, pipecd},
	}
	const runs = 400
	for _, c := range []struct {
		n     int
		times float64
		want  [7]float64 // per cent, by rule
	}{
		{20, 1, [...]float64{64, 1.6, 85, 9.7, 0.1, 0, 1.7}},
		{20, 2, [...]float64{88, 9, 100, 71, 22, 1.3, 23}},
		{20, 5, [...]float64{99, 59, 100, 100, 100, 75, 91}},
		{100, 1, [...]float64{64, 0.8, 36, 0, 0, 0.7, 14}},
		{100, 2, [...]float64{95, 25, 99, 66, 13, 35, 87}},
		{100, 5, [...]float64{100, 99, 100, 100, 100, 100, 100}},
		{1000, 1, [...]float64{11, 0, 1.2, 0, 0, 0, 22}},
		{1000, 2, [...]float64{100, 65, 100, 86, 36, 100, 100}},
	} {
		for i, rule := range rules {
			rnd := rand.New(rand.NewPCG(uint64(c.n), uint64(i)+uint64(10*c.times)))
			back := 0
			for range runs {
				if rule.back(rnd, c.n, stable*c.times) {
					back++
				}
			}
			// Four standard errors of a difference, and what was lost in rounding.
			p := min(max(c.want[i]/100, 0.01), 0.99)
			noise := 400*math.Sqrt(p*(1-p)*(1/rule.runs+1.0/runs)) + 0.5
			assert.InDelta(t, c.want[i], 100*float64(back)/runs, noise, "%s, %d requests a minute, %g times the errors", rule.name, c.n, c.times)
		}
	}
}
