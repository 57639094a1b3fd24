package rollout_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// An abort at any instant ends all-old in every region, also in those whose wave was over. The instants
// are the calls of the targets, every one of them.
func TestAbortOfWavesAtEveryCall(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		for n := 1; ; n += stride {
			a := newAtlas(t, brief(""))
			a.options.Each.GateInterval = 2 * time.Second
			var mu sync.Mutex
			var w *rollout.Waves
			calls := 0
			for _, world := range a.worlds {
				world.Before = func(string) error {
					mu.Lock()
					calls++
					now := calls == n
					mu.Unlock()
					if now {
						assert.NoError(t, w.Abort("ada", "a bad feeling"))
					}
					return nil
				}
			}
			w = a.waves()
			result, err := w.Run(t.Context())
			for _, world := range a.worlds {
				world.Before = nil
			}
			if calls < n {
				require.NoError(t, err)
				return
			}
			a.shows(a.all(v1))
			var abort *rollout.AbortError
			require.ErrorAs(t, err, &abort, "at call %d", n)
			require.Equal(t, "ada", abort.By)
			want := rollout.RolledBack
			if len(a.of(rollout.StepStarted, "eu")) == 0 {
				want = rollout.Refused // nothing was moved
			}
			require.Equal(t, want, result.Outcome, "at call %d: %v", n, err)
			require.Empty(t, err.(*rollout.WaveError).Region)
		}
	})
}

// Aborted, killed at everything that it does from then on, and resumed: all is taken back.
func TestAbortOfWavesSurvivesDeath(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		for n := 1; ; n += stride {
			a := newAtlas(t, brief(""))
			a.options.Each.GateInterval = 2 * time.Second
			d := newDoom(1 << 30)
			targets, o := a.mortal(d)
			var w *rollout.Waves
			o.Notify = a.also(func(e rollout.Event) {
				if e.Kind != rollout.StepReached || e.Region != "us" || e.Back || e.Step != e.Steps-1 {
					return
				}
				go func() { // in the hold of the second wave
					time.Sleep(time.Second)
					d.mu.Lock()
					d.left = n
					d.mu.Unlock()
					assert.NoError(t, w.Abort("ada", "no"))
				}()
			})
			var err error
			w, err = rollout.NewWaves(targets, a.plan, o)
			require.NoError(t, err)
			died, err, bury := die(t, d, w)
			if died {
				time.Sleep(7 * time.Second)
				if a.last().Abort == nil {
					bury() // it died before it recorded anything: nobody knows of the abort
					continue
				}
				err = a.goOn(t)
			}
			require.Equal(t, rollout.RolledBack, a.last().Outcome, "%d: %v", n, err)
			a.shows(a.all(v1))
			bury()
			if !died {
				require.Greater(t, n, 10)
				return
			}
		}
	})
}

