package rehearse_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rehearse"
)

// canary gives 10 % for a minute, then all, with the gate "harm" in between.
func canary(t *testing.T) strategy.Plan {
	t.Helper()
	from := strategy.State{Stable: strategy.Group{Revision: revision("1.0.0"), Replicas: 10, Share: strategy.All()}}
	plan, err := strategy.Canary{Steps: []strategy.CanaryStep{
		{Share: strategy.Percent(10), Bake: time.Minute, Gates: []string{"harm"}},
	}}.Plan(from, revision("1.1.0"))
	require.NoError(t, err)
	return plan
}

// threshold is a bare limit on the candidate's errors.
func threshold(most float64) func(metrics.Source) (map[string]gate.Gate, error) {
	return func(s metrics.Source) (map[string]gate.Gate, error) {
		return map[string]gate.Gate{"harm": gate.ErrorRate{Source: s, Max: most}}, nil
	}
}

func rehearsal(t *testing.T) rehearse.Rehearsal {
	return rehearse.Rehearsal{
		Plan: canary(t), Gates: threshold(0.05), Runs: 40,
		Traffic: rehearse.Traffic{Rate: 100, Service: rehearse.Service{ErrorRate: 0.01}},
		Times:   strategy.EstimateOptions{Startup: 20 * time.Second, Drain: 5 * time.Second},
	}
}

// A good release goes through, in the time that the plan estimates; what the candidate answered is its
// share of the traffic.
func TestGoodRelease(t *testing.T) {
	r := rehearsal(t)
	report, err := r.Run(t.Context())
	require.NoError(t, err)
	assert.InDelta(t, 1, report.Promoted, 1e-9)
	estimate := r.Plan.Estimate(r.Times)
	assert.Equal(t, rehearse.Spread{P50: estimate.Duration, P90: estimate.Duration, Max: estimate.Duration}, report.Promotion)
	want := 100 * estimate.Exposure.Seconds()
	assert.InDelta(t, want, report.Exposed, 5*math.Sqrt(want/40))
	assert.InDelta(t, want/100, report.Failed, 5*math.Sqrt(want/100/40))
	assert.Zero(t, report.Asked)
	assert.Contains(t, report.String(), "40 runs: 100% promoted, 0% rolled back")
}

// A bad one is taken back as soon as there is enough data, and what it costs is told.
func TestHarmfulRelease(t *testing.T) {
	r := rehearsal(t)
	r.Traffic.Harm = rehearse.Harm{Errors: 0.5}
	report, err := r.Run(t.Context())
	require.NoError(t, err)
	assert.InDelta(t, 1, report.RolledBack, 1e-9)
	// Twenty seconds until it starts; a hundred requests at ten a second.
	assert.InDelta(t, 31, report.Rollback.P50.Seconds(), 6)
	assert.Equal(t, 5*time.Second, report.Return.P50, "it drains, and is gone")
	assert.InDelta(t, 60+25, report.Failed, 40)
	assert.Contains(t, report.Runs[0].Reason, `gate "harm"`)
	assert.Contains(t, report.String(), "found out after")

	r.Traffic.Harm.After = 40 * time.Second
	late, err := r.Run(t.Context())
	require.NoError(t, err)
	assert.Greater(t, late.Rollback.P50, report.Rollback.P50, "harm that begins late is found late")
}

func TestCurve(t *testing.T) {
	r := rehearsal(t)
	curve, err := r.Curve(t.Context(), rehearse.Harm{}, rehearse.Harm{Errors: 0.03}, rehearse.Harm{Errors: 0.04}, rehearse.Harm{Errors: 0.2})
	require.NoError(t, err)
	require.Len(t, curve, 4)
	for i := 1; i < len(curve); i++ {
		assert.GreaterOrEqual(t, curve[i].Report.RolledBack, curve[i-1].Report.RolledBack)
	}
	assert.Zero(t, curve[0].Report.RolledBack)
	assert.InDelta(t, 1, curve[3].Report.RolledBack, 1e-9)
	assert.Contains(t, curve.String(), "+20 points of errors")
	_, err = r.Curve(t.Context(), rehearse.Harm{}, rehearse.Harm{Errors: 2})
	require.ErrorContains(t, err, "harm 2")
}

// The same seed gives the same report, another one another, on however many processors.
func TestSeeds(t *testing.T) {
	r := rehearsal(t)
	r.Traffic.Harm.Errors = 0.04
	first, err := r.Run(t.Context())
	require.NoError(t, err)
	again, err := r.Run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, first, again)
	r.Seed = 1
	other, err := r.Run(t.Context())
	require.NoError(t, err)
	assert.NotEqual(t, first, other)
}

func TestGatesThatDoNotAnswer(t *testing.T) {
	r := rehearsal(t)
	r.Gates = func(metrics.Source) (map[string]gate.Gate, error) {
		return map[string]gate.Gate{"harm": gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
			return gate.Verdict{}, errors.New("connection refused")
		})}, nil
	}
	report, err := r.Run(t.Context())
	require.NoError(t, err)
	assert.InDelta(t, 1, report.RolledBack, 1e-9)
	assert.InDelta(t, 1, report.Asked, 1e-9)
	assert.Positive(t, report.Errors)
	assert.Equal(t, 20*time.Second+time.Minute+10*time.Minute+time.Hour, report.Rollback.P50.Round(time.Second))
	r.Decision.Default = strategy.AnswerResume
	report, err = r.Run(t.Context())
	require.NoError(t, err)
	assert.InDelta(t, 1, report.Promoted, 1e-9)
	r.Limit = 5 * time.Minute
	report, err = r.Run(t.Context())
	require.NoError(t, err)
	assert.InDelta(t, 1, report.Undecided, 1e-9)
}

