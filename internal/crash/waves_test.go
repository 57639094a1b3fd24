package crash_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/waves"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// ill is a region whose gate says fail; empty: none does.
type ill string

// waved rolls out over three simulated regions in two waves, asks a person after each, and takes back what it shall
// where a region is ill, or everything where what comes behind fails.
func waved(bad ill, back strategy.Extent, behind bool) story {
	return story{
		begin: func(w *world) {
			w.regions = map[string]*strategytest.World{}
			for _, name := range []string{"ap", "eu", "us"} {
				w.regions[name] = &strategytest.World{}
				w.regions[name].Put(running2(before))
			}
		},
		pipeline: func(m *machine) release.Pipeline {
			build := stage.Declared{Write: []stage.Ref{stage.Version.Ref(), stage.Built.Ref()}, Stage: effects{m, []string{"build"}, func(_ context.Context, t *stage.Task) error {
				return errors.Join(stage.Version.Set(t, after.Version), stage.Built.Set(t, stage.Artifact{Digest: after.Digest, Location: "/shop"}))
			}}}
			last := step("after", m.does("x"), "deploy")
			if behind {
				last = step("after", m.undoes(fails("broken"), "x"), "deploy")
				last.OnFailure = release.Undo
			}
			return release.Pipeline{Name: "p", Stages: []release.Stage{step("build", build), step("deploy", m.wave(bad, back), "build"), last}}
		},
		people: []person{says("bob", stage.Approve, "deploy", running("deploy")).asked()},
	}
}

// wave is the stage of such a story.
func (m *machine) wave(bad ill, back strategy.Extent) waves.Stage {
	targets := map[string]rollout.Target{}
	for name, sim := range m.world.regions {
		targets[name] = m.reach(sim)
	}
	return waves.Stage{
		Targets: targets,
		Waves: strategy.Waves{
			Strategy: strategy.Rolling{Surge: strategy.PercentOf(100), Unavailable: strategy.Count(0)},
			Waves: []strategy.Wave{
				{Regions: []string{"eu"}, Hold: strategy.Hold{Bake: 2 * time.Second, Gates: []string{"errors"}, Pause: &strategy.Pause{Reason: "is it well?", Deadline: time.Hour}}},
				{Regions: []string{"us", "ap"}},
			},
			Hold: strategy.Hold{Bake: 2 * time.Second, Gates: []string{"errors"}}, TakeBack: back,
		},
		Options: rollout.WaveOptions{
			Each: rollout.Options{Poll: time.Second, GateInterval: time.Second},
			Gates: func(region string) map[string]gate.Gate {
				return map[string]gate.Gate{"errors": gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
					if ill(region) == bad {
						return gate.Verdict{Outcome: gate.Fail, Reason: "ill"}, nil
					}
					return gate.Verdict{Outcome: gate.Pass, Reason: "well"}, nil
				})}
			},
		},
	}
}

// abortedWaves are waves that a person aborts where they ask.
func abortedWaves() story {
	s := waved("", "", false)
	s.people = []person{says("bob", stage.Abort, "", running("deploy")).asked()}
	return s
}

// regionsRun is what the simulated regions run, and who gets the traffic.
func (w *world) regionsRun() string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(w.regions)) {
		now, err := rollout.Current(context.Background(), w.regions[name].Target())
		fmt.Fprintln(&text, name, now, err, w.regions[name].Violations())
	}
	return text.String()
}
