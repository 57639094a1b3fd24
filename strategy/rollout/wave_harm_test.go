package rollout_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-multierror"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// with replaces the target of a region.
func with(targets map[string]rollout.Target, region string, wrap func(rollout.Target) rollout.Target) map[string]rollout.Target {
	targets[region] = wrap(targets[region])
	return targets
}

// mute is a target that answers nothing while it is so.
type mute struct {
	rollout.Target
	mu   sync.Mutex
	mute bool
}

func (d *mute) set(mute bool) { d.mu.Lock(); d.mute = mute; d.mu.Unlock() }

func (d *mute) hangs(ctx context.Context) error {
	d.mu.Lock()
	is := d.mute
	d.mu.Unlock()
	if is {
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

func (d *mute) Observe(ctx context.Context) (rollout.Observation, error) {
	if err := d.hangs(ctx); err != nil {
		return rollout.Observation{}, err
	}
	return d.Target.Observe(ctx)
}

func (d *mute) Apply(ctx context.Context, s strategy.State) error {
	if err := d.hangs(ctx); err != nil {
		return err
	}
	return d.Target.Apply(ctx, s)
}

func TestARegionThatHangs(t *testing.T) {
	bubble(t, "in the middle of its wave", func(t *testing.T) {
		a := newAtlas(t, twoWaves())
		var hang *mute
		targets := with(a.targets(), "us", func(t rollout.Target) rollout.Target { hang = &mute{Target: t}; return hang })
		a.options.Notify = a.also(func(e rollout.Event) {
			if e.Region == "us" && e.Kind == rollout.StepReached && e.Step == 0 {
				hang.set(true)
			}
		})
		w, err := rollout.NewWaves(targets, a.plan, a.options)
		require.NoError(t, err)
		result, err := w.Run(t.Context())
		assert.Equal(t, rollout.RollbackFailed, result.Outcome)
		assert.Equal(t, "eu promoted, us rollback failed, ap rolled back", outcomes(result))
		var late *rollout.DeadlineError
		require.ErrorAs(t, err, &late)
		assert.ErrorContains(t, err, "ROLLBACK FAILED at wave 2 of 2: region us: ")
		assert.ErrorContains(t, err, "the target did not answer within 30s")
		turned, ended := a.of(rollout.GoingBack, "us")[0].At, a.of(rollout.Ended, "ap")[0].At
		assert.Less(t, ended.Sub(turned), time.Minute, "the others are not kept waiting for it")
		hang.set(false)
		_, err = a.undo(t.Context())
		require.NoError(t, err)
		a.shows(a.all(v1))
	})
	bubble(t, "it can be aborted", func(t *testing.T) {
		a := newAtlas(t, twoWaves())
		a.options.Each.CallTimeout = 100 * time.Hour
		var hang *mute
		targets := with(a.targets(), "us", func(t rollout.Target) rollout.Target { hang = &mute{Target: t}; return hang })
		var w *rollout.Waves
		a.options.Notify = a.also(func(e rollout.Event) {
			if e.Region == "us" && e.Kind == rollout.StepStarted && e.Step == 1 && !e.Back {
				hang.set(true)
				go func() {
					time.Sleep(time.Minute)
					hang.set(false)
					assert.NoError(t, w.Abort("ada", "it hangs"))
				}()
			}
		})
		w, err := rollout.NewWaves(targets, a.plan, a.options)
		require.NoError(t, err)
		result, _ := w.Run(t.Context())
		assert.Equal(t, rollout.RolledBack, result.Outcome)
		a.shows(a.all(v1))
	})
}

// Every region is looked at before anything moves in any.
func TestWavesLookBeforeTheyMove(t *testing.T) {
	untouched := func(t *testing.T, a *atlas, result rollout.WaveResult) {
		t.Helper()
		assert.Equal(t, rollout.Refused, result.Outcome)
		assert.Equal(t, "eu untouched, us untouched, ap untouched", outcomes(result))
		assert.Empty(t, a.of(rollout.StepStarted, "eu"))
	}
	bubble(t, "a region that cannot be reached", func(t *testing.T) {
		a := newAtlas(t, twoWaves())
		a.worlds["ap"].Before = func(string) error { return errors.New("connection refused") }
		result, err := a.waves().Run(t.Context())
		untouched(t, a, result)
		var late *rollout.DeadlineError
		require.ErrorAs(t, err, &late)
		assert.ErrorContains(t, err, "region ap: no progress for 10m0s: the target could not be observed")
		assert.ErrorContains(t, err, "connection refused")
		ap, _ := result.Region("ap")
		require.Error(t, ap.Err)
		assert.Contains(t, ap.Cause, "connection refused")
		eu, _ := result.Region("eu")
		require.NoError(t, eu.Err)
	})
	bubble(t, "regions that are otherwise than planned", func(t *testing.T) {
		a := newAtlas(t, twoWaves())
		a.worlds["us"].Put(stableAt(v1, regionSize+2))
		a.worlds["ap"].Put(stableAt(v3, regionSize))
		result, err := a.waves().Run(t.Context())
		untouched(t, a, result)
		require.ErrorIs(t, err, rollout.ErrStale)
		assert.ErrorContains(t, err, "region us: ")
		assert.ErrorContains(t, err, "region ap: ")
	})
	bubble(t, "aborted meanwhile", func(t *testing.T) {
		a := newAtlas(t, twoWaves())
		a.worlds["ap"].Before = func(string) error { return errors.New("connection refused") }
		w := a.waves()
		go func() {
			time.Sleep(time.Minute)
			assert.NoError(t, w.Abort("ada", "no"))
		}()
		start := time.Now()
		result, err := w.Run(t.Context())
		untouched(t, a, result)
		var abort *rollout.AbortError
		require.ErrorAs(t, err, &abort)
		assert.Equal(t, time.Minute, time.Since(start))
	})
	bubble(t, "the host stops meanwhile", func(t *testing.T) {
		a := newAtlas(t, twoWaves())
		a.worlds["ap"].Before = func(string) error { return errors.New("connection refused") }
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errCut)
		defer cancel()
		result, err := a.waves().Run(ctx)
		require.ErrorIs(t, err, errCut)
		assert.Equal(t, rollout.Interrupted, result.Outcome)
	})
}

// What becomes otherwise before its wave begins makes the wave a bad one.
func TestARegionThatIsOtherwiseWhenItsWaveBegins(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		a := newAtlas(t, twoWaves())
		a.options.Notify = a.also(func(e rollout.Event) {
			if e.Kind == rollout.WaveDone {
				a.worlds["ap"].Limit(strategy.Limits{})
				a.worlds["ap"].Put(stableAt(v3, regionSize))
			}
		})
		result, err := a.waves().Run(t.Context())
		require.ErrorIs(t, err, rollout.ErrStale)
		assert.Equal(t, rollout.Stopped, result.Outcome)
		ap, _ := result.Region("ap")
		assert.Equal(t, rollout.Refused, ap.Outcome)
		want := a.all(v1, "eu")
		want["ap"] = v3
		a.shows(want)
	})
}

