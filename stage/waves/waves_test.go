package waves_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/stagetest"
	"github.com/davit-sdk/davit/stage/waves"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

var (
	old     = strategy.Revision{Version: "1.0.0", Digest: "sha256:1111"}
	fresh   = strategy.Revision{Version: "1.1.0", Digest: "sha256:2222"}
	built   = stage.Artifact{Digest: "sha256:2222", Location: "/artifacts/shop"}
	regions = []string{"eu", "us", "ap"}
)

func bubble(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

func alone(r strategy.Revision) strategy.State {
	return strategy.State{Stable: strategy.Group{Revision: r, Replicas: 3, Share: strategy.All()}}
}

// atlas are three worlds.
type atlas map[string]*strategytest.World

func newAtlas() atlas {
	a := atlas{}
	for _, name := range regions {
		a[name] = &strategytest.World{}
		a[name].Put(alone(old))
	}
	return a
}

func (a atlas) targets() map[string]rollout.Target {
	targets := map[string]rollout.Target{}
	for name, w := range a {
		targets[name] = w.Target()
	}
	return targets
}

// shows holds each region against what it must run.
func (a atlas) shows(t *testing.T, want strategy.Revision, but ...string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(a)) {
		r := want
		if slices.Contains(but, name) {
			r = map[strategy.Revision]strategy.Revision{old: fresh, fresh: old}[want]
		}
		now, err := rollout.Current(context.Background(), a[name].Target())
		require.NoError(t, err, "region %s", name)
		require.True(t, now.Equal(alone(r)), "region %s runs %s", name, now)
		require.Empty(t, a[name].Violations())
	}
}

// deployment goes to eu first, and then to the others. Gates answer by region.
func deployment(a atlas, answers map[string]gate.Outcome) waves.Stage {
	return waves.Stage{
		Targets: a.targets(),
		Waves: strategy.Waves{
			Strategy: strategy.Rolling{Surge: strategy.PercentOf(100), Unavailable: strategy.Count(0)},
			Waves:    []strategy.Wave{{Regions: []string{"eu"}}, {Regions: []string{"us", "ap"}}},
			Hold:     strategy.Hold{Bake: time.Minute, Gates: []string{"errors"}},
		},
		Options: rollout.WaveOptions{Gates: func(region string) map[string]gate.Gate {
			return map[string]gate.Gate{"errors": gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
				o := gate.Pass
				if answer, ok := answers[region]; ok {
					o = answer
				}
				return gate.Verdict{Outcome: o, Reason: "as the test wants in " + region}, nil
			})}
		}},
	}
}

func host(s stage.Stage) *stagetest.Host {
	return stagetest.NewHost(s, stagetest.Given(stage.Version, "1.1.0"), stagetest.Given(stage.Built, built))
}

func TestDeploys(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		a := newAtlas()
		s := deployment(a, nil)
		var prepared, recalled [3]string
		s.Prepare = func(_ context.Context, region string, r strategy.Revision, b stage.Artifact) error {
			prepared[slices.Index(regions, region)] = r.Version + " at " + b.Location
			return nil
		}
		s.Recall = func(_ context.Context, region string, r strategy.Revision) error {
			recalled[slices.Index(regions, region)] = r.Version
			return nil
		}
		h := host(s)
		require.NoError(t, s.Run(t.Context(), h.Task()))
		a.shows(t, fresh)
		for i := range regions {
			assert.Equal(t, "1.1.0 at /artifacts/shop", prepared[i])
			assert.Equal(t, "1.0.0", recalled[i])
		}
		assert.Equal(t, waves.DetailPlan, h.Details()[0].Name)
		var table string
		require.NoError(t, json.Unmarshal(h.Details()[0].Data, &table))
		assert.Contains(t, table, "Waves: 1.1.0@2222 to 3 regions in 2 waves")
		seen := map[string]bool{}
		for _, d := range h.Details()[1:] {
			var e rollout.Event
			require.NoError(t, json.Unmarshal(d.Data, &e))
			assert.Equal(t, 2, e.Waves)
			seen[e.Region] = true
		}
		assert.Len(t, seen, 4, "three regions, and what is of none")
		shown := h.Shown()
		assert.InDelta(t, shown[len(shown)-1].Total, shown[len(shown)-1].Done, 0)
		names := map[string]bool{}
		for _, v := range h.Verdicts() {
			names[v.Gate] = true
		}
		assert.True(t, names["us/errors"] && names["eu/errors"] && names["ap/errors"], "%v", names)
		require.NoError(t, s.Run(t.Context(), h.Task()), "once more")
		a.shows(t, fresh)
		assert.Equal(t, stage.Skipped, stage.OutcomeOf(s.Run(t.Context(), host(s).Task())))
	})
}

