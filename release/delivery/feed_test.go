package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/delivery"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// clock is a time of the first hour of a bubble.
func clock(minute, second int) time.Time {
	return time.Date(2000, 1, 1, 0, minute, second, 0, time.UTC)
}

// names are the ids of events that say what they are.
func names(events []dora.Event) (all []string) {
	for _, e := range events {
		switch e := e.(type) {
		case dora.Change:
			all = append(all, "change "+e.ID)
		case dora.Deployment:
			text := e.ID
			if e.Kind != "" {
				text = string(e.Kind) + " " + text
			}
			if e.Status != "" {
				text += " " + string(e.Status)
			}
			all = append(all, text)
		case dora.Incident:
			all = append(all, fmt.Sprintf("incident %s %v", e.ID, !e.Resolved.IsZero()))
		}
	}
	return all
}

// A good release, one that is taken back, one that is undone later on, and one that a person aborts.
func TestFigures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t)
		defer p.runner.Stop(context.Background())
		require.Equal(t, stage.Succeeded, p.run("r1", "shop").Outcome)
		p.verdict = gate.Fail
		require.Equal(t, stage.RolledBack, p.run("r2", "shop").Stage("deploy").Outcome)
		p.verdict, p.broken = gate.Pass, errors.New("the orders do not add up")
		require.True(t, p.run("r3", "shop").Stage("deploy").Undone())
		p.broken = nil
		p.begin("r4", "shop")
		time.Sleep(30 * time.Second)
		require.NoError(t, p.runner.Signal(t.Context(), "r4", stage.Signal{Kind: stage.Abort, Stage: "deploy", By: "grace"}))
		require.Equal(t, stage.Aborted, p.wait("r4").Stage("deploy").Outcome)
		require.Equal(t, stage.Succeeded, p.run("c1", "cart").Outcome)

		events, err := delivery.New(delivery.Options{}).Read(t.Context(), p.store)
		require.NoError(t, err)
		require.Equal(t, []string{
			"change r1-a", "change r1-b", "r1/deploy", "r2/deploy", "rollback r2/deploy/back", "change r3-a", "change r3-b", "r3/deploy",
			"rollback r3/deploy/undo", "r4/deploy", "rollback r4/deploy/back", "change c1-a", "change c1-b", "c1/deploy",
		}, names(events))
		assert.Equal(t, dora.Change{ID: "r1-a", Time: clock(0, 0).Add(-time.Hour)}, events[0])
		assert.Equal(t, dora.Deployment{ID: "r1/deploy", Service: "shop", Environment: "production", Started: clock(0, 0), Time: clock(1, 4), Version: "1.1.0", Changes: []string{"r1-a", "r1-b"}}, events[2])
		assert.Equal(t, dora.Deployment{ID: "r2/deploy", Service: "shop", Environment: "production", Started: clock(2, 4), Time: clock(2, 5), Version: "1.11.0"}, events[3])
		assert.Equal(t, dora.Deployment{ID: "r2/deploy/back", Service: "shop", Environment: "production", Started: clock(2, 5), Time: clock(2, 7), Kind: dora.KindRollback, Fixes: []string{"r2/deploy"}}, events[4])
		assert.Equal(t, dora.Deployment{ID: "r3/deploy/undo", Service: "shop", Environment: "production", Started: clock(4, 11), Time: clock(4, 14), Kind: dora.KindRollback, Fixes: []string{"r3/deploy"}}, events[8])

		// By hand: r1 and r3 took 64 s from their decision; their commits were 1 h and 26 h old then.
		shop := dora.Query{From: clock(0, 0), To: clock(60, 0), Services: []string{"shop"}}
		report, err := history(t, events).Report(dora.Rules{Rollbacks: dora.RollbacksApart}, shop)
		require.NoError(t, err)
		assert.Equal(t, 4, report.DeploymentFrequency.N, "r1 to r4")
		assert.Equal(t, 4, report.LeadTime.N)
		assert.InDelta(t, (3664+93664)/2.0, report.LeadTime.P50.Or(0), 1e-9)
		assert.InDelta(t, (3664+93664)/2.0, report.LeadTime.Mean.Or(0), 1e-9)
		assert.Equal(t, [2]int{3, 4}, [2]int{report.ChangeFailureRate.K, report.ChangeFailureRate.N}, "(failed 2 + undone 1) of (succeeded 2 + failed 2)")
		assert.Equal(t, 3, report.FailedDeploymentRecovery.N)
		assert.InDelta(t, 2, report.FailedDeploymentRecovery.P50.Or(0), 1e-9, "2 s, 63 s and 2 s")
		assert.InDelta(t, (2+63+2)/3.0, report.FailedDeploymentRecovery.Mean.Or(0), 1e-9)
		assert.Empty(t, report.Anomalies)

		report, err = history(t, events).Report(dora.Rules{}, shop)
		require.NoError(t, err)
		assert.Equal(t, [2]int{3, 7}, [2]int{report.ReworkRate.K, report.ReworkRate.N}, "three rollbacks")

		report, err = history(t, events).Report(dora.Rules{}, dora.Query{From: clock(0, 0), To: clock(60, 0)})
		require.NoError(t, err)
		assert.Equal(t, 6, report.LeadTime.N, "both services")
		require.Len(t, report.Services, 2)
		assert.Equal(t, 1, report.Services[0].DeploymentFrequency.N, "cart")
	})
}

