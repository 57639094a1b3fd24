package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/internal/steer"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/window"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// Stage deploys a revision.
type Stage struct {
	// Target is where to. It serves one rollout at a time, in all stages and releases that share
	// it: the stage holds no lock, so what a second one meets is up to the target. Required.
	Target rollout.Target
	// Strategy is how. Required.
	Strategy strategy.Strategy
	// Options are the rollout's, with the gates that the strategy names. Checkpoint and Fence belong
	// to the stage and must be left out; Notify and Logger may be set, the default logger is the task's.
	Options rollout.Options
	// Prepare is called before anything moves, also when the stage resumes: it tells the target
	// where the artifact of the revision lies. It must be idempotent. Nil: nothing to tell.
	Prepare func(ctx context.Context, r strategy.Revision, a stage.Artifact) error
	// Recall is called before anything moves, with each revision that ran before, also when the stage
	// resumes and when it is undone: it makes sure that the target can start instances of it once more,
	// as a way back may have to. A host that has been restarted, for example, tells the target where the
	// artifact of that revision lies. It must be idempotent. Its error ends the stage before anything
	// moves: what cannot be taken back is not begun. Nil: nothing to make sure of.
	Recall func(ctx context.Context, r strategy.Revision) error
	// Edit may change the plan before it is carried out, for example mark a step as irreversible.
	// It must be a pure function: it is called with plans between made-up revisions, of two, three and ten
	// instances, when the stage is checked, and again when it resumes where the plan was too large to be
	// kept. Nil: no change.
	Edit func(p strategy.Plan) (strategy.Plan, error)
	// Hours say what becomes of the rollout when a calendar closes: it runs to its end, pauses until the calendar
	// opens, or is taken back. Zero: it runs to its end.
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

// The names under which the stage records details.
const (
	// DetailPlan is the plan as a table: a JSON string.
	DetailPlan = steer.DetailPlan
	// DetailEvent is a rollout.Event, without the failures that were told before.
	DetailEvent = steer.DetailEvent
)

// Reads are the version, the artifact, and the override that Hours name.
func (s Stage) Reads() []stage.Ref { return append(steer.Reads(), s.Hours.Reads()...) }

// Listens are the signals that steer a rollout. Approve is the answer to a pause of the plan, and
// so is Resume; Reject takes the release back. While Hours hold the rollout, Approve answers the plan alone.
func (s Stage) Listens() []stage.SignalKind { return steer.Signals() }

// Validate reports everything that is wrong with the stage.
func (s Stage) Validate() error {
	var errs *multierror.Error
	if s.Target == nil {
		errs = multierror.Append(errs, errors.New("Stage.Target: is missing"))
	}
	if s.Strategy == nil {
		errs = multierror.Append(errs, errors.New("Stage.Strategy: is missing"))
	} else if v, ok := s.Strategy.(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			errs = multierror.Append(errs, fmt.Errorf("Stage.Strategy: %w", err))
		}
	}
	errs = multierror.Append(errs, steer.Problems("Stage.Hours: ", s.Hours.Validate())...)
	if s.Options.Checkpoint != nil {
		errs = multierror.Append(errs, errors.New("Stage.Options.Checkpoint: belongs to the stage, leave it nil"))
	}
	if s.Options.Fence != 0 {
		errs = multierror.Append(errs, errors.New("Stage.Options.Fence: belongs to the stage, leave it zero"))
	}
	errs = multierror.Append(errs, steer.Problems("Stage.", s.Options.Validate())...)
	for _, name := range s.unknown() { // a strategy that is not valid makes no plan
		errs = multierror.Append(errs, fmt.Errorf("Stage.Options.Gates: the strategy names %q, which is none of them: %w", name, rollout.ErrNoGate))
	}
	return errs.ErrorOrNil()
}

// unknown are gates that the strategy names and the options do not have, sorted. What runs is not known
// yet; names of gates seldom depend on it, and where they do, the rollout looks at them once more.
func (s Stage) unknown() []string {
	plans := s.tried()
	if len(plans) == 0 {
		return nil // it may be that this strategy plans from something else
	}
	return slices.DeleteFunc(plans[len(plans)-1].Gates(), func(name string) bool {
		_, there := s.Options.Gates[name] // one that is nil is reported as such
		return there
	})
}

// position is the stage's checkpoint: from where to where, by which plan, and how far.
type position struct {
	From strategy.State    `json:"from"`
	To   strategy.Revision `json:"to"`
	// Plan is the one that was begun, by which the rollout goes on whatever has become of the strategy since. None:
	// it was too large to be kept. Then it is made again, and must come out the same.
	Plan    json.RawMessage    `json:"plan,omitempty"`
	Rollout rollout.Checkpoint `json:"rollout"`
	// Undo is how far the way back is that Undo walks, once it has begun.
	Undo *rollout.Checkpoint `json:"undo,omitempty"`
	// Hold is what people have said of a rollout that a calendar may hold.
	Hold steer.Hold `json:"hold,omitzero"`
}

