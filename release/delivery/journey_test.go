package delivery_test

import (
	"context"
	"errors"
	"strings"
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
	"github.com/davit-sdk/davit/stage/waves"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// byWaves brings the cart to Europe first, and to America a minute later.
func (p *plant) byWaves(id string) release.Pipeline {
	pipeline := p.pipeline(id, "cart")
	g := gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
		return gate.Verdict{Outcome: p.verdict, Reason: "so"}, nil
	})
	pipeline.Stages = pipeline.Stages[:2]
	pipeline.Stages[1].Do = waves.Stage{
		Targets: map[string]rollout.Target{"eu": p.world("cart-eu").Target(), "us": p.world("cart-us").Target()},
		Waves: strategy.Waves{
			Strategy: strategy.Rolling{}, Waves: []strategy.Wave{{Regions: []string{"eu"}}, {Regions: []string{"us"}}},
			Hold: strategy.Hold{Bake: time.Minute, Gates: []string{"errors"}},
		},
		Options: rollout.WaveOptions{
			Each:  rollout.Options{Patience: time.Minute, Decision: strategy.Pause{Deadline: 10 * time.Minute}},
			Gates: func(string) map[string]gate.Gate { return map[string]gate.Gate{"errors": g} },
		},
	}
	return pipeline
}

// viaCluster deploys the shop once its cluster is up.
func (p *plant) viaCluster(id string, down *bool) release.Pipeline {
	pipeline := p.pipeline(id, "shop")
	pipeline.Stages[1].Needs = []string{"cluster"}
	pipeline.Stages = append(pipeline.Stages, release.Stage{Name: "cluster", Needs: []string{"version"}, Do: stage.Func(func(context.Context, *stage.Task) error {
		if *down {
			return errors.New("the cluster is down")
		}
		return nil
	})})
	return pipeline
}

// A day of two teams, read to the end by one feed, and by one that is started again after each release, and while each is under way.
func TestJourney(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t)
		defer p.runner.Stop(context.Background())
		o := delivery.Options{Kind: func(r stage.Release) dora.Kind {
			if strings.HasPrefix(r.ID, "h") {
				return dora.KindHotfix
			}
			return ""
		}}
		feed := delivery.New(o)
		var events []dora.Event
		read := func() {
			t.Helper()
			some, err := feed.Read(t.Context(), p.store)
			require.NoError(t, err)
			events = append(events, some...)
			text, err := feed.Cursor()
			require.NoError(t, err)
			feed, err = delivery.Resume(o, text)
			require.NoError(t, err)
		}
		run := func(pipeline release.Pipeline, r release.Request) {
			t.Helper()
			r.RequestedBy = "ada"
			require.NoError(t, p.runner.Begin(t.Context(), pipeline, r))
			for range 3 {
				time.Sleep(7 * time.Second)
				synctest.Wait()
				read()
			}
			p.wait(r.ID)
			time.Sleep(time.Until(time.Now().Truncate(10 * time.Minute).Add(10 * time.Minute)))
			read()
		}
		down := true
		run(p.byWaves("w1"), release.Request{ID: "w1", Service: "cart"})
		run(p.pipeline("r1", "shop"), release.Request{ID: "r1", Service: "shop"})
		p.verdict = gate.Fail
		run(p.byWaves("w2"), release.Request{ID: "w2", Service: "cart"})
		run(p.pipeline("r2", "shop"), release.Request{ID: "r2", Service: "shop"})
		p.verdict = gate.Pass
		run(p.viaCluster("r3", &down), release.Request{ID: "r3", Service: "shop"})
		down = false
		run(p.viaCluster("f3", &down), release.Request{ID: "f3", Service: "shop", ForkOf: &release.Origin{Release: "r3", Stage: "cluster"}})
		run(p.pipeline("h4", "shop"), release.Request{ID: "h4", Service: "shop"})

		whole, err := delivery.New(o).Read(t.Context(), p.store)
		require.NoError(t, err)
		assert.Equal(t, whole, events, "neither twice nor lost")
		assert.Equal(t, []string{
			"change w1-a", "change w1-b", "w1/deploy", "change r1-a", "change r1-b", "r1/deploy", "w2/deploy", "rollback w2/deploy/back",
			"r2/deploy", "rollback r2/deploy/back", "change r3-a", "change r3-b", "f3/deploy", "change h4-a", "change h4-b", "hotfix h4/deploy",
		}, names(events))

		report, err := history(t, events).Report(dora.Rules{}, dora.Query{From: clock(0, 0), To: clock(120, 0)})
		require.NoError(t, err)
		assert.Equal(t, 8, report.DeploymentFrequency.N, "five that went well or were taken back, of which two besides are the way back, and the hotfix")
		// Waves take 144 s, a canary 64 s; r3 was decided on ten minutes before its fork. Commits are 1 h and 26 h older than the decision.
		assert.Equal(t, 8, report.LeadTime.N)
		assert.InDelta(t, (3600+664+93600+64)/2.0, report.LeadTime.P50.Or(0), 1e-9, "3664 3664 3744 4264 | 93664 93664 93744 94264")
		assert.InDelta(t, (2*3664+3744+4264+2*93664+93744+94264)/8.0, report.LeadTime.Mean.Or(0), 1e-9)
		assert.Equal(t, [2]int{2, 8}, [2]int{report.ChangeFailureRate.K, report.ChangeFailureRate.N}, "w2 and r2")
		assert.Equal(t, 2, report.FailedDeploymentRecovery.N)
		assert.InDelta(t, (8+2)/2.0, report.FailedDeploymentRecovery.P50.Or(0), 1e-9, "8 s and 2 s to go back")
		assert.Equal(t, [2]int{3, 8}, [2]int{report.ReworkRate.K, report.ReworkRate.N}, "two rollbacks and a hotfix")
		assert.Equal(t, [2]int{0, 8}, [2]int{report.AttemptFailureRate.K, report.AttemptFailureRate.N}, "r3 tried nothing")
		assert.Empty(t, report.Anomalies)
	})
}