func TestABadWave(t *testing.T) {
	for _, c := range []struct {
		name    string
		take    strategy.Extent
		bad     string
		outcome stage.Outcome
		stay    []string
	}{
		{"the first", "", "eu", stage.RolledBack, nil},
		{"the second", "", "ap", stage.Failed, []string{"eu"}},
		{"the second, and all are wanted back", strategy.EveryWave, "us", stage.RolledBack, nil},
	} {
		bubble(t, c.name, func(t *testing.T) {
			a := newAtlas()
			s := deployment(a, map[string]gate.Outcome{c.bad: gate.Fail})
			s.Waves.TakeBack = c.take
			h := host(s)
			for range 2 { // a further attempt ends in the same way
				err := s.Run(t.Context(), h.Task())
				require.Equal(t, c.outcome, stage.OutcomeOf(err), "%v", err)
				assert.ErrorContains(t, err, "as the test wants in "+c.bad)
				a.shows(t, old, c.stay...)
			}
			var failure *rollout.WaveError
			s2 := deployment(a, map[string]gate.Outcome{c.bad: gate.Fail})
			if len(c.stay) == 0 {
				err := s2.Run(t.Context(), host(s2).Task())
				require.ErrorAs(t, err, &failure)
				assert.Equal(t, c.bad, failure.Region)
				var failed *stage.Error
				require.ErrorAs(t, err, &failed)
				assert.NotEmpty(t, failed.Evidence)
			}
		})
	}
}

func TestARegionThatIsUnderWay(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		a := newAtlas()
		mixed := alone(old)
		mixed.Stable.Share = strategy.Percent(50)
		mixed.Candidate = strategy.Group{Revision: strategy.Revision{Version: "9"}, Replicas: 1, Share: strategy.Percent(50)}
		a["us"].Put(mixed)
		s := deployment(a, nil)
		err := s.Run(t.Context(), host(s).Task())
		require.ErrorIs(t, err, rollout.ErrUnderWay)
		assert.ErrorContains(t, err, "region us: ")
		a["us"].Put(alone(old))
		a.shows(t, old)

		a["us"].Put(alone(fresh))
		h := host(s)
		require.NoError(t, s.Run(t.Context(), h.Task()), "one that runs it already is left out")
		a.shows(t, fresh)
		require.NoError(t, s.Undo(t.Context(), h.UndoTask()))
		a.shows(t, old, "us")
	})
}

func TestValidate(t *testing.T) {
	a := newAtlas()
	s := deployment(a, nil)
	require.NoError(t, s.Validate())
	s.Edit = func(p strategy.WavePlan) (strategy.WavePlan, error) { return p, p.Waves[45].Regions[0].Plan.Validate() }
	require.NoError(t, s.Validate(), "that a made-up plan has no such wave says nothing of the real one")
	s.Edit = nil
	assert.Equal(t, []string{"errors"}, stage.Gates(s))
	assert.True(t, stage.CanUndo(s))
	assert.Equal(t, stage.Idempotent, stage.EffectOf(s))
	delete(s.Targets, "ap")
	s.Targets["sa"] = a["eu"].Target()
	s.Waves.AtOnce = -1
	s.Options.Each.Fence, s.Options.Each.Poll = 3, -1
	s.Options.Checkpoint = func(context.Context, rollout.WaveCheckpoint) error { return nil }
	err := s.Validate()
	for _, want := range []string{
		"Stage.Targets: there is none for region ap", "Stage.Targets: region sa is in no wave",
		"Stage.Waves.AtOnce: -1 is below zero", "Stage.Options.Each.Fence: belongs to the stage",
		"Stage.Options.Checkpoint: belongs to the stage", "Stage.WaveOptions.Each: Options.Poll: -1ns is below zero",
	} {
		assert.ErrorContains(t, err, want)
	}
	s = deployment(a, nil)
	s.Options.Gates = func(region string) map[string]gate.Gate {
		if region == "us" {
			return nil
		}
		return map[string]gate.Gate{"errors": gate.Func(nil)}
	}
	err = s.Validate()
	require.ErrorIs(t, err, rollout.ErrNoGate)
	assert.ErrorContains(t, err, `the plan of region us names "errors"`)
	assert.NotContains(t, err.Error(), "region eu")
	require.Error(t, waves.Stage{}.Validate())
	require.Error(t, s.Run(t.Context(), host(s).Task()))
	require.Error(t, s.Undo(t.Context(), host(s).UndoTask()))
}