// copied is a deployment by a command, which fails so many times.
func (p *plant) copied(id string, fails, attempts int, policy release.Policy) *ledger.State {
	p.t.Helper()
	pipeline := release.Pipeline{Name: "copy", Stages: []release.Stage{{
		Name: "copy", Environment: "production", Retry: release.Retry{Attempts: attempts}, OnFailure: policy,
		Do: stage.Func(func(context.Context, *stage.Task) error {
			time.Sleep(time.Minute)
			if fails--; fails >= 0 {
				return errors.New("the disk is full")
			}
			return nil
		}),
	}}}
	state, _ := p.runner.Run(p.t.Context(), pipeline, release.Request{ID: id, Service: "shop", RequestedBy: "ada"})
	require.NotNil(p.t, state)
	return state
}

var commands = delivery.Options{
	Deploys: func(s ledger.Stage) bool { return s.Name == "copy" },
	Kind: func(r stage.Release) dora.Kind {
		if r.ID == "r3" {
			return dora.KindHotfix
		}
		return ""
	},
	Changes: func(r stage.Release) []dora.Change {
		return []dora.Change{{ID: "c-" + r.ID, Time: clock(0, 0)}, {ID: "c-all", Time: clock(0, 0)}}
	},
}

// One that is retried, and one that gets stuck until the next one mends it, read a piece at a time by feeds that go on
// where the one before was.
func TestPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t)
		defer p.runner.Stop(context.Background())
		feed := delivery.New(commands)
		var all []dora.Event
		next := func(want ...string) {
			t.Helper()
			events, err := feed.Read(t.Context(), p.store)
			require.NoError(t, err)
			assert.Equal(t, want, names(events))
			all = append(all, events...)
			text, err := feed.Cursor()
			require.NoError(t, err)
			feed, err = delivery.Resume(commands, text)
			require.NoError(t, err)
			again, err := feed.Cursor()
			require.NoError(t, err)
			assert.JSONEq(t, string(text), string(again))
		}
		p.copied("r1", 1, 2, "")
		next("r1/copy failure", "change c-r1", "change c-all", "r1/copy#2")
		p.copied("r2", 9, 1, "")
		next("r2/copy", "incident r2/copy/stuck false")
		next()
		p.copied("r3", 0, 1, "")
		next("change c-r3", "hotfix r3/copy", "incident r2/copy/stuck true")

		whole, err := delivery.New(commands).Read(t.Context(), p.store)
		require.NoError(t, err)
		assert.Equal(t, all, whole, "all at once is the same")

		report, err := history(t, all).Report(dora.Rules{}, dora.Query{From: clock(0, 0), To: clock(60, 0)})
		require.NoError(t, err)
		assert.Equal(t, [2]int{1, 3}, [2]int{report.ChangeFailureRate.K, report.ChangeFailureRate.N})
		assert.Equal(t, [2]int{1, 4}, [2]int{report.AttemptFailureRate.K, report.AttemptFailureRate.N})
		assert.Equal(t, [2]int{1, 3}, [2]int{report.ReworkRate.K, report.ReworkRate.N})
		assert.InDelta(t, 60, report.FailedDeploymentRecovery.P50.Or(0), 1e-9, "r3 took a minute")
		assert.Empty(t, report.Anomalies)
	})
}

