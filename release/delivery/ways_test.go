package delivery_test

import (
	"context"
	"errors"
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

var deploying = delivery.Options{Deploys: func(s ledger.Stage) bool { return s.Environment != "" }}

// told is what a feed tells of one release.
func told(p *plant, o delivery.Options, pipeline release.Pipeline, values ...release.Value) []dora.Event {
	p.t.Helper()
	_, _ = p.runner.Run(p.t.Context(), pipeline, release.Request{ID: "r1", Service: "shop", RequestedBy: "ada", Inputs: values})
	events, err := delivery.New(o).Read(p.t.Context(), p.store)
	require.NoError(p.t, err)
	return events
}

// An undo that fails is an attempt, and what it could not take back stays broken until the next deployment.
func TestUndoThatFails(t *testing.T) {
	for fails, want := range map[int][]string{
		1:   {"r1/copy", "rollback r1/copy/undo failure", "rollback r1/copy/undo#2"},
		100: {"r1/copy", "rollback r1/copy/undo failure", "rollback r1/copy/undo#2 failure", "incident r1/copy/stuck false"},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := newPlant(t)
			defer p.runner.Stop(context.Background())
			n := fails
			undo := stage.Func(func(context.Context, *stage.Task) error {
				if n--; n >= 0 {
					return errors.New("the disk is full")
				}
				return nil
			})
			do := stage.Func(func(context.Context, *stage.Task) error { return nil })
			events := told(p, deploying, release.Pipeline{Name: "copy", Stages: []release.Stage{
				{Name: "copy", Environment: "production", Do: stage.Undoable{Stage: do, By: undo}, Retry: release.Retry{Attempts: 2}},
				{Name: "check", Needs: []string{"copy"}, OnFailure: release.Undo, Do: stage.Func(func(context.Context, *stage.Task) error { return errors.New("x") })},
			}})
			assert.Equal(t, want, names(events))
			if fails == 100 {
				assert.Equal(t, []string{"r1/copy"}, events[3].(dora.Incident).CausedBy)
			}
		})
	}
}

// Stages that were made for the items of a list are one deployment to many targets.
func TestItems(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t)
		defer p.runner.Stop(context.Background())
		regions := stage.NewKey[[]string]("regions")
		events := told(p, deploying, release.Pipeline{Name: "copy", Inputs: []stage.Ref{regions.Ref()}, Stages: []release.Stage{{
			Name: "copy", Environment: "production", Each: &release.Each{Key: regions.Ref(), Parallel: 1},
			Do: stage.Func(func(context.Context, *stage.Task) error { time.Sleep(time.Minute); return nil }),
		}}}, release.Input(regions, []string{"eu", "us"}))
		require.Equal(t, []string{"r1/copy.eu", "r1/copy.us"}, names(events))
		for _, e := range events {
			assert.Equal(t, "r1/copy", e.(dora.Deployment).Group)
		}
		report, err := history(t, events).Report(dora.Rules{}, dora.Query{})
		require.NoError(t, err)
		assert.Equal(t, 1, report.DeploymentFrequency.N)
	})
}

// A deployment to many targets that is undone everywhere is one rollback, which ends the failure of the one deployment.
func TestItemsThatAreUndone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t)
		defer p.runner.Stop(context.Background())
		regions := stage.NewKey[[]string]("regions")
		minute := stage.Func(func(context.Context, *stage.Task) error { time.Sleep(time.Minute); return nil })
		events := told(p, deploying, release.Pipeline{Name: "copy", Inputs: []stage.Ref{regions.Ref()}, Stages: []release.Stage{
			{Name: "copy", Environment: "production", Each: &release.Each{Key: regions.Ref(), Parallel: 1}, Do: stage.Undoable{Stage: minute, By: minute}},
			{Name: "check", Needs: []string{"copy"}, OnFailure: release.Undo, Do: stage.Func(func(context.Context, *stage.Task) error {
				time.Sleep(10 * time.Minute)
				return errors.New("the orders do not add up")
			})},
		}}, release.Input(regions, []string{"eu", "us"}))
		require.Equal(t, []string{"r1/copy.eu", "r1/copy.us", "rollback r1/copy.us/undo", "rollback r1/copy.eu/undo"}, names(events))
		var groups []string
		for _, e := range events {
			groups = append(groups, e.(dora.Deployment).Group)
		}
		assert.Equal(t, []string{"r1/copy", "r1/copy", "r1/copy/undo", "r1/copy/undo"}, groups)
		assertRollback(t, events, 12*60)
	})
}

// assertRollback expects one deployment, and one rollback that ends its failure so many seconds later.
func assertRollback(t *testing.T, events []dora.Event, recovery float64) {
	t.Helper()
	report, err := history(t, events).Report(dora.Rules{}, dora.Query{})
	require.NoError(t, err)
	assert.Equal(t, 2, report.DeploymentFrequency.N, "the deployment and the rollback")
	assert.Equal(t, [2]int{1, 2}, [2]int{report.ChangeFailureRate.K, report.ChangeFailureRate.N})
	assert.Equal(t, [2]int{1, 2}, [2]int{report.ReworkRate.K, report.ReworkRate.N})
	assert.Equal(t, [2]int{1, 0}, [2]int{report.FailedDeploymentRecovery.N, report.FailedDeploymentRecovery.Censored})
	assert.InDelta(t, recovery, report.FailedDeploymentRecovery.P50.Or(0), 1e-9)
	assert.Empty(t, report.Anomalies)
}

