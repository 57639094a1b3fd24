package rollout

import (
	"errors"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/davit-sdk/davit/strategy"
)

const (
	// WaveStarted begins a wave, forward or back: Text names its regions.
	WaveStarted EventKind = "wave started"
	// WaveStopped says that a wave is bad, and why: nothing further begins, and it is taken back.
	WaveStopped EventKind = "wave stopped"
	// WaveDone ends a wave.
	WaveDone EventKind = "wave done"
)

// hear hands on what happens in a region.
func (w *Waves) hear(g *region, e Event, undo bool) {
	e.Region, e.Wave, e.Waves = g.name, g.wave, len(w.plan.Waves)
	w.mu.Lock()
	switch {
	case e.Kind == Judged && e.Verdict.Gate == strategy.WaveGate:
		// It is asked every few seconds, and people want to know once.
		again := g.said == e.Verdict.Reason
		if g.said = e.Verdict.Reason; again {
			w.mu.Unlock()
			return
		}
	case e.Kind == Judged:
		g.outcomes[e.Verdict.Gate] = e.Verdict.Outcome
	case undo:
	case e.Kind == GoingBack, e.Kind == Ended && e.Outcome != Promoted && e.Outcome != Interrupted:
		w.stop(g, errors.New(e.Text))
	}
	w.mu.Unlock()
	w.notify(e)
}

// tell notifies of what is no region's, and logs it; regions log for themselves.
func (w *Waves) tell(e Event) {
	e.At, e.Waves = time.Now(), len(w.plan.Waves)
	w.notify(e)
	args := []any{"wave", e.Wave + 1, "of", e.Waves}
	if e.By != "" {
		args = append(args, "by", e.By)
	}
	if e.Back {
		args = append(args, "back", true)
	}
	level := hclog.Info
	if slices.Contains([]EventKind{WaveStopped, CheckpointLost}, e.Kind) || e.Outcome == Stopped {
		level = hclog.Warn
	}
	if e.Outcome == RollbackFailed || e.Outcome == Frozen {
		level = hclog.Error
	}
	w.log.Log(level, string(e.Kind)+": "+e.Text, args...)
}

func (w *Waves) notify(e Event) {
	if w.o.Notify == nil {
		return
	}
	w.telling.take()
	defer w.telling.leave()
	tellPanic(w.log, sheltered("WaveOptions.Notify", func() error { w.o.Notify(e); return nil }))
}
