package rollout_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// atlas are several worlds with a plan of waves over them.
type atlas struct {
	t       *testing.T
	worlds  map[string]*strategytest.World
	plan    strategy.WavePlan
	options rollout.WaveOptions

	mu     sync.Mutex
	events []rollout.Event
	points []rollout.WaveCheckpoint
	// verdicts are what the gate "errors" answers in a region; nothing: it passes
	verdicts map[string]func(gate.Subject) gate.Outcome
}

func held(d time.Duration) strategy.Hold { return strategy.Hold{Bake: d, Gates: []string{"errors"}} }

// twoWaves begins with a canary in one region, and then replaces two others side by side.
func twoWaves() strategy.Waves {
	return strategy.Waves{
		Strategy: strategy.Rolling{Bake: 10 * time.Second, Gates: []string{"errors"}},
		Waves: []strategy.Wave{
			{Name: "first", Regions: []string{"eu"}, Strategy: canary()},
			{Name: "rest", Regions: []string{"us", "ap"}},
		},
		Hold: held(30 * time.Second),
	}
}

const regionSize = 3

func newAtlas(t *testing.T, s strategy.Waves) *atlas {
	t.Helper()
	a := &atlas{t: t, worlds: map[string]*strategytest.World{}, verdicts: map[string]func(gate.Subject) gate.Outcome{}}
	from := map[string]strategy.State{}
	for _, wave := range s.Waves {
		for _, name := range wave.Regions {
			a.worlds[name] = &strategytest.World{}
			a.worlds[name].Put(stableAt(v1, regionSize))
			from[name] = stableAt(v1, regionSize)
		}
	}
	var err error
	a.plan, err = s.Plan(from, v2)
	require.NoError(t, err)
	require.NoError(t, a.plan.Verify())
	for _, r := range a.plan.Regions() {
		a.worlds[r.Region].Limit(r.Plan.Limits)
	}
	a.options = rollout.WaveOptions{
		Each: rollout.Options{Poll: time.Second},
		Gates: func(region string) map[string]gate.Gate {
			return map[string]gate.Gate{"errors": gate.Func(func(_ context.Context, s gate.Subject) (gate.Verdict, error) {
				a.mu.Lock()
				defer a.mu.Unlock()
				v := gate.Verdict{Outcome: gate.Pass, Reason: "all is well in " + region}
				if f := a.verdicts[region]; f != nil {
					v.Outcome, v.Reason = f(s), "as the script says for "+region
				}
				return v, nil
			})}
		},
		Notify: func(e rollout.Event) {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.events = append(a.events, e)
		},
		Checkpoint: func(_ context.Context, p rollout.WaveCheckpoint) error {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.points = append(a.points, p)
			return nil
		},
	}
	return a
}

// fails makes the gate of a region fail, wherever what is asked about is so.
func (a *atlas) fails(region string, when func(gate.Subject) bool) {
	a.verdicts[region] = func(s gate.Subject) gate.Outcome {
		if when(s) {
			return gate.Fail
		}
		return gate.Pass
	}
}

func always(gate.Subject) bool { return true }

// inHold is the hold of a wave, some time after it began.
func inHold(s gate.Subject) bool {
	return strings.Contains(s.Step, "hold, ") && s.Now.Sub(s.Since) > 20*time.Second
}

func (a *atlas) targets() map[string]rollout.Target {
	targets := map[string]rollout.Target{}
	for name, w := range a.worlds {
		targets[name] = w.Target()
	}
	return targets
}

func (a *atlas) waves() *rollout.Waves {
	a.t.Helper()
	w, err := rollout.NewWaves(a.targets(), a.plan, a.options)
	require.NoError(a.t, err)
	return w
}

func (a *atlas) last() rollout.WaveCheckpoint {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.points) == 0 {
		return rollout.WaveCheckpoint{}
	}
	return a.points[len(a.points)-1]
}

// shows holds all worlds against the revisions that they must run.
func (a *atlas) shows(want map[string]strategy.Revision) {
	a.t.Helper()
	for _, name := range slices.Sorted(maps.Keys(a.worlds)) {
		o, err := a.worlds[name].Target().Observe(context.Background())
		require.NoError(a.t, err)
		require.Empty(a.t, o.Missing(stableAt(want[name], regionSize)), "region %s", name)
		require.Empty(a.t, a.worlds[name].Violations(), "region %s", name)
	}
}

// all is every region on one revision, but for those that are named.
func (a *atlas) all(r strategy.Revision, but ...string) map[string]strategy.Revision {
	want := map[string]strategy.Revision{}
	for name := range a.worlds {
		want[name] = r
		if slices.Contains(but, name) {
			want[name] = map[strategy.Revision]strategy.Revision{v1: v2, v2: v1}[r]
		}
	}
	return want
}

func (a *atlas) of(kind rollout.EventKind, region string) []rollout.Event {
	a.mu.Lock()
	defer a.mu.Unlock()
	var found []rollout.Event
	for _, e := range a.events {
		if e.Kind == kind && e.Region == region {
			found = append(found, e)
		}
	}
	return found
}

