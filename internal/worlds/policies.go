package worlds

import (
	"fmt"
	"math"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/gate/preset"
	"github.com/davit-sdk/davit/metrics/judge"
)

// Policies are those of the tables: the judge in its presets, and the peers' rules as they ship and as
// they are used. What is tuned knows the usual error rate and latency of the service.
func Policies() []Policy {
	return []Policy{
		Judged{"judge, balanced", judge.Balanced(), nil},
		Judged{"judge, quick", judge.Quick(), nil},
		Judged{"judge, strict", judge.Strict(), nil},
		Judged{"judge, fixed ramp", judge.Balanced(), fixedRamp()},
		argoDefault(), argoTuned(), flaggerDefault(), flaggerDocs(), flaggerTuned(), kayenta(), pipecdThreshold(), pipecdPrimary(),
	}
}

// The objectives of the service that untuned rules hold it against: those of the tools' own examples.
const (
	wantedSuccess = 0.99
	wantedP99     = 0.5 // seconds
)

// tuned are limits that follow the service: three times the usual errors, and a p99 a quarter above the usual.
func tuned(w World, s *Source) (success, p99 float64) {
	return 1 - 3*w.ErrorRate, 1.25 * s.requests.quantile(0.99)
}

// fixedRamp is a ramp that many use.
func fixedRamp() []Stage {
	return []Stage{{0.05, 2 * time.Minute}, {0.2, 2 * time.Minute}, {0.5, 2 * time.Minute}}
}

func argo(name string, limit int, delay time.Duration, limits func(w World, s *Source) (success, p99 float64)) Policy {
	return Fixed{name, []Stage{{0.2, 10 * time.Minute}}, func(w World, s *Source) gate.Gate {
		success, p99 := limits(w, s)
		metric := func(name, condition string, v preset.Value) preset.ArgoMetric {
			return preset.ArgoMetric{Name: name, SuccessCondition: condition, Interval: time.Minute, Count: 10, FailureLimit: limit, InitialDelay: delay,
				Query: preset.Query{Value: v}}
		}
		return preset.ArgoRollouts{Source: s, Metrics: []preset.ArgoMetric{
			metric("success-rate", fmt.Sprintf("result[0] >= %v", success), preset.SuccessRate()),
			metric("latency", fmt.Sprintf("result[0] <= %v", p99), preset.Latency(0.99)),
		}}
	}}
}

func untuned(World, *Source) (success, p99 float64) { return wantedSuccess, wantedP99 }

func argoDefault() Policy { return argo("Argo, default", 0, 0, untuned) }

func argoTuned() Policy { return argo("Argo, tuned", 3, time.Minute, tuned) }

func flagger(name string, threshold int, limits func(w World, s *Source) (success, p99 float64)) Policy {
	var ramp []Stage
	for weight := 0.1; weight < 0.55; weight += 0.1 {
		ramp = append(ramp, Stage{weight, time.Minute})
	}
	return Fixed{name, ramp, func(w World, s *Source) gate.Gate {
		success, p99 := limits(w, s)
		return preset.Flagger{Source: s, Threshold: threshold, Metrics: []preset.FlaggerMetric{
			{Name: preset.RequestSuccessRate, ThresholdRange: preset.Range{Min: new(100 * success)}},
			{Name: preset.RequestDuration, ThresholdRange: preset.Range{Max: new(math.Round(1000 * p99))}},
		}}
	}}
}

func flaggerDefault() Policy { return flagger("Flagger, default", 0, untuned) }

func flaggerDocs() Policy { return flagger("Flagger, docs", 5, untuned) }

func flaggerTuned() Policy { return flagger("Flagger, tuned", 3, tuned) }

func kayenta() Policy {
	return Fixed{"Kayenta", []Stage{{0.1, 45 * time.Minute}}, func(w World, s *Source) gate.Gate {
		control := gate.Stable
		if w.Fresh {
			control = gate.Baseline
		}
		metric := func(name, group string, v preset.Value) preset.KayentaMetric {
			return preset.KayentaMetric{Name: name, Value: v, Groups: []string{group}, Direction: preset.Increase}
		}
		return preset.Kayenta{Source: s, Control: control, Pass: 95, Marginal: 75, LifetimeDuration: 45 * time.Minute, AnalysisInterval: 15 * time.Minute,
			Metrics: []preset.KayentaMetric{
				metric("errors", "errors", preset.ErrorRate()), metric("p50", "latency", preset.Latency(0.5)), metric("p99", "latency", preset.Latency(0.99)),
			}}
	}}
}

func pipecd(name string, metrics func(w World) []preset.PipeCDMetric) Policy {
	return Fixed{name, []Stage{{0.2, 30 * time.Minute}}, func(w World, s *Source) gate.Gate {
		all := metrics(w)
		for i := range all {
			all[i].Interval = 5 * time.Minute
		}
		return preset.PipeCD{Source: s, Duration: 30 * time.Minute, Metrics: all}
	}}
}

func pipecdThreshold() Policy {
	return pipecd("PipeCD, threshold", func(World) []preset.PipeCDMetric {
		return []preset.PipeCDMetric{
			{Name: "errors", Value: preset.ErrorRate(), Expected: preset.Range{Max: new(1 - wantedSuccess)}},
			{Name: "p99", Value: preset.Latency(0.99), Expected: preset.Range{Max: new(wantedP99)}},
		}
	})
}

func pipecdPrimary() Policy {
	return pipecd("PipeCD, primary", func(World) []preset.PipeCDMetric {
		metric := func(name string, v preset.Value) preset.PipeCDMetric {
			return preset.PipeCDMetric{Name: name, Value: v, Strategy: preset.CanaryPrimary, Deviation: preset.DeviationHigh}
		}
		return []preset.PipeCDMetric{metric("errors", preset.ErrorRate()), metric("p50", preset.Latency(0.5)), metric("p99", preset.Latency(0.99))}
	})
}

// UsualP99 is the usual p99 of the latency, in seconds.
func UsualP99() float64 { return newLatencies().quantile(0.99) }
