package report

import (
	"fmt"
	"strings"

	"github.com/davit-sdk/davit/metrics/dora"
)

// A figure is one of a report as people read it.
type figure struct {
	name, value, interval, n string
	tier                     dora.Tier
	more                     []string
	known                    bool
}

// unknown is a figure that there is no data for.
func unknown(name string) figure {
	return figure{name: name, value: "no data", interval: noFigure, n: noFigure}
}

func (f figure) cells() []cell {
	return append(row(f.name, f.value, f.interval, f.n), named(string(f.tier), noFigure), own(strings.Join(f.more, "; ")))
}

// five are the metrics of DORA.
func five(m *dora.Metrics) []figure {
	lead := spread("Lead time for changes", m.LeadTime)
	if m.LeadTimeDropped > 0 {
		lead.more = append(lead.more, fmt.Sprintf("%d dropped, as they would be negative", m.LeadTimeDropped))
	}
	return []figure{
		deployments(&m.DeploymentFrequency), lead, failures(m.ChangeFailureRate),
		spread("Failed deployment recovery time", m.FailedDeploymentRecovery), rate("Deployment rework rate", m.ReworkRate),
	}
}

func deployments(f *dora.Frequency) figure {
	d := figure{name: "Deployment frequency", value: frequency(f.PerDay), interval: noFigure, n: fmt.Sprint(f.N), tier: f.Tier, known: true}
	if days, ok := f.PerWeekMedian.Get(); ok {
		d.more = append(d.more, "median of weeks: "+several(f.DeploymentsPerWeekMedian, "deployment")+", deployed on "+several(dora.Known(days), "day"))
	}
	if f.N > 0 {
		d.more = append(d.more, "on "+count(f.Days, "day", "days"))
	}
	if !f.GapMedian.IsZero() {
		d.more = append(d.more, duration(f.GapMedian)+" between two (median)")
	}
	return d
}

// spread is a distribution of durations.
func spread(name string, d *dora.Durations) figure {
	if d == nil {
		return unknown(name)
	}
	f := figure{name: name, value: duration(d.Typical), interval: interval(d.Low, d.High, d.N, duration), n: fmt.Sprint(d.N), tier: d.Tier, known: true}
	if d.Censored > 0 && d.Typical == d.Survival {
		return unended(f, d)
	}
	if d.Typical.IsZero() {
		f.value = "not known yet"
	}
	what := "median; "
	if isMean(d) {
		f.value, f.interval, what = f.value+" (mean)", noFigure, ""
		f.more = append(f.more, fmt.Sprintf("p50 %s (%s)", duration(d.P50), interval(d.Low, d.High, d.N, duration)))
	}
	if d.N > 1 {
		f.more = append(f.more, fmt.Sprintf("%sp75 %s, p90 %s, mean %s", what, duration(d.P75), duration(d.P90), duration(d.Mean)))
	}
	if d.Censored > 0 {
		f.n += fmt.Sprintf(", %d open", d.Censored)
		if d.Survival.IsZero() {
			f.more = append(f.more, "with the open ones the median is "+over(d))
		} else {
			f.more = append(f.more, "with the open ones the median is "+duration(d.Survival)+" (Kaplan-Meier)")
		}
	}
	return f
}

// over says what a median is above that is not known yet.
func over(d *dora.Durations) string { return "above " + duration(d.SurvivalAbove) }

// unended is a distribution whose figure takes account of what has not ended; what has ended is told besides.
func unended(f figure, d *dora.Durations) figure {
	f.n += fmt.Sprintf(", %d open", d.Censored)
	f.interval = noFigure
	if d.Survival.IsZero() {
		f.value, f.more = over(d), []string{"most have not ended"}
	} else {
		f.more = []string{"median with the open ones (Kaplan-Meier)"}
	}
	if d.N > 0 {
		f.more = append(f.more, fmt.Sprintf("of those that have ended p50 %s (%s)", duration(d.P50), interval(d.Low, d.High, d.N, duration)))
	}
	if d.N > 1 {
		f.more = append(f.more, fmt.Sprintf("p75 %s, p90 %s, mean %s", duration(d.P75), duration(d.P90), duration(d.Mean)))
	}
	return f
}

