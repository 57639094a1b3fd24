package practice_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/maturity"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/delivery"
	"github.com/davit-sdk/davit/release/delivery/practice"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
	"github.com/davit-sdk/davit/stage/version"
	"github.com/davit-sdk/davit/stage/waves"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// Releases of a real runner: one that is good, one that its gate sends back, one that is undone later on, and one that pauses for a person.
func TestReleases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t)
		defer p.runner.Stop(context.Background())
		require.Equal(t, stage.Succeeded, p.run("r1").Outcome)
		p.verdict = gate.Fail
		require.Equal(t, stage.RolledBack, p.run("r2").Stage("production").Outcome)
		p.verdict, p.broken = gate.Pass, errors.New("the orders do not add up")
		require.True(t, p.run("r3").Stage("production").Undone())
		p.broken, p.pause = nil, &strategy.Pause{Reason: "is it well?"}
		require.Equal(t, stage.Succeeded, p.run("r4").Outcome)

		records := p.read(practice.Options{Kind: kinds})
		require.Len(t, records.Releases, 4)
		r := records.Releases[0]
		assert.Equal(t, []any{"r1", "shop", "1.1.0", "ada", time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)}, []any{r.ID, r.Service, r.Version, r.By, r.Began.UTC()})
		assert.Equal(t, []string{
			"r1/build@ build done 1m0s", "r1/test@ test done 1m0s", "r1/smoke@ gate done", "r1/staging deploy done [recreate] 3s",
			"r1/approve@ approval done by [grace] 15h57m57s", "r1/production@ gate done", "r1/production deploy done [canary] 1m4s",
		}, said(r))
		assert.Equal(t, []string{"r2/production@ gate refused", "r2/production deploy taken-back [canary] 1s", "r2/production/back rollback done 2s"}, said(records.Releases[1])[5:])
		assert.Equal(t, []string{
			"r3/production deploy taken-back [canary] 1m4s", "r3/production/undo rollback done 3s", "r3/staging/undo rollback done 3s",
		}, said(records.Releases[2])[6:])
		assert.Equal(t, []string{
			"r4/production@ gate done", "r4/production@ approval done by [linus] 28m59s", "r4/production deploy done [canary] 30m3s",
		}, said(records.Releases[3])[5:])
		for _, s := range r.Steps {
			if s.Kind == maturity.KindDeploy {
				assert.Len(t, s.Digest, len("sha256:")+64)
			}
		}
		for _, r := range records.Releases {
			for _, s := range r.Steps {
				if name, number, numbered := strings.Cut(s.ID, "@"); numbered {
					seq, err := strconv.ParseUint(number, 10, 64)
					require.NoError(t, err)
					for e, err := range p.store.Events(t.Context(), r.ID, seq) {
						require.NoError(t, err)
						assert.Equal(t, []any{name, s.To}, []any{r.ID + "/" + e.Stage, e.Time}, s.ID)
						break
					}
				}
			}
		}
		levels(t, records)
	})
}

