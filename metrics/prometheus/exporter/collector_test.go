package exporter_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/prometheus/exporter"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

const shop = `service="shop"`

// shown asserts what some series say, by a part of their names.
func shown(t *testing.T, c prometheus.Collector, want map[string]string) {
	t.Helper()
	all := values(t, c)
	for name, value := range want {
		got, ok := all["davit_"+name]
		if !ok {
			got = "nothing"
		}
		// To the second: waits between attempts are drawn.
		a, errA := strconv.ParseFloat(value, 64)
		b, errB := strconv.ParseFloat(got, 64)
		if errA != nil || errB != nil {
			assert.Equal(t, value, got, name)
			continue
		}
		assert.InDelta(t, a, b, 0.5, name)
	}
}

// A good release, a bad one that is taken back, one that is undone later on, and one that gets stuck until the next
// one mends it: all of it, as it happens.
func TestReleases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t)
		defer p.runner.Stop(context.Background())
		c := newCollector(t, exporter.Options{})
		var following sync.WaitGroup
		begin := func(id string) {
			p.begin(id)
			following.Go(func() { assert.NoError(t, c.Follow(t.Context(), p.runner, id)) })
		}

		p.flaky = 1
		begin("r1")
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		shown(t, c, map[string]string{
			`releases_under_way{pipeline="shop",` + shop + `}`:                        "1",
			`people_waited_for{cause="approval",environment="",` + shop + `}`:         "1",
			`stage_retries_total{pipeline="shop",` + shop + `,stage="build"}`:         "1",
			`rollouts_under_way{environment="production",` + shop + `}`:               "nothing",
			`people_wait_seconds_total{cause="approval",environment="",` + shop + `}`: "nothing",
		})
		p.approve("r1")
		time.Sleep(30 * time.Second)
		synctest.Wait()
		shown(t, c, map[string]string{
			`people_waited_for{cause="approval",environment="",` + shop + `}`:                         "0",
			`people_wait_seconds_total{cause="approval",environment="",` + shop + `}`:                 "889", // of the 930 s, 41 s were the build's
			`rollouts_under_way{environment="production",` + shop + `}`:                               "1",
			`rollout_share_ratio{environment="production",role="candidate",` + shop + `}`:             "0.25",
			`rollout_share_ratio{environment="production",role="stable",` + shop + `}`:                "0.75",
			`rollout_replicas{environment="production",role="candidate",` + shop + `}`:                "1",
			`rollout_available_replicas{environment="production",role="stable",` + shop + `}`:         "4",
			`rollout_replicas{environment="production",role="baseline",` + shop + `}`:                 "0",
			`rollout_step{environment="production",` + shop + `}`:                                     "1",
			`rollout_events_total{environment="production",kind="step_started",` + shop + `}`:         "1",
			`gate_verdicts_total{environment="production",gate="errors",outcome="pass",` + shop + `}`: "6",
		})
		assert.Equal(t, stage.Succeeded, p.wait("r1").Outcome)

		p.verdict.Outcome = gate.Fail
		begin("r2")
		p.approve("r2")
		assert.Equal(t, stage.RolledBack, p.wait("r2").Stage("deploy").Outcome)

		p.verdict.Outcome, p.broken = gate.Pass, errors.New("the orders do not add up")
		begin("r3")
		p.approve("r3")
		assert.True(t, p.wait("r3").Stage("deploy").Undone())

		p.broken, p.verdict.Outcome = nil, ""
		begin("r4")
		p.approve("r4")
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		shown(t, c, map[string]string{
			`people_waited_for{cause="decision",environment="production",` + shop + `}`:               "1",
			`gate_unanswered_total{cause="down",environment="production",gate="errors",` + shop + `}`: "60",
		})
		p.say("r4", stage.Resume, "deploy")
		assert.Equal(t, stage.Succeeded, p.wait("r4").Outcome)
		p.say4(c)

		following.Wait()
		labels := func(rest string) string { return `{environment="production",` + rest + shop + `}` }
		shown(t, c, map[string]string{
			`releases_begun_total{pipeline="shop",` + shop + `}`:                                                             "4",
			`releases_under_way{pipeline="shop",` + shop + `}`:                                                               "0",
			`releases_ended_total{outcome="succeeded",pipeline="shop",` + shop + `}`:                                         "2",
			`releases_ended_total{outcome="rolled-back",pipeline="shop",` + shop + `}`:                                       "2",
			`release_duration_seconds_count{outcome="succeeded",pipeline="shop",` + shop + `}`:                               "2",
			`stages_ended_total{environment="production",outcome="rolled-back",pipeline="shop",` + shop + `,stage="deploy"}`: "1",
			`stages_ended_total{environment="production",outcome="succeeded",pipeline="shop",` + shop + `,stage="deploy"}`:   "3",
			`stages_ended_total{environment="",outcome="skipped",pipeline="shop",` + shop + `,stage="orders"}`:               "1",
			`stage_duration_seconds_count{outcome="succeeded",pipeline="shop",` + shop + `,stage="build"}`:                   "4",
			`stage_duration_seconds_sum{outcome="succeeded",pipeline="shop",` + shop + `,stage="build"}`:                     "101",
			`stage_undos_total{outcome="succeeded",pipeline="shop",` + shop + `,stage="deploy"}`:                             "1",
			`rollouts_ended_total` + labels(`outcome="promoted",`):                                                           "3",
			`rollouts_ended_total` + labels(`outcome="rolled_back",`):                                                        "2",
			`rollbacks_total` + labels(""):                       "2",
			`rollouts_under_way` + labels(""):                    "0",
			`people_waited_for` + labels(`cause="decision",`):    "nothing",
			`deployments_total` + labels(`outcome="succeeded",`): "3",
			`deployments_total` + labels(`outcome="failed",`):    "1",
			`deployments_total` + labels(`outcome="undone",`):    "1",
			`time_to_restore_seconds_count` + labels(""):         "2",
			`lead_time_seconds_count` + labels(""):               "6",
			`rollout_share_ratio` + labels(`role="stable",`):     "1",
			`rollout_share_ratio` + labels(`role="candidate",`):  "0",
		})

		// What was fed as it happened is what is fed from history, event for event; and nothing counts twice.
		again := newCollector(t, exporter.Options{})
		require.NoError(t, again.Replay(t.Context(), p.store))
		assert.Equal(t, text(t, c), text(t, again))
		require.NoError(t, again.Replay(t.Context(), p.store))
		for id, err := range p.store.Releases(t.Context()) {
			require.NoError(t, err)
			require.NoError(t, again.Follow(t.Context(), p.runner, id))
			for e, err := range p.store.Events(t.Context(), id, 0) {
				require.NoError(t, err)
				require.NoError(t, again.Observe(id, e))
			}
		}
		assert.Equal(t, text(t, c), text(t, again))

		problems, err := testutil.CollectAndLint(c)
		require.NoError(t, err)
		assert.Empty(t, problems)
	})
}

