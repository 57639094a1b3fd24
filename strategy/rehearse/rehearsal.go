package rehearse

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/hashicorp/go-multierror"
	"golang.org/x/sync/errgroup"

	"github.com/davit-sdk/davit/internal/subject"
	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
)

// The defaults of a Rehearsal. Those of the gates are the defaults of rollout.Options.
const (
	DefaultRuns         = 200
	DefaultGateInterval = 5 * time.Second
	DefaultPatience     = 10 * time.Minute
	DefaultDecision     = time.Hour
	DefaultLimit        = 24 * time.Hour
)

// Rehearsal is a rollout that is to be played through.
type Rehearsal struct {
	// Plan is what a strategy answered. It must not be a way back.
	Plan strategy.Plan
	// Gates makes the gates that the plan names, over the simulated traffic. It is called once for each
	// run, and for different runs at once. Nil: no gates.
	Gates func(source metrics.Source) (map[string]gate.Gate, error)
	// Traffic is who asks, and how the two revisions answer.
	Traffic Traffic
	// Times are how long instances take to start and to drain. Zero: no time at all.
	Times strategy.EstimateOptions
	// GateInterval and Patience are those of rollout.Options. Zero: their defaults, 5 s and 10 min.
	GateInterval, Patience time.Duration
	// Decision is that of rollout.Options: what becomes of a release whose gates do not agree within
	// Patience, or are inconclusive, when nobody answers. Default: it is taken back after 1 h.
	Decision strategy.Pause
	// Runs is how many times it is played. Zero: DefaultRuns.
	Runs int
	// Limit ends a run that takes longer than this in virtual time. Zero: DefaultLimit.
	Limit time.Duration
	// Seed makes another rehearsal of the same length.
	Seed uint64
}

// Validate reports everything that is wrong, each problem with its field.
func (r Rehearsal) Validate() error {
	var errs *multierror.Error
	add := func(err error) {
		if err != nil {
			errs = multierror.Append(errs, err)
		}
	}
	if err := r.Plan.Validate(); err != nil {
		add(fmt.Errorf("Rehearsal.Plan: %w", err))
	} else if r.Plan.Back() {
		add(errors.New("Rehearsal.Plan: it is a way back, which asks no gates"))
	}
	add(r.Traffic.validate("Rehearsal.Traffic"))
	for _, d := range []struct {
		field string
		value time.Duration
	}{
		{"Times.Startup", r.Times.Startup}, {"Times.Drain", r.Times.Drain},
		{"GateInterval", r.GateInterval}, {"Patience", r.Patience}, {"Decision.Deadline", r.Decision.Deadline}, {"Limit", r.Limit},
	} {
		if d.value < 0 {
			add(fmt.Errorf("Rehearsal.%s: %s is below zero", d.field, d.value))
		}
	}
	switch r.Decision.Default {
	case "", strategy.AnswerAbort, strategy.AnswerResume:
	default:
		add(fmt.Errorf("Rehearsal.Decision.Default: unknown answer %q", r.Decision.Default))
	}
	if r.Runs < 0 {
		add(fmt.Errorf("Rehearsal.Runs: %d is below zero", r.Runs))
	}
	if errs == nil {
		_, err := r.gates(nobody{})
		add(err)
	}
	return errs.ErrorOrNil()
}

// gates are the gates of one run: all that the plan names, each with valid settings.
func (r Rehearsal) gates(source metrics.Source) (map[string]gate.Gate, error) {
	var all map[string]gate.Gate
	if r.Gates != nil {
		var err error
		if all, err = r.Gates(source); err != nil {
			return nil, fmt.Errorf("Rehearsal.Gates: %w", err)
		}
	}
	var errs *multierror.Error
	for _, name := range r.Plan.Gates() {
		g := all[name]
		if g == nil {
			errs = multierror.Append(errs, fmt.Errorf("Rehearsal.Gates: there is no gate %q, which the plan names", name))
		} else if err := gate.Validate(g); err != nil {
			errs = multierror.Append(errs, fmt.Errorf("Rehearsal.Gates[%q]: %w", name, err))
		}
	}
	if errs == nil {
		for i, step := range r.Plan.Steps {
			for _, name := range step.Gates {
				if err := gate.Fits(all[name], subject.Of(r.Plan, i)); err != nil {
					errs = multierror.Append(errs, fmt.Errorf("Rehearsal.Plan.Steps[%d].Gates: %q: %w", i, name, err))
				}
			}
		}
	}
	return all, errs.ErrorOrNil()
}

// nobody is a source that has measured nothing yet.
type nobody struct{}

func (nobody) Read(context.Context, metrics.Query) (metrics.Window, error) {
	return metrics.Window{}, metrics.ErrNoData
}

func (nobody) Parts(context.Context, metrics.Query) ([]metrics.Window, error) {
	return nil, metrics.ErrNoData
}

func (r Rehearsal) withDefaults() Rehearsal {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&r.GateInterval, DefaultGateInterval}, {&r.Patience, DefaultPatience}, {&r.Decision.Deadline, DefaultDecision}, {&r.Limit, DefaultLimit}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if r.Runs == 0 {
		r.Runs = DefaultRuns
	}
	return r
}

// Run plays all runs and sums them up. Its error is that of Validate, or the cause of ctx.
func (r Rehearsal) Run(ctx context.Context) (Report, error) {
	if err := r.Validate(); err != nil {
		return Report{}, err
	}
	r = r.withDefaults()
	runs := make([]Run, r.Runs)
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(runtime.GOMAXPROCS(0))
	for i := range runs {
		all.Go(func() error {
			one, err := r.play(ctx, uint64(i))
			runs[i] = one
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return Report{}, err
	}
	return summarize(runs), nil
}
