package rollout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/davit-sdk/davit/strategy"
)

// Run walks the waves. It returns nil when all regions are promoted, and a *WaveError otherwise. When a
// wave is bad it takes back what is to be taken back before it returns, also when ctx is cancelled
// meanwhile. When ctx is cancelled on the way forward all regions stop moving at once. It may be called
// once.
func (w *Waves) Run(ctx context.Context) (WaveResult, error) {
	w.mu.Lock()
	first := !w.begun
	w.begun = true
	w.mu.Unlock()
	if !first {
		return WaveResult{}, errors.New("run waves: they were run before")
	}
	started := time.Now()
	refused := w.errand(ctx)
	w.mu.Lock()
	w.closed, w.ended = true, true
	outcome := w.outcome(refused)
	w.mu.Unlock()
	if outcome != Interrupted {
		err := w.write(context.WithoutCancel(ctx), func(at *WaveCheckpoint) { at.Outcome = outcome })
		if err != nil {
			w.tell(Event{Kind: CheckpointLost, Text: err.Error()})
		}
	}
	result := w.result(outcome)
	result.Started, result.Ended = started, time.Now()
	failure := w.failure(result, refused)
	text := string(outcome)
	if failure != nil {
		text = failure.Error()
	}
	w.tell(Event{Kind: Ended, Wave: result.Wave, Text: text, Outcome: outcome})
	if failure != nil {
		return result, failure
	}
	return result, nil
}

// errand does all there is to do. Its error is why nothing was begun; what else went wrong is kept with
// the regions.
func (w *Waves) errand(ctx context.Context) error {
	last := len(w.plan.Waves) - 1
	if w.resumed {
		if err := w.fence(ctx); err != nil {
			w.stay(err) // whoever has them now goes on with them
			return nil
		}
		w.relight(ctx)
	}
	if w.undo != "" {
		w.retreat(ctx, last)
		return nil
	}
	if !w.resumed {
		if err := w.survey(ctx); err != nil {
			if ctx.Err() == nil {
				return err
			}
			w.stay(fmt.Errorf("%w: %w", errCancelled, context.Cause(ctx)))
			return nil
		}
	}
	for !w.done() {
		if !w.forward(ctx) {
			break
		}
	}
	w.mu.Lock()
	w.closed = w.closed || w.halt == nil || w.turned()
	from, all := min(w.at.Wave, last), w.at.Abort != nil || w.plan.TakeBack == strategy.EveryWave
	turned := w.turned() && !w.lost() && w.settled()
	w.mu.Unlock()
	if turned && all { // the bad wave has taken itself back
		w.retreat(context.WithoutCancel(ctx), from)
	}
	return nil
}

// lost reports whether nothing may be moved any more, not even back: positions cannot be recorded, or
// the targets belong to somebody else. The lock is held.
func (w *Waves) lost() bool { return w.halt != nil && !errors.Is(w.halt, errCancelled) }

// settled reports whether no region was left half-way. The lock is held.
func (w *Waves) settled() bool {
	for _, g := range w.regions {
		if g.phase == idle && g.begun {
			return false
		}
	}
	return true
}

// errCancelled is in the reason of everything to stop where that was the context of Run.
var errCancelled = errors.New("the waves were cancelled")

// done reports whether there is no further wave.
func (w *Waves) done() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at.Wave >= len(w.plan.Waves)
}

// forward walks the wave that is under way, and reports whether there may be a next one.
func (w *Waves) forward(ctx context.Context) bool {
	w.mu.Lock()
	i := w.at.Wave
	turned := w.turned()
	w.mu.Unlock()
	if !turned {
		if err := w.record(ctx); err != nil {
			w.stay(err)
			return false
		}
		w.tell(Event{Kind: WaveStarted, Wave: i, Text: fmt.Sprintf("wave %d of %d: %s", i+1, len(w.plan.Waves), w.missing(i, func(*region) bool { return false }))})
	}
	w.wave(ctx, i)
	w.mu.Lock()
	well := !w.turned() && w.halt == nil
	if well {
		w.at.Wave, w.at.Asked, w.at.Granted, w.ask = i+1, time.Time{}, false, inquiry{}
	}
	w.mu.Unlock()
	if well {
		w.tell(Event{Kind: WaveDone, Wave: i, Text: fmt.Sprintf("wave %d of %d", i+1, len(w.plan.Waves))})
	}
	return well
}