// say4 is what is shown while nothing is under way.
func (p *plant) say4(c *exporter.Collector) {
	synctest.Wait()
	shown(p.t, c, map[string]string{`people_waited_for{cause="decision",environment="production",` + shop + `}`: "0"})
}

// A host that dies in mid-rollout and another that goes on: one rollout, one release, and nothing under way in the
// end.
func TestTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t)
		p.begin("r1")
		p.approve("r1")
		time.Sleep(40 * time.Second)
		over, cancel := context.WithCancel(context.Background())
		cancel()
		p.runner.Stop(over)
		c := newCollector(t, exporter.Options{})
		require.NoError(t, c.Replay(t.Context(), p.store))
		shown(t, c, map[string]string{
			`releases_under_way{pipeline="shop",` + shop + `}`:                                         "1",
			`release_interruptions_total{pipeline="shop",` + shop + `}`:                                "1",
			`rollouts_under_way{environment="production",` + shop + `}`:                                "0",
			`rollouts_ended_total{environment="production",outcome="interrupted",` + shop + `}`:        "1",
			`rollout_duration_seconds_count{environment="production",outcome="promoted",` + shop + `}`: "nothing",
			`deployments_total{environment="production",outcome="succeeded",` + shop + `}`:             "nothing",
		})
		p.number--
		p.runner = release.NewRunner(release.Config{Store: p.store})
		defer p.runner.Stop(context.Background())
		_, err := p.runner.TakeUp(t.Context(), p.pipeline())
		require.NoError(t, err)
		require.NoError(t, c.Follow(t.Context(), p.runner, "r1"))
		shown(t, c, map[string]string{
			`releases_under_way{pipeline="shop",` + shop + `}`:                                         "0",
			`release_takeovers_total{pipeline="shop",` + shop + `}`:                                    "1",
			`rollouts_under_way{environment="production",` + shop + `}`:                                "0",
			`rollout_duration_seconds_count{environment="production",outcome="promoted",` + shop + `}`: "1",
			`deployments_total{environment="production",outcome="succeeded",` + shop + `}`:             "1",
		})
	})
}

