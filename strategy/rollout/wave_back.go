package rollout

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"
)

// retreat takes back the regions of a wave and of all before it, the latest wave first. One that cannot be
// taken back does not hold up the others: they are no better off for it.
func (w *Waves) retreat(ctx context.Context, from int) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w.mu.Lock()
	w.cut = cancel
	w.mu.Unlock()
	for i := from; i >= 0; i-- {
		leaving := w.leaving(i)
		if len(leaving) == 0 {
			continue
		}
		names := make([]string, len(leaving))
		for j, g := range leaving {
			names[j] = g.name
		}
		w.tell(Event{Kind: WaveStarted, Back: true, Wave: i, Text: fmt.Sprintf("wave %d is taken back: %s", i+1, strings.Join(names, ", "))})
		var group errgroup.Group
		group.SetLimit(w.plan.Waves[i].AtOnce)
		for _, g := range leaving {
			group.Go(func() error { w.takeBack(ctx, g); return nil })
		}
		_ = group.Wait()
		w.mu.Lock()
		halted := w.halt != nil && (w.undo != "" || w.lost())
		w.mu.Unlock()
		if halted {
			return
		}
		w.tell(Event{Kind: WaveDone, Back: true, Wave: i, Text: fmt.Sprintf("wave %d is taken back", i+1)})
	}
}

// leaving are the regions of a wave that are to be taken back.
func (w *Waves) leaving(i int) []*region {
	w.mu.Lock()
	defer w.mu.Unlock()
	var regions []*region
	for _, g := range w.of(i) {
		p, begun := w.at.Regions[g.name]
		if w.undo != "" && begun && !p.back() || w.undo == "" && g.phase == promoted {
			g.phase = undoing
			regions = append(regions, g)
		}
	}
	return regions
}

// takeBack takes one region back that was promoted, or, where all is undone, from wherever it is.
func (w *Waves) takeBack(ctx context.Context, g *region) {
	result := Result{Outcome: Frozen}
	r, err := w.back(g)
	if err == nil {
		result, err = r.Run(ctx)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	g.undone, g.undoErr, g.phase = &result, err, over
	if result.Outcome == Interrupted {
		if ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", errCancelled, err)
		}
		w.stand(err)
	}
	w.nudge()
}

// back wires the way back of a region.
func (w *Waves) back(g *region) (*Rollout, error) {
	w.mu.Lock()
	from, why := w.at.Regions[g.name].last(), w.undo
	if why == "" && w.cause != nil {
		why = w.cause.Error()
	}
	w.mu.Unlock()
	return Undo(g.target, g.plan, from, brief(why), w.options(g, true))
}
