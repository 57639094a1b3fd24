package gate

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// Windows lets Series and Relative read what a metrics.Source counts, so that the error rate of a candidate
// can be held against that of the baseline, say. The series that there are:
//
//	"requests", "errors"  how many there were in the stretch; of no request at all there is no data
//	"error rate"          errors by requests
//	"latency p99"         a quantile of the latency, in seconds: any percentage from p0 to p100, also p99.9
//	a name of Counts      how often it was counted in the stretch
//	a name of Gauges      the values that were sampled, spread evenly over the stretch
//
// A point is of the end of what was measured, so that Series and Relative see by its age when nobody measures
// any more.
//
// Any other name is refused by Validate: a source that knows its names beforehand says which counts and gauges
// it has (metrics.Namer), and for any other source Names does.
type Windows struct {
	Source metrics.Source
	// Names are the counts and gauges that are read of a source which cannot tell its names.
	Names []string
	// MinRequests is how many requests a stretch must have, for a series that depends on them: below that
	// there is no data. Default: 100.
	MinRequests uint64
}

var _ metrics.SeriesSource = Windows{}

// latencyPrefix is what a quantile of the latency is called, up to its percentage.
const latencyPrefix = "latency p"

// Series reads one window, and makes points of it.
func (w Windows) Series(ctx context.Context, q metrics.SeriesQuery) ([]metrics.Point, error) {
	n, err := w.Source.Read(ctx, metrics.Query{Group: q.Group, From: q.From, To: q.To})
	if err != nil {
		return nil, err
	}
	if n.Errors > n.Requests {
		return nil, fmt.Errorf("there are %d errors in %d requests", n.Errors, n.Requests)
	}
	least := w.MinRequests
	if least == 0 {
		least = defaultMinRequests
	}
	last := q.To.Add(-1) // of what is known; of a source that does not say until when, of what was asked for
	if !n.To.IsZero() && n.To.Before(q.To) {
		if last = n.To.Add(-1); last.Before(q.From) {
			return nil, metrics.ErrNoData
		}
	}
	point := func(v float64, enough bool) ([]metrics.Point, error) {
		if !enough {
			return nil, metrics.ErrNoData
		}
		return []metrics.Point{{At: last, Value: v}}, nil
	}
	switch q.Name {
	case "requests":
		return point(float64(n.Requests), n.Requests > 0)
	case "errors":
		return point(float64(n.Errors), n.Requests >= least)
	case "error rate":
		return point(n.ErrorRate(), n.Requests >= least)
	}
	if part, ok := quantileOf(q.Name); ok {
		if err := n.Latency.Validate(); err != nil {
			return nil, fmt.Errorf("the latency cannot be read: %w", err)
		}
		value, enough := n.Latency.Quantile(part), n.Latency.Count() >= least
		if bounds := n.Latency.Bounds; enough && math.IsInf(value, 1) {
			return nil, &BeyondError{Name: q.Name, Bound: bounds[len(bounds)-1]}
		}
		return point(value, enough)
	}
	if count, ok := n.Counts[q.Name]; ok {
		return point(float64(count), true)
	}
	return spread(n.Gauges[q.Name], q.From, last), nil
}

// spread lays values evenly over a stretch.
func spread(values []float64, from, last time.Time) []metrics.Point {
	points := make([]metrics.Point, len(values))
	for i, v := range values {
		part := float64(i+1) / float64(len(values))
		points[i] = metrics.Point{At: from.Add(time.Duration(part * float64(last.Sub(from)))), Value: v}
		if points[i].At.After(last) { // by rounding
			points[i].At = last
		}
	}
	return points
}

// quantileOf is the part that the name of a quantile of the latency asks for.
func quantileOf(name string) (float64, bool) {
	text, ok := strings.CutPrefix(name, latencyPrefix)
	if !ok {
		return 0, false
	}
	percent, err := strconv.ParseFloat(text, 64)
	return percent / 100, err == nil && percent >= 0 && percent <= 100
}

// validate reports a name that there is not.
func (w Windows) validate(p *problems, name string) {
	if w.Source == nil {
		p.add("Source.Source", "is missing")
		return
	}
	_, isQuantile := quantileOf(name)
	if name == "" || isQuantile || slices.Contains([]string{"requests", "errors", "error rate"}, name) {
		return
	}
	if strings.HasPrefix(name, latencyPrefix) {
		p.add("Name", "%w: %q asks for no percentage from 0 to 100", metrics.ErrUnknownMetric, name)
		return
	}
	if n, ok := unwrapped[metrics.Namer](w.Source); ok {
		p.check("Name", unnamed(n, name))
	} else if !slices.Contains(w.Names, name) {
		p.add("Name", "%w: %q is nothing that is read of each source, nor one of Source.Names", metrics.ErrUnknownMetric, name)
	}
}

// BeyondError is the error of a series whose value lies above all that its source tells apart: a quantile of
// the latency above the last bucket. Series and Relative fail where that alone is too much, and give no verdict
// else.
type BeyondError struct {
	Name string
	// Bound is the number that the value is above.
	Bound float64
}

// Error says above what the value lies.
func (e *BeyondError) Error() string {
	return fmt.Sprintf("the %s is above %s, where the last bucket ends; by how much cannot be told", e.Name, number(e.Bound))
}

// judge holds a value above the bound against limits: it fails where one is broken by each such value, and
// passes where all are kept by each.
func (e *BeyondError) judge(what string, b bounds, cause error) (Verdict, error) {
	v := b.judge(what+" (lower bound)", e.Bound, 1)
	v.Reason = fmt.Sprintf("%s; %s", e, v.Reason)
	v.Outcome = Pass
	for _, one := range b {
		far := one.Limit <= e.Bound // then all that is above the bound is above the limit
		switch {
		case far && (one.Op == "<" || one.Op == "<=" || one.Op == "=="):
			v.Outcome = Fail
			return v, nil
		case !far || one.Op != ">" && one.Op != ">=" && one.Op != "!=":
			v.Outcome = ""
		}
	}
	if v.Outcome == "" {
		return Verdict{}, cause
	}
	return v, nil
}