// A rollout without the engine.
func TestRollout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCollector(t, exporter.Options{Namespace: "shop_release", Labels: map[string]string{"region": "eu"}})
		w := &strategytest.World{}
		state := strategy.State{Stable: strategy.Group{Revision: strategy.Revision{Version: "1.0.0"}, Replicas: 2, Share: strategy.All()}}
		w.Put(state)
		outcome := gate.Pass
		notify := c.Rollout("cart", "staging")
		run := func(version string) rollout.Outcome {
			from, err := rollout.Current(t.Context(), w.Target())
			require.NoError(t, err)
			plan, err := strategy.Canary{Bake: 10 * time.Second, Gates: []string{"g"}}.Plan(from, strategy.Revision{Version: version})
			require.NoError(t, err)
			r, err := rollout.New(w.Target(), plan, rollout.Options{Notify: notify, Gates: map[string]gate.Gate{"g": gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
				return gate.Verdict{Outcome: outcome, Reason: "x", NoData: outcome == gate.Continue}, nil
			})}})
			require.NoError(t, err)
			result, _ := r.Run(t.Context())
			return result.Outcome
		}
		assert.Equal(t, rollout.Promoted, run("1.1.0"))
		outcome = gate.Fail
		assert.Equal(t, rollout.RolledBack, run("1.2.0"))
		all := values(t, c)
		for name, want := range map[string]string{
			`rollouts_ended_total{environment="staging",outcome="promoted",region="eu",service="cart"}`:     "1",
			`rollouts_ended_total{environment="staging",outcome="rolled_back",region="eu",service="cart"}`:  "1",
			`deployments_total{environment="staging",outcome="failed",region="eu",service="cart"}`:          "1",
			`deployments_total{environment="staging",outcome="succeeded",region="eu",service="cart"}`:       "1",
			`time_to_restore_seconds_count{environment="staging",region="eu",service="cart"}`:               "1",
			`gate_verdicts_total{environment="staging",gate="g",outcome="fail",region="eu",service="cart"}`: "1",
			`rollout_share_ratio{environment="staging",region="eu",role="stable",service="cart"}`:           "1",
			`rollouts_under_way{environment="staging",region="eu",service="cart"}`:                          "0",
			`rollout_events_total{environment="staging",kind="going_back",region="eu",service="cart"}`:      "1",
		} {
			assert.Equal(t, want, all["shop_release_"+name], name)
		}
	})
}