func TestWavesStopWithTheirContext(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		for after := time.Second; ; after += 3 * time.Second {
			a := newAtlas(t, brief(""))
			ctx, cancel := context.WithTimeoutCause(t.Context(), after, errCut)
			start := time.Now()
			result, err := a.waves().Run(ctx)
			cancel()
			if err == nil {
				require.Greater(t, after, 20*time.Second)
				return
			}
			require.LessOrEqual(t, time.Since(start), after+time.Second)
			require.ErrorIs(t, err, errCut)
			require.Equal(t, rollout.Interrupted, result.Outcome)
			w, err := rollout.ResumeWaves(a.targets(), a.plan, result.Checkpoint, a.options)
			require.NoError(t, err)
			_, err = w.Run(t.Context())
			require.NoError(t, err, "stopped after %s", after)
			a.shows(a.all(v2))
		}
	})
	// A host that stops does not stop the remedy of harm, also where that is to undo.
	bubble(t, "harm is taken back all the same", func(t *testing.T) {
		a := newAtlas(t, brief(strategy.EveryWave))
		a.fails("ap", func(s gate.Subject) bool { return s.Now.Sub(s.Since) > 3*time.Second })
		ctx, cancel := context.WithCancel(t.Context())
		a.options.Notify = a.also(func(e rollout.Event) {
			if e.Kind == rollout.WaveStopped {
				cancel()
			}
		})
		result, err := a.waves().Run(ctx)
		cancel()
		require.Error(t, err)
		assert.Equal(t, rollout.RolledBack, result.Outcome, "%v", err)
		a.shows(a.all(v1))
	})
}

