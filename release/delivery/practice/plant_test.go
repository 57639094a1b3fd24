package practice_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/maturity"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/delivery/practice"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
	"github.com/davit-sdk/davit/stage/deploy"
	stagegate "github.com/davit-sdk/davit/stage/gate"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// plant is a staging and a production that are simulated, with the pipeline that leads there. It lives in a bubble.
type plant struct {
	t                   *testing.T
	store               *release.MemoryStore
	runner              *release.Runner
	staging, production *strategytest.World
	number              int
	// verdict is what the gate in production says; broken is why the stage behind it fails.
	verdict gate.Outcome
	broken  error
	pause   *strategy.Pause
}

func newPlant(t *testing.T) *plant {
	p := &plant{t: t, store: new(release.MemoryStore), staging: &strategytest.World{}, production: &strategytest.World{}, verdict: gate.Pass}
	for _, w := range []*strategytest.World{p.staging, p.production} {
		w.Put(strategy.State{Stable: strategy.Group{Revision: strategy.Revision{Version: "1.0.0", Digest: "sha256:1111"}, Replicas: 4, Share: strategy.All()}})
	}
	// A release that waits for days writes a lease only now and then.
	p.runner = release.NewRunner(release.Config{Store: p.store, Lease: time.Hour})
	return p
}

// does is a stage that takes a minute.
func does(err *error, writes ...stage.Ref) stage.Stage {
	return stage.Declared{Write: writes, Stage: stage.Func(func(context.Context, *stage.Task) error {
		time.Sleep(time.Minute)
		if err != nil {
			return *err
		}
		return nil
	})}
}

func (p *plant) gate(o *gate.Outcome) gate.Gate {
	return gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
		return gate.Verdict{Outcome: *o, Reason: "so"}, nil
	})
}

func (p *plant) pipeline() release.Pipeline {
	p.number++
	n, pass := p.number, gate.Pass
	build := stage.Declared{Write: []stage.Ref{stage.Version.Ref(), stage.Built.Ref()}, Stage: stage.Func(func(_ context.Context, t *stage.Task) error {
		time.Sleep(time.Minute)
		return errors.Join(stage.Version.Set(t, fmt.Sprintf("1.%d.0", n)), stage.Built.Set(t, stage.Artifact{Digest: fmt.Sprintf("sha256:%064d", n), Location: "/artifacts/shop"}))
	})}
	step := strategy.CanaryStep{Share: strategy.Percent(25), Bake: time.Minute, Gates: []string{"errors"}, Pause: p.pause}
	return release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "build", Do: build},
		{Name: "test", Needs: []string{"build"}, Do: does(nil)},
		{Name: "staging", Needs: []string{"test"}, Environment: "staging", Do: deploy.Stage{Target: p.staging.Target(), Strategy: strategy.Recreate{}}},
		{Name: "smoke", Needs: []string{"staging"}, Do: stagegate.Stage{Gate: p.gate(&pass)}},
		{Name: "approve", Needs: []string{"smoke"}, Do: approval.Stage{FourEyes: true, Deadline: 100 * time.Hour}},
		{Name: "production", Needs: []string{"approve"}, Environment: "production", Do: deploy.Stage{
			Target: p.production.Target(), Strategy: strategy.Canary{Steps: []strategy.CanaryStep{step}},
			Options: rollout.Options{Gates: map[string]gate.Gate{"errors": p.gate(&p.verdict)}, Patience: time.Minute},
		}},
		{Name: "orders", Needs: []string{"production"}, OnFailure: release.Undo, Do: does(&p.broken)},
	}}
}

// run runs a release, which grace approves 16 hours after it began.
func (p *plant) run(id string) *ledger.State {
	p.t.Helper()
	require.NoError(p.t, p.runner.Begin(p.t.Context(), p.pipeline(), release.Request{ID: id, Service: "shop", RequestedBy: "ada"}))
	time.Sleep(16 * time.Hour)
	p.say(id, stage.Approve, "approve", "ada") // which does not count
	p.say(id, stage.Approve, "approve", "grace")
	if p.pause != nil {
		time.Sleep(30 * time.Minute)
		p.say(id, stage.Approve, "production", "linus")
	}
	state, _ := p.runner.Wait(p.t.Context(), id)
	require.NotNil(p.t, state)
	return state
}

func (p *plant) say(id string, kind stage.SignalKind, name, by string) {
	p.t.Helper()
	require.NoError(p.t, p.runner.Signal(p.t.Context(), id, stage.Signal{Kind: kind, Stage: name, By: by}))
}

// kinds says what the stages of the pipeline do.
func kinds(s ledger.Stage) maturity.Kind {
	return map[string]maturity.Kind{"build": maturity.KindBuild, "test": maturity.KindTest}[s.Name]
}

// read asserts that the records can be read.
func (p *plant) read(o practice.Options) *practice.Records {
	p.t.Helper()
	records, err := practice.Read(p.t.Context(), p.store, o)
	require.NoError(p.t, err)
	return records
}

// said are steps in a few words.
func said(r maturity.Release) (all []string) {
	for _, s := range r.Steps {
		id, _, numbered := strings.Cut(s.ID, "@") // how many events there are by then is not for here
		if numbered {
			id += "@"
		}
		text := fmt.Sprintf("%s %s %s", id, s.Kind, s.Outcome)
		if len(s.Strategies) > 0 {
			text += fmt.Sprint(" ", s.Strategies)
		}
		if len(s.By) > 0 {
			text += fmt.Sprint(" by ", s.By)
		}
		if !s.From.IsZero() {
			text += " " + s.To.Sub(s.From).Round(time.Second).String()
		}
		all = append(all, text)
	}
	return all
}
