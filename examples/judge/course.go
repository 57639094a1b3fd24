package main

import (
	"math"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// course is what is plotted: how the odds and both arms went. It has so many points at most, whatever the
// recording is like: when there are more, each two become one.
type course struct {
	points []point
	span   int // steps in a point
	last   int // steps in the last point
	limit  float64
	begin  time.Duration
}

// point is one or several steps.
type point struct {
	to                  time.Duration
	odds                float64 // the largest
	candidate, baseline metrics.Window
}

const maxPoints = 192

func (c *course) add(s step) {
	p := point{s.at, s.Odds, plotted(s.sample.Candidate), plotted(s.sample.Baseline)}
	if c.points == nil {
		c.span, c.begin = 1, s.at-s.sample.To.Sub(s.sample.From)
	}
	c.limit = s.Limit
	if n := len(c.points); n > 0 && c.last < c.span {
		c.points[n-1] = c.points[n-1].and(p)
		c.last++
		return
	}
	c.points, c.last = append(c.points, p), 1
	if len(c.points) == maxPoints {
		c.points = grouped(c.points, 2)
		c.span, c.last = 2*c.span, 2*c.span
	}
}

// plotted is the part of a window that is plotted.
func plotted(w metrics.Window) metrics.Window {
	return metrics.Window{Requests: w.Requests, Errors: w.Errors, Latency: w.Latency}
}

// grouped makes one point of each n.
func grouped(points []point, n int) []point {
	var all []point
	for i, p := range points {
		if i%n == 0 {
			all = append(all, p)
			continue
		}
		all[len(all)-1] = all[len(all)-1].and(p)
	}
	return all
}

// and is both points.
func (p point) and(q point) point {
	return point{q.to, math.Max(p.odds, q.odds), both(p.candidate, q.candidate), both(p.baseline, q.baseline)}
}

func both(v, w metrics.Window) metrics.Window {
	sum := metrics.Window{Requests: v.Requests + w.Requests, Errors: v.Errors + w.Errors, Latency: v.Latency}
	if len(v.Latency.Bounds) > 0 && len(w.Latency.Bounds) > 0 {
		// A later step may have fewer bounds than an earlier one, never others.
		sum.Latency = v.Latency.Coarsen(w.Latency.Bounds)
	}
	if h, err := sum.Latency.Plus(w.Latency); err == nil {
		sum.Latency = h
	}
	return sum
}

// line is one line of a plot: a value for each point, NaN where there is none.
type line struct {
	name   string
	mark   byte
	values []float64
}

// lines are those of both arms.
func lines(points []point, value func(w metrics.Window) float64) []line {
	both := []line{{"candidate", 'c', nil}, {"baseline", 'b', nil}}
	for _, p := range points {
		both[0].values = append(both[0].values, value(p.candidate))
		both[1].values = append(both[1].values, value(p.baseline))
	}
	return both
}

// panel is one plot.
type panel struct {
	title string
	lines []line
	limit float64                // a horizontal line; NaN: none
	text  func(v float64) string // a value for people
}

// panels are the plots: the odds, on a logarithmic scale, the error rates, and the p99 of latency.
func (c *course) panels(points []point) []panel {
	odds := line{"odds of harm", '*', nil}
	for _, p := range points {
		odds.values = append(odds.values, math.Log10(min(max(p.odds, 1e-3), 1e6)))
	}
	all := []panel{{
		title: "odds of harm, and where it is shown (=)", lines: []line{odds}, limit: math.Log10(c.limit),
		text: func(v float64) string { return ratio(math.Pow(10, v)) },
	}, {
		title: "failed requests: c candidate, b baseline, # both", limit: math.NaN(),
		lines: lines(points, func(w metrics.Window) float64 {
			if w.Requests == 0 {
				return math.NaN()
			}
			return w.ErrorRate()
		}),
		text: func(v float64) string { return percent(v) },
	}}
	slow := lines(points, func(w metrics.Window) float64 {
		if v := w.Latency.Quantile(0.99); !math.IsInf(v, 1) {
			return v
		}
		return w.Latency.Bounds[len(w.Latency.Bounds)-1]
	})
	if measured(slow) {
		all = append(all, panel{title: "p99 of latency: c candidate, b baseline, # both", lines: slow, limit: math.NaN(), text: seconds})
	}
	return all
}

func measured(lines []line) bool {
	for _, l := range lines {
		for _, v := range l.values {
			if !math.IsNaN(v) {
				return true
			}
		}
	}
	return false
}

// scale is from where to where a panel goes.
func (p panel) scale() (low, high float64) {
	low, high = 0, 0
	for _, l := range p.lines {
		for _, v := range l.values {
			if !math.IsNaN(v) {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	if !math.IsNaN(p.limit) {
		high = max(high, p.limit)
	}
	if high == low {
		high = low + 1
	}
	return low, high
}