func TestPauseOfWaves(t *testing.T) {
	bubble(t, "while a wave moves", func(t *testing.T) {
		a := newAtlas(t, twoWaves())
		w := a.waves()
		go func() {
			time.Sleep(30 * time.Second)
			assert.NoError(t, w.Pause("ada", "lunch"))
			assert.NoError(t, w.Pause("bob", "me too"))
			time.Sleep(time.Second)
			a.mu.Lock()
			before := len(a.events)
			a.mu.Unlock()
			time.Sleep(3 * time.Hour)
			a.mu.Lock()
			moved := slices.ContainsFunc(a.events[before:], func(e rollout.Event) bool {
				return e.Kind == rollout.PhaseStarted || e.Kind == rollout.StepStarted || e.Kind == rollout.WaveStarted
			})
			a.mu.Unlock()
			assert.False(t, moved, "nothing moves in a pause")
			assert.True(t, a.last().Paused)
			assert.NoError(t, w.Resume("ada", "back"))
			assert.ErrorIs(t, w.Resume("ada", "again"), rollout.ErrNotWaiting)
		}()
		_, err := w.Run(t.Context())
		require.NoError(t, err)
		a.shows(a.all(v2))
		assert.Len(t, a.of(rollout.Paused, ""), 1)
		assert.Equal(t, "ada", a.of(rollout.Paused, "")[0].By)
		assert.Len(t, a.of(rollout.Resumed, ""), 1)
	})
	bubble(t, "before it is run, and over a restart", func(t *testing.T) {
		a := newAtlas(t, twoWaves())
		w := a.waves()
		require.NoError(t, w.Pause("ada", "not yet"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		result, err := w.Run(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, rollout.Interrupted, result.Outcome)
		assert.Equal(t, "eu untouched, us untouched, ap untouched", outcomes(result))
		require.True(t, result.Checkpoint.Paused)
		w, err = rollout.ResumeWaves(a.targets(), a.plan, result.Checkpoint, a.options)
		require.NoError(t, err)
		go func() {
			time.Sleep(time.Hour)
			assert.Empty(t, a.of(rollout.StepStarted, "eu"))
			assert.NoError(t, w.Resume("ada", "go"))
		}()
		_, err = w.Run(t.Context())
		require.NoError(t, err)
		a.shows(a.all(v2))
	})
}

// A region's own last position may be older than that of all: what was resumed stays so.
func TestAResumeOutlivesTheHost(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		a := newAtlas(t, twoWaves())
		w := a.waves()
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			time.Sleep(30 * time.Second)
			assert.NoError(t, w.Pause("ada", "lunch"))
			time.Sleep(time.Minute)
			cancel()
		}()
		result, _ := w.Run(ctx)
		require.Equal(t, rollout.Interrupted, result.Outcome)
		at := result.Checkpoint
		require.True(t, at.Regions["eu"].Rollout.Paused)
		at.Paused = false
		w, err := rollout.ResumeWaves(a.targets(), a.plan, at, a.options)
		require.NoError(t, err)
		start := time.Now()
		_, err = w.Run(t.Context())
		require.NoError(t, err)
		assert.Less(t, time.Since(start), 10*time.Minute)
		a.shows(a.all(v2))
	})
}

// No region leaves the hold before all are well, so that a bad one finds the others under way.
func TestTheRegionsOfAWaveLeaveTogether(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		a := newAtlas(t, strategy.Waves{Strategy: strategy.Rolling{}, Waves: []strategy.Wave{{Regions: []string{"us", "ap"}}}, Hold: held(time.Minute)})
		a.verdicts["ap"] = func(s gate.Subject) gate.Outcome {
			if s.Now.Sub(s.Since) < 8*time.Minute {
				return gate.Continue
			}
			return gate.Fail
		}
		result, err := a.waves().Run(t.Context())
		require.Error(t, err)
		assert.Equal(t, rollout.RolledBack, result.Outcome)
		a.shows(a.all(v1))
		assert.Nil(t, a.last().Regions["us"].Undo, "it was not promoted")
		assert.Empty(t, a.of(rollout.Asked, "us"), "nor was anybody asked about it")
	})
}

func TestPromoteOfWaves(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		s := twoWaves()
		s.Hold.Bake = 100 * time.Hour
		s.Waves[0].Hold = strategy.Hold{Pause: &strategy.Pause{}}
		a := newAtlas(t, s)
		w := a.waves()
		go func() {
			time.Sleep(10 * time.Second)
			assert.NoError(t, w.Pause("ada", "hm"))
			assert.NoError(t, w.Promote("ada", "hurry"))
			assert.False(t, w.Asking() != nil)
		}()
		start := time.Now()
		_, err := w.Run(t.Context())
		require.NoError(t, err)
		assert.Less(t, time.Since(start), 5*time.Minute)
		a.shows(a.all(v2))
		assert.ErrorIs(t, w.Pause("ada", "late"), rollout.ErrEnded)
		_, err = w.Run(t.Context())
		assert.ErrorContains(t, err, "run before")
	})
}

