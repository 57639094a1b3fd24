package exporter_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/prometheus/exporter"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/stage/version"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// plant is a simulated production with the pipeline that leads there. It lives in a bubble.
type plant struct {
	t      *testing.T
	store  *release.MemoryStore
	runner *release.Runner
	world  *strategytest.World
	number int
	// verdict is what the gate says, and broken is why the stage behind the deployment fails.
	verdict gate.Verdict
	broken  error
	// flaky is how often the build fails.
	flaky int
	ask   *approval.Stage
}

func newPlant(t *testing.T) *plant {
	p := &plant{t: t, store: new(release.MemoryStore), world: &strategytest.World{}, verdict: gate.Verdict{Outcome: gate.Pass, Reason: "well"}}
	p.runner = release.NewRunner(release.Config{Store: p.store})
	p.world.Put(strategy.State{Stable: strategy.Group{Revision: strategy.Revision{Version: "1.0.0", Digest: "sha256:1111"}, Replicas: 4, Share: strategy.All()}})
	return p
}

// commitAge is how old the two commits of each release are.
var commitAge = []time.Duration{time.Hour, 26 * time.Hour}

func (p *plant) pipeline() release.Pipeline {
	p.number++
	next := "1." + strings.Repeat("1", p.number) + ".0"
	do := func(f func(ctx context.Context, t *stage.Task) error, writes ...stage.Ref) stage.Stage {
		return stage.Declared{Stage: stage.Func(f), Write: writes}
	}
	ask := approval.Stage{Ask: "Go?"}
	if p.ask != nil {
		ask = *p.ask
	}
	g := gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
		if p.verdict.Outcome == "" {
			return gate.Verdict{}, errors.New("nobody is there")
		}
		return p.verdict, nil
	})
	return release.Pipeline{Name: "shop", OnAbort: release.Undo, Stages: []release.Stage{
		{Name: "version", Do: do(func(ctx context.Context, t *stage.Task) error {
			now := time.Now()
			detail := map[string]any{"why": "x", "reasons": []any{map[string]any{"committed": now.Add(-commitAge[0])}}, "skipped": []any{map[string]any{"committed": now.Add(-commitAge[1])}, map[string]any{"commit": "x"}}}
			return errors.Join(t.Detail(ctx, version.DetailDecision, detail), stage.Version.Set(t, next))
		}, stage.Version.Ref())},
		{Name: "build", Needs: []string{"version"}, Retry: release.Retry{Attempts: 3}, Do: do(func(_ context.Context, t *stage.Task) error {
			time.Sleep(20 * time.Second)
			if p.flaky--; p.flaky >= 0 {
				return errors.New("the network was away")
			}
			return stage.Built.Set(t, stage.Artifact{Digest: "sha256:" + strings.Repeat("ab", 32), Location: "/artifacts/shop"})
		}, stage.Built.Ref())},
		{Name: "approve", Needs: []string{"build"}, Do: ask},
		{Name: "deploy", Needs: []string{"approve"}, Environment: "production", Do: deploy.Stage{
			Target:   p.world.Target(),
			Strategy: strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(25), Bake: time.Minute, Gates: []string{"errors"}}}},
			Options:  rollout.Options{Gates: map[string]gate.Gate{"errors": g}, Patience: time.Minute, Decision: strategy.Pause{Deadline: 10 * time.Minute}},
		}},
		{Name: "orders", Needs: []string{"deploy"}, OnFailure: release.Undo, Do: do(func(context.Context, *stage.Task) error { time.Sleep(time.Minute); return p.broken })},
		{Name: "tell", Needs: []string{"orders"}, Always: true, Do: do(func(context.Context, *stage.Task) error { return nil })},
	}}
}

// begin begins a release.
func (p *plant) begin(id string) {
	p.t.Helper()
	require.NoError(p.t, p.runner.Begin(p.t.Context(), p.pipeline(), release.Request{ID: id, Service: "shop", RequestedBy: "ada"}))
}

// approve says yes after ten minutes.
func (p *plant) approve(id string) {
	p.t.Helper()
	time.Sleep(10*time.Minute + time.Duration(30)*time.Second)
	p.say(id, stage.Approve, "approve")
}

func (p *plant) say(id string, kind stage.SignalKind, name string) {
	p.t.Helper()
	require.NoError(p.t, p.runner.Signal(p.t.Context(), id, stage.Signal{Kind: kind, Stage: name, By: "grace"}))
}

func (p *plant) wait(id string) *ledger.State {
	p.t.Helper()
	state, _ := p.runner.Wait(p.t.Context(), id)
	require.NotNil(p.t, state)
	return state
}

func newCollector(t testing.TB, o exporter.Options) *exporter.Collector {
	t.Helper()
	c, err := exporter.New(o)
	require.NoError(t, err)
	return c
}

// text is all that a collector shows, as it is scraped.
func text(t testing.TB, c prometheus.Collector) string {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	require.NoError(t, r.Register(c))
	families, err := r.Gather()
	require.NoError(t, err)
	var b strings.Builder
	for _, f := range families {
		_, err := expfmt.MetricFamilyToText(&b, f)
		require.NoError(t, err)
	}
	return b.String()
}

// values are the lines of a text that are no comments, by series.
func values(t testing.TB, c prometheus.Collector) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(text(t, c)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "} "); ok && !strings.HasPrefix(line, "#") {
			all[name+"}"] = value
		}
	}
	return all
}

func raw(t testing.TB, v any) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return text
}
