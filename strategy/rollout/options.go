package rollout

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
)

// Options are the settings of a rollout. The zero value is ready to use with a plan that names no
// gate.
type Options struct {
	// Gates are the gates that the plan's steps name. Naming one which is not here is an error of
	// New. A gate that does not return when its context ends holds up the rollout, an abort included.
	Gates map[string]gate.Gate
	// GateInterval is the time between two questions to the gates of a step. Default: 5 s.
	GateInterval time.Duration
	// GateTimeout bounds one question to one gate. Default: 30 s.
	GateTimeout time.Duration
	// Patience is how long after the end of a bake the gates may still fail to agree (they answer
	// continue, or with an error) before a person is asked. Default: 10 min.
	Patience time.Duration
	// Decision bounds the wait for a person when gates are inconclusive. Default: 1 h, then abort.
	// The answer to go on is for the gates alone: the bake is not cut short by it, and a pause of
	// the plan is still asked.
	Decision strategy.Pause

	// CallTimeout bounds one call of the target. Default: 30 s.
	CallTimeout time.Duration
	// Poll is the time between two looks at the target. Default: 250 ms.
	Poll time.Duration
	// Deadline is the progress deadline of steps that name none: how long a step may go without
	// getting nearer to its state. Default: 10 min.
	Deadline time.Duration
	// CrashLimit is how many failed instances of the new revision within one step, its bake
	// included, make the step fail before its deadline. Failed instances of the old revision are replaced, and told, but prove nothing
	// against the new one. Default: 3.
	CrashLimit int
	// Drift says what happens when somebody else changes the target. Default: Converge.
	Drift Drift
	// DriftLimit is how often within one step a change by somebody else is undone before the
	// rollout freezes and calls a person. Default: 3.
	DriftLimit int
	// RollbackTimeout bounds the whole way back, which runs on when the context of Run is
	// cancelled. Default: 30 min.
	RollbackTimeout time.Duration

	// Fence is the fencing token of the host on whose behalf the target is moved; it rises whenever
	// another host takes over. A target that is a Fencer is given it before anything moves. Zero: none.
	Fence uint64

	// Checkpoint is handed the rollout's position before and after each step moves the target, and while
	// a state is held, as questions are asked and answered, and now and then for what gates remember: when
	// an outcome changes, and each minute. It is called from Run, in order, and has all commands that were given before: commands wait for it, so
	// it must give none itself. When it fails on the way forward the rollout stops where it
	// is: what could not be recorded is not done. Where all that is lost is what gates remember, and on the
	// way back, its failure is told and logged, and the rollout goes on.
	Checkpoint func(ctx context.Context, c Checkpoint) error
	// Notify is told everything that happens. It is called from Run, in order, and should return
	// soon. A panic of it is logged, and one of Checkpoint is its failure.
	Notify func(Event)
	// Logger gets a line for each event. Default: none.
	Logger hclog.Logger

	memory int // how much the gates may remember: MaxMemory, or a region's part of it
}

// Drift is what a rollout does when somebody else changes the target in mid-way.
type Drift string

const (
	// Converge goes for the desired state again, tells of it, and freezes when it happens more
	// often than DriftLimit.
	Converge Drift = "converge"
	// Freeze leaves everything as it was found and calls a person.
	Freeze Drift = "freeze"
)

// problems are the errors in one that reports several.
func problems(err error) []error {
	if many, ok := err.(*multierror.Error); ok {
		return many.Errors
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

// Validate reports everything that is wrong with the options, each problem with its field.
func (o Options) Validate() error {
	_, err := o.withDefaults()
	return err
}

func (o Options) withDefaults() (Options, error) {
	var errs *multierror.Error
	set := func(field string, d *time.Duration, def time.Duration) {
		switch {
		case *d < 0:
			errs = multierror.Append(errs, fmt.Errorf("Options.%s: %s is below zero", field, *d))
		case *d == 0:
			*d = def
		}
	}
	count := func(field string, n *int, def int) {
		switch {
		case *n < 0:
			errs = multierror.Append(errs, fmt.Errorf("Options.%s: %d is below zero", field, *n))
		case *n == 0:
			*n = def
		}
	}
	if o.memory == 0 {
		o.memory = MaxMemory
	}
	set("GateInterval", &o.GateInterval, 5*time.Second)
	set("GateTimeout", &o.GateTimeout, 30*time.Second)
	set("Patience", &o.Patience, 10*time.Minute)
	set("Decision.Deadline", &o.Decision.Deadline, time.Hour)
	set("CallTimeout", &o.CallTimeout, 30*time.Second)
	set("Poll", &o.Poll, 250*time.Millisecond)
	set("Deadline", &o.Deadline, 10*time.Minute)
	set("RollbackTimeout", &o.RollbackTimeout, 30*time.Minute)
	count("CrashLimit", &o.CrashLimit, 3)
	count("DriftLimit", &o.DriftLimit, 3)
	switch o.Drift {
	case "":
		o.Drift = Converge
	case Converge, Freeze:
	default:
		errs = multierror.Append(errs, fmt.Errorf("Options.Drift: %q is neither %q nor %q", o.Drift, Converge, Freeze))
	}
	switch o.Decision.Default {
	case "":
		o.Decision.Default = strategy.AnswerAbort
	case strategy.AnswerAbort, strategy.AnswerResume:
	default:
		errs = multierror.Append(errs, fmt.Errorf("Options.Decision.Default: unknown answer %q", o.Decision.Default))
	}
	for _, name := range slices.Sorted(maps.Keys(o.Gates)) {
		for _, err := range problems(gate.Validate(o.Gates[name])) {
			errs = multierror.Append(errs, fmt.Errorf("Options.Gates[%q]: %w", name, err))
		}
	}
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	return o, errs.ErrorOrNil()
}