// A release that is read while it is under way is told when it is over, by whichever feed reads it then.
func TestUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t)
		defer p.runner.Stop(context.Background())
		p.broken = errors.New("x")
		whole := delivery.New(delivery.Options{})
		var all []string
		p.begin("r1", "shop")
		for range 10 { // of 20 s: while it bakes, while orders are looked at, while it is undone
			time.Sleep(20 * time.Second)
			synctest.Wait()
			events, err := whole.Read(t.Context(), p.store)
			require.NoError(t, err)
			all = append(all, names(events)...)
			text, err := whole.Cursor()
			require.NoError(t, err)
			whole, err = delivery.Resume(delivery.Options{}, text)
			require.NoError(t, err)
		}
		assert.Equal(t, []string{"change r1-a", "change r1-b", "r1/deploy", "rollback r1/deploy/undo"}, all)
	})
}

// One that is parked is told once a person has said what becomes of it.
func TestParked(t *testing.T) {
	for kind, want := range map[stage.SignalKind][]string{
		stage.Retry: {"r1/copy failure", "change c-r1", "change c-all", "r1/copy#2"},
		stage.Abort: {"r1/copy", "incident r1/copy/stuck false"},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := newPlant(t)
			defer p.runner.Stop(context.Background())
			feed := delivery.New(commands)
			done := make(chan struct{})
			go func() { defer close(done); p.copied("r1", 1, 1, release.Freeze) }()
			time.Sleep(5 * time.Minute)
			events, err := feed.Read(t.Context(), p.store)
			require.NoError(t, err)
			assert.Empty(t, events)
			require.NoError(t, p.runner.Signal(t.Context(), "r1", stage.Signal{Kind: kind, Stage: "copy", By: "grace"}))
			<-done
			events, err = feed.Read(t.Context(), p.store)
			require.NoError(t, err)
			assert.Equal(t, want, names(events), kind)
		})
	}
}

func TestBrokenHistories(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t)
		defer p.runner.Stop(context.Background())
		require.NoError(t, p.store.Append(t.Context(), "bad", 0, ledger.Event{Seq: 1, Time: clock(0, 0), Body: ledger.Finished{Outcome: stage.Succeeded}}))
		p.copied("r1", 0, 1, "")
		feed := delivery.New(commands)
		events, err := feed.Read(t.Context(), p.store)
		assert.ErrorIs(t, err, ledger.ErrBroken)
		assert.ErrorContains(t, err, "release bad")
		assert.Len(t, events, 3, "the others are told")
		events, err = feed.Read(t.Context(), p.store)
		assert.ErrorIs(t, err, ledger.ErrBroken, "and it is said again")
		assert.Empty(t, events)
	})
	for _, text := range []string{"", "{}", "[]", `{"releases":{},"open":[{"incidents":[{"type":"work","id":"x"}]}]}`, `{"releases":{},"open":[{"incidents":3}]}`} {
		_, err := delivery.Resume(delivery.Options{}, []byte(text))
		assert.ErrorIs(t, err, delivery.ErrCursor, text)
	}
}