// levels asserts what the releases of TestReleases come to.
func levels(t *testing.T, records *practice.Records) {
	t.Helper()
	history, err := records.History()
	require.NoError(t, err)
	model, err := maturity.Named("delivery")
	require.NoError(t, err)
	a, err := maturity.Assess(model, maturity.Input{
		At: time.Now().Add(time.Hour), Releases: records.Releases, History: history,
		People: []maturity.Person{{Name: "grace", Group: "operations", Location: time.UTC}, {Name: "linus", Location: time.FixedZone("far away", -8*3600)}},
	})
	require.NoError(t, err)
	require.Len(t, a.Services, 1)
	got := map[string]maturity.Answer{}
	evidence := map[string][]string{}
	for _, d := range a.Services[0].Dimensions {
		for _, f := range d.Findings {
			if got[f.Practice] = f.Answer; f.Evidence != nil {
				evidence[f.Practice] = f.Evidence.Events
			}
		}
	}
	for practice, want := range map[string]maturity.Answer{
		"built-centrally": maturity.Yes, "tested-always": maturity.Yes, "packaged": maturity.Yes, "built-once": maturity.Yes, "pipeline-decides": maturity.Yes,
		"all-automated": maturity.Yes, "no-gap": maturity.Yes, "progressive": maturity.Yes, "rollback-exercised": maturity.Yes, "rollback-reliable": maturity.Unknown,
		"gate-refuses": maturity.Yes, "failures-15": maturity.No, "recovery-hour": maturity.Yes, "deployed": maturity.Yes, "no-legacy": maturity.Unknown,
		"waits-half": maturity.No, "waits-by-day": maturity.No, "fewer-handoffs": maturity.Yes, "unattended": maturity.No, "toggles": maturity.Unknown,
	} {
		assert.Equal(t, want, got[practice], practice)
	}
	assert.Equal(t, []string{"r3/production/undo", "r2/production/back"}, evidence["rollback-exercised"])
	require.Len(t, evidence["gate-refuses"], 1)
	assert.Contains(t, evidence["gate-refuses"][0], "r2/production@")
	assert.Equal(t, []string{"r4/production", "r3/production", "r2/production"}, evidence["waits-by-day"], "grace answers at 16:00, after at least one night but the first time, which is a Saturday")
	assert.Equal(t, []string{"r3/production", "r2/production"}, evidence["failures-15"])
}

// A deployment by command, one by hand, one that asks nobody, and one in which somebody has to say what becomes of it.
func TestWithoutARollout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t)
		defer p.runner.Stop(context.Background())
		broken := errors.New("the disk is full")
		fails := broken
		decision := changelog.Decision{Reasons: []changelog.Reason{{Level: changelog.Minor, Commit: changelog.Commit{ID: "c1", Text: "feat: x", Committed: time.Now().Add(-2 * time.Hour)}}}}
		pipeline := release.Pipeline{Name: "copy", Stages: []release.Stage{
			{Name: "version", Do: stage.Func(func(ctx context.Context, t *stage.Task) error { return t.Detail(ctx, version.DetailDecision, decision) })},
			{Name: "by-hand", Needs: []string{"version"}, Environment: "staging", Do: approval.Stage{Ask: "copy it to staging, please"}},
			{Name: "copy", Needs: []string{"by-hand"}, Environment: "production", OnFailure: release.Freeze, Do: does(&fails)},
		}}
		require.NoError(t, p.runner.Begin(t.Context(), pipeline, release.Request{ID: "ab", Service: "shop", RequestedBy: "ada"}))
		time.Sleep(time.Minute)
		p.say("ab", stage.Approve, "by-hand", "eve")
		time.Sleep(time.Hour)
		synctest.Wait() // until what failed has read it
		fails = nil
		p.say("ab", stage.Retry, "copy", "grace")
		state, err := p.runner.Wait(t.Context(), "ab")
		require.NoError(t, err)
		require.Equal(t, stage.Succeeded, state.Outcome)

		records := p.read(practice.Options{
			Delivery:   delivery.Options{Deploys: func(s ledger.Stage) bool { return s.Environment != "" }},
			Manual:     func(s ledger.Stage) bool { return s.Name == "by-hand" },
			Strategies: func(ledger.Stage) []maturity.Strategy { return []maturity.Strategy{maturity.Recreate} },
		})
		require.Len(t, records.Releases, 1)
		r := records.Releases[0]
		assert.Equal(t, []string{
			"ab/by-hand#2 deploy done [recreate] by [eve] 1m0s", "ab/copy deploy failed [recreate] 1m0s",
			"ab/copy@ decision done by [grace] 59m0s", "ab/copy#2 deploy done [recreate] 1m0s",
		}, said(r))
		assert.Equal(t, maturity.Hand, r.Steps[0].Means)
		assert.Equal(t, maturity.Machine, r.Steps[3].Means)
		assert.True(t, r.Whole)
		assert.Equal(t, 2*time.Hour, r.Began.Sub(r.Committed))
	})
}