func TestTwoHostsWithTheSameRegions(t *testing.T) {
	bubble(t, "in one process", func(t *testing.T) {
		a := newAtlas(t, twoWaves())
		targets := a.targets()
		first, err := rollout.NewWaves(targets, a.plan, a.options)
		require.NoError(t, err)
		second, err := rollout.NewWaves(targets, a.plan, a.options)
		require.NoError(t, err)
		done := make(chan error)
		go func() { _, err := first.Run(t.Context()); done <- err }()
		time.Sleep(500 * time.Millisecond)
		result, err := second.Run(t.Context())
		require.Error(t, err)
		assert.Equal(t, rollout.Refused, result.Outcome, "%v", err)
		require.NoError(t, <-done)
		a.shows(a.all(v2))
	})
	bubble(t, "all regions know of a host before it moves anything", func(t *testing.T) {
		a := newAtlas(t, twoWaves())
		targets := map[string]rollout.Target{}
		for name, w := range a.worlds {
			targets[name] = w.Fenced()
		}
		a.options.Each.Fence = 8
		a.options.Notify = a.also(func(e rollout.Event) {
			if e.Kind == rollout.WaveStarted && e.Wave == 0 {
				for name, w := range a.worlds {
					assert.ErrorIs(t, w.Fenced().(rollout.Fencer).Fence(t.Context(), 7), rollout.ErrFenced, "region %s", name)
				}
			}
		})
		w, err := rollout.NewWaves(targets, a.plan, a.options)
		require.NoError(t, err)
		_, err = w.Run(t.Context())
		require.NoError(t, err)
		assert.Len(t, a.of(rollout.WaveStarted, ""), 2)
	})
	bubble(t, "one that slept moves nothing any more", func(t *testing.T) {
		for after := 2 * time.Second; after < 70*time.Second; after += 9 * time.Second {
			a := newAtlas(t, twoWaves())
			fenced := map[string]rollout.Target{}
			next := map[string]rollout.Target{}
			for name, w := range a.worlds {
				fenced[name], next[name] = w.Fenced(), w.Fenced()
			}
			a.options.Each.Fence = 7
			sleeper, err := rollout.NewWaves(fenced, a.plan, a.options)
			require.NoError(t, err)
			done := make(chan error)
			go func() { _, err := sleeper.Run(t.Context()); done <- err }()
			time.Sleep(after)
			o := a.options
			o.Each.Fence = 8
			at := a.last()
			w, err := rollout.ResumeWaves(next, a.plan, at, o)
			require.NoError(t, err)
			_, err = w.Run(t.Context())
			require.NoError(t, err, "after %s", after)
			err = <-done
			var conflict *rollout.ConflictError // one that was holding a state sees the other one move
			require.True(t, errors.Is(err, rollout.ErrFenced) || errors.As(err, &conflict), "after %s: %v", after, err)
			a.shows(a.all(v2))
		}
	})
}

