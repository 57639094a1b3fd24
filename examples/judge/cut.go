package main

import (
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/judge"
	"github.com/davit-sdk/davit/metrics/trace"
)

const (
	// The shortest stretch that is judged, and the shortest in a recording that is short.
	usualLook    = 5 * time.Second
	shortestLook = time.Second / 2
)

// cutter gathers the lines of both arms, and cuts them into samples where they end together. Where they do
// not, as lines have other lengths or other times, samples are long enough that what is cut off from a line
// is a small part of them.
type cutter struct {
	candidate, baseline *arm
	from                time.Time // where the sample begins; zero before the first line
	to                  time.Time // the end of the latest line
	sums                map[string][]trace.Line
	bounds              []float64 // of latencies, which all so far share
	disjoint            bool      // there are none
	look                time.Duration
	notes               *notes
}

// add takes the next line in the order of time.
func (c *cutter) add(s stretch) error {
	if c.from.IsZero() || s.from.Before(c.from) && c.to.IsZero() {
		c.from = s.from
	}
	c.to = s.to
	const many = 64
	lines := append(c.sums[s.Group], s.Line)
	if len(lines) > many {
		sum, err := trace.Sum(lines...)
		if err != nil {
			return fmt.Errorf("group %q: %w", s.Group, err)
		}
		lines = append(lines[:0], trace.Line{Requests: sum.Requests, Errors: sum.Errors, Latency: sum.Latency})
	}
	c.sums[s.Group] = lines
	return nil
}

// fits reports whether what has been gathered can be cut at its end: of each group, the line that goes on
// there is cut off by a quarter of the sample at most.
func (c *cutter) fits(r *reorder) bool {
	length := c.to.Sub(c.from)
	if length < c.look {
		return false
	}
	for _, a := range []*arm{c.candidate, c.baseline} {
		for _, group := range a.groups() {
			if since, open := r.open(group, c.to); open && c.to.Sub(since) > length/4 {
				return false
			}
		}
	}
	return true
}

// cut is what was gathered as a sample. Another one begins. It is false where there is nothing.
func (c *cutter) cut() (s judge.Sample, ok bool, err error) {
	if !c.from.Before(c.to) {
		return s, false, nil
	}
	s.From, s.To = c.from, c.to
	if s.Candidate, err = c.window(c.candidate); err != nil {
		return s, false, err
	}
	if s.Baseline, err = c.window(c.baseline); err != nil {
		return s, false, err
	}
	if len(c.baseline.parts) > 1 {
		for _, part := range c.baseline.parts {
			w, err := trace.Sum(c.sums[part]...)
			if err != nil {
				return s, false, fmt.Errorf("group %q: %w", part, err)
			}
			s.Parts = append(s.Parts, w)
		}
	}
	c.share(&s)
	c.from = c.to
	clear(c.sums)
	return s, true, nil
}

// window is what was gathered of an arm.
func (c *cutter) window(a *arm) (metrics.Window, error) {
	groups := a.parts
	if a.whole {
		groups = []string{a.name}
	}
	var lines []trace.Line
	for _, group := range groups {
		lines = append(lines, c.sums[group]...)
	}
	w, err := trace.Sum(lines...)
	if err != nil {
		return w, fmt.Errorf("group %q: %w", a.name, err)
	}
	return w, nil
}

// share makes the latencies of a sample comparable, and with those of the samples before: they keep the
// bounds that all of them have.
func (c *cutter) share(s *judge.Sample) {
	all := []*metrics.Window{&s.Candidate, &s.Baseline}
	for i := range s.Parts {
		all = append(all, &s.Parts[i])
	}
	for _, w := range all {
		switch h := w.Latency; {
		case len(h.Bounds) == 0 || c.disjoint:
		case c.bounds == nil:
			c.bounds = h.Bounds
		default:
			c.bounds = h.Coarsen(c.bounds).Bounds
		}
		if w.Latency.Bounds != nil && len(c.bounds) == 0 && !c.disjoint {
			c.disjoint = true
			c.notes.tell("latency", "the latencies have no bound in common: they cannot be compared")
		}
	}
	for _, w := range all {
		if c.disjoint {
			w.Latency = metrics.Histogram{}
		} else if len(w.Latency.Bounds) > 0 {
			w.Latency = w.Latency.Coarsen(c.bounds)
		}
	}
}

// has reports whether a group is a part of an arm.
func (c *cutter) has(group string) bool {
	for _, a := range []*arm{c.candidate, c.baseline} {
		if name, isPart := armOf(group, []string{a.name}); name != "" && (isPart || a.whole) {
			return true
		}
	}
	return false
}

// arms says which groups they are.
func (c *cutter) arms() string {
	name := func(a *arm) string {
		if a.name == "" {
			return "missing"
		}
		return fmt.Sprintf("%q", a.name)
	}
	return fmt.Sprintf("the candidate is %s, the baseline %s", name(c.candidate), name(c.baseline))
}
