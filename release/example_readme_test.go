package release_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/git"
	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/metrics/dora/report"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/judge"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/calendar"
	"github.com/davit-sdk/davit/release/delivery"
	"github.com/davit-sdk/davit/release/journal"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/command"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/stage/version"
	"github.com/davit-sdk/davit/stage/waves"
	"github.com/davit-sdk/davit/stage/window"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// The program that README.md shows: from commits to production, and back when it does harm. What it
// needs to run is a repository in the working directory.
func Example_fromCommitsToProduction() {
	releaseShop := func(ctx context.Context, fleet rollout.Fleet, router *local.Router) error {
		target, err := rollout.Compose(fleet, router, rollout.ComposeOptions{})
		if err != nil {
			return err
		}
		canary := strategy.Canary{
			Ramp:  strategy.Ramp{From: strategy.Percent(1), To: strategy.Percent(50), Growth: 4},
			Bake:  30 * time.Second,
			Gates: []string{"harm"},
		}
		harm := judge.Gate{Source: router} // as many errors and as slow as what runs now, or back it goes
		pipeline := release.Pipeline{Name: "shop", Stages: []release.Stage{
			{Name: "version", Do: version.Stage{Dir: "."}},
			{Name: "build", Do: command.Stage{Args: []string{"go", "build", "-o", "shop", "."}, Artifact: "shop"}, Needs: []string{"version"}},
			{Name: "test", Do: command.Stage{Args: []string{"go", "test", "./..."}}, Needs: []string{"version"}},
			{Name: "production", Do: deploy.Stage{Target: target, Strategy: canary,
				Options: rollout.Options{Gates: map[string]gate.Gate{"harm": harm}}}, Needs: []string{"build", "test"}},
		}}
		runner := release.NewRunner(release.Config{})
		defer runner.Stop(ctx)
		_, err = runner.Run(ctx, pipeline, release.Request{ID: "shop-42", Service: "shop", RequestedBy: "ada"})
		return err
	}

	router, err := local.NewRouter(local.RouterOptions{})
	fmt.Println(releaseShop(context.Background(), nil, router), err)
	// Output:
	// 1 error occurred:
	// 	* Compose: the fleet is nil
	//
	//  <nil>
}

// The part of it that lets releases survive. What one host has left unfinished, this one carries on.
func Example_thatSurvives() {
	carryOn := func(ctx context.Context, pipeline release.Pipeline) error {
		events, err := journal.Open("/var/lib/shop/releases", journal.Options{})
		if err != nil {
			return err
		}
		defer events.Close()
		runner := release.NewRunner(release.Config{Store: events})
		defer runner.Close()
		if _, err := runner.TakeUp(ctx, pipeline); err != nil {
			return err
		}
		<-ctx.Done() // the host serves: Begin begins releases, Signal answers them, Watch looks on
		return nil
	}
	_ = carryOn // ExampleRunner_TakeUp does it, in a folder that is there
}

// The gates of it.
func Example_whatLetsItGoOn() {
	notOnFridays := gate.CalendarFunc(func(at time.Time) (bool, string) { return at.Weekday() != time.Friday, "it is Friday" })
	health := func(router metrics.Source, monitoring metrics.SeriesSource) gate.Gate {
		healthy := gate.Schedule{
			Gate: gate.All{
				gate.Named{Name: "slo", Gate: gate.Burn{Source: router, SLO: 0.999}},
				gate.Named{Name: "queue", Gate: gate.Guard{
					Gate: gate.Relative{Source: monitoring, Name: "queue_length", By: gate.Max, Ratio: 1.2, Difference: 5},
					Down: gate.PolicyExtend,
				}},
				gate.Any{gate.VersionLevel{Most: gate.Patch}, gate.InTime{Calendar: notOnFridays}},
			},
			Green: 5 * time.Minute,
		}
		return healthy
	}
	router, err := local.NewRouter(local.RouterOptions{})
	fmt.Println(err, gate.Validate(health(router, nil)))
	// Output:
	// <nil> 1 error occurred:
	// 	* Schedule.Gate: All[1]: Named.Gate: Guard.Gate: Relative.Source: is missing
}

// The same for several regions, in waves.
func Example_severalRegions() {
	canary := strategy.Canary{Gates: []string{"harm"}}
	several := func(targets map[string]rollout.Target, routers map[string]metrics.Source) waves.Stage {
		regions := []string{"eu", "us", "ap", "sa"}
		production := waves.Stage{
			Targets: targets, // one for each region, by name
			Waves: strategy.Waves{
				Strategy: strategy.Rolling{},
				ByRegion: map[string]strategy.Strategy{"eu": canary},
				Waves:    strategy.InWaves(regions, strategy.Count(1), strategy.Count(2)),
				Hold:     strategy.Hold{Bake: time.Hour, Gates: []string{"errors"}, Pause: &strategy.Pause{Reason: "to the next regions?"}},
			},
			Options: rollout.WaveOptions{Gates: func(region string) map[string]gate.Gate {
				return map[string]gate.Gate{
					"harm":   judge.Gate{Source: routers[region]},                 // beside the old version
					"errors": gate.ErrorRate{Source: routers[region], Max: 0.005}, // when nothing else runs there
				}
			}},
		}
		return production
	}
	targets, routers := map[string]rollout.Target{}, map[string]metrics.Source{}
	for _, region := range []string{"eu", "us", "ap", "sa"} {
		router, err := local.NewRouter(local.RouterOptions{})
		if err != nil {
			fmt.Println(err)
			return
		}
		targets[region], routers[region] = (&strategytest.World{}).Target(), router
	}
	production := several(targets, routers)
	fmt.Println(production.Validate(), production.Gates())
	// Output:
	// <nil> [errors harm]
}