// Gates of a hold are asked in each region, with its own groups and memory.
func TestTheHoldAsksInEachRegion(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		a := newAtlas(t, strategy.Waves{Strategy: strategy.BlueGreen{}, Waves: []strategy.Wave{{Regions: []string{"us", "ap"}}}, Hold: held(time.Minute)})
		var mu sync.Mutex
		seen := map[string][]gate.Subject{}
		a.options.Gates = func(region string) map[string]gate.Gate {
			return map[string]gate.Gate{"errors": gate.Func(func(_ context.Context, s gate.Subject) (gate.Verdict, error) {
				mu.Lock()
				defer mu.Unlock()
				seen[region] = append(seen[region], s)
				return gate.Verdict{Outcome: gate.Pass, Reason: "fine", Memory: json.RawMessage(fmt.Sprintf("%q", region))}, nil
			})}
		}
		a.worlds["ap"].Start = 100 * time.Second
		result, err := a.waves().Run(t.Context())
		require.NoError(t, err)
		for _, region := range []string{"us", "ap"} {
			subjects := seen[region]
			for i, s := range subjects {
				assert.Equal(t, "1.1.0@222222222222", s.Candidate)
				assert.Equal(t, "1.0.0@111111111111", s.Replaced)
				assert.Empty(t, s.Stable)
				assert.InDelta(t, 1, s.Share, 0)
				assert.Contains(t, s.Step, "hold, together with the others of wave 1")
				if i > 0 {
					assert.Equal(t, fmt.Sprintf("%q", region), string(s.Memory))
				}
			}
			assert.True(t, subjects[len(subjects)-1].End)
			g, _ := result.Region(region)
			require.NotEmpty(t, g.Verdicts)
			for _, v := range g.Verdicts {
				assert.Equal(t, "errors", v.Gate)
			}
		}
		assert.Greater(t, len(seen["us"]), len(seen["ap"])+15, "one that waits is watched meanwhile")
		first := seen["us"][0].Now
		for _, s := range seen["us"] {
			if s.End {
				assert.Greater(t, s.Now.Sub(first), 2*time.Minute, "the bake begins when the last one is there")
				break
			}
		}
	})
}

// The regions of a wave share the room that gates have to remember: the position of all of them can be
// recorded wherever a stage's can.
func TestWavesRememberWithinAPosition(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		var names []string
		for i := range 10 {
			names = append(names, fmt.Sprintf("cluster-%d", i))
		}
		a := newAtlas(t, strategy.Waves{Strategy: strategy.Rolling{}, Waves: []strategy.Wave{{Regions: names}},
			Hold: strategy.Hold{Bake: 2 * time.Minute, Gates: []string{"a", "b"}}})
		long := strings.Repeat("x", 30<<10)
		remembers := gate.Func(func(_ context.Context, s gate.Subject) (gate.Verdict, error) {
			return gate.Verdict{Outcome: gate.Pass, Reason: "fine", Memory: json.RawMessage(fmt.Sprintf("%q", long))}, nil
		})
		a.options.Each.Gates = map[string]gate.Gate{"a": remembers, "b": remembers}
		a.options.Gates, a.options.Each.GateInterval = nil, 30*time.Second
		most, looks := 0, 0
		a.options.Checkpoint = func(_ context.Context, p rollout.WaveCheckpoint) error {
			if slices.ContainsFunc(names, func(name string) bool { return len(p.Regions[name].Rollout.Memory) < 2 }) {
				return nil // not all of them remember
			}
			if looks++; looks > 5 {
				return nil
			}
			text, err := json.Marshal(p)
			most = max(most, len(text))
			return err
		}
		_, err := a.waves().Run(t.Context())
		require.NoError(t, err)
		a.shows(a.all(v2))
		assert.Greater(t, most, 600<<10)
		assert.Less(t, most, stage.MaxCheckpoint-64<<10)
		// One that remembers more than its part has given no verdict.
		a = newAtlas(t, strategy.Waves{Strategy: strategy.Rolling{}, Waves: []strategy.Wave{{Regions: names}}, Hold: held(time.Minute)})
		long = strings.Repeat("x", 80<<10)
		a.options.Gates, a.options.Each.GateInterval = nil, 30*time.Second
		a.options.Each.Gates = map[string]gate.Gate{"errors": remembers}
		a.options.Each.Patience = time.Minute
		a.options.Each.Decision = strategy.Pause{Deadline: time.Minute}
		result, err := a.waves().Run(t.Context())
		require.Error(t, err)
		assert.Equal(t, rollout.RolledBack, result.Outcome)
		assert.ErrorContains(t, err, "than the 78643 which a rollout records")
	})
}