// A wave's pause is asked once, when all of its regions are well, and its answer lets all of them go.
func TestAWavesPause(t *testing.T) {
	atlasOf := func(t *testing.T, s strategy.Waves) *atlas {
		a := newAtlas(t, s)
		a.options.Each.Poll, a.options.Each.GateInterval = 5*time.Second, 20*time.Second // hours pass
		return a
	}
	pausing := func(p strategy.Pause) strategy.Waves {
		s := twoWaves()
		s.Waves[0], s.Waves[1] = strategy.Wave{Regions: []string{"us", "ap"}}, strategy.Wave{Regions: []string{"eu"}}
		s.Waves[0].Hold = strategy.Hold{Bake: 30 * time.Second, Gates: []string{"errors"}, Pause: &p}
		s.TakeBack = strategy.BadWave
		return s
	}
	bubble(t, "answered", func(t *testing.T) {
		a := atlasOf(t, pausing(strategy.Pause{Reason: "to all the others?"}))
		var w *rollout.Waves
		a.options.Notify = a.also(func(e rollout.Event) {
			if e.Kind == rollout.Asked {
				assert.Equal(t, "to all the others?", e.Text)
				assert.Empty(t, e.Region)
				go func() {
					time.Sleep(5 * time.Hour)
					assert.NoError(t, w.Resume("ada", "it looks good"))
				}()
			}
		})
		w = a.waves()
		start := time.Now()
		_, err := w.Run(t.Context())
		require.NoError(t, err)
		assert.Greater(t, time.Since(start), 5*time.Hour)
		a.shows(a.all(v2))
		assert.Len(t, a.of(rollout.Asked, ""), 1)
		assert.Equal(t, "it looks good", a.of(rollout.Answered, "")[0].Text)
		assert.Empty(t, a.of(rollout.Asked, "us"), "the patience of no region ends meanwhile")
	})
	bubble(t, "harm while a person thinks", func(t *testing.T) {
		a := atlasOf(t, pausing(strategy.Pause{}))
		start := time.Now()
		a.fails("ap", func(s gate.Subject) bool { return s.Now.Sub(start) > time.Hour })
		result, err := a.waves().Run(t.Context())
		require.Error(t, err)
		assert.Equal(t, rollout.RolledBack, result.Outcome)
		a.shows(a.all(v1))
	})
	for _, c := range []struct {
		answer  strategy.Answer
		outcome rollout.Outcome
		want    strategy.Revision
	}{{strategy.AnswerAbort, rollout.RolledBack, v1}, {"", rollout.RolledBack, v1}, {strategy.AnswerResume, rollout.Promoted, v2}} {
		bubble(t, "nobody answers: "+string(c.answer), func(t *testing.T) {
			a := atlasOf(t, pausing(strategy.Pause{Reason: "go?", Deadline: time.Hour, Default: c.answer}))
			result, err := a.waves().Run(t.Context())
			assert.Equal(t, c.outcome, result.Outcome)
			if c.outcome != rollout.Promoted {
				assert.ErrorContains(t, err, "nobody answered in time: go?")
			}
			a.shows(a.all(c.want))
		})
	}
	bubble(t, "the deadline stands still while all regions are paused", func(t *testing.T) {
		a := atlasOf(t, pausing(strategy.Pause{Deadline: time.Hour}))
		var w *rollout.Waves
		a.options.Notify = a.also(func(e rollout.Event) {
			if e.Kind == rollout.Asked {
				go func() {
					time.Sleep(30 * time.Minute)
					assert.NoError(t, w.Pause("ada", "all hands"))
					time.Sleep(3 * time.Hour)
					assert.NoError(t, w.Resume("ada", "back"))
					time.Sleep(20 * time.Minute)
					assert.NoError(t, w.Resume("ada", "go"))
				}()
			}
		})
		w = a.waves()
		_, err := w.Run(t.Context())
		require.NoError(t, err)
		a.shows(a.all(v2))
	})
	bubble(t, "the deadline stands still in a pause that outlives the host", func(t *testing.T) {
		a := atlasOf(t, pausing(strategy.Pause{Deadline: time.Hour}))
		ctx, cancel := context.WithCancel(t.Context())
		w := a.waves()
		a.options.Notify = a.also(func(e rollout.Event) {
			if e.Kind == rollout.Asked && len(a.of(rollout.Asked, "")) == 1 {
				go func() {
					time.Sleep(5 * time.Minute)
					assert.NoError(t, w.Pause("ada", "something is odd"))
					time.Sleep(5 * time.Minute)
					cancel()
				}()
			}
		})
		w = a.waves()
		result, _ := w.Run(ctx)
		require.Equal(t, rollout.Interrupted, result.Outcome)
		time.Sleep(3 * time.Hour) // the host is down
		second, err := rollout.ResumeWaves(a.targets(), a.plan, a.last(), a.options)
		require.NoError(t, err)
		go func() {
			time.Sleep(10 * time.Minute)
			assert.NoError(t, second.Resume("bob", "nothing odd"))
			time.Sleep(50 * time.Minute)
			assert.NoError(t, second.Resume("ada", "go"))
		}()
		_, err = second.Run(t.Context())
		require.NoError(t, err)
		a.shows(a.all(v2))
	})
	bubble(t, "over a restart, with the deadline as it was", func(t *testing.T) {
		a := atlasOf(t, pausing(strategy.Pause{Deadline: 10 * time.Hour}))
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Hour)
		defer cancel()
		result, _ := a.waves().Run(ctx)
		require.Equal(t, rollout.Interrupted, result.Outcome)
		require.False(t, result.Checkpoint.Asked.IsZero())
		w, err := rollout.ResumeWaves(a.targets(), a.plan, result.Checkpoint, a.options)
		require.NoError(t, err)
		start := time.Now()
		result, _ = w.Run(t.Context())
		assert.Equal(t, rollout.RolledBack, result.Outcome)
		assert.InDelta(t, 4*time.Hour, time.Since(start), float64(10*time.Minute))
	})
	bubble(t, "answered, and killed before anything was recorded but by others", func(t *testing.T) {
		a := atlasOf(t, pausing(strategy.Pause{}))
		var w *rollout.Waves
		a.options.Notify = a.also(func(e rollout.Event) {
			if e.Kind == rollout.Asked {
				assert.NoError(t, w.Resume("ada", "go"))
			}
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		keep := a.options.Checkpoint
		a.options.Checkpoint = func(ctx context.Context, p rollout.WaveCheckpoint) error {
			if p.Granted {
				cancel()
			}
			return keep(ctx, p)
		}
		w = a.waves()
		result, _ := w.Run(ctx)
		require.Equal(t, rollout.Interrupted, result.Outcome)
		a.options.Checkpoint = keep
		w, err := rollout.ResumeWaves(a.targets(), a.plan, a.last(), a.options)
		require.NoError(t, err)
		_, err = w.Run(t.Context())
		require.NoError(t, err)
		assert.Len(t, a.of(rollout.Asked, ""), 1, "it was answered")
		assert.LessOrEqual(t, len(a.of(rollout.Answered, "")), 1, "and that is told once")
	})
}

// also adds to what is told.
func (a *atlas) also(f func(rollout.Event)) func(rollout.Event) {
	notify := a.options.Notify
	return func(e rollout.Event) {
		notify(e)
		f(e)
	}
}

// Answers are for the region that asked.
func TestAnswersAreForTheRegionThatAsked(t *testing.T) {
	s := strategy.Waves{
		Strategy: strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Pause: &strategy.Pause{Reason: "is it well here?"}}}},
		Waves:    []strategy.Wave{{Regions: []string{"us", "ap"}}},
	}
	bubble(t, "x", func(t *testing.T) {
		a := newAtlas(t, s)
		w := a.waves()
		require.ErrorIs(t, w.Resume("ada", "too early"), rollout.ErrNotWaiting)
		go func() {
			time.Sleep(time.Hour)
			err := w.Resume("ada", "go")
			assert.ErrorIs(t, err, rollout.ErrWhich)
			assert.ErrorContains(t, err, "us, ap")
			assert.Equal(t, []string{"us", "ap"}, w.Asking())
			assert.ErrorIs(t, w.Resume("ada", "go", "eu"), rollout.ErrNotWaiting)
			assert.NoError(t, w.Resume("ada", "ap is fine", "ap"))
			time.Sleep(time.Minute)
			assert.ErrorIs(t, w.Resume("ada", "ap is fine", "ap"), rollout.ErrNotWaiting)
			assert.Equal(t, []string{"us"}, w.Asking())
			assert.Empty(t, a.of(rollout.Answered, "us"))
			assert.NoError(t, w.Resume("bob", "us too"), "there is but one")
		}()
		_, err := w.Run(t.Context())
		require.NoError(t, err)
		a.shows(a.all(v2))
		assert.Equal(t, "ap is fine", a.of(rollout.Answered, "ap")[0].Text)
		assert.Equal(t, "bob", a.of(rollout.Answered, "us")[0].By)
	})
	// An answer is in each position that is recorded after it, also in one that another region caused.
	bubble(t, "it is recorded by whoever records next", func(t *testing.T) {
		for after := time.Duration(0); after < 12*time.Second; after += 500 * time.Millisecond {
			s.Strategy = strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Gates: []string{"errors"}, Pause: &strategy.Pause{}}}}
			a := newAtlas(t, s)
			var counted atomic.Int64
			a.options.Each.GateInterval = time.Second
			a.options.Gates = func(region string) map[string]gate.Gate {
				return map[string]gate.Gate{"errors": gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
					looks := counted.Add(1) // it is remembered, so that all regions record now and then
					v := gate.Verdict{Outcome: gate.Pass, Reason: "fine", Memory: fmt.Appendf(nil, "%d", looks)}
					if looks%3 == 0 && region == "ap" {
						v.Outcome = gate.Continue
					}
					return v, nil
				})}
			}
			keep := a.options.Checkpoint
			var answered atomic.Bool
			records := 0
			a.options.Checkpoint = func(ctx context.Context, p rollout.WaveCheckpoint) error {
				if us := p.Regions["us"].Rollout; answered.Load() {
					records++
					assert.True(t, us.Granted || us.Step > 0, "a position without the answer: %+v", us)
				}
				return keep(ctx, p)
			}
			w, err := rollout.NewWaves(a.targets(), a.plan, a.options)
			require.NoError(t, err)
			go func() {
				time.Sleep(time.Minute + after)
				assert.NoError(t, w.Resume("ada", "go", "us"))
				answered.Store(true)
				time.Sleep(time.Minute)
				for w.Resume("ada", "go", "ap") != nil {
					time.Sleep(time.Second)
				}
			}()
			_, err = w.Run(t.Context())
			require.NoError(t, err)
			require.Positive(t, records)
			a.shows(a.all(v2))
		}
	})
}

