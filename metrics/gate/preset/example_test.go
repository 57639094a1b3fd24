package preset_test

import (
	"context"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/gate/preset"
)

// A team that comes from Flagger asks its own rules on the same data. They look at the candidate alone,
// so that an incident of everybody takes the release back.
func ExampleFlagger() {
	incident := steady(100, 300, 300) // 3 % of all requests fail, whoever answers them
	g := preset.Flagger{Source: incident, Metrics: []preset.FlaggerMetric{
		{Name: preset.RequestSuccessRate, ThresholdRange: preset.Range{Min: new(99.0)}},
	}}
	s := gate.Subject{Step: "10%", Stable: "old", Candidate: "new", Since: since}
	for _, after := range []time.Duration{time.Minute, 2 * time.Minute} {
		s.Now = since.Add(after)
		v, err := g.Check(context.Background(), s)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s: %s\n", v.Outcome, v.Reason)
		s.Memory = v.Memory // kept by the caller: the gate itself has no state
	}
	// Output:
	// continue: request-success-rate has no value or is out of its range; 1 checks of new have failed (fewer than 1 may)
	// fail: 1 checks of new have failed (fewer than 1 may)
}

// The rules can be simulated without a source, and without time passing.
func ExampleArgoRollouts_Step() {
	a := preset.ArgoRollouts{Metrics: []preset.ArgoMetric{{
		Name: "success-rate", Interval: 5 * time.Minute, Count: 4, SuccessCondition: "result[0] >= 0.95", FailureLimit: 1,
	}}}
	r := a.Start(since)
	for _, rate := range []float64{0.99, 0.93, 0.98, 0.94} {
		at, _ := a.Next(r, 0)
		r = a.Step(r, at, preset.Measurement{Value: rate})
		fmt.Println(at.Sub(since), rate, r.Phase)
	}
	// Output:
	// 0s 0.99 Running
	// 5m0s 0.93 Running
	// 10m0s 0.98 Running
	// 15m0s 0.94 Failed
}

func ExampleKayentaMetric_Classify() {
	m := preset.KayentaMetric{Name: "errors", Value: preset.Errors(), Direction: preset.Increase}
	control := []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}
	fmt.Println(m.Classify([]float64{100, 100, 100, 100, 100, 100, 100, 1, 1, 1}, control).Class)
	fmt.Println(m.Classify([]float64{100, 100, 100, 100, 100, 100, 100, 100, 1, 1}, control).Class)
	// Output:
	// Pass
	// High
}

var _ metrics.Source = world(nil)
