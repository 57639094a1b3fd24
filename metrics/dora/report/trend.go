package report

import (
	"fmt"
	"slices"

	"github.com/davit-sdk/davit/metrics/dora"
)

// A trend is a figure week by week.
type trend struct {
	id, title, what string
	of              func(w *dora.Week) point
	timed           bool // else it is a share
}

// A point is the figure of one week.
type point struct {
	value, low, high dora.Figure
	n, open          int
	of               string // what n is
	mean             bool   // of which the rules know no interval
}

func distributed(d *dora.Durations) point {
	if d == nil {
		return point{}
	}
	p := point{value: d.Typical, low: d.Low, high: d.High, n: d.N, open: d.Censored, of: fmt.Sprint(d.N)}
	if isMean(d) {
		p.low, p.high, p.mean = dora.Figure{}, dora.Figure{}, true
	}
	return p
}

func shared(r *dora.Rate) point {
	if r == nil {
		return point{}
	}
	return point{value: r.Rate, low: r.Low, high: r.High, n: r.N, of: fmt.Sprintf("%d of %d", r.K, r.N)}
}

func trends() []trend {
	return []trend{
		{"lead-time", "Lead time for changes", "from commit to production", func(w *dora.Week) point { return distributed(w.LeadTime) }, true},
		{"failures", "Change failure rate", "the share of deployments that failed", func(w *dora.Week) point {
			if w.ChangeFailureRate == nil {
				return point{}
			}
			return shared(&w.ChangeFailureRate.Rate)
		}, false},
		{"recovery", "Failed deployment recovery time", "from a deployment that failed to its repair", func(w *dora.Week) point { return distributed(w.Recovery) }, true},
		{"rework", "Deployment rework rate", "the share of deployments that repair", func(w *dora.Week) point { return shared(w.ReworkRate) }, false},
	}
}

func (t trend) show(f dora.Figure) string {
	if t.timed {
		return duration(f)
	}
	return percent(f)
}

const (
	trendTop  px = 12
	trendBase px = 150
)

// scale holds all values and intervals.
func (t trend) scale(points []point) scale {
	var all []float64
	most := 0.0
	for _, p := range points {
		for _, f := range []dora.Figure{p.value, p.low, p.high} {
			if v, ok := f.Get(); ok {
				all, most = append(all, v), max(most, v)
			}
		}
	}
	if t.timed {
		return durationScale(all, trendBase, trendTop)
	}
	return shareScale(most, trendBase, trendTop)
}

// chart draws the weeks; nil: there is nothing to draw.
func (t trend) chart(r *dora.Report) *chart {
	points, known := make([]point, len(r.Weeks)), 0
	for i := range r.Weeks {
		p := t.of(&r.Weeks[i])
		points[i] = p
		if !p.value.IsZero() || p.open > 0 {
			known++
		}
	}
	if known == 0 {
		return nil
	}
	y := t.scale(points)
	unit := t.unit(points)
	c := newChart(t.id, t.title+", week by week", fmt.Sprintf("%s: %s; %s of each of %s, %d of which have one, with its interval. The numbers are in the table below.",
		t.title, t.what, unit, count(len(points), "week", "weeks"), known), 206)
	c.Caption = t.caption(r.Confidence, unit, points)
	c.Rows, c.Base = y.ticks, trendBase
	spans := weekly(c, r)
	ns := make([]int, len(points))
	for i, p := range points {
		ns[i] = p.n + p.open
		c.Marks = append(c.Marks, t.mark(p, spans[i], y, within(r, &r.Weeks[i])))
	}
	strip(c, 158, 22, spans, ns)
	c.Numbers = t.numbers(r, points)
	return c
}

// unit is what of a week is shown.
func (t trend) unit(points []point) string {
	switch {
	case !t.timed:
		return "share"
	case slices.ContainsFunc(points, func(p point) bool { return p.mean }):
		return "mean"
	}
	return "median"
}