// Gates that do not agree are a person's business in the region where they do not, whatever the others do.
func TestPatienceEndsInEachRegion(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		a := newAtlas(t, strategy.Waves{Strategy: strategy.Rolling{}, Waves: []strategy.Wave{{Regions: []string{"us", "ap", "eu"}}}, Hold: held(time.Minute)})
		for _, name := range []string{"us", "ap"} {
			a.verdicts[name] = func(gate.Subject) gate.Outcome { return gate.Continue }
		}
		a.options.Each.Patience = 20 * time.Minute
		var w *rollout.Waves
		start := time.Now()
		var asked []time.Duration
		a.options.Notify = a.also(func(e rollout.Event) {
			if e.Kind == rollout.Asked {
				asked = append(asked, time.Since(start))
				assert.Contains(t, e.Text, `"errors" says continue`)
				go func() { time.Sleep(time.Minute); assert.NoError(t, w.Resume("ada", "never mind", e.Region)) }()
			}
		})
		w = a.waves()
		_, err := w.Run(t.Context())
		require.NoError(t, err)
		require.Len(t, asked, 2, "and not in the region that is well")
		for _, after := range asked {
			assert.InDelta(t, 21*time.Minute, after, float64(time.Minute))
		}
		a.shows(a.all(v2))
	})
}

