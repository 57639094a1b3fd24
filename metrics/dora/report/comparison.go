package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/metrics/dora"
)

// timed are the metrics whose figures are seconds; sharing are those whose figures are shares.
var (
	timed   = []dora.Metric{dora.LeadTime, dora.FailedDeploymentRecovery, dora.MTTR, dora.CycleTimes}
	sharing = []dora.Metric{dora.ChangeFailureRate, dora.ReworkRate, dora.AttemptFailureRate, dora.Available, dora.OutsideHours}
)

// measured shows a figure of a metric in its unit.
func measured(m dora.Metric, f dora.Figure) string {
	switch {
	case f.IsZero():
		return "no data"
	case slices.Contains(timed, m):
		return duration(f)
	case slices.Contains(sharing, m):
		return percent(f)
	case m == dora.DeploymentFrequency:
		return frequency(f)
	}
	return number(f)
}

// comparison says what two rules make of the same events, and why.
func comparison(o Options) []section {
	c := o.Comparison
	if c == nil {
		return nil
	}
	name := "Compared: " + c.A + " and " + c.B
	if len(c.Metrics) == 0 && len(c.Events) == 0 {
		return []section{{name: name, before: []sentence{says("They agree about each figure, and each event.")}}}
	}
	figures := section{name: name, table: table{columns: append(left("Metric"), right(c.A, "N", c.B, "N")...)}}
	for _, d := range c.Metrics {
		a, b := apart(d.A, d.B, func(f dora.Figure) string { return measured(d.Metric, f) })
		figures.table.rows = append(figures.table.rows, row(label(string(d.Metric)), a, fmt.Sprint(d.NA), b, fmt.Sprint(d.NB)))
		if d.TierA != d.TierB {
			tiers := row(label(string(d.Metric))+", tier", "", "", "", "")
			tiers[1], tiers[3] = named(string(d.TierA), noFigure), named(string(d.TierB), noFigure)
			figures.table.rows = append(figures.table.rows, tiers)
		}
	}
	if len(c.Metrics) == 0 {
		figures.table, figures.before = table{}, []sentence{says("They come to the same figures.")}
	}
	return append([]section{figures, because(c, o)}, otherwise(c)...)
}

// otherwise are the knobs that two rules have set otherwise.
func otherwise(c *dora.Comparison) []section {
	if len(c.Knobs) == 0 {
		return nil
	}
	s := section{name: "What their rules say", table: table{columns: left("Rule", c.A, c.B)}}
	for _, k := range c.Knobs {
		s.table.rows = append(s.table.rows, []cell{own(label(k.Name)), named(k.A, "(none)"), named(k.B, "(none)")})
	}
	return []section{s}
}

// label is a name in JSON as words.
func label(name string) string {
	if name == string(dora.MTTR) {
		return "Time to restore"
	}
	text := strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(text[:min(1, len(text))]) + text[min(1, len(text)):]
}

// because are the events that two rules do not agree about: of each metric the first ones, and how many there are.
func because(c *dora.Comparison, o Options) section {
	s := section{name: "Why they differ", table: table{columns: append(left("Metric", "Events"), left(c.A, c.B)...)}}
	if len(c.Events) == 0 {
		return section{name: s.name, before: []sentence{says("They agree about each event: they reckon otherwise with the same ones.")}}
	}
	for from := 0; from < len(c.Events); {
		to := from
		for to < len(c.Events) && c.Events[to].Metric == c.Events[from].Metric {
			to++
		}
		shown := from + most(to-from, o.Listed)
		for _, e := range c.Events[from:shown] {
			left, right := roles(e.A, e.B)
			s.table.rows = append(s.table.rows, []cell{own(label(string(e.Metric))), whom(e), left, right})
		}
		if shown < to {
			s.after = append(s.after, says(fmt.Sprintf("%s: %d of %s are shown.", label(string(c.Events[from].Metric)), shown-from, count(to-from, "difference", "differences"))))
		}
		from = to
	}
	return s
}

// whom names the events that a difference is about.
func whom(d dora.EventDifference) cell {
	e := d.A
	if e == nil {
		e = d.B
	}
	var names []string
	for _, id := range []struct{ of, text string }{{"change", e.Change}, {"incident", e.Incident}, {"deployment", e.Deployment}, {"remedy", e.Remedy}} {
		if id.text != "" {
			names = append(names, id.of+" "+id.text)
		}
	}
	return cell{strings.Join(names, ", "), true}
}

// roles say what an event is to a metric under the one, and under the other.
func roles(a, b *dora.Entry) (left, right cell) {
	var forA, forB string
	if a != nil && b != nil {
		forA, forB = apart(a.Seconds, b.Seconds, duration)
	} else if a != nil {
		forA = duration(a.Seconds)
	} else if b != nil {
		forB = duration(b.Seconds)
	}
	return role(a, forA), role(b, forB)
}

func role(e *dora.Entry, lasted string) cell {
	if e == nil {
		return own(noFigure)
	}
	text := string(e.Role)
	if !e.Seconds.IsZero() {
		text += " " + lasted
	}
	if e.Why != "" {
		text += ": " + e.Why
	}
	return cell{text, true}
}

// apart shows two figures so that they can be told apart if they are not the same.
func apart(a, b dora.Figure, show func(dora.Figure) string) (forA, forB string) {
	forA, forB = show(a), show(b)
	if forA == forB && a != b {
		return a.String(), b.String()
	}
	return forA, forB
}