func TestIrreversible(t *testing.T) {
	r := rehearsal(t)
	var err error
	r.Plan, err = r.Plan.MarkIrreversible(0, "drops a column")
	require.NoError(t, err)
	r.Traffic.Harm.Errors = 0.5
	report, err := r.Run(t.Context())
	require.NoError(t, err)
	assert.InDelta(t, 1, report.Frozen, 1e-9)
	assert.Contains(t, report.Runs[0].Reason, "drops a column")
}

func TestValidate(t *testing.T) {
	plan := canary(t)
	back, err := strategy.Abort(plan, 0)
	require.NoError(t, err)
	bad := rehearse.Rehearsal{
		Plan: back, GateInterval: -1, Patience: -1, Limit: -1, Runs: -1, Times: strategy.EstimateOptions{Startup: -1, Drain: -1},
		Decision: strategy.Pause{Deadline: -1, Default: "perhaps"},
		Traffic: rehearse.Traffic{
			Rate: math.Inf(1), Service: rehearse.Service{ErrorRate: 2, P99: 1},
			Harm: rehearse.Harm{Errors: math.NaN(), Slower: -1, Tail: 2, After: -1},
		},
	}
	err = bad.Validate()
	for _, field := range []string{
		"Plan: it is a way back", "GateInterval", "Patience", "Limit", "Runs", "Times.Startup", "Times.Drain", "Decision.Deadline", "Decision.Default",
		"Traffic.Rate", "Traffic.Service.ErrorRate", "Traffic.Service.P99", "Traffic.Service.Median",
		"Traffic.Harm.Errors", "Traffic.Harm.Slower", "Traffic.Harm.Tail", "Traffic.Harm.TailBy", "Traffic.Harm.After",
	} {
		require.ErrorContains(t, err, "Rehearsal."+field)
	}
	require.ErrorContains(t, rehearse.Rehearsal{Plan: plan}.Validate(), `there is no gate "harm"`)
	require.ErrorContains(t, rehearse.Rehearsal{Plan: plan, Gates: threshold(7)}.Validate(), "ErrorRate.Max")
	_, err = rehearse.Rehearsal{Plan: plan, Gates: func(metrics.Source) (map[string]gate.Gate, error) { return nil, errors.New("no key") }}.Run(t.Context())
	require.ErrorContains(t, err, "no key")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	_, err = rehearsal(t).Run(ctx)
	require.ErrorContains(t, err, "enough")
}

// What a rollout refuses, a rehearsal does, and names.
func TestGatesAreCheckedAsInARollout(t *testing.T) {
	from := strategy.State{Stable: strategy.Group{Revision: revision("1.0.0"), Replicas: 4, Share: strategy.All()}}
	plan, err := strategy.Rolling{Bake: time.Minute, Gates: []string{"a"}}.Plan(from, revision("1.1.0"))
	require.NoError(t, err)
	for want, g := range map[string]func(s metrics.Source) gate.Gate{
		"ErrorRate.Max": func(s metrics.Source) gate.Gate { return wrapped{gate.ErrorRate{Source: s, Max: 2}} },
		"has no stable group": func(s metrics.Source) gate.Gate {
			return gate.Relative{Source: gate.Windows{Source: s}, Name: "error rate"}
		},
	} {
		_, err := rehearse.Rehearsal{Plan: plan, Gates: func(s metrics.Source) (map[string]gate.Gate, error) {
			return map[string]gate.Gate{"a": g(s)}, nil
		}}.Run(t.Context())
		assert.ErrorContains(t, err, want)
	}
}

// wrapped is a gate in another one that has no settings of its own.
type wrapped struct{ gate gate.Gate }

func (w wrapped) Unwrap() gate.Gate { return w.gate }

func (w wrapped) Check(ctx context.Context, s gate.Subject) (gate.Verdict, error) {
	return w.gate.Check(ctx, s)
}

// A target that walks by itself is rehearsed batch by batch, within the limits of the plan: it takes the
// time, and exposes what the plan estimates, and harm in its middle costs requests before anybody looks.
func TestNativeIsRehearsed(t *testing.T) {
	from := strategy.State{Stable: strategy.Group{Revision: revision("1.0.0"), Replicas: 10, Share: strategy.All()}}
	plan, err := strategy.Native{After: strategy.Hold{Bake: time.Minute, Gates: []string{"harm"}}}.Plan(from, revision("1.1.0"))
	require.NoError(t, err)
	r := rehearsal(t)
	r.Plan = plan
	report, err := r.Run(t.Context())
	require.NoError(t, err)
	assert.InDelta(t, 1, report.Promoted, 1e-9)
	estimate := plan.Estimate(r.Times)
	assert.Equal(t, estimate.Duration, report.Promotion.Max)
	want := 100 * estimate.Exposure.Seconds()
	assert.InDelta(t, want, report.Exposed, 5*math.Sqrt(want/40))

	r.Traffic.Harm = rehearse.Harm{Errors: 0.5}
	report, err = r.Run(t.Context())
	require.NoError(t, err)
	assert.InDelta(t, 1, report.RolledBack, 1e-9)
	assert.Greater(t, report.Exposed, 100*10.0, "the way there exposes")
	assert.Greater(t, report.Runs[0].Duration, report.Runs[0].Decided+40*time.Second, "and so does the way back")
}