// wave runs the regions of one wave until all have ended.
func (w *Waves) wave(ctx context.Context, i int) {
	running, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(running, w.nudge)()
	w.mu.Lock()
	w.cut = cancel
	w.mu.Unlock()
	var group errgroup.Group
	defer func() { _ = group.Wait() }()
	for {
		next := w.next(running, i)
		for _, do := range next.now {
			do()
		}
		for _, do := range next.aside {
			group.Go(func() error { do(); return nil })
		}
		wait, err := w.confer(running, i, next.over)
		switch {
		case next.over:
			return
		case err != nil:
			w.stay(err)
		}
		w.sleep(wait)
	}
}

// moves are what is to be done next: at once, and beside everything else.
type moves struct {
	now, aside []func()
	over       bool // nothing is under way, and nothing is to come
}

// next decides what each region of a wave does next. It is the one place where that is decided.
func (w *Waves) next(ctx context.Context, i int) (m moves) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := ctx.Err(); err != nil && w.halt == nil {
		w.halt = fmt.Errorf("%w: %w", errCancelled, context.Cause(ctx))
	}
	moving, active, waiting := 0, 0, 0
	for _, g := range w.of(i) {
		if g.phase == walking && !g.arrived {
			moving++
		}
	}
	for _, g := range w.of(i) {
		switch {
		case g.phase == idle && w.halt == nil && (g.begun || !w.turned() && !w.at.Paused && moving < w.plan.Waves[i].AtOnce):
			if !g.arrived {
				moving++
			}
			g.phase, g.begun = walking, true
			m.now = append(m.now, w.words(g))
			m.aside = append(m.aside, func() { w.walk(ctx, g) })
		case g.phase == promoted && w.turned() && !w.lost():
			g.phase = undoing
			m.aside = append(m.aside, func() { w.takeBack(context.WithoutCancel(ctx), g) })
		}
		if g.phase == walking && w.turned() && !g.told {
			g.told = true
			m.now = append(m.now, w.call(g)) // before it runs, where it only goes on to be taken back
		}
		switch g.phase {
		case walking, undoing:
			active++
		case idle:
			waiting++
		}
	}
	m.over = active == 0 && (waiting == 0 || w.turned() || w.halt != nil)
	return m
}

// walk walks one region.
func (w *Waves) walk(ctx context.Context, g *region) {
	result, err := g.rollout.Run(ctx)
	w.mu.Lock()
	g.result, g.err, g.phase = &result, err, over
	stopped := w.at.Stopped
	switch result.Outcome {
	case Promoted:
		g.phase = promoted
	case Interrupted:
		g.phase = idle // it may go on, in another process
		if ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", errCancelled, err)
		}
		w.stand(err)
	default:
		w.stop(g, err)
		if stopped = w.at.Stopped; stopped != nil && stopped.Region == g.name && !g.recalled(err) {
			w.cause = err // else it is known from before the process died
		}
	}
	w.nudge()
	w.mu.Unlock()
}

// stay stops everything where it is.
func (w *Waves) stay(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stand(err)
}

// stand is stay where the lock is held.
func (w *Waves) stand(err error) {
	if w.halt == nil {
		w.halt = err
	}
	if w.cut != nil {
		w.cut(err)
	}
	w.nudge()
}

// sleep waits until something changes, or for d where that is above zero.
func (w *Waves) sleep(d time.Duration) {
	if d <= 0 {
		<-w.wake
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.wake:
	}
}
