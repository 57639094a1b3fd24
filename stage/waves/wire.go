package waves

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/davit-sdk/davit/internal/steer"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// position is the stage's checkpoint: from where to where, by which plan, and how far.
type position struct {
	From map[string]strategy.State `json:"from"`
	To   strategy.Revision         `json:"to"`
	// Plan is the one that was begun: see deploy.Stage. None: it was too large to be kept, and is made again.
	Plan  json.RawMessage        `json:"plan,omitempty"`
	Waves rollout.WaveCheckpoint `json:"waves"`
	// Undo says that the position is one of the way back of it all, which Undo walks.
	Undo bool `json:"undo,omitempty"`
	// Hold is what people have said of waves that a calendar may hold.
	Hold steer.Hold `json:"hold,omitzero"`
}

// wire makes the plan, or makes it again, and the waves that walk it. No waves and no error: an earlier
// attempt has done it all.
func (s Stage) wire(ctx context.Context, t *stage.Task, to strategy.Revision) (*rollout.Waves, *walk, error) {
	var at position
	resumed, err := t.Restore(&at)
	if err != nil {
		return nil, nil, err
	}
	if resumed {
		if at.Undo {
			return nil, nil, steer.Undone(at.To)
		}
		if err := ended(ctx, at.Waves); err != nil || at.Waves.Outcome == rollout.Promoted {
			if dark := s.light(ctx, t, at); dark != nil {
				return nil, nil, errors.Join(err, dark)
			}
			return nil, nil, err
		}
		resumed = at.Waves.Outcome == ""
	}
	if !resumed {
		at = position{To: to}
		if at.From, err = s.current(ctx); err != nil {
			return nil, nil, err
		}
	} else if at.To != to {
		return nil, nil, fmt.Errorf("the deployment of %s was begun, it cannot go on with %s", at.To, to)
	}
	if resumed {
		plan, err := s.begun(at)
		if err != nil {
			return nil, nil, steer.Halfway(to, "go on", err)
		}
		w := s.walk(ctx, t, at, plan)
		waves, err := rollout.ResumeWaves(s.Targets, plan, at.Waves, s.options(w))
		if err != nil {
			return nil, nil, steer.Halfway(to, "go on", err)
		}
		return waves, w, s.recall(ctx, at)
	}
	plan, err := s.plan(at)
	if errors.Is(err, strategy.ErrNothingToDo) {
		return nil, nil, stage.Skip(fmt.Sprintf("%s runs already in all %d regions", to, len(at.From)))
	}
	if err != nil {
		return nil, nil, err
	}
	at.Plan = steer.Kept(plan)
	w := s.walk(ctx, t, at, plan)
	waves, err := rollout.NewWaves(s.Targets, plan, s.options(w))
	if err != nil {
		return nil, nil, err
	}
	if err := s.recall(ctx, at); err != nil {
		return nil, nil, err
	}
	return waves, w, t.Detail(ctx, DetailPlan, steer.Clip(plan.Table()))
}

// current is what all regions run now.
func (s Stage) current(ctx context.Context) (map[string]strategy.State, error) {
	regions := s.regions()
	states := make([]strategy.State, len(regions))
	err := s.each(func(region string) (err error) {
		i := slices.Index(regions, region)
		if states[i], err = steer.Current(ctx, s.Targets[region], s.Options.Each); err != nil {
			return fmt.Errorf("region %s: %w", region, err)
		}
		return nil
	})
	from := map[string]strategy.State{}
	for i, name := range regions {
		from[name] = states[i]
	}
	return from, err
}

// options are the waves', tied to a walk.
func (s Stage) options(w *walk) rollout.WaveOptions {
	o := s.Options
	o.Checkpoint, o.Notify = w.checkpoint, w.tell
	if o.Each.Fence = w.Task.Fence(); o.Each.Logger == nil {
		o.Each.Logger = w.Task.Logger()
	}
	return o
}

// recall makes sure that what ran before can be started again, in all regions.
func (s Stage) recall(ctx context.Context, at position) error {
	if s.Recall == nil {
		return nil
	}
	return s.each(func(region string) error {
		for _, r := range steer.Former(at.From[region], at.To) {
			if err := s.Recall(ctx, region, r); err != nil {
				return fmt.Errorf("recall %s, which runs before in region %s: %w", r, region, err)
			}
		}
		return nil
	})
}

// begun is the plan that the waves walk which the position is of.
func (s Stage) begun(at position) (strategy.WavePlan, error) {
	if at.Plan != nil {
		return strategy.ParseWavePlan(at.Plan)
	}
	return s.plan(at)
}

func (s Stage) plan(at position) (strategy.WavePlan, error) {
	plan, err := s.Waves.Plan(at.From, at.To)
	if err == nil && s.Edit != nil {
		plan, err = s.Edit(plan)
	}
	if err != nil {
		return plan, fmt.Errorf("plan to %s: %w", at.To, err)
	}
	return plan, nil
}
