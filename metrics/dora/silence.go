package dora

import "slices"

// failing are the metrics that rest on what is told of failures.
var failing = []Metric{ChangeFailureRate, FailedDeploymentRecovery, ReworkRate, MTTR, AttemptFailureRate, Unattributed, Available, DowntimePerRelease, BudgetUsed}

// WithoutFailures is the report without what it says of failures, for events that tell nothing of them, as the tags of a repository: a
// rate of 0 would be good news where nobody has looked. Left out are the change failure rate, recovery and rework, the time to restore,
// attempts that failed, incidents without a cause, availability, downtime and the error budget. The quick check scores what remains.
func (r *Report) WithoutFailures() *Report {
	quiet := *r
	quiet.Metrics = r.Metrics.withoutFailures()
	quiet.Weeks = quietWeeks(r.Weeks)
	quiet.Services = slices.Clone(r.Services)
	for i := range quiet.Services {
		s := &quiet.Services[i]
		s.Metrics, s.Weeks = s.Metrics.withoutFailures(), quietWeeks(s.Weeks)
	}
	return &quiet
}

func (m Metrics) withoutFailures() Metrics {
	m.ChangeFailureRate, m.FailedDeploymentRecovery, m.ReworkRate, m.MTTR, m.AttemptFailureRate = nil, nil, nil, nil, nil
	m.Availability, m.DowntimePerRelease, m.ErrorBudget, m.Unattributed = nil, nil, nil, Figure{}
	if m.QuickCheck != nil {
		c := QuickCheckOf(m.QuickCheck.Year, m.measured())
		if m.QuickCheck = &c; c.Total.IsZero() {
			m.QuickCheck = nil
		}
	}
	return m
}

func quietWeeks(weeks []Week) []Week {
	weeks = slices.Clone(weeks)
	for i := range weeks {
		weeks[i].ChangeFailureRate, weeks[i].Recovery, weeks[i].ReworkRate = nil, nil, nil
	}
	return weeks
}

// WithoutFailures is the comparison without what it says of failures, as Report.WithoutFailures is the report.
func (c Comparison) WithoutFailures() Comparison {
	c.Metrics = slices.DeleteFunc(slices.Clone(c.Metrics), func(d Difference) bool { return slices.Contains(failing, d.Metric) })
	c.Events = slices.DeleteFunc(slices.Clone(c.Events), func(d EventDifference) bool { return slices.Contains(failing, d.Metric) })
	return c
}