// caption has the signs that are in the chart.
func (t trend) caption(confidence float64, unit string, points []point) []key {
	var all []key
	why := ", too few for an interval"
	if unit == "mean" {
		why = ", which has no interval"
	}
	has := func(is func(p point) bool, class, text string) {
		if slices.ContainsFunc(points, is) {
			all = append(all, key{class, text})
		}
	}
	has(func(p point) bool { return !p.low.IsZero() }, "dot", unit+" of the week")
	has(func(p point) bool { return !p.low.IsZero() }, "band", "its interval, "+share(confidence, 0))
	has(func(p point) bool { return !p.value.IsZero() && p.low.IsZero() }, "hollow", unit+why)
	has(func(p point) bool { return p.open > 0 }, "open", "some have not ended")
	all = append(all, key{"n", "how many, n"})
	if t.timed {
		all = append(all, key{"", "logarithmic scale"})
	}
	return all
}

// weekly places the weeks along a chart, and tells when they are.
func weekly(c *chart, r *dora.Report) []span {
	x := timeScale(r.From, r.To, c.Left, c.Right)
	c.Columns = x.ticks
	spans := make([]span, len(r.Weeks))
	for i := range r.Weeks {
		from, to := x.at(r.Weeks[i].From.Sub(r.From).Seconds()), x.at(r.Weeks[i].To.Sub(r.From).Seconds())
		w := min(max((to-from)*0.68, 2.2), 18)
		spans[i] = span{(from+to)/2 - w/2, w}
	}
	return spans
}

// within names a week.
func within(r *dora.Report, w *dora.Week) string {
	name := "Week of " + instant(w.From)
	if !w.Complete {
		name += ", in part"
	}
	return name
}

func (t trend) mark(p point, at span, y scale, week string) mark {
	m := mark{Says: week + ": no data"}
	value, known := p.value.Get()
	if known {
		m.Says = fmt.Sprintf("%s: %s (%s), n %s", week, t.show(p.value), interval(p.low, p.high, p.n, t.show), p.of)
	} else if p.open > 0 {
		m.Says = week + ": not known yet"
	}
	middle, radius := at.x+at.w/2, min(max(at.w*0.36, 2), 4.2)
	if p.open > 0 {
		m.Says += fmt.Sprintf(", %d open", p.open)
		m.Dots = append(m.Dots, dot{middle, trendTop - 5, radius, "open"})
	}
	if !known {
		return m
	}
	class := "hollow"
	if low, ok := p.low.Get(); ok {
		top, bottom := y.at(p.high.Or(low)), y.at(low)
		m.Bars, class = append(m.Bars, bar{at.x, top, at.w, max(bottom-top, 1), "band"}), "dot"
	}
	m.Dots = append(m.Dots, dot{middle, y.at(value), radius, class})
	return m
}

func (t trend) numbers(r *dora.Report, points []point) table {
	n := table{columns: append(left("Week"), right("Value", "Low", "High", "N", "Open")...)}
	for i, p := range points {
		if p.value.IsZero() && p.open == 0 {
			continue
		}
		n.rows = append(n.rows, row(instant(r.Weeks[i].From), t.show(p.value), t.show(p.low), t.show(p.high), p.of, fmt.Sprint(p.open)))
	}
	return n
}

// deployed is how many deployments there were, week by week: all of them, and no sample, so that there is no interval.
func deployed(r *dora.Report) *chart {
	if len(r.Weeks) == 0 {
		return nil
	}
	most, sum := 0, 0
	for i := range r.Weeks {
		most, sum = max(most, r.Weeks[i].N), sum+r.Weeks[i].N
	}
	y := countScale(most, trendBase, trendTop)
	c := newChart("deployments", "Deployments, week by week", fmt.Sprintf("Deployments in each of %s, %d in all. The numbers are in the table below.", count(len(r.Weeks), "week", "weeks"), sum), 176)
	c.Caption = []key{{"count", "deployments"}, {"", "all are counted, so that there is no interval"}}
	c.Rows, c.Base = y.ticks, trendBase
	c.Numbers.columns = append(left("Week"), right("Deployments", "Days with one")...)
	for i, at := range weekly(c, r) {
		w := &r.Weeks[i]
		class := "count"
		if !w.Complete {
			class = "count part"
		}
		c.Marks = append(c.Marks, mark{
			Says: fmt.Sprintf("%s: %s on %s", within(r, w), count(w.N, "deployment", "deployments"), count(w.Days, "day", "days")),
			Bars: []bar{upright(at.x, at.w, trendBase, y.at(float64(w.N)), class)},
		})
		c.Numbers.rows = append(c.Numbers.rows, row(instant(w.From), fmt.Sprint(w.N), fmt.Sprint(w.Days)))
	}
	return c
}
