package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/stage/version"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// plant is a simulated production of some services, with the pipeline that leads there. It lives in a bubble.
type plant struct {
	t      *testing.T
	store  *release.MemoryStore
	runner *release.Runner
	worlds map[string]*strategytest.World
	number int
	// verdict is what the gate says, and broken is why the stage behind the deployment fails.
	verdict gate.Outcome
	broken  error
	// flaky is how often the migration, which is a deployment by command, fails.
	flaky int
}

func newPlant(t *testing.T) *plant {
	p := &plant{t: t, store: new(release.MemoryStore), worlds: map[string]*strategytest.World{}, verdict: gate.Pass}
	p.runner = release.NewRunner(release.Config{Store: p.store})
	return p
}

func (p *plant) world(service string) *strategytest.World {
	if p.worlds[service] == nil {
		w := &strategytest.World{}
		w.Put(strategy.State{Stable: strategy.Group{Revision: strategy.Revision{Version: "1.0.0", Digest: "sha256:1111"}, Replicas: 4, Share: strategy.All()}})
		p.worlds[service] = w
	}
	return p.worlds[service]
}

// decision is what stage/version records: a feature of an hour ago, a chore of 26 hours ago, and a merge.
func decision(id string, now time.Time) changelog.Decision {
	commit := func(name string, age time.Duration, parents ...string) changelog.Commit {
		return changelog.Commit{ID: id + name, Text: "x: " + name, Committed: now.Add(-age), Parents: parents}
	}
	return changelog.Decision{
		Reasons: []changelog.Reason{{Commit: commit("-a", time.Hour), Level: changelog.Minor}},
		Skipped: []changelog.Skipped{{Commit: commit("-b", 26*time.Hour)}, {Commit: commit("-m", time.Minute, "x", "y")}, {Commit: commit("-gone", time.Minute), Cancelled: true}},
	}
}

func (p *plant) pipeline(id, service string) release.Pipeline {
	p.number++
	next := "1." + strings.Repeat("1", p.number) + ".0"
	do := func(f func(ctx context.Context, t *stage.Task) error, writes ...stage.Ref) stage.Stage {
		return stage.Declared{Stage: stage.Func(f), Write: writes}
	}
	g := gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
		return gate.Verdict{Outcome: p.verdict, Reason: "so"}, nil
	})
	return release.Pipeline{Name: "shop", OnAbort: release.Undo, Stages: []release.Stage{
		{Name: "version", Do: do(func(ctx context.Context, t *stage.Task) error {
			return errors.Join(t.Detail(ctx, version.DetailDecision, decision(id, time.Now())), stage.Version.Set(t, next),
				stage.Built.Set(t, stage.Artifact{Digest: fmt.Sprintf("sha256:%064d", p.number), Location: "/artifacts/shop"}))
		}, stage.Version.Ref(), stage.Built.Ref())},
		{Name: "deploy", Needs: []string{"version"}, Environment: "production", Do: deploy.Stage{
			Target:   p.world(service).Target(),
			Strategy: strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(25), Bake: time.Minute, Gates: []string{"errors"}}}},
			Options:  rollout.Options{Gates: map[string]gate.Gate{"errors": g}, Patience: time.Minute, Decision: strategy.Pause{Deadline: 10 * time.Minute}},
		}},
		{Name: "orders", Needs: []string{"deploy"}, OnFailure: release.Undo, Do: do(func(context.Context, *stage.Task) error { time.Sleep(time.Minute); return p.broken })},
	}}
}

// run runs a release to its end.
func (p *plant) run(id, service string) *ledger.State {
	p.t.Helper()
	p.begin(id, service)
	return p.wait(id)
}

func (p *plant) begin(id, service string) {
	p.t.Helper()
	require.NoError(p.t, p.runner.Begin(p.t.Context(), p.pipeline(id, service), release.Request{ID: id, Service: service, RequestedBy: "ada"}))
}

func (p *plant) wait(id string) *ledger.State {
	p.t.Helper()
	state, _ := p.runner.Wait(p.t.Context(), id)
	require.NotNil(p.t, state)
	return state
}

// history is one of events.
func history(t testing.TB, events []dora.Event) *dora.History {
	t.Helper()
	h := new(dora.History)
	for _, e := range events {
		require.NoError(t, h.Add(e))
	}
	return h
}
