package rollout

import (
	"context"
	"fmt"
	"strings"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
)

// gate is the one by which a region waits for the others of its wave. It is asked in the last step beside
// the gates of the hold, so that a region which waits is held as any other: what dies is replaced, what
// somebody else changes is seen, and harm takes it back.
//
// While others are still moving, and from when it is well itself until all are, the time does not count:
// the bake begins when the last region is there, and no one's patience ends because of another.
func (w *Waves) gate(g *region) gate.Gate {
	return gate.Func(func(_ context.Context, s gate.Subject) (gate.Verdict, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		ready := s.End && (!g.judged || g.end && g.agreed())
		if !g.arrived || ready != g.ready {
			w.nudge()
		}
		g.arrived, g.ready, g.end = true, ready, s.End
		pause := w.plan.Waves[g.wave].Pause
		waits := func(text string) (gate.Verdict, error) {
			return gate.Verdict{Outcome: gate.Continue, Extend: true, Reason: text}, nil
		}
		switch {
		case len(w.missing(g.wave, (*region).here)) > 0:
			return waits("it waits for " + w.missing(g.wave, (*region).here))
		case !s.End:
			return gate.Verdict{Outcome: gate.Pass, Reason: "all regions of the wave are here"}, nil
		case !ready:
			return gate.Verdict{Outcome: gate.Continue, Reason: "its own gates have not all passed yet"}, nil
		case len(w.missing(g.wave, (*region).well)) > 0:
			return waits("it is well, and waits for " + w.missing(g.wave, (*region).well))
		case pause != nil && !w.at.Granted && !w.at.Promoting:
			return waits("all regions of the wave are well, and wait for an answer")
		}
		return gate.Verdict{Outcome: gate.Pass, Reason: fmt.Sprintf("wave %d is well in all regions", g.wave+1)}, nil
	})
}

// here reports whether a region has the revision, and waits for the others or has done so.
func (g *region) here() bool { return g.arrived || g.phase == promoted }

// well reports whether a region has nothing left to wait for but others.
func (g *region) well() bool { return g.ready || g.phase == promoted }

// agreed reports whether all gates of the hold passed when they were asked last.
func (g *region) agreed() bool {
	for _, name := range g.plan.Steps[len(g.plan.Steps)-1].Gates {
		if name != strategy.WaveGate && g.outcomes[name] != gate.Pass {
			return false
		}
	}
	return true
}

// missing names the regions of a wave of which something is not so; none where it is so of all.
func (w *Waves) missing(wave int, so func(*region) bool) string {
	var names []string
	for _, g := range w.of(wave) {
		if !so(g) {
			names = append(names, g.name)
		}
	}
	return strings.Join(names, ", ")
}