func TestWavesAreWiredWithAllThatIsWrong(t *testing.T) {
	a := newAtlas(t, twoWaves())
	targets := a.targets()
	delete(targets, "ap")
	targets["us"] = plain{targets["us"]}
	o := a.options
	o.Gates = func(region string) map[string]gate.Gate {
		if region == "eu" {
			return map[string]gate.Gate{"wave": passing}
		}
		return nil
	}
	_, err := rollout.NewWaves(targets, a.plan, o)
	require.Error(t, err)
	assert.ErrorContains(t, err, "region ap: there is no target")

	targets["ap"] = targets["eu"]
	_, err = rollout.NewWaves(targets, a.plan, o)
	require.ErrorContains(t, err, "region ap: its target is that of region eu")
	targets["ap"] = a.targets()["ap"]
	_, err = rollout.NewWaves(targets, a.plan, o)
	require.ErrorIs(t, err, rollout.ErrNoGate)
	var all *multierror.Error
	require.ErrorAs(t, err, &all)
	assert.ErrorContains(t, err, `region us: Plan.Steps[0].Gates: no such gate: "errors"`)
	assert.ErrorContains(t, err, `region ap: Plan.Steps[0].Gates: no such gate: "errors"`)
	assert.ErrorContains(t, err, `region eu: WaveOptions.Gates: "wave" is the name of the gate`)

	o = a.options
	o.Each = rollout.Options{
		Poll: -1, Gates: map[string]gate.Gate{"wave": passing},
		Checkpoint: func(context.Context, rollout.Checkpoint) error { return nil }, Notify: func(rollout.Event) {},
	}
	_, err = rollout.NewWaves(a.targets(), a.plan, o)
	for _, want := range []string{
		"WaveOptions.Each: Options.Poll: -1ns is below zero", "WaveOptions.Each.Checkpoint: belongs to the waves",
		"WaveOptions.Each.Notify: belongs to the waves", `WaveOptions.Each.Gates: "wave" is the name of the gate`,
	} {
		assert.ErrorContains(t, err, want)
		assert.ErrorContains(t, o.Validate(), want)
	}

	_, err = rollout.NewWaves(a.targets(), strategy.WavePlan{}, a.options)
	require.ErrorContains(t, err, "Waves: a plan has at least one wave")
	_, err = rollout.ResumeWaves(a.targets(), a.plan, rollout.WaveCheckpoint{Plan: "sha256:abc"}, a.options)
	require.ErrorContains(t, err, "the checkpoint belongs to plan")
	_, err = rollout.UndoWaves(a.targets(), a.plan, rollout.WaveCheckpoint{Plan: "sha256:abc"}, "", a.options)
	require.ErrorContains(t, err, "the checkpoint belongs to plan")
	_, err = rollout.ResumeWaves(a.targets(), a.plan, rollout.WaveCheckpoint{Plan: a.plan.Hash(), Wave: 9,
		Regions: map[string]rollout.RegionCheckpoint{"mars": {}}}, a.options)
	require.ErrorContains(t, err, "there is no wave 10 among 2")
	assert.ErrorContains(t, err, `the plan has no region "mars"`)
	_, err = rollout.ResumeWaves(a.targets(), a.plan, rollout.WaveCheckpoint{Plan: a.plan.Hash(),
		Regions: map[string]rollout.RegionCheckpoint{"eu": {Rollout: rollout.Checkpoint{Plan: "sha256:x"}}}}, a.options)
	require.ErrorContains(t, err, "region eu: resume: the checkpoint belongs to plan")
	_, err = rollout.NewWaves(targets, matching(t, a), a.options)
	require.ErrorContains(t, err, "region us: the plan routes by header X-Canary=on, and the target cannot match requests")
}

// plain is a target without any ability.
type plain struct{ target rollout.Target }

func (p plain) Observe(ctx context.Context) (rollout.Observation, error) {
	return p.target.Observe(ctx)
}
func (p plain) Apply(ctx context.Context, s strategy.State) error { return p.target.Apply(ctx, s) }

