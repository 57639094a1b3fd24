package maturity

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/metrics/dora"
)

// figures are those of package dora, computed once for each number of days.
type figures struct {
	in      Input
	reports map[int]*dora.Report
	first   time.Time // when the history begins; zero: there is none
	traces  map[trace]map[string][]dora.Entry
	owners  map[string]string // the services of deployments, as far as the records of releases tell
}

// window is the query for the last days.
func (f *figures) window(days int) dora.Query {
	q := dora.Query{To: f.in.At, Brief: true}
	if days > 0 {
		q.From = f.in.At.Add(-time.Duration(days) * 24 * time.Hour)
	}
	return q
}

// prepare computes what the model asks for.
func (f *figures) prepare(m Model) error {
	f.reports, f.traces, f.owners = map[int]*dora.Report{}, map[trace]map[string][]dora.Entry{}, map[string]string{}
	if f.in.History == nil {
		return nil
	}
	for _, r := range f.in.Releases {
		for _, s := range r.Steps {
			f.owners[s.ID] = r.Service
		}
	}
	for _, d := range m.Dimensions {
		for _, p := range d.Practices {
			if p.Check == nil || metricOf(p.Check.Fact) == "" {
				continue
			}
			for _, days := range []int{0, p.Check.Days} {
				if err := f.report(days); err != nil {
					return fmt.Errorf("delivery metrics of practice %s: %w", p.ID, err)
				}
			}
		}
	}
	return nil
}

// report computes the figures of the last days, once. There are none before the history begins.
func (f *figures) report(days int) error {
	if f.first.IsZero() {
		whole, err := f.in.History.Report(f.in.Rules, dora.Query{Brief: true})
		if errors.Is(err, dora.ErrNoWindow) {
			return nil
		}
		if err != nil {
			return err
		}
		f.first = whole.From
	}
	if f.reports[days] != nil || !f.first.Before(f.in.At) {
		return nil
	}
	report, err := f.in.History.Report(f.in.Rules, f.window(days))
	f.reports[days] = report
	return err
}

// metricOf is the metric of package dora that is behind a fact; empty: there is none.
func metricOf(f Fact) dora.Metric {
	switch f {
	case FactFrequency:
		return dora.DeploymentFrequency
	case FactLeadTime:
		return dora.LeadTime
	case FactFailureRate:
		return dora.ChangeFailureRate
	case FactRecovery:
		return dora.FailedDeploymentRecovery
	case FactRework:
		return dora.ReworkRate
	}
	return ""
}

// services are those that the history tells of.
func (f *figures) services() []string {
	var all []string
	if report := f.reports[0]; report != nil {
		for _, s := range report.Services {
			if s.Name != "" {
				all = append(all, s.Name)
			}
		}
	}
	return all
}

// dora is a figure of package dora.
func (v *view) dora(c Check) figure {
	report := v.figures.reports[c.Days]
	if report == nil {
		return unknown("no delivery metrics are given")
	}
	i, ok := find(report, v.Name)
	if !ok {
		return unknown("the delivery metrics know nothing of it" + within(c.Days))
	}
	f := doraFigure(c, report.Services[i].Metrics)
	if (c.Fact == FactFailureRate || c.Fact == FactRework) && f.known && f.k == 0 && !v.FailuresTold && !v.figures.failed(v.Name) {
		return unknown("no failure of it was ever told: perhaps nobody looks")
	}
	if f.known {
		v.young(c, &f)
		f.pro, f.con = v.figures.events(c, v.Name)
		v.date(f.pro)
		v.date(f.con)
	} else {
		f.why = "the delivery metrics have no figure" + within(c.Days)
	}
	return f
}

// find is where a report tells of a service.
func find(report *dora.Report, service string) (int, bool) {
	return slices.BinarySearchFunc(report.Services, service, func(s dora.Service, name string) int { return strings.Compare(s.Name, name) })
}

// failed says whether a failure, a repair or an incident of a service was told at any time.
func (f *figures) failed(service string) bool {
	report := f.reports[0]
	if report == nil {
		return false
	}
	i, ok := find(report, service)
	if !ok {
		return false
	}
	m := report.Services[i].Metrics
	return m.Unattributed.Or(0) > 0 || m.MTTR != nil || m.FailedDeploymentRecovery != nil || m.ChangeFailureRate != nil && m.ChangeFailureRate.K > 0 || m.ReworkRate != nil && m.ReworkRate.K > 0
}

// young widens a frequency where the history begins within the window: what was before that is not known.
func (v *view) young(c Check, f *figure) {
	begins := v.figures.first
	if c.Fact != FactFrequency || c.Days == 0 || !begins.After(v.since(c.Days)) || !v.Observed.IsZero() && !v.Observed.After(v.since(c.Days)) {
		return
	}
	f.high = f.value * float64(c.Days) / v.days(begins)
}

func doraFigure(c Check, m dora.Metrics) figure {
	switch c.Fact {
	case FactFrequency:
		if perDay, ok := m.DeploymentFrequency.PerDay.Get(); ok {
			f := exactly(perDay * 7)
			f.k, f.n = m.DeploymentFrequency.N, m.DeploymentFrequency.N
			return f
		}
	case FactLeadTime:
		return hours(m.LeadTime)
	case FactRecovery:
		return hours(m.FailedDeploymentRecovery)
	case FactFailureRate:
		if m.ChangeFailureRate != nil {
			return rate(c, m.ChangeFailureRate.Rate)
		}
	case FactRework:
		if m.ReworkRate != nil {
			return rate(c, *m.ReworkRate)
		}
	}
	return figure{}
}

// hours is a median in hours, which takes account of what has not ended yet.
func hours(d *dora.Durations) figure {
	if d == nil {
		return figure{}
	}
	median := d.P50
	if d.Censored > 0 {
		median = d.Survival
	}
	seconds, ok := median.Get()
	if longer, some := d.SurvivalAbove.Get(); !ok && some {
		// Most have not ended: the median is not known, but for what it is above.
		return figure{known: true, low: longer / 3600, value: longer / 3600, high: math.Inf(1), k: d.N, n: d.N + d.Censored}
	}
	if !ok {
		return figure{n: d.N}
	}
	f := exactly(seconds / 3600)
	f.k, f.n = d.N, d.N+d.Censored
	return f
}

// rate is a share.
func rate(c Check, r dora.Rate) figure {
	if _, ok := r.Rate.Get(); !ok || r.N == 0 {
		return figure{}
	}
	f := figure{k: r.K, n: r.N}
	f.bound(c)
	return f
}