// isMean says whether rules take the mean for typical.
func isMean(d *dora.Durations) bool { return d.Typical == d.Mean && d.Mean != d.P50 }

func rate(name string, r *dora.Rate) figure {
	if r == nil {
		return unknown(name)
	}
	return figure{
		name: name, value: percent(r.Rate), interval: interval(r.Low, r.High, r.N, percent), n: fmt.Sprintf("%d of %d", r.K, r.N), tier: r.Tier, known: true,
	}
}

func failures(r *dora.FailureRate) figure {
	const name = "Change failure rate"
	if r == nil {
		return unknown(name)
	}
	f := rate(name, &r.Rate)
	var both []string
	if n, ok := r.Deployments.Get(); ok {
		both = append(both, count(int(n), "deployment", "deployments")+" failed")
	}
	if n, ok := r.Incidents.Get(); ok {
		both = append(both, count(int(n), "incident", "incidents")+" caused by one")
	}
	if len(both) > 0 {
		f.more = append(f.more, strings.Join(both, ", "))
	}
	return f
}

// beyond are the other figures.
func beyond(r *dora.Report) []figure {
	return []figure{
		spread("Time to restore (any cause)", r.MTTR), rate("Attempts that failed", r.AttemptFailureRate), cycle(r.CycleTime), available(r.Availability),
		downtime(r.DowntimePerRelease), budget(r.ErrorBudget), rate("Work outside of working hours", r.OutsideHours), velocity(r.Velocity),
		spread("Time of work items", r.WorkTime), opinion("CSAT", r.CSAT), opinion("NPS", r.NPS), score(r.QuickCheck),
	}
}

func cycle(c *dora.CycleTime) figure {
	if c == nil {
		return unknown("Cycle time")
	}
	return spread("Cycle time", &c.Durations)
}

func available(a *dora.Availability) figure {
	const name = "Availability"
	if a == nil {
		return unknown(name)
	}
	f := figure{name: name, value: uptime(a.Ratio), interval: noFigure, n: noFigure, known: true, more: []string{minutes(a.DownMinutes) + " down"}}
	if a.DownMinutes == 0 {
		f.more = []string{"no outage was told of"}
	}
	if !a.Cost.IsZero() {
		f.more = append(f.more, "at a cost of "+number(a.Cost))
	}
	return f
}

func minutes(m float64) string { return duration(dora.Known(m * minute)) }

func downtime(d *dora.Downtime) figure {
	const name = "Downtime per release"
	if d == nil {
		return unknown(name)
	}
	return figure{name: name, value: minutes(d.MeanMinutes), interval: noFigure, n: fmt.Sprint(d.N), known: true, more: []string{"at most " + minutes(d.MaxMinutes)}}
}

func budget(b *dora.ErrorBudget) figure {
	const name = "Error budget used"
	if b == nil {
		return unknown(name)
	}
	return figure{
		name: name, value: percent(dora.Known(b.Burn)), interval: noFigure, n: noFigure, known: true,
		more: []string{fmt.Sprintf("%s of %s that an objective of %s leaves", minutes(b.UsedMinutes), minutes(b.BudgetMinutes), b.Objective)},
	}
}

func velocity(v *dora.Velocity) figure {
	const name = "Velocity"
	if v == nil {
		return unknown(name)
	}
	return figure{
		name: name, value: decimal(v.Mean) + " " + v.Unit + " an iteration", interval: noFigure, n: count(v.N, "iteration", "iterations"), known: true,
		more: []string{"mean of the last ones; median " + decimal(v.P50)},
	}
}

func opinion(name string, o *dora.Opinion) figure {
	if o == nil {
		return unknown(name)
	}
	f := figure{name: name, value: decimal(o.Score) + " %", interval: noFigure, n: fmt.Sprint(o.N), known: true, more: []string{"mean answer " + decimal(o.Mean)}}
	if name == "NPS" {
		f.value = decimal(o.Score)
	}
	return f
}

func score(q *dora.QuickCheck) figure {
	if q == nil {
		return unknown("Quick check of DORA")
	}
	return figure{
		name: fmt.Sprintf("Quick check of DORA, %d", q.Year), value: number(q.Total) + " of 10", interval: noFigure, n: noFigure, known: true,
		more: []string{"throughput " + number(q.Throughput) + ", stability " + number(q.Stability)},
	}
}