// matching is a plan that routes by a header.
func matching(t *testing.T, a *atlas) strategy.WavePlan {
	t.Helper()
	from := map[string]strategy.State{}
	for _, name := range slices.Sorted(maps.Keys(a.worlds)) {
		from[name] = stableAt(v1, regionSize)
	}
	s := twoWaves()
	s.Waves[0].Strategy = nil
	s.Strategy = strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(10), Match: []strategy.Match{{Header: "X-Canary", Value: "on"}}}}}
	p, err := s.Plan(from, v2)
	require.NoError(t, err)
	return p
}

// Somebody else who changes one region freezes it; the others of its wave are taken back.
func TestAConflictInOneRegion(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		a := newAtlas(t, twoWaves())
		a.options.Each.Drift = rollout.Freeze
		a.worlds["us"].Limit(strategy.Limits{})
		once := sync.OnceFunc(func() { a.worlds["us"].Add(strategy.Pool{Revision: v3}, 1) })
		a.options.Notify = a.also(func(e rollout.Event) {
			if e.Region == "us" && e.Kind == rollout.StepReached {
				once()
			}
		})
		result, err := a.waves().Run(t.Context())
		assert.Equal(t, rollout.Frozen, result.Outcome)
		assert.Equal(t, "eu promoted, us frozen, ap rolled back", outcomes(result))
		var conflict *rollout.ConflictError
		require.ErrorAs(t, err, &conflict)
	})
}

// Two that are bad at the same moment are both taken back, and the others too.
func TestSeveralBadRegions(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		names := []string{"a", "b", "c", "d", "e"}
		a := newAtlas(t, strategy.Waves{Strategy: strategy.Rolling{Bake: time.Minute, Gates: []string{"errors"}}, Waves: []strategy.Wave{{Regions: names, AtOnce: 4}}})
		for _, name := range []string{"b", "c"} {
			a.fails(name, func(s gate.Subject) bool { return s.Now.Sub(s.Since) > 20*time.Second })
		}
		a.worlds["d"].Behave = on(v2, strategytest.Behaviour{NeverReady: true})
		result, err := a.waves().Run(t.Context())
		require.Error(t, err)
		assert.Equal(t, rollout.RolledBack, result.Outcome)
		assert.Equal(t, "a rolled back, b rolled back, c rolled back, d rolled back, e untouched", outcomes(result))
		a.shows(a.all(v1))
	})
}

// A region may leave its way to its target, as to a Deployment, beside one that is walked step by step.
func TestWavesOfTargetsThatWalkByThemselves(t *testing.T) {
	for _, bad := range []string{"", "us", "ap"} {
		bubble(t, "bad: "+bad, func(t *testing.T) {
			s := strategy.Waves{
				Strategy: strategy.Native{}, ByRegion: map[string]strategy.Strategy{"ap": canary()},
				Waves: []strategy.Wave{{Regions: []string{"eu"}}, {Regions: []string{"us", "ap"}}},
				Hold:  held(30 * time.Second), TakeBack: strategy.EveryWave,
			}
			a := newAtlas(t, s)
			a.fails(bad, inHold)
			clusters := func() map[string]rollout.Target {
				targets := map[string]rollout.Target{}
				for name, w := range a.worlds {
					targets[name] = w.Cluster()
				}
				return targets
			}
			w, err := rollout.NewWaves(clusters(), a.plan, a.options)
			require.NoError(t, err)
			result, err := w.Run(t.Context())
			if bad != "" {
				require.Error(t, err)
				assert.Equal(t, rollout.RolledBack, result.Outcome, "%v", err)
				a.shows(a.all(v1))
				return
			}
			require.NoError(t, err)
			a.shows(a.all(v2))
			w, err = rollout.UndoWaves(clusters(), a.plan, a.last(), "", a.options)
			require.NoError(t, err)
			_, err = w.Run(t.Context())
			require.NoError(t, err)
			a.shows(a.all(v1))
		})
	}
}
