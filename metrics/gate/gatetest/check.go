package gatetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
)

// Case is a situation in which a gate is asked.
type Case struct {
	// Name names the case.
	Name string
	// New makes the gate anew, so that it reads the world. It is called for each law.
	New func(w *World) gate.Gate
	// Subject is what the gate is asked about, first. Zero: candidate 1.1.0 with half of the traffic beside
	// stable 1.0.0, ten minutes after the bake began.
	Subject gate.Subject
	// Looks is how often it is asked, with the memory of the time before, and Every is how much later
	// each time. Zero: once, and 5 s.
	Looks int
	Every time.Duration
	// Want is the last answer where all is well. Empty: gate.Pass.
	Want gate.Outcome
	// Windows are what a metrics.Source answers where all is well. Nil: a hundred requests a second that
	// take 10 to 190 ms, none of which fails.
	Windows func(q metrics.Query) metrics.Window
	// Points are what a metrics.SeriesSource answers where all is well. Nil: the value of Number, each 5 s.
	Points func(q metrics.SeriesQuery) []metrics.Point
	// Number is what World.Number reads where all is well.
	Number float64
	// Harm is what a metrics.Source answers of a group that is harmed. Nil: as Windows, and each request fails
	// and takes longer than the last bucket.
	Harm func(q metrics.Query) metrics.Window
	// Bad is what World.Number and a series read of a group that is harmed. Nil: as ever.
	Bad *float64
	// Patience is how long an answer may take. Zero: 10 s.
	Patience time.Duration
}

func (c Case) patience() time.Duration {
	if c.Patience == 0 {
		return 10 * time.Second
	}
	return c.Patience
}

func (c Case) want() gate.Outcome {
	if c.Want == "" {
		return gate.Pass
	}
	return c.Want
}

func (c Case) every() time.Duration {
	if c.Every == 0 {
		return 5 * time.Second
	}
	return c.Every
}

// subjects are what the gate is asked about, one after the other.
func (c Case) subjects() []gate.Subject {
	s, every := c.Subject, c.every()
	if s.Now.IsZero() {
		since := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		s = gate.Subject{Step: "step 1", Stable: "1.0.0", Candidate: "1.1.0", Since: since, Now: since.Add(10 * time.Minute), Share: 0.5}
	}
	var all []gate.Subject
	for i := range max(c.Looks, 1) {
		next := s
		next.Now = s.Now.Add(time.Duration(i) * every)
		all = append(all, next)
	}
	return all
}

func (c Case) windows() func(q metrics.Query) metrics.Window {
	if c.Windows != nil {
		return c.Windows
	}
	return func(q metrics.Query) metrics.Window {
		const kinds = 10
		n := uint64(100 / kinds * q.To.Sub(q.From).Seconds())
		h := metrics.NewHistogram(metrics.LogBounds(0.001, 10, 1.1))
		for i := range kinds {
			h.Observe(0.01 + 0.02*float64(i))
		}
		for i := range h.Counts {
			h.Counts[i] *= n
		}
		return metrics.Window{From: q.From, To: q.To, Requests: kinds * n, Latency: h}
	}
}

func (c Case) harmed() func(q metrics.Query) metrics.Window {
	if c.Harm != nil {
		return c.Harm
	}
	return func(q metrics.Query) metrics.Window {
		n := c.windows()(q)
		n.Errors = n.Requests
		if bounds := n.Latency.Bounds; len(bounds) > 0 {
			all := n.Latency.Count()
			n.Latency = metrics.NewHistogram(bounds)
			n.Latency.Counts[len(bounds)] = all
		}
		return n
	}
}

func (c Case) points() func(q metrics.SeriesQuery) []metrics.Point {
	if c.Points != nil {
		return c.Points
	}
	return func(q metrics.SeriesQuery) (all []metrics.Point) {
		for at := q.From; at.Before(q.To) && len(all) < 10_000; at = at.Add(5 * time.Second) {
			all = append(all, metrics.Point{At: at, Value: c.Number})
		}
		return all
	}
}

// Violation says which law a gate breaks, in which case, and how.
type Violation struct {
	Law, Case, Reason string
}

// Error is the law, the case and the reason.
func (v *Violation) Error() string {
	if v.Case == "" {
		return fmt.Sprintf("law %s: %s", v.Law, v.Reason)
	}
	return fmt.Sprintf("law %s, case %s: %s", v.Law, v.Case, v.Reason)
}

// Check reports every law that a gate breaks, each as a *Violation in one joined error.
func Check(cases ...Case) error {
	var errs []error
	for _, l := range laws() {
		found, _ := l.all(cases)
		for _, v := range found {
			errs = append(errs, v)
		}
	}
	return errors.Join(errs...)
}

// Run checks each law as a subtest of its name.
func Run(t *testing.T, cases ...Case) {
	t.Helper()
	for _, l := range laws() {
		t.Run(l.name, func(t *testing.T) {
			t.Helper()
			found, skipped := l.all(cases)
			for _, v := range found {
				t.Error(v)
			}
			if skipped != "" {
				t.Skip("does not apply: " + skipped)
			}
		})
	}
}

// law is one law. check returns what is wrong, and why the law does not apply, if so.
type law struct {
	name  string
	check func(c Case) (wrong, skipped string)
}

// all checks the law in each case. It is skipped where it applies in none.
func (l law) all(cases []Case) (found []*Violation, skipped string) {
	applied := false
	for _, c := range cases {
		wrong, skip := l.check(c)
		if wrong != "" {
			found = append(found, &Violation{l.name, c.Name, wrong})
		}
		if applied = applied || skip == ""; skip != "" {
			skipped = skip
		}
	}
	if applied {
		skipped = ""
	}
	return found, skipped
}