// A fork of a fork brings the changes of the first release; histories that are forked from each other are broken.
func TestForks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t)
		defer p.runner.Stop(context.Background())
		down := true
		fork := func(id, of string) {
			_, _ = p.runner.Run(t.Context(), p.viaCluster(id, &down), release.Request{ID: id, RequestedBy: "ada", ForkOf: &release.Origin{Release: of, Stage: "cluster"}})
		}
		_, _ = p.runner.Run(t.Context(), p.viaCluster("r1", &down), release.Request{ID: "r1", Service: "shop", RequestedBy: "ada"})
		fork("f1", "r1")
		down = false
		fork("f2", "f1")
		events, err := delivery.New(delivery.Options{}).Read(t.Context(), p.store)
		require.NoError(t, err)
		assert.Equal(t, []string{"change r1-a", "change r1-b", "f2/deploy"}, names(events))

		own := delivery.Options{Changes: func(r stage.Release) []dora.Change { return []dora.Change{{ID: "c-" + r.ID, Time: clock(0, 0)}} }}
		events, err = delivery.New(own).Read(t.Context(), p.store)
		require.NoError(t, err)
		assert.Equal(t, []string{"change c-f2", "f2/deploy"}, names(events), "who knows the changes of a release is asked")

		for _, id := range []string{"x", "y"} {
			origin := &ledger.Origin{Release: map[string]string{"x": "y", "y": "x"}[id], Stage: "a"}
			require.NoError(t, p.store.Append(t.Context(), id, 0, ledger.Event{Seq: 1, Time: clock(0, 0), Body: ledger.Requested{Forked: origin}}))
		}
		_, err = delivery.New(delivery.Options{}).Read(t.Context(), p.store)
		assert.ErrorIs(t, err, ledger.ErrBroken)
		assert.ErrorContains(t, err, "forked from itself")
	})
}