// Each region of a rollout in waves is shown by itself, and the whole is one deployment.
func TestRegions(t *testing.T) {
	c := newCollector(t, exporter.Options{})
	notify := c.Rollout("cart", "production")
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	tell := func(region string, kind rollout.EventKind, outcome rollout.Outcome) {
		at = at.Add(time.Minute)
		notify(rollout.Event{At: at, Region: region, Kind: kind, Outcome: outcome, Waves: 2})
	}
	tell("", rollout.StepStarted, "")
	for _, region := range []string{"eu", "us"} {
		tell(region, rollout.StepStarted, "")
		if region == "us" {
			tell(region, rollout.GoingBack, "")
			tell(region, rollout.Ended, rollout.RolledBack)
			continue
		}
		tell(region, rollout.Ended, rollout.Promoted)
	}
	tell("", rollout.Ended, rollout.RolledBack)
	at = at.Add(time.Hour)
	tell("eu", rollout.StepStarted, "")
	tell("eu", rollout.Ended, rollout.Promoted)
	tell("", rollout.Ended, rollout.Promoted)
	labels := func(environment, rest string) string {
		return `{environment="` + environment + `",` + rest + `service="cart"}`
	}
	shown(t, c, map[string]string{
		"rollouts_ended_total" + labels("production/eu", `outcome="promoted",`):    "2",
		"rollouts_ended_total" + labels("production/us", `outcome="rolled_back",`): "1",
		"rollouts_ended_total" + labels("production", `outcome="rolled_back",`):    "1",
		"rollouts_ended_total" + labels("production", `outcome="promoted",`):       "1",
		"rollouts_under_way" + labels("production/us", ""):                         "0",
		"rollouts_under_way" + labels("production", ""):                            "0",
		"deployments_total" + labels("production", `outcome="failed",`):            "1",
		"deployments_total" + labels("production", `outcome="succeeded",`):         "1",
		"time_to_restore_seconds_sum" + labels("production", ""):                   "120",
	})
}

// Waves that are stopped are a deployment that failed: regions differ until a person decides.
func TestStoppedWaves(t *testing.T) {
	c := newCollector(t, exporter.Options{})
	notify := c.Rollout("cart", "production")
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	tell := func(region string, kind rollout.EventKind, outcome rollout.Outcome) {
		at = at.Add(time.Minute)
		notify(rollout.Event{At: at, Region: region, Kind: kind, Outcome: outcome, Waves: 2})
	}
	tell("eu", rollout.StepStarted, "")
	tell("eu", rollout.Ended, rollout.Promoted)
	tell("us", rollout.StepStarted, "")
	tell("", rollout.WaveStopped, "")
	tell("us", rollout.Ended, rollout.RolledBack)
	tell("", rollout.Ended, rollout.Stopped)
	in := `{environment="production",service="cart"}`
	shown(t, c, map[string]string{
		`rollouts_ended_total{environment="production",outcome="stopped",service="cart"}`: "1",
		`deployments_total{environment="production",outcome="failed",service="cart"}`:     "1",
		"time_to_restore_seconds_count" + in:                                              "nothing",
	})
	tell("us", rollout.StepStarted, "")
	tell("us", rollout.Ended, rollout.Promoted)
	tell("", rollout.Ended, rollout.Promoted)
	shown(t, c, map[string]string{
		`deployments_total{environment="production",outcome="failed",service="cart"}`:    "1",
		`deployments_total{environment="production",outcome="succeeded",service="cart"}`: "1",
		"time_to_restore_seconds_sum" + in:                                               "300",
	})
	tell("eu", rollout.Ended, rollout.Untouched)
	tell("", rollout.Ended, rollout.Stopped)
	shown(t, c, map[string]string{`deployments_total{environment="production",outcome="failed",service="cart"}`: "1"})
}

// history is a release made up event by event.
func history(t *testing.T, service string, begun time.Time, bodies ...any) []ledger.Event {
	t.Helper()
	requested := ledger.Requested{
		Release:  stage.Release{ID: "x", Service: service, RequestedBy: "ada"},
		Pipeline: ledger.Pipeline{Name: "p", Stages: []ledger.Stage{{Name: "deploy", Environment: "production", CanUndo: true}}},
	}
	events := []ledger.Event{{Seq: 1, Time: begun, Body: requested}}
	for _, b := range bodies {
		if d, ok := b.(time.Duration); ok {
			begun = begun.Add(d)
			continue
		}
		e := ledger.Event{Seq: uint64(len(events) + 1), Time: begun, Body: b.(ledger.Body)}
		switch b.(type) {
		case ledger.Began, ledger.Ended, ledger.Noted:
			e.Stage, e.Attempt = "deploy", 1
		}
		events = append(events, e)
	}
	return events
}

