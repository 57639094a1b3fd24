package waves

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"

	"github.com/hashicorp/go-multierror"
	"golang.org/x/sync/errgroup"

	"github.com/davit-sdk/davit/internal/steer"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/window"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// Stage brings a revision to several regions.
type Stage struct {
	// Targets are the regions, by name: one for each region of Waves. What each has to be is told at
	// deploy.Stage. Required.
	Targets map[string]rollout.Target
	// Waves say which region comes when, and how. Required.
	Waves strategy.Waves
	// Options are the rollout's, with the gates that the strategies and holds name. Checkpoint and
	// Each.Fence belong to the stage and must be left out; Notify and Each.Logger may be set, the default
	// logger is the task's.
	Options rollout.WaveOptions
	// Prepare is called for each region before anything moves in any, also when the stage resumes: it tells
	// the region's target where the artifact of the revision lies. It must be idempotent, and is called for
	// several regions at once. Nil: nothing to tell.
	Prepare func(ctx context.Context, region string, r strategy.Revision, a stage.Artifact) error
	// Recall is called before anything moves, with each region and each revision that ran there before, also
	// when the stage resumes and when it is undone: see deploy.Stage. It is called for several regions at
	// once. Nil: nothing to make sure of.
	Recall func(ctx context.Context, region string, r strategy.Revision) error
	// Edit may change the plan before it is carried out, for example mark a step of a region as
	// irreversible. It must be a pure function: it is called with plans between made-up revisions, of two,
	// three and ten instances in a region, when the stage is checked, and again when it resumes where the plan
	// was too large to be kept. Nil: no change.
	Edit func(p strategy.WavePlan) (strategy.WavePlan, error)
	// Hours say what becomes of the waves when a calendar closes: they run to their end, pause in all regions until
	// the calendar opens, or are taken back. Zero: they run to their end.
	Hours window.Guard
}

var (
	_ stage.Stage     = Stage{}
	_ stage.Reader    = Stage{}
	_ stage.Listener  = Stage{}
	_ stage.Undoer    = Stage{}
	_ stage.Gater     = Stage{}
	_ stage.Validator = Stage{}
)

// The names under which the stage records details, which are those of package stage/deploy.
const (
	// DetailPlan is the plan of all regions as a table: a JSON string.
	DetailPlan = steer.DetailPlan
	// DetailEvent is a rollout.Event with its region and wave, without the failures that were told before.
	DetailEvent = steer.DetailEvent
)

// Reads are the version, the artifact, and the override that Hours name.
func (s Stage) Reads() []stage.Ref { return append(steer.Reads(), s.Hours.Reads()...) }

// Listens are the signals that steer the waves. Approve and Resume are answers, as told at the package;
// Reject takes the release back in all regions.
func (s Stage) Listens() []stage.SignalKind { return steer.Signals() }

// Validate reports everything that is wrong with the stage.
func (s Stage) Validate() error {
	var errs *multierror.Error
	add := func(format string, args ...any) { errs = multierror.Append(errs, fmt.Errorf(format, args...)) }
	nest := func(field string, err error) { errs = multierror.Append(errs, steer.Problems(field, err)...) }
	nest("Stage.Hours: ", s.Hours.Validate())
	nest("Stage.", s.Waves.Validate())
	regions := s.regions()
	for _, name := range regions {
		if s.Targets[name] == nil {
			add("Stage.Targets: there is none for region %s", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Targets)) {
		if !slices.Contains(regions, name) {
			add("Stage.Targets: region %s is in no wave", name)
		}
	}
	if s.Options.Checkpoint != nil {
		add("Stage.Options.Checkpoint: belongs to the stage, leave it nil")
	}
	if s.Options.Each.Fence != 0 {
		add("Stage.Options.Each.Fence: belongs to the stage, leave it zero")
	}
	nest("Stage.", s.Options.Validate())
	if errs.ErrorOrNil() == nil {
		for _, err := range s.unknown() {
			errs = multierror.Append(errs, err)
		}
	}
	return errs.ErrorOrNil()
}

// regions are the names of all regions, in the order of the waves.
func (s Stage) regions() []string {
	var names []string
	for _, wave := range s.Waves.Waves {
		names = append(names, wave.Regions...)
	}
	return names
}

// unknown are gates that the plan of a region names and the options do not have for it. What runs is not
// known yet; names of gates seldom depend on it, and where they do, the rollout looks at them once more.
func (s Stage) unknown() (errs []error) {
	plans := s.tried()
	if len(plans) == 0 {
		return nil // it may be that these strategies plan from something else
	}
	for _, r := range plans[len(plans)-1].Regions() {
		gates := map[string]gate.Gate{}
		maps.Copy(gates, s.Options.Each.Gates)
		if s.Options.Gates != nil {
			maps.Copy(gates, s.Options.Gates(r.Region))
		}
		for _, name := range r.Plan.Gates() {
			if name != strategy.WaveGate && gates[name] == nil {
				errs = append(errs, fmt.Errorf("Stage.Options.Gates: the plan of region %s names %q, which is none of them: %w", r.Region, name, rollout.ErrNoGate))
			}
		}
	}
	return errs
}

// Run brings the revision to all regions. It returns when it is promoted everywhere, or a wave was bad and
// is taken back.
func (s Stage) Run(ctx context.Context, t *stage.Task) error {
	if err := s.Validate(); err != nil {
		return err
	}
	to, artifact, err := steer.Revision(t)
	if err != nil {
		return err
	}
	if s.Prepare != nil {
		err := s.each(func(region string) error {
			if err := s.Prepare(ctx, region, to, artifact); err != nil {
				return fmt.Errorf("prepare %s in region %s: %w", to, region, err)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	waves, w, err := s.wire(ctx, t, to)
	if err != nil || waves == nil {
		return err
	}
	return w.run(ctx, waves)
}

// each does something for all regions at once, and reports all that went wrong.
func (s Stage) each(do func(region string) error) error {
	regions := s.regions()
	failed := make([]error, len(regions))
	var group errgroup.Group
	for i, name := range regions {
		group.Go(func() error {
			defer func() { // here it would take the host with it
				if value := recover(); value != nil {
					failed[i] = fmt.Errorf("region %s: it panicked: %v\n%s", name, value, debug.Stack())
				}
			}()
			failed[i] = do(name)
			return nil
		})
	}
	_ = group.Wait()
	return errors.Join(failed...)
}