// A rollout in waves has the strategies of its regions, too; where nothing ran before, there is none; what nobody answered is nobody's.
func TestWaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t)
		defer p.runner.Stop(context.Background())
		do := waves.Stage{
			Targets: map[string]rollout.Target{"eu": p.staging.Target(), "us": p.production.Target(), "ap": (&strategytest.World{}).Target()},
			Waves: strategy.Waves{
				Strategy: strategy.Rolling{Replicas: 2}, ByRegion: map[string]strategy.Strategy{"eu": strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(25)}}}},
				Waves: []strategy.Wave{{Regions: []string{"eu"}}, {Regions: []string{"us", "ap"}}},
				Hold:  strategy.Hold{Pause: &strategy.Pause{Reason: "go on?", Deadline: time.Hour, Default: strategy.AnswerResume}},
			},
		}
		build := p.pipeline().Stages[0]
		pipeline := release.Pipeline{Name: "waves", Stages: []release.Stage{build, {Name: "all", Needs: []string{"build"}, Environment: "production", Do: do}}}
		state, err := p.runner.Run(t.Context(), pipeline, release.Request{ID: "w1", Service: "shop", RequestedBy: "ada"})
		require.NoError(t, err)
		require.Equal(t, stage.Succeeded, state.Outcome)
		r := p.read(practice.Options{}).Releases[0]
		var deployed maturity.Step
		for _, s := range r.Steps {
			switch s.Kind {
			case maturity.KindDeploy:
				deployed = s
			case maturity.KindApproval:
				assert.Equal(t, maturity.Failed, s.Outcome, "nobody answered")
				assert.Empty(t, s.By)
				assert.Equal(t, time.Hour, s.To.Sub(s.From).Round(time.Minute))
			}
		}
		assert.Equal(t, "w1/all", deployed.ID)
		assert.Equal(t, []maturity.Strategy{maturity.Waves, maturity.Canary, maturity.Rolling}, deployed.Strategies)
	})
}

// A no, and a deadline.
func TestRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t)
		defer p.runner.Stop(context.Background())
		for id, want := range map[string]string{"no": "no/approve@ approval refused by [eve] 1h0m0s", "late": "late/approve@ approval failed 100h0m0s"} {
			require.NoError(t, p.runner.Begin(t.Context(), p.pipeline(), release.Request{ID: id, Service: "shop", RequestedBy: "ada"}))
			if id == "no" {
				time.Sleep(time.Hour + 2*time.Minute + 3*time.Second)
				p.say(id, stage.Reject, "approve", "eve")
			}
			_, _ = p.runner.Wait(t.Context(), id)
			for _, r := range p.read(practice.Options{}).Releases {
				if r.ID == id {
					assert.Contains(t, said(r), want)
				}
			}
		}
	})
}

// Broken histories are told once, and keep no other release from being told.
func TestBrokenHistories(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t)
		defer p.runner.Stop(context.Background())
		require.NoError(t, p.store.Append(t.Context(), "bad", 0, ledger.Event{Seq: 1, Time: time.Now(), Body: ledger.Finished{Outcome: stage.Succeeded}}))
		p.run("r1")
		require.NoError(t, p.store.Append(t.Context(), "torn", 0, ledger.Event{Seq: 1, Time: time.Now(), Body: ledger.Requested{
			Release: stage.Release{ID: "torn", Service: "shop"}, Pipeline: ledger.Pipeline{Name: "p", Stages: []ledger.Stage{{Name: "a"}}},
		}}, ledger.Event{Seq: 2, Time: time.Now(), Stage: "a", Attempt: 1, Body: ledger.Ended{Outcome: stage.Succeeded}}))
		records, err := practice.Read(t.Context(), p.store, practice.Options{})
		assert.ErrorIs(t, err, ledger.ErrBroken)
		assert.ErrorContains(t, err, "release torn: ")
		require.Len(t, records.Releases, 2)
		assert.Equal(t, "r1", records.Releases[0].ID)
		assert.True(t, records.Releases[0].Whole)
		assert.False(t, records.Releases[1].Whole, "nobody knows what else there was")
		history, err := records.History()
		require.NoError(t, err)
		assert.Equal(t, len(records.Events), history.Len())
		bad := practice.Records{Events: []dora.Event{dora.Deployment{}}}
		_, err = bad.History()
		assert.ErrorContains(t, err, "id")
	})
}