// What happened to a service is counted in the order of time, whatever the order of releases in the store.
func TestRestoredByTheNextRelease(t *testing.T) {
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	ended := func(begun time.Time, o stage.Outcome) []ledger.Event {
		return history(t, "shop", begun, time.Minute, ledger.Began{}, time.Minute, ledger.Ended{Outcome: o}, ledger.Finished{Outcome: o})
	}
	store := new(release.MemoryStore)
	for _, r := range []struct {
		id     string
		events []ledger.Event
	}{
		{"mend", ended(noon.Add(time.Hour), stage.Succeeded)},
		{"stuck", ended(noon, stage.Stranded)},
		{"later", ended(noon.Add(2*time.Hour), stage.Succeeded)},
	} {
		require.NoError(t, store.Append(t.Context(), r.id, 0, r.events...))
	}
	o := exporter.Options{
		Deploys:   func(s ledger.Stage) bool { return s.Name == "deploy" },
		Committed: func(stage.Release) []time.Time { return []time.Time{noon.Add(-time.Hour)} },
	}
	c := newCollector(t, o)
	require.NoError(t, c.Replay(t.Context(), store))
	shown(t, c, map[string]string{
		`time_to_restore_seconds_count{environment="production",` + shop + `}`:         "1",
		`time_to_restore_seconds_sum{environment="production",` + shop + `}`:           "3600",
		`deployments_total{environment="production",outcome="failed",` + shop + `}`:    "1",
		`deployments_total{environment="production",outcome="succeeded",` + shop + `}`: "2",
		`lead_time_seconds_sum{environment="production",` + shop + `}`:                 fmt.Sprint(2*3600 + 120 + 3*3600 + 120),
		`last_deployment_timestamp_seconds{environment="production",` + shop + `}`:     "1.77764412e+09",
	})
	o.Deploys = nil
	c = newCollector(t, o)
	require.NoError(t, c.Replay(t.Context(), store))
	shown(t, c, map[string]string{`deployments_total{environment="production",outcome="failed",` + shop + `}`: "nothing"})
}

// A rollout that is taken back leaves what an earlier one has broken, and a target that succeeds does not mend another one of the same deployment.
func TestWhatStaysBroken(t *testing.T) {
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	deploys := exporter.Options{Deploys: func(s ledger.Stage) bool { return s.Environment == "production" }}
	restored := func(store release.Store, n, seconds string) {
		t.Helper()
		c := newCollector(t, deploys)
		require.NoError(t, c.Replay(t.Context(), store))
		shown(t, c, map[string]string{
			`time_to_restore_seconds_count{environment="production",` + shop + `}`: n,
			`time_to_restore_seconds_sum{environment="production",` + shop + `}`:   seconds,
		})
	}
	store := new(release.MemoryStore)
	for i, o := range []stage.Outcome{stage.Stranded, stage.RolledBack, stage.Succeeded} {
		id := fmt.Sprint("r", i)
		events := history(t, "shop", noon.Add(time.Duration(i)*time.Hour), ledger.Began{}, ledger.Ended{Outcome: o}, ledger.Finished{Outcome: o})
		begun := events[0].Body.(ledger.Requested)
		begun.Release.ID = id
		events[0].Body = begun
		require.NoError(t, store.Append(t.Context(), id, 0, events...))
		restored(store, []string{"nothing", "1", "2"}[i], []string{"nothing", "0", "7200"}[i])
	}

	synctest.Test(t, func(t *testing.T) {
		store := new(release.MemoryStore)
		runner := release.NewRunner(release.Config{Store: store})
		defer runner.Stop(context.Background())
		regions := stage.NewKey[[]string]("regions")
		full := true
		run := func(id string) {
			_, _ = runner.Run(t.Context(), release.Pipeline{Name: "p", Inputs: []stage.Ref{regions.Ref()}, Stages: []release.Stage{{
				Name: "copy", Environment: "production", Each: &release.Each{Key: regions.Ref(), Parallel: 2},
				Do: stage.Func(func(_ context.Context, t *stage.Task) error {
					if time.Sleep(time.Minute); t.Stage() == "copy.eu" {
						time.Sleep(time.Minute)
					} else if full {
						return errors.New("the disk is full")
					}
					return nil
				}),
			}}}, release.Request{ID: id, Service: "shop", RequestedBy: "ada", Inputs: []release.Value{release.Input(regions, []string{"eu", "us"})}})
		}
		run("r1")
		restored(store, "nothing", "nothing")
		full = false
		time.Sleep(8 * time.Minute)
		run("r2")
		restored(store, "1", "600")
	})
}

