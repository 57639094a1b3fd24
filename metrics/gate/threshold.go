package gate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// defaultMinRequests is the least number of requests on which a threshold says anything.
const defaultMinRequests = 100

// ErrorRate fails when more than a given part of a group's requests failed since the bake began.
//
// It is a bare threshold: simple to explain, and without a stated rate of false alarms, which grows
// as the limit comes near to the usual error rate and as MinRequests gets small. Until there are
// enough requests it answers continue, so that a group which gets no traffic never passes.
type ErrorRate struct {
	// Source is where the counts are read.
	Source metrics.Source
	// Of is the group. Default: Candidate.
	Of Group
	// Max is the largest allowed part, from 0 (no request may fail) to 1.
	Max float64
	// MinRequests is how many requests there must be before it answers pass or fail. Default: 100.
	MinRequests uint64
	// MaxAge is how old the end of what is measured may be, for it to pass: what nobody measures any more is no
	// data. Default: 5 min.
	MaxAge time.Duration
}

var _ Gate = ErrorRate{}

// Validate reports everything that is wrong with the settings.
func (e ErrorRate) Validate() error {
	p := problems{of: "ErrorRate"}
	if e.Source == nil {
		p.add("Source", "is missing")
	}
	if !(e.Max >= 0 && e.Max <= 1) {
		p.add("Max", "%v is not a fraction from 0 to 1", e.Max)
	}
	p.check("Of", e.Of.check(false))
	notNegative(&p, "MaxAge", e.MaxAge)
	return p.err()
}

// Check reads the group's counts since the bake began.
func (e ErrorRate) Check(ctx context.Context, s Subject) (Verdict, error) {
	if err := e.Validate(); err != nil {
		return Verdict{}, err
	}
	label, w, err := read(ctx, e.Source, e.Of, s)
	if err != nil {
		return Verdict{}, err
	}
	ev := Evidence{What: "error rate of " + label, Value: w.ErrorRate(), Rule: "<=", Limit: e.Max, Samples: w.Requests}
	text := fmt.Sprintf("%d of %d requests to %s failed (%.2f%%, at most %.2f%% may)", w.Errors, w.Requests, label, 100*ev.Value, 100*e.Max)
	return fresh(judge(ev, text, w.Requests, e.MinRequests), w.To, s.Now, e.MaxAge), nil
}

// Latency fails when a quantile of a group's latency since the bake began is above a limit. Like
// ErrorRate it is a bare threshold.
type Latency struct {
	// Source is where the distribution is read.
	Source metrics.Source
	// Of is the group. Default: Candidate.
	Of Group
	// Quantile is which part of the requests must be as fast as Max, from 0 to 1. Default: 0.99.
	Quantile float64
	// Max is the limit. The resolution is that of the source's buckets. A limit above the last
	// bucket's bound is met by what lies below that bound only: of a quantile above it nobody can
	// tell, and Check is an error then.
	Max time.Duration
	// MinRequests is how many requests there must be before it answers pass or fail. Default: 100.
	MinRequests uint64
	// MaxAge is how old the end of what is measured may be, for it to pass: what nobody measures any more is no
	// data. Default: 5 min.
	MaxAge time.Duration
}

var _ Gate = Latency{}

// Validate reports everything that is wrong with the settings.
func (l Latency) Validate() error {
	p := problems{of: "Latency"}
	if l.Source == nil {
		p.add("Source", "is missing")
	}
	if !(l.Quantile >= 0 && l.Quantile <= 1) {
		p.add("Quantile", "%v is not a fraction from 0 to 1", l.Quantile)
	}
	if l.Max <= 0 {
		p.add("Max", "%s is not above zero", l.Max)
	}
	p.check("Of", l.Of.check(false))
	notNegative(&p, "MaxAge", l.MaxAge)
	return p.err()
}

// Check reads the group's latencies since the bake began.
func (l Latency) Check(ctx context.Context, s Subject) (Verdict, error) {
	if err := l.Validate(); err != nil {
		return Verdict{}, err
	}
	if l.Quantile == 0 {
		l.Quantile = 0.99
	}
	label, w, err := read(ctx, l.Source, l.Of, s)
	if err != nil {
		return Verdict{}, err
	}
	if err := w.Latency.Validate(); err != nil {
		return Verdict{}, fmt.Errorf("the latency of %s cannot be read: %w", label, err)
	}
	v, err := l.judge(label, w.Latency)
	return fresh(v, w.To, s.Now, l.MaxAge), err
}

// judge holds the quantile of a valid distribution against the limit.
func (l Latency) judge(label string, h metrics.Histogram) (Verdict, error) {
	n, value, is := h.Count(), 0.0, "is"
	what := fmt.Sprintf("p%g latency of %s", 100*l.Quantile, label)
	least := cmp.Or(l.MinRequests, defaultMinRequests)
	if n > 0 {
		value = h.Quantile(l.Quantile)
	}
	beyond := math.IsInf(value, 1)
	if beyond {
		// All that is known is that it lies above the last bound.
		value, is = h.Bounds[len(h.Bounds)-1], "is above"
		if limit := l.Max.Seconds(); limit > value && n >= least {
			return Verdict{}, fmt.Errorf("the %s is above %s, where the source's last bucket ends: whether it is above %s cannot be told",
				what, seconds(value), l.Max)
		}
	}
	text := fmt.Sprintf("%s %s %s over %d requests (at most %s)", what, is, seconds(value), n, l.Max)
	if beyond {
		what += " (lower bound)"
	}
	ev := Evidence{What: what, Value: value, Rule: "<=", Limit: l.Max.Seconds(), Samples: n}
	v := judge(ev, text, n, least)
	if beyond && v.Outcome == Pass {
		v.Outcome = Fail // the limit may be the very bound that it is above
	}
	return v, nil
}

// seconds is a number of seconds for people. One that no duration can hold stays a number.
func seconds(s float64) string {
	if math.Abs(s) >= math.MaxInt64/float64(time.Second) {
		return fmt.Sprintf("%gs", s)
	}
	return time.Duration(s * float64(time.Second)).Round(10 * time.Microsecond).String()
}

// read reads the group's window since the bake began. No data is no verdict.
func read(ctx context.Context, source metrics.Source, of Group, s Subject) (string, metrics.Window, error) {
	label, err := of.label(s)
	if err != nil {
		return "", metrics.Window{}, err
	}
	if !s.Since.Before(s.Now) {
		return label, metrics.Window{}, nil // the bake begins just now
	}
	w, err := source.Read(ctx, metrics.Query{Group: label, From: s.Since, To: s.Now})
	if errors.Is(err, metrics.ErrNoData) {
		return label, metrics.Window{}, nil // zero requests, which never suffice
	}
	if err != nil {
		return "", metrics.Window{}, fmt.Errorf("read the metrics of %s: %w", label, err)
	}
	if w.Errors > w.Requests {
		return "", metrics.Window{}, fmt.Errorf("the metrics of %s count %d errors in %d requests", label, w.Errors, w.Requests)
	}
	return label, w, nil
}

// judge holds the evidence against its limit, once there are enough requests.
func judge(ev Evidence, text string, n, least uint64) Verdict {
	if least == 0 {
		least = defaultMinRequests
	}
	v := Verdict{Outcome: Pass, Reason: text, Evidence: []Evidence{ev}}
	switch {
	case n < least:
		v.Outcome, v.NoData = Continue, n == 0
		v.Reason = fmt.Sprintf("%s; %d requests are needed to tell", text, least)
	case !Op(ev.Rule).Holds(ev.Value, ev.Limit):
		v.Outcome = Fail
	}
	return v
}