// Run deploys the revision. It returns when the revision is promoted, or taken back.
func (s Stage) Run(ctx context.Context, t *stage.Task) error {
	if err := s.Validate(); err != nil {
		return err
	}
	to, artifact, err := steer.Revision(t)
	if err != nil {
		return err
	}
	if s.Prepare != nil {
		if err := s.Prepare(ctx, to, artifact); err != nil {
			return fmt.Errorf("prepare %s: %w", to, err)
		}
	}
	r, w, err := s.wire(ctx, t, to)
	if err != nil {
		return err
	}
	if r == nil {
		return nil
	}
	return w.run(ctx, r)
}

// wire makes the plan, or makes it again, and the rollout that walks it. No rollout and no error:
// an earlier attempt has done it all.
func (s Stage) wire(ctx context.Context, t *stage.Task, to strategy.Revision) (*rollout.Rollout, *walk, error) {
	var at position
	resumed, err := t.Restore(&at)
	if err != nil {
		return nil, nil, err
	}
	if resumed {
		if at.Undo != nil {
			return nil, nil, steer.Undone(at.To)
		}
		if err := ended(ctx, at.Rollout); err != nil || at.Rollout.Outcome == rollout.Promoted {
			if dark := s.light(ctx, t, at, at.Rollout); dark != nil {
				return nil, nil, errors.Join(err, dark)
			}
			return nil, nil, err
		}
		resumed = at.Rollout.Outcome == ""
	}
	if !resumed {
		at = position{To: to}
		if at.From, err = steer.Current(ctx, s.Target, s.Options); err != nil {
			return nil, nil, err
		}
	} else if at.To != to {
		return nil, nil, fmt.Errorf("the deployment of %s was begun, it cannot go on with %s", at.To, to)
	}
	if resumed {
		w := s.walk(ctx, t, at, false)
		plan, err := s.begun(at)
		if err != nil {
			return nil, nil, steer.Halfway(to, "go on", err)
		}
		w.keep.Whole(plan)
		r, err := rollout.Resume(s.Target, plan, at.Rollout, s.options(w))
		if err != nil {
			return nil, nil, steer.Halfway(to, "go on", err)
		}
		return r, w, s.recall(ctx, at)
	}
	plan, err := s.plan(at)
	if errors.Is(err, strategy.ErrNothingToDo) {
		return nil, nil, stage.Skip(fmt.Sprintf("%s runs already", to))
	}
	if err != nil {
		return nil, nil, err
	}
	at.Plan = steer.Kept(plan)
	w := s.walk(ctx, t, at, false)
	w.keep.Whole(plan)
	r, err := rollout.New(s.Target, plan, s.options(w))
	if err != nil {
		return nil, nil, err
	}
	if err := s.recall(ctx, at); err != nil {
		return nil, nil, err
	}
	return r, w, t.Detail(ctx, DetailPlan, steer.Clip(plan.Table()))
}

// options are the rollout's, tied to a walk.
func (s Stage) options(w *walk) rollout.Options {
	o := s.Options
	o.Checkpoint, o.Notify, o.Fence = w.checkpoint, w.tell, w.Task.Fence()
	if o.Logger == nil {
		o.Logger = w.Task.Logger()
	}
	return o
}

// recall makes sure that what ran before can be started again.
func (s Stage) recall(ctx context.Context, at position) error {
	if s.Recall == nil {
		return nil
	}
	for _, r := range steer.Former(at.From, at.To) {
		if err := s.Recall(ctx, r); err != nil {
			return fmt.Errorf("recall %s, which runs before: %w", r, err)
		}
	}
	return nil
}

// light gives the traffic back to what a rollout has left that ended in an earlier attempt, where the target
// has lost it since, as one does whose router lived in the process of the host.
func (s Stage) light(ctx context.Context, t *stage.Task, at position, c rollout.Checkpoint) error {
	state := at.From
	switch c.Outcome {
	case rollout.Promoted:
		plan, err := s.begun(at)
		if err != nil {
			return err
		}
		state = plan.Final()
	case rollout.RolledBack:
	default:
		return nil
	}
	o := s.Options
	if o.Fence = t.Fence(); o.Logger == nil {
		o.Logger = t.Logger()
	}
	return steer.Light(ctx, s.Target, state, o)
}

// ended is how an earlier attempt ended that had no time to say so: see steer.Ended.
func ended(ctx context.Context, c rollout.Checkpoint) error {
	if failed := steer.Ended(ctx, c.Outcome, c.Cause, c.Abort); failed != nil {
		return failed
	}
	return nil
}

// begun is the plan that the rollout walks which the position is of.
func (s Stage) begun(at position) (strategy.Plan, error) {
	if at.Plan != nil {
		return strategy.ParsePlan(at.Plan)
	}
	return s.plan(at)
}

func (s Stage) plan(at position) (strategy.Plan, error) {
	plan, err := s.Strategy.Plan(at.From, at.To)
	if err == nil && s.Edit != nil {
		plan, err = s.Edit(plan)
	}
	if err != nil {
		return plan, fmt.Errorf("plan from %s to %s: %w", at.From, at.To, err)
	}
	return plan, nil
}
