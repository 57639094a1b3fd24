package report

import (
	"strconv"

	"github.com/davit-sdk/davit/metrics/dora"
)

// A metricGauge is one of each service, and of all together.
type metricGauge struct {
	name, help string
	of         func(m *dora.Metrics) []reading
}

func metricGauges() []metricGauge {
	all := []metricGauge{
		{"deployments", "Deployments that finished in the window.", func(m *dora.Metrics) []reading { return single(float64(m.DeploymentFrequency.N)) }},
		{"deployments_per_day", "Deployments by the days of the window.", func(m *dora.Metrics) []reading { return []reading{{value: m.DeploymentFrequency.PerDay}} }},
		{"deployment_frequency_per_week", "Median over weeks of the days with a deployment.", func(m *dora.Metrics) []reading { return []reading{{value: m.DeploymentFrequency.PerWeekMedian}} }},
		{"deployment_gap_seconds", "Median time between a deployment and the next one.", func(m *dora.Metrics) []reading { return []reading{{value: m.DeploymentFrequency.GapMedian}} }},
	}
	all = append(all, durationGauges("lead_time", "From commit to production", "lead times", func(m *dora.Metrics) *dora.Durations { return m.LeadTime })...)
	all = append(all, rateGauges("change_failure", "Deployments that failed", failureRate)...)
	all = append(all, durationGauges("failed_deployment_recovery", "From a deployment that failed to its repair", "recoveries that have ended", recoveryTime)...)
	all = append(all,
		metricGauge{"failed_deployment_recovery_open", "Failures that have not ended.", func(m *dora.Metrics) []reading {
			if m.FailedDeploymentRecovery == nil {
				return nil
			}
			return single(float64(m.FailedDeploymentRecovery.Censored))
		}})
	all = append(all, rateGauges("rework", "Unplanned deployments that repair what users see", func(m *dora.Metrics) *dora.Rate { return m.ReworkRate })...)
	all = append(all, durationGauges("time_to_restore", "From the opening of an incident to its end, whatever caused it", "incidents that were resolved", func(m *dora.Metrics) *dora.Durations { return m.MTTR })...)
	all = append(all, rateGauges("attempt_failure", "Attempts to deploy that reached nobody", func(m *dora.Metrics) *dora.Rate { return m.AttemptFailureRate })...)
	all = append(all, rateGauges("overtime", "Commits and deployments outside of working hours", func(m *dora.Metrics) *dora.Rate { return m.OutsideHours })...)
	all = append(all, cycleGauges()...)
	return append(all, uptimeGauges()...)
}

func failureRate(m *dora.Metrics) *dora.Rate {
	if m.ChangeFailureRate == nil {
		return nil
	}
	return &m.ChangeFailureRate.Rate
}

func recoveryTime(m *dora.Metrics) *dora.Durations { return m.FailedDeploymentRecovery }

// durationGauges are the distribution, and of how many it is.
func durationGauges(name, what, samplesOf string, of func(m *dora.Metrics) *dora.Durations) []metricGauge {
	return []metricGauge{
		{name + "_seconds", what + "; low and high are the interval of p50.", func(m *dora.Metrics) []reading { return quantiles(of(m)) }},
		{name + "_samples", "How many " + samplesOf + " that is of.", func(m *dora.Metrics) []reading { return samples(of(m)) }},
	}
}

func quantiles(d *dora.Durations) []reading {
	if d == nil {
		return nil
	}
	var all []reading
	for _, s := range []struct {
		name string
		of   dora.Figure
	}{{"p50", d.P50}, {"low", d.Low}, {"high", d.High}, {"p75", d.P75}, {"p90", d.P90}, {"mean", d.Mean}, {"survival", d.Survival}, {"survival_above", d.SurvivalAbove}} {
		all = append(all, labelled("statistic", s.name, s.of))
	}
	return all
}

func samples(d *dora.Durations) []reading {
	if d == nil {
		return nil
	}
	return single(float64(d.N))
}

// rateGauges are a rate with its interval, and both of its counts.
func rateGauges(name, what string, of func(m *dora.Metrics) *dora.Rate) []metricGauge {
	counted := func(n func(*dora.Rate) int) func(m *dora.Metrics) []reading {
		return func(m *dora.Metrics) []reading {
			if r := of(m); r != nil {
				return single(float64(n(r)))
			}
			return nil
		}
	}
	return []metricGauge{
		{name + "_ratio", what + ", as a share; low and high are its interval.", func(m *dora.Metrics) []reading {
			r := of(m)
			if r == nil {
				return nil
			}
			return []reading{labelled("statistic", "rate", r.Rate), labelled("statistic", "low", r.Low), labelled("statistic", "high", r.High)}
		}},
		{name + "_hits", what + ": how many.", counted(func(r *dora.Rate) int { return r.K })},
		{name + "_cases", what + ": of how many.", counted(func(r *dora.Rate) int { return r.N })},
	}
}

