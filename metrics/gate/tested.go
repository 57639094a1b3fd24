package gate

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/davit-sdk/davit/metrics"
)

// TestResults are how the tests of a revision ended.
type TestResults struct {
	Passed, Failed, Skipped uint64
}

// Tests holds a revision to its test results. Tests that were not run prove nothing: it answers continue
// until there are results of enough of them.
type Tests struct {
	// What names the tests. Default: "tests".
	What string
	// Read reads the results for the subject's revision. Its errors are as those of a Reader.
	Read func(ctx context.Context, s Subject) (TestResults, error)
	// MaxFailed is how many may have failed. Zero: none.
	MaxFailed uint64
	// MaxSkipped is the largest part of all tests that may have been skipped, from 0 to 1. Zero: any
	// part, as long as MinRun have run.
	MaxSkipped float64
	// MinRun is how many must have run, whether they passed or failed. Default: 1.
	MinRun uint64
}

var _ Gate = Tests{}

// Validate reports everything that is wrong with the settings.
func (g Tests) Validate() error {
	p := problems{of: "Tests"}
	if g.Read == nil {
		p.add("Read", "is missing")
	}
	if !(g.MaxSkipped >= 0 && g.MaxSkipped <= 1) {
		p.add("MaxSkipped", "%v is not a fraction from 0 to 1", g.MaxSkipped)
	}
	return p.err()
}

// Check reads the results.
func (g Tests) Check(ctx context.Context, s Subject) (Verdict, error) {
	if err := g.Validate(); err != nil {
		return Verdict{}, err
	}
	what := g.What
	if what == "" {
		what = "tests"
	}
	r, err := g.Read(ctx, s)
	switch {
	case errors.Is(err, metrics.ErrNoData):
		r = TestResults{}
	case err != nil:
		return Verdict{}, fmt.Errorf("read the results of the %s: %w", what, err)
	}
	ran := r.Passed + r.Failed
	if ran < r.Passed || r.Skipped > math.MaxUint64-ran {
		return Verdict{}, fmt.Errorf("the results of the %s count more tests than can be added up", what)
	}
	v := Verdict{Outcome: Pass, Reason: fmt.Sprintf("%d of %d %s failed (at most %d may), %d were skipped", r.Failed, ran, what, g.MaxFailed, r.Skipped)}
	v.Evidence = []Evidence{{What: "failed " + what, Value: float64(r.Failed), Rule: "<=", Limit: float64(g.MaxFailed), Samples: ran}}
	skipped := 0.0
	if r.Skipped > 0 {
		skipped = float64(r.Skipped) / float64(ran+r.Skipped)
	}
	if g.MaxSkipped > 0 {
		v.Evidence = append(v.Evidence, Evidence{What: "part of skipped " + what, Value: skipped, Rule: "<=", Limit: g.MaxSkipped, Samples: ran + r.Skipped})
	}
	switch least := max(g.MinRun, 1); {
	case r.Failed > g.MaxFailed:
		v.Outcome = Fail // more of them can only make it worse
	case ran < least:
		v.Outcome, v.NoData = Continue, ran == 0
		v.Reason += fmt.Sprintf("; %d must have run", least)
	case g.MaxSkipped > 0 && skipped > g.MaxSkipped:
		v.Outcome = Fail
		v.Reason += fmt.Sprintf(", at most %.3g%% may be", 100*g.MaxSkipped)
	}
	return v, nil
}