// pipeline deploys between a stage that makes the revision and one that needs the deployment.
func pipeline(d release.Stage) release.Pipeline {
	hands := stage.Declared{
		Stage: stage.Func(func(_ context.Context, t *stage.Task) error {
			return errors.Join(stage.Version.Set(t, "1.1.0"), stage.Built.Set(t, built))
		}),
		Write: []stage.Ref{stage.Version.Ref(), stage.Built.Ref()},
	}
	d.Name, d.Needs = "deploy", []string{"build"}
	return release.Pipeline{Name: "p", Stages: []release.Stage{
		{Name: "build", Do: hands}, d,
		{Name: "after", Needs: []string{"deploy"}, Do: stage.Func(func(context.Context, *stage.Task) error { return nil })},
	}}
}

var byBob = release.Request{ID: "r1", Service: "shop", RequestedBy: "bob"}

// What the release does with a bad wave is for the stage's policy to say.
func TestTheReleaseDecidesAboutEarlierWaves(t *testing.T) {
	for policy, want := range map[release.Policy][]string{release.Undo: nil, release.Stop: {"eu"}} {
		bubble(t, string(policy), func(t *testing.T) {
			a := newAtlas()
			runner := release.NewRunner(release.Config{})
			defer runner.Stop(context.Background())
			s := release.Stage{Do: deployment(a, map[string]gate.Outcome{"us": gate.Fail}), OnFailure: policy}
			state, err := runner.Run(t.Context(), pipeline(s), byBob)
			require.Error(t, err)
			assert.Equal(t, stage.Failed, state.Stage("deploy").Outcome)
			assert.Contains(t, state.Stage("deploy").Reason, "regions run different versions")
			a.shows(t, old, want...)
		})
	}
}

// Whatever cuts waves off, all regions are taken back, and it is recorded as what it was.
func TestCutOffWhileRunning(t *testing.T) {
	signal := func(kind stage.SignalKind, by string) []stage.Signal {
		return []stage.Signal{{Kind: kind, Stage: "deploy", By: by, Why: "not today"}}
	}
	for _, c := range []struct {
		name    string
		signals []stage.Signal
		timeout time.Duration
		want    stage.Outcome
		by      string
	}{
		{"skipped", signal(stage.SkipStage, "ada"), 0, stage.Skipped, "ada"},
		{"aborted", signal(stage.Abort, "ada"), 0, stage.Aborted, "ada"},
		{"rejected", signal(stage.Reject, "eve"), 0, stage.Aborted, "eve"},
		{"out of time", nil, 100 * time.Second, stage.RolledBack, ""},
	} {
		for _, after := range []time.Duration{20 * time.Second, 100 * time.Second} { // in the first wave, in the second
			bubble(t, fmt.Sprintf("%s after %s", c.name, after), func(t *testing.T) {
				a := newAtlas()
				runner := release.NewRunner(release.Config{})
				defer runner.Stop(context.Background())
				done := make(chan struct{})
				go func() {
					defer close(done)
					time.Sleep(after)
					for _, sig := range c.signals {
						assert.NoError(t, runner.Signal(t.Context(), "r1", sig))
					}
				}()
				s := release.Stage{Do: deployment(a, nil), Timeout: c.timeout}
				state, err := runner.Run(t.Context(), pipeline(s), byBob)
				<-done
				require.NotNil(t, state, "%v", err)
				assert.Equal(t, c.want, state.Stage("deploy").Outcome, "%s", state.Stage("deploy").Reason)
				assert.Equal(t, c.by, state.Stage("deploy").By)
				a.shows(t, old)
			})
		}
	}
}