func cycleGauges() []metricGauge {
	all := durationGauges("cycle_time", "From the first commit, or the start of the work, to production", "changes", func(m *dora.Metrics) *dora.Durations {
		if m.CycleTime == nil {
			return nil
		}
		return &m.CycleTime.Durations
	})
	return append(all, metricGauge{"cycle_time_stage_seconds", "The stages of the cycle time.", func(m *dora.Metrics) []reading {
		if m.CycleTime == nil {
			return nil
		}
		var all []reading
		for _, s := range m.CycleTime.Stages {
			for _, q := range []struct {
				name string
				v    float64
			}{{"mean", s.Mean}, {"p50", s.P50}, {"p75", s.P75}, {"p90", s.P90}} {
				all = append(all, reading{[][2]string{{"stage", s.Name}, {"statistic", q.name}}, dora.Known(q.v)})
			}
		}
		return all
	}})
}

func uptimeGauges() []metricGauge {
	return []metricGauge{
		{"availability_ratio", "The share of the window that was not down.", func(m *dora.Metrics) []reading {
			return ofUptime(m, func(a *dora.Availability) float64 { return a.Ratio })
		}},
		{"downtime_seconds", "How long it was down.", func(m *dora.Metrics) []reading {
			return ofUptime(m, func(a *dora.Availability) float64 { return a.DownMinutes * minute })
		}},
		{"downtime_per_release_seconds", "Downtime by the number of deployments, and the most after one of them.", func(m *dora.Metrics) []reading {
			d := m.DowntimePerRelease
			if d == nil {
				return nil
			}
			return []reading{labelled("statistic", "mean", dora.Known(d.MeanMinutes*minute)), labelled("statistic", "max", dora.Known(d.MaxMinutes*minute))}
		}},
		{"error_budget_used_ratio", "How much of the error budget was used; above 1, the objective is missed.", func(m *dora.Metrics) []reading {
			if m.ErrorBudget == nil {
				return nil
			}
			return single(m.ErrorBudget.Burn)
		}},
		{"unattributed_incidents", "Incidents opened in the window that no deployment is known to have caused.", func(m *dora.Metrics) []reading { return []reading{{value: m.Unattributed}} }},
		{"lead_times_dropped", "Lead times that were dropped, since the commit is later than the deployment.", func(m *dora.Metrics) []reading { return single(float64(m.LeadTimeDropped)) }},
		{"quick_check_score", "Score of DORA's quick check, from 0 to 10.", quickCheck},
		{"tier_info", "The tier of a figure: see davit_dora_rules_info for whose it is.", tiers},
	}
}

func ofUptime(m *dora.Metrics, of func(*dora.Availability) float64) []reading {
	if m.Availability == nil {
		return nil
	}
	return single(of(m.Availability))
}

func quickCheck(m *dora.Metrics) []reading {
	q := m.QuickCheck
	if q == nil {
		return nil
	}
	year := [2]string{"year", strconv.Itoa(q.Year)}
	part := func(name string, v dora.Figure) reading { return reading{[][2]string{{"part", name}, year}, v} }
	return []reading{part("throughput", q.Throughput), part("stability", q.Stability), part("total", q.Total)}
}

func tiers(m *dora.Metrics) []reading {
	var all []reading
	add := func(metric dora.Metric, t dora.Tier) {
		if t != "" {
			all = append(all, reading{[][2]string{{"metric", string(metric)}, {"tier", string(t)}}, dora.Known(1)})
		}
	}
	add(dora.DeploymentFrequency, m.DeploymentFrequency.Tier)
	if m.LeadTime != nil {
		add(dora.LeadTime, m.LeadTime.Tier)
	}
	if m.ChangeFailureRate != nil {
		add(dora.ChangeFailureRate, m.ChangeFailureRate.Tier)
	}
	if m.FailedDeploymentRecovery != nil {
		add(dora.FailedDeploymentRecovery, m.FailedDeploymentRecovery.Tier)
	}
	return all
}