// outcomes are those of the regions, in the order of the plan.
func outcomes(r rollout.WaveResult) string {
	var parts []string
	for _, g := range r.Regions {
		parts = append(parts, fmt.Sprintf("%s %s", g.Region, g.Outcome))
	}
	return strings.Join(parts, ", ")
}

func TestWavesPromote(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		a := newAtlas(t, twoWaves())
		result, err := a.waves().Run(t.Context())
		require.NoError(t, err)
		assert.Equal(t, rollout.Promoted, result.Outcome)
		assert.Equal(t, "eu promoted, us promoted, ap promoted", outcomes(result))
		a.shows(a.all(v2))
		assert.Equal(t, rollout.Promoted, a.last().Outcome)

		first, second := a.of(rollout.WaveDone, ""), a.of(rollout.StepStarted, "us")
		require.Len(t, first, 2)
		assert.False(t, second[0].At.Before(first[0].At), "no wave begins before the one ahead is over")
		assert.Equal(t, 1, second[0].Wave)
		assert.Equal(t, 2, second[0].Waves)
		// The hold is as long as it says from when the last one is there.
		var reached time.Time
		for _, region := range []string{"us", "ap"} {
			for _, e := range a.of(rollout.StepReached, region) {
				if e.At.After(reached) {
					reached = e.At
				}
			}
		}
		held := first[1].At.Sub(reached)
		assert.GreaterOrEqual(t, held, 30*time.Second)
		assert.LessOrEqual(t, held, 45*time.Second)
	})
}

func TestABadWaveStopsAllThatFollow(t *testing.T) {
	three := twoWaves()
	three.Waves = append(three.Waves, strategy.Wave{Regions: []string{"sa"}})
	every := three
	every.TakeBack = strategy.EveryWave
	for _, c := range []struct {
		name, bad string
		when      func(gate.Subject) bool
		waves     strategy.Waves
		outcome   rollout.Outcome
		outcomes  string
		stay      []string // on the new revision
	}{
		{"in the first wave, on its way", "eu", always, three, rollout.RolledBack,
			"eu rolled back, us untouched, ap untouched, sa untouched", nil},
		{"in the hold of the first wave", "eu", inHold, three, rollout.RolledBack,
			"eu rolled back, us untouched, ap untouched, sa untouched", nil},
		{"in the second wave, on its way", "us", always, three, rollout.Stopped,
			"eu promoted, us rolled back, ap rolled back, sa untouched", []string{"eu"}},
		{"in the hold of the second wave", "ap", inHold, three, rollout.Stopped,
			"eu promoted, us rolled back, ap rolled back, sa untouched", []string{"eu"}},
		{"in the last wave", "sa", always, three, rollout.Stopped,
			"eu promoted, us promoted, ap promoted, sa rolled back", []string{"eu", "us", "ap"}},
		{"in the hold of the last wave, and all are wanted back", "sa", inHold, every, rollout.RolledBack,
			"eu rolled back, us rolled back, ap rolled back, sa rolled back", nil},
		{"in the second wave, and all are wanted back", "us", always, every, rollout.RolledBack,
			"eu rolled back, us rolled back, ap rolled back, sa untouched", nil},
	} {
		bubble(t, c.name, func(t *testing.T) {
			a := newAtlas(t, c.waves)
			a.fails(c.bad, c.when)
			result, err := a.waves().Run(t.Context())
			var failure *rollout.WaveError
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, c.outcome, result.Outcome, "%v", err)
			assert.Equal(t, c.outcomes, outcomes(result))
			assert.Equal(t, c.bad, failure.Region)
			var harm *rollout.GateError
			require.ErrorAs(t, err, &harm)
			assert.Equal(t, "errors", harm.Verdict.Gate)
			assert.Contains(t, err.Error(), "region "+c.bad)
			a.shows(a.all(v1, c.stay...))
			assert.Equal(t, c.outcome, a.last().Outcome)
			assert.Len(t, a.of(rollout.WaveStopped, ""), 1)
			_, err = rollout.ResumeWaves(a.targets(), a.plan, a.last(), a.options)
			assert.ErrorIs(t, err, rollout.ErrEnded)
		})
	}
}

func TestAtOnceBoundsWhatMoves(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		names := []string{"a", "b", "c", "d", "e"}
		a := newAtlas(t, strategy.Waves{
			Strategy: strategy.Rolling{Surge: strategy.Count(1), Unavailable: strategy.Count(0)},
			Waves:    []strategy.Wave{{Regions: names, AtOnce: 2}}, Hold: held(time.Minute),
		})
		result, err := a.waves().Run(t.Context())
		require.NoError(t, err)
		a.shows(a.all(v2))
		assert.Equal(t, rollout.Promoted, result.Outcome)
		moving, most := map[string]bool{}, 0
		var order []string
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, e := range a.events {
			switch {
			case e.Region == "":
			case e.Kind == rollout.StepStarted && e.Step == 0:
				moving[e.Region], order = true, append(order, e.Region)
			case e.Kind == rollout.StepReached && e.Step == e.Steps-1:
				delete(moving, e.Region)
			}
			most = max(most, len(moving))
		}
		assert.Equal(t, 2, most)
		slices.Sort(order[:2]) // they begin at the same moment, and end so
		slices.Sort(order[2:4])
		assert.Equal(t, names, order)
	})
}