// A host that stops in the middle is followed by another one, that goes on inside the same plan.
func TestAnotherHostGoesOn(t *testing.T) {
	for after := 5 * time.Second; after < 150*time.Second; after += 17 * time.Second {
		bubble(t, after.String(), func(t *testing.T) {
			a := newAtlas()
			store := new(release.MemoryStore)
			first := release.NewRunner(release.Config{Store: store})
			require.NoError(t, first.Begin(t.Context(), pipeline(release.Stage{Do: deployment(a, nil)}), byBob))
			time.Sleep(after)
			over, cancel := context.WithCancel(context.Background())
			cancel()
			first.Stop(over)
			second := release.NewRunner(release.Config{Store: store})
			defer second.Stop(context.Background())
			_, err := second.TakeUp(t.Context(), pipeline(release.Stage{Do: deployment(a, nil)}))
			require.NoError(t, err)
			state, err := second.Wait(t.Context(), "r1")
			require.NoError(t, err)
			assert.Equal(t, stage.Succeeded, state.Outcome)
			a.shows(t, fresh)
		})
	}
}

// Approve answers the wave, or the region that asks; where several do, the reason says which.
func TestAnswers(t *testing.T) {
	approve := func(t *testing.T, r *release.Runner, why string) {
		t.Helper()
		require.NoError(t, r.Signal(t.Context(), "r1", stage.Signal{Kind: stage.Approve, Stage: "deploy", By: "ada", Why: why}))
	}
	begin := func(t *testing.T, s waves.Stage) *release.Runner {
		t.Helper()
		r := release.NewRunner(release.Config{})
		require.NoError(t, r.Begin(t.Context(), pipeline(release.Stage{Do: s}), byBob))
		return r
	}
	ends := func(t *testing.T, r *release.Runner, want stage.Outcome) {
		t.Helper()
		var state *ledger.State
		state, _ = r.Wait(t.Context(), "r1")
		assert.Equal(t, want, state.Outcome)
		r.Stop(context.Background())
	}
	bubble(t, "the wave", func(t *testing.T) {
		a := newAtlas()
		s := deployment(a, nil)
		s.Waves.Waves[0].Hold = strategy.Hold{Pause: &strategy.Pause{Reason: "to the others?"}}
		r := begin(t, s)
		time.Sleep(time.Hour)
		a.shows(t, old, "eu")
		approve(t, r, "us: looks good") // which does not ask, so that it is no answer to the wave
		time.Sleep(time.Hour)
		a.shows(t, old, "eu")
		approve(t, r, "fine, as they say")
		ends(t, r, stage.Succeeded)
		a.shows(t, fresh)
	})
	bubble(t, "regions", func(t *testing.T) {
		a := newAtlas()
		s := deployment(a, nil)
		s.Waves.Waves[1].Strategy = strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Pause: &strategy.Pause{}}}}
		r := begin(t, s)
		time.Sleep(time.Hour)
		approve(t, r, "looks good") // to none of them
		time.Sleep(time.Hour)
		_, err := rollout.Current(t.Context(), a["us"].Target())
		require.ErrorIs(t, err, rollout.ErrUnderWay)
		approve(t, r, "us , ap: looks good")
		ends(t, r, stage.Succeeded)
		a.shows(t, fresh)
	})
}

// What the position of many regions takes leaves room in a checkpoint.
func TestManyRegions(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		s := waves.Stage{Targets: map[string]rollout.Target{}}
		var names []string
		for i := range 60 {
			name := fmt.Sprintf("cluster-in-a-far-away-zone-%d", i)
			w := &strategytest.World{}
			w.Put(alone(old))
			names, s.Targets[name] = append(names, name), w.Target()
		}
		s.Waves = strategy.Waves{Strategy: strategy.Rolling{}, Waves: strategy.InWaves(names, strategy.Count(1), strategy.Count(9), strategy.Count(50)),
			Hold: strategy.Hold{Bake: 10 * time.Second, Gates: []string{"errors"}}}
		s.Options.Each.Gates = map[string]gate.Gate{"errors": gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
			return gate.Verdict{Outcome: gate.Fail, Reason: strings.Repeat("very bad ", 400)}, nil
		})}
		good := s
		good.Options.Each.Gates = map[string]gate.Gate{"errors": gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
			return gate.Verdict{Outcome: gate.Pass, Reason: "fine"}, nil
		})}
		h := host(good)
		require.NoError(t, good.Run(t.Context(), h.Task()))
		assert.Less(t, len(h.Saved()), 100<<10)
		require.NoError(t, good.Undo(t.Context(), h.UndoTask()))
		assert.Less(t, len(h.Saved()), 200<<10)
		err := s.Run(t.Context(), host(s).Task())
		assert.Equal(t, stage.RolledBack, stage.OutcomeOf(err), "%v", err)
	})
}