// One that a person has let go before the others is undone when the wave is bad after all.
func TestAPromotedRegionOfABadWaveIsUndone(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		a := newAtlas(t, strategy.Waves{Strategy: strategy.Rolling{}, Waves: []strategy.Wave{{Regions: []string{"us", "ap"}}}, Hold: held(10 * time.Minute)})
		a.verdicts["us"] = func(gate.Subject) gate.Outcome { return gate.Inconclusive }
		a.verdicts["ap"] = func(s gate.Subject) gate.Outcome {
			switch {
			case s.Now.Sub(s.Since) < 12*time.Minute:
				return gate.Continue
			}
			return gate.Fail
		}
		var w *rollout.Waves
		a.options.Notify = a.also(func(e rollout.Event) {
			if e.Kind == rollout.Asked {
				go func() { assert.NoError(t, w.Resume("ada", "it is no harm", e.Region)) }()
			}
		})
		w = a.waves()
		result, err := w.Run(t.Context())
		require.Error(t, err)
		assert.Equal(t, rollout.RolledBack, result.Outcome)
		a.shows(a.all(v1))
		assert.Equal(t, rollout.Promoted, a.of(rollout.Ended, "us")[0].Outcome)
		assert.Equal(t, rollout.RolledBack, a.of(rollout.Ended, "us")[1].Outcome)
		require.NotNil(t, a.last().Regions["us"].Undo)
		assert.True(t, strings.HasPrefix(err.Error(), "waves rolled back at wave 1 of 1: region ap: "), "%v", err)
	})
}
