package preset_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/gate/preset"
)

// A fail that comes of nothing but want of data is told apart from harm, and Not makes no pass of it.
func TestAFailThatNobodySaw(t *testing.T) {
	answers := func(w metrics.Window, err error) metrics.Source {
		return world(func(_ string, from, to time.Duration) (metrics.Window, error) { return w, err })
	}
	for of, c := range map[string]struct {
		source       metrics.Source
		noData, down bool
	}{
		"down":    {answers(metrics.Window{}, errors.New("connection refused")), false, true},
		"no data": {answers(metrics.Window{}, metrics.ErrNoData), true, false},
		"silence": {answers(metrics.Window{}, nil), true, false},
		"harm":    {answers(metrics.Window{Requests: 100, Errors: 90}, nil), false, false},
	} {
		for name, g := range map[string]gate.Gate{
			"Flagger": preset.Flagger{Source: c.source, Threshold: 3, Interval: 10 * time.Second, Metrics: []preset.FlaggerMetric{{Name: preset.RequestSuccessRate, ThresholdRange: preset.Range{Min: new(99.0)}}}},
			"ArgoRollouts": preset.ArgoRollouts{Source: c.source, Metrics: []preset.ArgoMetric{{Name: "x", Interval: 10 * time.Second, FailureLimit: 1,
				SuccessCondition: "result[0] > 0.9", Query: preset.Query{Value: preset.SuccessRate()}}}},
			"ArgoRollouts, Strict": preset.ArgoRollouts{Source: c.source, Strict: true, Metrics: []preset.ArgoMetric{{Name: "x", Interval: 10 * time.Second, FailureLimit: 1,
				SuccessCondition: "result[0] > 0.9", Query: preset.Query{Value: preset.SuccessRate()}}}},
			"PipeCD": preset.PipeCD{Source: c.source, Metrics: []preset.PipeCDMetric{{Name: "x", Value: preset.ErrorRate(), Interval: 10 * time.Second, FailureLimit: 1, Expected: preset.Range{Max: new(0.5)}}}},
			"Kayenta": preset.Kayenta{Source: c.source, Pass: 95, Marginal: 75, LifetimeDuration: time.Minute, Control: gate.Stable,
				Metrics: []preset.KayentaMetric{{Name: "x", Value: preset.ErrorRate(), Groups: []string{"all"}}}},
		} {
			t.Run(name+", "+of, func(t *testing.T) {
				var v gate.Verdict
				failed := false
				for at := time.Duration(0); at <= 2*time.Minute; at += 5 * time.Second {
					s := subject(at)
					s.Memory = v.Memory
					v = gate.Ask(context.Background(), g, s)
					not := gate.Ask(context.Background(), gate.Not{Gate: g}, s)
					if failed = v.Outcome == gate.Fail; failed {
						assert.Equal(t, c.noData, v.NoData, "no data: %s", v)
						assert.Equal(t, c.down, v.Down, "down: %s", v)
					}
					if of != "harm" {
						assert.NotEqual(t, gate.Pass, not.Outcome, "%s", not)
					} else if failed {
						assert.Equal(t, gate.Pass, not.Outcome, "%s", not)
					}
				}
				if of == "harm" && name != "Kayenta" { // both groups fail alike: nothing to tell apart
					assert.True(t, failed, "%s", v)
				}
			})
		}
	}
}

// Among looks without data, harm is harm where there was enough of it.
func TestHarmAmongWhatNobodySaw(t *testing.T) {
	for wrong, want := range map[int]bool{1: true, 2: true, 3: false} {
		source := world(func(_ string, _, to time.Duration) (metrics.Window, error) {
			if int(to/(10*time.Second)) <= wrong {
				return metrics.Window{Requests: 100, Errors: 90}, nil
			}
			return metrics.Window{}, metrics.ErrNoData
		})
		g := preset.Flagger{Source: source, Threshold: 3, Interval: 10 * time.Second, Metrics: []preset.FlaggerMetric{{Name: preset.RequestSuccessRate, ThresholdRange: preset.Range{Min: new(99.0)}}}}
		v := gate.Ask(context.Background(), g, subject(2*time.Minute))
		assert.Equal(t, gate.Fail, v.Outcome, "%s", v)
		assert.Equal(t, want, v.NoData, "%d looks saw harm: %s", wrong, v)
	}
}

// A condition of Argo Rollouts may decide without a measurement; a gate passes by that only if there was one.
func TestArgoConditionsWithoutAMeasurement(t *testing.T) {
	since := func(begin time.Duration) metrics.Source {
		return world(func(_ string, _, to time.Duration) (metrics.Window, error) {
			if to > begin && to <= begin+10*time.Second {
				return metrics.Window{Requests: 100, Errors: 1}, nil
			}
			return metrics.Window{}, metrics.ErrNoData
		})
	}
	for name, c := range map[string]struct {
		source    metrics.Source
		condition string
		strict    bool
		phase     preset.Phase
		want      gate.Outcome
	}{
		"there was one":    {since(5 * time.Second), "len(result) == 0 || result[0] > 0.9", false, preset.PhaseSuccessful, gate.Pass},
		"there was none":   {since(time.Hour), "len(result) == 0 || result[0] > 0.9", false, preset.PhaseSuccessful, gate.Continue},
		"by default":       {since(5 * time.Second), "default(result, 1) > 0.9", false, preset.PhaseSuccessful, gate.Pass},
		"not by default":   {since(time.Hour), "default(result, 0) > 0.9", false, preset.PhaseFailed, gate.Fail},
		"it asks for it":   {since(time.Hour), "result[0] > 0.9", false, preset.PhaseErrored, gate.Fail},
		"strict":           {since(time.Hour), "len(result) == 0 || result[0] > 0.9", true, preset.PhaseErrored, gate.Fail},
		"isNil is no pass": {since(time.Hour), "isNil(result)", false, preset.PhaseSuccessful, gate.Continue},
	} {
		g := preset.ArgoRollouts{Source: c.source, Strict: c.strict, Metrics: []preset.ArgoMetric{{Name: "x", Interval: 10 * time.Second, Count: 4,
			SuccessCondition: c.condition, Query: preset.Query{Value: preset.SuccessRate(), Range: 10 * time.Second}}}}
		v := gate.Ask(context.Background(), g, subject(5*time.Minute))
		assert.Equal(t, c.want, v.Outcome, "%s: %s", name, v)
		if c.want != gate.Continue {
			assert.Contains(t, string(v.Memory), `"phase":"`+string(c.phase)+`"`, name)
		}
	}
}
