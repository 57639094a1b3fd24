package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/command"
	"github.com/davit-sdk/davit/stage/deploy"
	stagegate "github.com/davit-sdk/davit/stage/gate"
	"github.com/davit-sdk/davit/stage/version"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// canary is how production changes: a fifth of the traffic, half of it, all of it, and at each step
// the errors and latencies that customers see decide.
func canary() strategy.Canary {
	watched := []string{"errors", "latency"}
	return strategy.Canary{
		Steps: []strategy.CanaryStep{
			{Share: strategy.Percent(20), Bake: 2500 * time.Millisecond, Gates: watched},
			{Share: strategy.Percent(50), Bake: 2 * time.Second, Gates: watched},
		},
		After:    strategy.Hold{Bake: time.Second, Gates: watched},
		MinReady: 200 * time.Millisecond,
		Deadline: 20 * time.Second,
	}
}

// pipeline is how this team releases its shop.
func (q *quickstart) pipeline(id string) release.Pipeline {
	return release.Pipeline{
		Name: "shop",
		Stages: []release.Stage{
			{Name: "plan", Do: stage.Func(q.plan)},
			{Name: "version", Do: version.Stage{Dir: q.repository.dir}, Needs: []string{"plan"}},
			{Name: "build", Do: q.build(id), Needs: []string{"version"}},
			{Name: "test", Do: q.test(id), Needs: []string{"version"}},
			{Name: "staging", Do: q.deploy(q.staging, strategy.Rolling{}, nil), Needs: []string{"build", "test"}, Environment: "staging"},
			{Name: "check", Do: q.check(), Needs: []string{"staging"}, Environment: "staging"},
			{Name: "production", Do: q.deploy(q.production, canary(), q.gates()), Needs: []string{"check"}, Environment: "production"},
			{Name: "watch", Do: q.watch(), Needs: []string{"production"}, Environment: "production"},
			{Name: "review", Do: stage.Func(q.review), Needs: []string{"watch"}, Always: true},
		},
	}
}

// detailBakes is the name under which the plan stage records how long each step of a rollout bakes,
// by the stage that will execute it: it is what a progress bar wants to know.
const detailBakes = "bakes"

// plan is a stage of this team's own: one function. It starts no release while an environment is not
// whole, and shows what will be done.
func (q *quickstart) plan(ctx context.Context, t *stage.Task) error {
	for _, e := range []*environment{q.staging, q.production} {
		now, err := rollout.Current(ctx, e.target)
		if err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		p, err := canary().Plan(now, strategy.Revision{Version: "next"})
		if err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		if e != q.production {
			continue
		}
		bakes := make([]time.Duration, len(p.Steps))
		for i, step := range p.Steps {
			bakes[i] = step.Bake
		}
		if err := t.Detail(ctx, detailBakes, map[string][]time.Duration{e.name: bakes}); err != nil {
			return err
		}
		cost := p.Estimate(strategy.EstimateOptions{Startup: time.Second})
		if err := t.Detail(ctx, "scope", map[string]string{
			"runs":     now.String(),
			"plan":     p.Table(),
			"duration": cost.Duration.String(),
		}); err != nil {
			return err
		}
	}
	return nil
}

func (q *quickstart) build(id string) stage.Stage {
	return command.Stage{
		Args:     []string{"go", "build", "-ldflags", "-X main.version=${version}", "-o", filepath.Join(q.dir, "artifacts", "shop-${version}"), "."},
		Dir:      q.repository.dir,
		Env:      q.env,
		Inherit:  goInherit(),
		Values:   []stage.Key[string]{stage.Version},
		Artifact: filepath.Join(q.dir, "artifacts", "shop-${version}"),
		Log:      filepath.Join(q.dir, "logs", "build-"+id+".log"),
	}
}

func (q *quickstart) test(id string) stage.Stage {
	return command.Stage{
		Args:    []string{"go", "test", "-vet=off", "./..."}, // to vet means to read all of the standard library, once
		Dir:     q.repository.dir,
		Env:     q.env,
		Inherit: goInherit(),
		Log:     filepath.Join(q.dir, "logs", "test-"+id+".log"),
	}
}

func (q *quickstart) deploy(e *environment, s strategy.Strategy, gates map[string]gate.Gate) stage.Stage {
	return deploy.Stage{
		Target:   e.target,
		Strategy: s,
		Prepare:  e.install,
		Options: rollout.Options{
			Gates:        gates,
			GateInterval: 500 * time.Millisecond,
			Poll:         50 * time.Millisecond,
			Patience:     10 * time.Second,
			Decision:     strategy.Pause{Deadline: 5 * time.Second},
		},
	}
}

// gates are what production's customers must not notice.
func (q *quickstart) gates() map[string]gate.Gate {
	return map[string]gate.Gate{
		"errors":  gate.ErrorRate{Source: q.production.router, Max: 0.02, MinRequests: 60},
		"latency": gate.Latency{Source: q.production.router, Max: 2 * time.Second, MinRequests: 60},
	}
}

// check asks staging for a few prices before production is touched.
func (q *quickstart) check() stage.Stage {
	client := &http.Client{Timeout: 5 * time.Second}
	return stagegate.Stage{Name: "smoke", Interval: 200 * time.Millisecond, Patience: 5 * time.Second, Gate: gate.Func(func(ctx context.Context, _ gate.Subject) (gate.Verdict, error) {
		const asked = 5
		for item := range asked {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s/price/%d", q.staging.addr, item), nil)
			if err != nil {
				return gate.Verdict{}, err
			}
			res, err := client.Do(req)
			if err != nil {
				return gate.Verdict{}, err
			}
			res.Body.Close()
			if res.StatusCode != http.StatusOK {
				return gate.Verdict{Outcome: gate.Fail, Reason: fmt.Sprintf("item %d has no price: %s", item, res.Status)}, nil
			}
		}
		return gate.Verdict{Outcome: gate.Pass, Reason: fmt.Sprintf("%d of %d items have a price", asked, asked)}, nil
	})}
}

// watch looks after the new version for a while once it has all of the traffic.
func (q *quickstart) watch() stage.Stage {
	return stagegate.Stage{
		Name:     "errors",
		Gate:     q.gates()["errors"],
		Bake:     1500 * time.Millisecond,
		Interval: 500 * time.Millisecond,
		Read:     []stage.Ref{stage.Version.Ref(), stage.Built.Ref()},
		Subject: func(t *stage.Task) (gate.Subject, error) {
			v, err := stage.Version.Get(t)
			if err != nil {
				return gate.Subject{}, err
			}
			built, err := stage.Built.Get(t)
			return gate.Subject{Candidate: strategy.Revision{Version: v, Digest: built.Digest}.String()}, err
		},
	}
}

// review writes down what happened so far, from the release's own events: whatever becomes of the
// host, there is something to read. The last word comes from the host, which knows the outcome.
func (q *quickstart) review(ctx context.Context, t *stage.Task) error {
	review, err := q.runner.Review(ctx, t.Release().ID)
	if err != nil {
		return err
	}
	return q.writeReview(review)
}

func (q *quickstart) writeReview(review *ledger.Review) error {
	return os.WriteFile(q.reviewFile(review.State.Release.ID), []byte(review.String()), 0o644)
}

func (q *quickstart) reviewFile(id string) string {
	return filepath.Join(q.dir, "artifacts", "review-"+id+".txt")
}
