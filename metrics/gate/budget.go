package gate

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// Budget holds a group to what is left of its error budget: the errors that a service level objective
// allows in a Period, without those that there were. It suits the question whether a release may begin:
// who has spent the budget repairs, and releases nothing else.
//
// A source that knows less than the whole Period gives no verdict, unless Known says that less is enough. A
// label that belongs to one revision has no longer a past than that: where a stage asks (package stage/gate),
// its Subject says under which label the service is measured.
type Budget struct {
	// Source is where the counts are read.
	Source metrics.Source
	// Of is the group; Whole is the sum of the groups that the step has. Default: Stable, as a candidate
	// has no past.
	Of Group
	// SLO is the part of the requests that must not fail: 0.999. It is above 0 and below 1.
	SLO float64
	// Period is what the objective is for, up to the time of asking. Default: 30 days.
	Period time.Duration
	// Left is the part of the budget that must be left, from 0 to 1. Zero: it must not be overdrawn.
	Left float64
	// Known is how much of the period the source must know. Default: all of it.
	Known time.Duration
	// MinRequests is how many requests there must be. Default: 100.
	MinRequests uint64
	// MaxAge is how old the end of what is measured may be, for it to pass: what nobody measures any more is no
	// data. Default: 5 min.
	MaxAge time.Duration
}

var _ Gate = Budget{}

// Validate reports everything that is wrong with the settings.
func (g Budget) Validate() error {
	p := problems{of: "Budget"}
	objective(&p, g.Source, g.Of, g.SLO, g.Period)
	if !(g.Left >= 0 && g.Left <= 1) {
		p.add("Left", "%v is not a fraction from 0 to 1", g.Left)
	}
	notNegative(&p, "Known", g.Known)
	notNegative(&p, "MaxAge", g.MaxAge)
	if g.Known > g.period() {
		p.add("Known", "%s is more than the period of %s", g.Known, g.period())
	}
	return p.err()
}

func (g Budget) period() time.Duration {
	if g.Period == 0 {
		return DefaultPeriod
	}
	return g.Period
}

// Check reads the counts of the period.
func (g Budget) Check(ctx context.Context, s Subject) (Verdict, error) {
	if err := g.Validate(); err != nil {
		return Verdict{}, err
	}
	if g.Of == "" {
		g.Of = Stable
	}
	t, err := totals(ctx, g.Source, g.Of, s, g.period())
	if err != nil {
		return Verdict{}, err
	}
	known := g.period()
	if g.Known > 0 {
		known = g.Known
	}
	if t.undated {
		return Verdict{}, fmt.Errorf("the source does not say since when it knows the metrics of %s", t.name)
	}
	if since := s.Now.Add(-known); t.Requests > 0 && t.from.After(since) {
		return Verdict{}, fmt.Errorf("the metrics of %s begin at %s, and must be known since %s", t.name,
			t.from.UTC().Format(time.RFC3339), since.UTC().Format(time.RFC3339))
	}
	// Of the budget, (1-SLO) of all requests, the errors are this part.
	left := 1 - t.rate()/(1-g.SLO)
	if math.Abs(left-g.Left) < 1e-9 {
		left = g.Left // rounding must not decide at the limit
	}
	ev := Evidence{What: "error budget left to " + t.name, Value: left, Rule: ">=", Limit: g.Left, Samples: t.Requests}
	text := fmt.Sprintf("%d of %d requests to %s failed in %s: %.4g%% of the error budget is left, and %g%% must be",
		t.Errors, t.Requests, t.name, g.period(), 100*left, 100*g.Left)
	return fresh(judge(ev, text, t.Requests, g.MinRequests), t.to, s.Now, g.MaxAge), nil
}
