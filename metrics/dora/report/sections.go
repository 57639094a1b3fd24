package report

import (
	"fmt"
	"strings"

	"github.com/davit-sdk/davit/metrics/dora"
)

// sections are the whole report in the order in which it is read.
func sections(r *dora.Report, o Options) []section {
	all := []section{summary(r), further(r)}
	all = append(all, stages(r)...)
	all = append(all, services(r)...)
	all = append(all, weeks(r, o)...)
	all = append(all, comparison(o)...)
	return append(all, loose(r, o), legend(r))
}

// about says what the report is of.
func about(r *dora.Report) sentence {
	length := r.To.Sub(r.From).Hours() / 24
	return sentence{
		own(fmt.Sprintf("From %s to before %s, ", instant(r.From), instant(r.To))), {r.From.Location().String(), true},
		own(fmt.Sprintf(": %s. %s, by the rules ", count(int(length+0.5), "day", "days"), count(r.Events, "event", "events"))), {r.Rules, true}, own("."),
	}
}

func figures(all []figure) table {
	t := table{columns: append(left("Metric"), append(right("Value", "Interval", "N"), left("Tier", "More")...)...)}
	for _, f := range all {
		t.rows = append(t.rows, f.cells())
	}
	return t
}

func summary(r *dora.Report) section {
	return section{before: []sentence{about(r)}, table: figures(five(&r.Metrics))}
}

// further are the figures beyond the five; those without data are named in one sentence.
func further(r *dora.Report) section {
	known, missing := told(beyond(r))
	s := section{name: "Beyond the five", table: figures(known)}
	s.table.without("Tier") // DORA has none of these
	if len(missing) > 0 {
		s.after = append(s.after, says("No data for: "+strings.Join(missing, ", ")+"."))
	}
	return s
}

// told are the figures that there is data for, and the names of the others.
func told(all []figure) (known []figure, missing []string) {
	for _, f := range all {
		if f.known {
			known = append(known, f)
		} else {
			missing = append(missing, f.name)
		}
	}
	return known, missing
}

func stages(r *dora.Report) []section {
	if r.CycleTime == nil || len(r.CycleTime.Stages) == 0 {
		return nil
	}
	t := table{columns: append(left("Stage"), right("Mean", "Share", "P50", "P75", "P90")...)}
	for _, s := range r.CycleTime.Stages {
		part := dora.Figure{}
		if whole := r.CycleTime.Mean.Or(0); whole > 0 {
			part = dora.Known(s.Mean / whole)
		}
		t.rows = append(t.rows, row(s.Name, seconds(s.Mean), percent(part), seconds(s.P50), seconds(s.P75), seconds(s.P90)))
	}
	return []section{{
		name: "Cycle time by stage", table: t,
		before: []sentence{says(fmt.Sprintf("Of %s whose times are all known. The means add up to that of the whole; quantiles do not.", count(r.CycleTime.N, "change", "changes")))},
	}}
}

func seconds(s float64) string { return duration(dora.Known(s)) }

// services are two tables, as one of all five metrics would be too wide.
func services(r *dora.Report) []section {
	if len(r.Services) == 0 {
		return nil
	}
	fast := table{columns: append(append(left("Service"), right("Deployments", "Frequency")...), append(left("Tier"), append(right("Lead time", "Interval", "N"), left("Tier")...)...)...)}
	sound := table{columns: append(append(left("Service"), right("Failed", "Interval", "N")...), append(left("Tier"), append(right("Recovery", "Interval", "N"),
		append(left("Tier"), right("Rework", "Interval", "N", "Unattributed")...)...)...)...)}
	for i := range r.Services {
		s := &r.Services[i]
		name := named(s.Name, "(no name)")
		all := five(&s.Metrics)
		fast.rows = append(fast.rows, join([]cell{name}, row(all[0].n, all[0].value), tier(all[0]), row(all[1].value, all[1].interval, all[1].n), tier(all[1])))
		sound.rows = append(sound.rows, join([]cell{name}, row(all[2].value, all[2].interval, all[2].n), tier(all[2]), row(all[3].value, all[3].interval, all[3].n), tier(all[3]),
			row(all[4].value, all[4].interval, all[4].n, s.Unattributed.String())))
	}
	return []section{
		{name: "Services: throughput", table: fast, before: []sentence{says("What stands for all services pools their samples; it is no average of these.")}},
		{name: "Services: instability", table: sound},
	}
}

func tier(f figure) []cell { return []cell{named(string(f.tier), noFigure)} }

func join(parts ...[]cell) []cell {
	var all []cell
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// weeks are the last ones.
func weeks(r *dora.Report, o Options) []section {
	if len(r.Weeks) == 0 {
		return nil
	}
	shown := r.Weeks[len(r.Weeks)-most(len(r.Weeks), o.Weeks):]
	s := section{name: "Weeks", table: table{columns: append(left("Week"),
		right("Deployments", "Days", "Lead time", "Interval", "N", "Failed", "Interval", "N", "Recovery", "Interval", "N", "Rework", "N")...)}}
	parts := false
	for i := range shown {
		w := &shown[i]
		name := instant(w.From)
		if !w.Complete {
			name, parts = name+" *", true
		}
		lead, failed, recovered, rework := spread("", w.LeadTime), failuresOf(w), spread("", w.Recovery), rate("", w.ReworkRate)
		s.table.rows = append(s.table.rows, row(name, fmt.Sprint(w.N), fmt.Sprint(w.Days), brief(lead), lead.interval, lead.n, brief(failed), failed.interval, failed.n,
			brief(recovered), recovered.interval, recovered.n, brief(rework), rework.n))
	}
	if n := len(r.Weeks); len(shown) < n {
		s.before = append(s.before, says(fmt.Sprintf("The last %d of %d.", len(shown), n)))
	}
	if parts {
		s.after = append(s.after, says("* A part of this week is outside of the window."))
	}
	return []section{s}
}

func failuresOf(w *dora.Week) figure {
	if w.ChangeFailureRate == nil {
		return unknown("")
	}
	return rate("", &w.ChangeFailureRate.Rate)
}

// brief is the value where many stand below each other.
func brief(f figure) string {
	if !f.known {
		return noFigure
	}
	return f.value
}
