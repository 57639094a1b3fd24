package waves

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/internal/steer"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// walk is one run of waves in a stage.
type walk struct {
	steer.Recorder
	at      position
	keep    *steer.Keeper
	regions []string
	done    map[string]int // steps of each region
	total   int
	back    bool // something is taken back
}

func (s Stage) walk(ctx context.Context, t *stage.Task, at position, plan strategy.WavePlan) *walk {
	w := &walk{
		Recorder: steer.Recorder{Task: t, Context: context.WithoutCancel(ctx), Notify: s.Options.Notify},
		at:       at, keep: steer.NewKeeper(s.Hours, at.Hold, at.Waves.Paused), done: map[string]int{}, regions: s.regions(),
	}
	for _, r := range plan.Regions() {
		w.total += len(r.Plan.Steps)
		p := at.Waves.Regions[r.Region]
		w.done[r.Region] = min(p.Rollout.Step, len(r.Plan.Steps))
		w.back = w.back || p.Rollout.Back || p.Undo != nil
	}
	w.back = w.back || at.Waves.Abort != nil || at.Waves.Stopped != nil
	return w
}

// run runs the waves beside a listener for signals, and waits for both.
func (w *walk) run(ctx context.Context, waves *rollout.Waves) error {
	var result rollout.WaveResult
	err := steer.Run(ctx, w.Task, steered{waves, w.regions}, w.keep, func(ctx context.Context) (err error) {
		result, err = waves.Run(ctx)
		return err
	})
	if err == nil {
		return w.Lost
	}
	return w.failure(ctx, result, err)
}

// steered are waves that signals steer, which name no regions but in their reason.
type steered struct {
	*rollout.Waves
	regions []string
}

// Resume ends a pause, or answers the regions that the reason begins with: "us, ap: looks good".
func (s steered) Resume(by, why string) error {
	return s.Waves.Resume(by, why, addressed(why, s.regions)...)
}

// Answer answers as Resume does, and ends no pause.
func (s steered) Answer(by, why string) error {
	return s.Waves.Answer(by, why, addressed(why, s.regions)...)
}

// addressed are the names before the first colon of a reason, where each is one of a region. Whether they ask
// just now does not matter: an answer that comes too late for one must not go to another.
func addressed(why string, regions []string) []string {
	before, _, found := strings.Cut(why, ":")
	if !found {
		return nil
	}
	var names []string
	for name := range strings.SplitSeq(before, ",") {
		name = strings.TrimSpace(name)
		if !slices.Contains(regions, name) {
			return nil
		}
		names = append(names, name)
	}
	return names
}

// failure is the end of waves in the words of a stage.
func (w *walk) failure(ctx context.Context, result rollout.WaveResult, err error) error {
	failed := steer.Failure(ctx, result.Outcome, result.Checkpoint.Abort, err)
	for _, g := range result.Regions {
		for _, v := range g.Verdicts {
			if v.Outcome != "" {
				v.Gate = g.Region + "/" + v.Gate
				failed.Evidence = append(failed.Evidence, v)
			}
		}
	}
	if result.Outcome == rollout.Stopped {
		failed.Final, failed.Reason = true, differ(result.Checkpoint)
	}
	return failed
}

// differ says what a bad wave has left.
func differ(c rollout.WaveCheckpoint) string {
	return fmt.Sprintf("wave %d was taken back, and the waves before it stay: regions run different versions", c.Wave+1)
}

// checkpoint records the position of all regions.
func (w *walk) checkpoint(ctx context.Context, c rollout.WaveCheckpoint) error {
	w.at.Waves, w.at.Hold = c, w.keep.Said()
	return w.Task.Checkpoint(ctx, w.at)
}

// tell records what happens, and counts the steps that are done in all regions. The way back is another
// way: it has no number in this one.
func (w *walk) tell(e rollout.Event) {
	if e.Region != "" && e.Kind == rollout.StepDone {
		w.done[e.Region] = max(w.done[e.Region], e.Step+1)
	}
	w.back = w.back || e.Back || e.Kind == rollout.WaveStopped || e.Kind == rollout.Ended && e.Outcome != rollout.Promoted
	p := stage.Progress{Text: steer.Text(e)}
	if !w.back && w.total > 0 {
		for _, n := range w.done {
			p.Done += float64(n)
		}
		p.Total = float64(w.total)
	}
	w.Tell(e, p)
}