// The next version of a repository.
func Example_nextVersion() {
	next := func(ctx context.Context, dir string, policy changelog.Policy) error {
		repo, err := git.Open(ctx, dir, git.Options{})
		if err != nil {
			return err // a shallow clone, for example, and how to mend it
		}
		history, err := repo.History(ctx, policy)
		if err != nil {
			return err
		}
		plan, err := changelog.Decide(history, policy)
		fmt.Println(plan.Explain()) // every commit and tag, with the reason why it counts or not
		fmt.Println(plan.Components[0].Notes(changelog.NotesOptions{}).Markdown())
		return err
	}
	err := next(context.Background(), "/nowhere", changelog.Policy{})
	fmt.Println(errors.Is(err, fs.ErrNotExist))
	// Output:
	// true
}

// A release that waits for the hours in which it may run, and for enough of them.
func Example_whenReleasesMayRun() {
	weekly, err := calendar.ParseRule("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH")
	if err != nil {
		fmt.Println(err)
		return
	}
	withHours := func(target rollout.Target, canary strategy.Strategy) (release.Pipeline, error) {
		hours, err := calendar.Compile(calendar.Options{Zones: time.LoadLocation}, calendar.Calendar{
			Name: "shop", Zone: "Europe/Berlin",
			Allow: []calendar.Window{{
				Name: "days", Start: calendar.Clock(2026, time.January, 5, 9, 0), End: calendar.Clock(2026, time.January, 5, 16, 0),
				Rule: weekly, // "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH", of which calendar.ParseRule makes one
			}},
			Freeze: []calendar.Window{{
				Name: "end of the year", Text: "nobody is here", Start: calendar.Clock(2026, time.December, 18, 0, 0), End: calendar.Clock(2027, time.January, 4, 0, 0),
			}},
		})
		if err != nil {
			return release.Pipeline{}, err
		}
		now := func(context.Context) (*calendar.Schedule, error) { return hours, nil } // or read anew: a new freeze counts at once
		return release.Pipeline{Name: "shop", Stages: []release.Stage{
			{Name: "window", Do: window.Stage{Schedule: now, Need: 40 * time.Minute, People: []string{"ada"}, Lift: window.Lifted}},
			{Name: "production", Do: deploy.Stage{Target: target, Strategy: canary,
				Hours: window.Guard{Schedule: now, Closing: window.Pause, Lift: window.Lifted}}, Needs: []string{"window"}},
		}}, nil
	}
	pipeline, err := withHours((&strategytest.World{}).Target(), strategy.Rolling{})
	if err != nil {
		fmt.Println(err)
		return
	}
	pipeline.Inputs = []stage.Ref{stage.Version.Ref(), stage.Built.Ref()} // the stages before are left out here
	outline, err := pipeline.Outline()
	fmt.Println(outline.Stages[0].Name, err)
	// Output:
	// window <nil>
}

// How delivery is going, by what the releases of a store have recorded.
func Example_howDeliveryIsGoing() {
	tell := func(ctx context.Context, store release.Store, page io.Writer) error {
		events, err := delivery.New(delivery.Options{}).Read(ctx, store)
		if err != nil {
			return err
		}
		var history dora.History
		if err := history.AddAll(events...); err != nil {
			return err
		}
		told, err := history.Report(dora.Rules{}, dora.Query{})
		if err != nil {
			return err
		}
		return report.HTML(page, told, report.Options{Title: "The shop"})
	}
	fmt.Println(tell(context.Background(), new(release.MemoryStore), io.Discard))
	// Output:
	// no window, and no event to take it from
}

// What the author of a stage writes, all of it.
type announce struct{ room io.Writer }

func (a announce) Run(ctx context.Context, t *stage.Task) error {
	version, err := stage.Version.Get(t)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.room, "%s %s is coming, as %s asks for\n", t.Release().Service, version, t.Release().RequestedBy)
	return err
}

// Reads lets the pipeline check, before anything runs, that a stage before this one writes the version.
func (a announce) Reads() []stage.Ref { return []stage.Ref{stage.Version.Ref()} }

var _ stage.Stage = announce{}

func Example_stageOfYourOwn() {
	pipeline := release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "announce", Do: announce{os.Stdout}}}}
	fmt.Print(pipeline.Check())
	pipeline.Inputs = []stage.Ref{stage.Version.Ref()}
	runner := release.NewRunner(release.Config{})
	defer runner.Close()
	_, err := runner.Run(context.Background(), pipeline, release.Request{
		ID: "shop-1", Service: "shop", RequestedBy: "ada", Inputs: []release.Value{release.Input(stage.Version, "1.5.0")},
	})
	fmt.Println(err)
	// Output:
	// 1 error occurred:
	// 	* stage announce: reads key version, which nobody writes
	//
	// shop 1.5.0 is coming, as ada asks for
	// <nil>
}
