package preset_test

import (
	"testing"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/gate/gatetest"
	"github.com/davit-sdk/davit/metrics/gate/preset"
)

// The presets keep the laws of gates, where they are set not to pass what was never measured.
func TestLaws(t *testing.T) {
	subject := gate.Subject{Step: "50%", Stable: "1.0.0", Baseline: "1.0.0 fresh", Candidate: "1.1.0", Since: since, Now: since.Add(10 * time.Minute), Share: 0.5, End: true}
	gatetest.Run(t,
		gatetest.Case{Name: "ArgoRollouts", Subject: subject, New: func(w *gatetest.World) gate.Gate {
			return preset.ArgoRollouts{Source: w, Strict: true, Metrics: []preset.ArgoMetric{{Name: "success", SuccessCondition: "result >= 0.5", Interval: time.Minute, Count: 5,
				Query: preset.Query{Value: preset.SuccessRate()}}}}
		}},
		gatetest.Case{Name: "Flagger", Subject: subject, New: func(w *gatetest.World) gate.Gate {
			return preset.Flagger{Source: w, Metrics: []preset.FlaggerMetric{{Name: preset.RequestSuccessRate, ThresholdRange: preset.Range{Min: new(50.0)}}}}
		}},
		gatetest.Case{Name: "Kayenta", Subject: subject, New: func(w *gatetest.World) gate.Gate {
			return preset.Kayenta{Source: w, Strict: true, Pass: 95, Marginal: 75, LifetimeDuration: 10 * time.Minute,
				Metrics: []preset.KayentaMetric{{Name: "errors", Value: preset.ErrorRate(), Groups: []string{"all"}}}}
		}},
		gatetest.Case{Name: "PipeCD", Subject: subject, New: func(w *gatetest.World) gate.Gate {
			return preset.PipeCD{Source: w, Strict: true, Metrics: []preset.PipeCDMetric{{Name: "errors", Value: preset.ErrorRate(), Interval: 5 * time.Minute, Expected: preset.Range{Max: new(0.5)}}}}
		}},
	)
}