// Whatever requests are called, the number of series is bounded; versions, IDs and people are no labels.
func TestLabelsAreBounded(t *testing.T) {
	c := newCollector(t, exporter.Options{MaxValues: 5})
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for i := range 50 {
		for _, e := range history(t, fmt.Sprintf("s%d\xff", i), noon, ledger.Began{}, ledger.Ended{Outcome: stage.Succeeded}, ledger.Finished{Outcome: stage.Succeeded}) {
			require.NoError(t, c.Observe(fmt.Sprint("id-", i), e))
		}
	}
	all := values(t, c)
	assert.Equal(t, "45", all[`davit_releases_ended_total{outcome="succeeded",pipeline="p",service="other"}`])
	assert.Equal(t, "1", all["davit_releases_ended_total{outcome=\"succeeded\",pipeline=\"p\",service=\"s0\uFFFD\"}"])
	said := text(t, c)
	for _, never := range []string{"id-1", "ada"} {
		assert.NotContains(t, said, never)
	}
}

func TestObserveRefuses(t *testing.T) {
	c := newCollector(t, exporter.Options{})
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	events := history(t, "shop", noon, ledger.Began{}, ledger.Noted{Name: "rollout-event", Data: raw(t, "no event")}, ledger.Noted{Name: "version-decision", Data: raw(t, []int{1})}, ledger.Ended{Outcome: stage.Succeeded}, ledger.Finished{Outcome: stage.Succeeded})
	require.ErrorIs(t, c.Observe("x", events[1]), ledger.ErrBroken, "it does not begin with the first")
	require.NoError(t, c.Observe("x", events[0]))
	require.ErrorIs(t, c.Observe("x", events[2]), ledger.ErrBroken, "one is missing")
	for _, e := range events {
		require.NoError(t, c.Observe("x", e))
	}
	late := events[1]
	late.Seq = 7
	assert.ErrorContains(t, c.Observe("x", late), "the release was over with event 6")
	shown(t, c, map[string]string{`releases_ended_total{outcome="succeeded",pipeline="p",` + shop + `}`: "1"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorContains(t, c.Follow(ctx, release.NewRunner(release.Config{}), "none"), "follow release none")
}

func TestOptions(t *testing.T) {
	_, err := exporter.New(exporter.Options{Namespace: "a-b", Labels: map[string]string{"__x": "", "service": ""}, Durations: []float64{1, 1}, Deliveries: []float64{0}, MaxValues: -1})
	for _, want := range []string{`Options.Namespace: "a-b"`, `"__x" is not the name`, `"service" is a label of the metrics themselves`, "Options.Durations[1]", "Options.Deliveries[0]", "Options.MaxValues"} {
		assert.ErrorContains(t, err, want)
	}
}

// It may be scraped while it is fed.
func TestTogether(t *testing.T) {
	c := newCollector(t, exporter.Options{})
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for k := range 20 {
				for _, e := range history(t, "shop", noon, ledger.Began{}, ledger.Ended{Outcome: stage.Succeeded}, ledger.Finished{Outcome: stage.Succeeded}) {
					assert.NoError(t, c.Observe(fmt.Sprint(i, "-", k), e))
				}
				text(t, c)
			}
		})
	}
	all.Wait()
	shown(t, c, map[string]string{`releases_ended_total{outcome="succeeded",pipeline="p",` + shop + `}`: "80"})
}

// README.md names every metric, and no other.
func TestReadmeNamesAllMetrics(t *testing.T) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	ch := make(chan *prometheus.Desc, 100)
	newCollector(t, exporter.Options{}).Describe(ch)
	close(ch)
	n := 0
	for d := range ch {
		_, rest, _ := strings.Cut(d.String(), `fqName: "davit_`)
		name, _, _ := strings.Cut(rest, `"`)
		assert.Contains(t, string(text), "| `"+name+"` |")
		n++
	}
	assert.Len(t, regexp.MustCompile("(?m)^\\| `\\w+` \\| (counter|gauge|histogram) ").FindAll(text, -1), n)
}