// Targets that turn back under way are one rollback, too.
func TestItemsThatTurnBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t)
		defer p.runner.Stop(context.Background())
		p.verdict = gate.Fail
		regions := stage.NewKey[[]string]("regions")
		pipeline := p.pipeline("r1", "shop")
		pipeline.Inputs, pipeline.Stages = []stage.Ref{regions.Ref()}, pipeline.Stages[:2]
		pipeline.Stages[1].Each = &release.Each{Key: regions.Ref(), Parallel: 1}
		events := told(p, delivery.Options{}, pipeline, release.Input(regions, []string{"eu"}))
		require.Equal(t, []string{"r1/deploy.eu", "rollback r1/deploy.eu/back"}, names(events))
		assert.Equal(t, "r1/deploy", events[0].(dora.Deployment).Group)
		assert.Equal(t, "r1/deploy/back", events[1].(dora.Deployment).Group)
		assertRollback(t, events, 2)
	})
}

// A target that gets stuck is not mended by another target of the same deployment that comes later, but by the next deployment; also where a feed
// goes on from a cursor between them.
func TestItemsOfWhichOneIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t)
		defer p.runner.Stop(context.Background())
		regions := stage.NewKey[[]string]("regions")
		full := true
		begin := func(id string) {
			t.Helper()
			require.NoError(t, p.runner.Begin(t.Context(), release.Pipeline{Name: "copy", Inputs: []stage.Ref{regions.Ref()}, Stages: []release.Stage{{
				Name: "copy", Environment: "production", Each: &release.Each{Key: regions.Ref(), Parallel: 2},
				Do: stage.Func(func(_ context.Context, t *stage.Task) error {
					if time.Sleep(time.Minute); t.Stage() == "copy.eu" {
						time.Sleep(time.Minute)
					} else if full {
						return errors.New("the disk is full")
					}
					return nil
				}),
			}}}, release.Request{ID: id, Service: "shop", RequestedBy: "ada", Inputs: []release.Value{release.Input(regions, []string{"eu", "us"})}}))
		}
		feed := delivery.New(deploying)
		var pieces []dora.Event
		read := func() {
			t.Helper()
			events, err := feed.Read(t.Context(), p.store)
			require.NoError(t, err)
			pieces = append(pieces, events...)
			text, err := feed.Cursor()
			require.NoError(t, err)
			feed, err = delivery.Resume(deploying, text)
			require.NoError(t, err)
		}
		begin("r1")
		time.Sleep(90 * time.Second)
		read()
		p.wait("r1")
		read()
		full = false
		time.Sleep(8 * time.Minute)
		begin("r2")
		p.wait("r2")
		read()
		whole, err := delivery.New(deploying).Read(t.Context(), p.store)
		require.NoError(t, err)
		require.Equal(t, []string{
			"r1/copy.us", "incident r1/copy.us/stuck false", "r1/copy.eu", "r2/copy.us", "incident r1/copy.us/stuck true", "r2/copy.eu",
		}, names(whole))
		assert.Equal(t, whole, pieces)
		assert.Equal(t, clock(11, 0), whole[4].(dora.Incident).Resolved, "by the first target of the next deployment")
	})
}

// What was mended once is not mended again.
func TestMendedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t)
		defer p.runner.Stop(context.Background())
		p.copied("r1", 1, 1, "")
		p.copied("r2", 0, 1, "")
		p.copied("r4", 0, 1, "")
		events, err := delivery.New(deploying).Read(t.Context(), p.store)
		require.NoError(t, err)
		assert.Equal(t, []string{"r1/copy", "incident r1/copy/stuck false", "r2/copy", "incident r1/copy/stuck true", "r4/copy"}, names(events))
		assert.Equal(t, clock(2, 0), events[3].(dora.Incident).Resolved)
	})
}

// One that was taken back and waits for a person was seen by users, whatever that person says; it is told once.
func TestTakenBackAndParked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t)
		defer p.runner.Stop(context.Background())
		p.verdict = gate.Fail
		pipeline := p.pipeline("r1", "shop")
		pipeline.Stages[1].OnFailure = release.Freeze
		require.NoError(t, p.runner.Begin(t.Context(), pipeline, release.Request{ID: "r1", Service: "shop", RequestedBy: "ada"}))
		time.Sleep(time.Minute)
		for _, o := range []delivery.Options{{}, deploying} {
			events, err := delivery.New(o).Read(t.Context(), p.store)
			require.NoError(t, err)
			assert.Equal(t, []string{"r1/deploy", "rollback r1/deploy/back"}, names(events))
		}
		// An attempt after one that was taken back moves nothing, and says so.
		require.NoError(t, p.runner.Signal(t.Context(), "r1", stage.Signal{Kind: stage.Retry, Stage: "deploy", By: "grace"}))
		time.Sleep(time.Minute)
		require.NoError(t, p.runner.Signal(t.Context(), "r1", stage.Signal{Kind: stage.Abort, Stage: "deploy", By: "grace"}))
		p.wait("r1")
		for _, o := range []delivery.Options{{}, deploying} {
			events, err := delivery.New(o).Read(t.Context(), p.store)
			require.NoError(t, err)
			assert.Equal(t, []string{"r1/deploy", "rollback r1/deploy/back"}, names(events))
		}
	})
}
