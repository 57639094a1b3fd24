package report

import (
	"fmt"
	"math"
	"slices"

	"github.com/davit-sdk/davit/metrics/dora"
)

const (
	spreadTop  px = 62
	spreadBase px = 212
)

// distribution shows how lead times are spread: how many there are in each of the spans that double, and its quantiles.
func distribution(r *dora.Report, o Options) *chart {
	d := r.LeadTime
	if d == nil || d.N == 0 {
		return nil
	}
	times := slices.Sorted(slices.Values(o.LeadTimes))
	reach := append([]float64(nil), times...)
	for _, f := range []dora.Figure{d.P50, d.P90, d.Low, d.High, d.Mean} {
		if v, ok := f.Get(); ok {
			reach = append(reach, v)
		}
	}
	x := durationScale(reach, plotLeft, plotRight)
	c := newChart("distribution", "How lead times are spread", fmt.Sprintf("Lead times of %s: half are within %s, three quarters within %s, nine tenths within %s. The numbers are in the table below.",
		count(d.N, "change", "changes"), duration(d.P50), duration(d.P75), duration(d.P90)), 244)
	c.Columns, c.Base = x.ticks, spreadBase
	c.Caption = []key{{"", "logarithmic scale"}}
	if low, ok := d.Low.Get(); ok {
		from, to := x.at(low), x.at(d.High.Or(low))
		c.Marks = append(c.Marks, mark{Says: "interval of the median: " + interval(d.Low, d.High, d.N, duration), Bars: []bar{{from, spreadTop, max(to-from, 1), spreadBase - spreadTop, "band"}}})
		c.Caption = append(c.Caption, key{"band", "interval of the median, " + share(r.Confidence, 0)})
	}
	if len(times) > 0 {
		histogram(c, x, times)
	} else {
		c.Caption = append(c.Caption, key{"", "single lead times are not known here"})
	}
	quantile(c, x, d)
	return c
}

// A bin has the durations from one limit on, and below the next.
type bin struct {
	from, to float64
	n        int
}

// manyTimes is from how many on a doubling is two bins.
const manyTimes = 400

// bins are those that have something, and the empty ones between them, of times that ascend. What is shorter than a second belongs to
// the first.
func bins(times []float64) []bin {
	halves := 1
	if len(times) >= manyTimes {
		halves = 2
	}
	limit := func(i int) float64 { return minute * math.Exp2(float64(i)/float64(halves)) }
	var all []bin
	next := 0
	for _, t := range times {
		t = max(t, 1)
		if len(all) == 0 {
			next = int(math.Floor(math.Log2(t/minute) * float64(halves)))
		}
		for len(all) == 0 || all[len(all)-1].to <= t {
			all = append(all, bin{from: limit(next), to: limit(next + 1)})
			next++
		}
		all[len(all)-1].n++
	}
	return all
}

func histogram(c *chart, x scale, times []float64) {
	all := bins(times)
	most := 0
	for _, b := range all {
		most = max(most, b.n)
	}
	y := countScale(most, spreadBase, spreadTop)
	c.Rows = y.ticks
	c.Caption = append(c.Caption, key{"count", fmt.Sprintf("lead times, %d", len(times))})
	c.Numbers.columns = append(left("From", "To"), right("Lead times", "Share")...)
	for _, b := range all {
		from, to := x.at(b.from), x.at(b.to)
		says := fmt.Sprintf("%s to %s: %d", seconds(b.from), seconds(b.to), b.n)
		c.Marks = append(c.Marks, mark{Says: says, Bars: []bar{upright(from+1, max(to-from-2, 1), spreadBase, y.at(float64(b.n)), "count")}})
		c.Numbers.rows = append(c.Numbers.rows, row(seconds(b.from), seconds(b.to), fmt.Sprint(b.n), percent(dora.Known(float64(b.n)/float64(len(times))))))
	}
	if len(times) > 80 {
		return
	}
	c.Caption = append(c.Caption, key{"rug", "each of them"})
	m := mark{Says: "each lead time"}
	for _, t := range times {
		m.Lines = append(m.Lines, line{x.at(t), spreadBase - 7, x.at(t), spreadBase, "rug"})
	}
	c.Marks = append(c.Marks, m)
}

// quantile marks the quantiles and the mean, each label on a line of its own.
func quantile(c *chart, x scale, d *dora.Durations) {
	if len(c.Numbers.columns) == 0 {
		c.Numbers.columns = append(left("Quantile"), right("Lead time")...)
	}
	for i, q := range []struct {
		name string
		of   dora.Figure
	}{{"p50", d.P50}, {"p75", d.P75}, {"p90", d.P90}, {"mean", d.Mean}} {
		v, ok := q.of.Get()
		if !ok {
			continue
		}
		at, y, class := x.at(v), px(12+13*i), "quantile"
		if q.name == "mean" {
			class = "mean"
		}
		label := text{at + 5, y, "label", "start", q.name + " " + duration(q.of)}
		if at > c.Right-120 {
			label.X, label.Anchor = at-5, "end"
		}
		c.Labels = append(c.Labels, label)
		c.Marks = append(c.Marks, mark{Says: label.Text, Lines: []line{{at, y - 9, at, spreadBase, class}}})
		if len(c.Numbers.columns) == 2 {
			c.Numbers.rows = append(c.Numbers.rows, row(q.name, duration(q.of)))
		}
	}
}
