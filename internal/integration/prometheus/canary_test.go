package prometheus_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/judge"
	source "github.com/davit-sdk/davit/metrics/prometheus"
	"github.com/davit-sdk/davit/metrics/prometheus/exporter"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// source is a source of what Prometheus scrapes of the shop.
func (s *shop) source() *source.Source {
	return newSource(s.t, source.Options{
		Server: source.Server{URL: s.p.url, Timeout: 5 * time.Second}, Scrape: time.Second, MaxGap: 4 * time.Second,
		Requests: `http_requests_total{job="shop",group="{group}"}`, Errors: `http_requests_total{job="shop",group="{group}",code=~"5.."}`,
		Latency: `http_request_duration_seconds_bucket{job="shop",group="{group}"}`,
		Up:      `up{job="shop",group="{group}"}`, Started: `process_start_time_seconds{job="shop",group="{group}"}`,
	})
}

// gates are a threshold and a judge, both by what Prometheus has scraped.
func (s *shop) gates(guard gate.Guard) map[string]gate.Gate {
	src := s.source()
	guard.Gate = gate.ErrorRate{Source: src, Max: 0.1, MinRequests: 60}
	return map[string]gate.Gate{
		"errors": guard,
		"judge": judge.Gate{Source: src, Delay: 2 * time.Second, History: 10 * time.Second, Config: judge.Config{
			Metrics: []judge.Metric{judge.Errors{Margin: 0.1}}, Look: time.Second, MinBake: 3 * time.Second, DoubtBake: 3 * time.Second, WarmUp: -1,
		}},
	}
}

var canary = strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Bake: 5 * time.Second, Gates: []string{"errors", "judge"}}}}

// A good release is promoted, and a bad one is rolled back, by what a real Prometheus has scraped; what the
// exporter shows that same Prometheus is what happened.
func TestCanary(t *testing.T) {
	t.Parallel()
	collector, err := exporter.New(exporter.Options{})
	require.NoError(t, err)
	host := newTarget(t)
	host.registry.MustRegister(collector)
	host.up()
	s := open(t, map[string]map[string]string{host.addr: {"job": "davit"}})
	store := new(release.MemoryStore)
	runner := release.NewRunner(release.Config{Store: store})
	defer runner.Stop(context.Background())
	var following sync.WaitGroup
	carry := func(id, version string) stage.Outcome {
		t.Helper()
		pipeline := release.Pipeline{Name: "shop", Stages: []release.Stage{
			{Name: "version", Do: stage.Declared{Write: []stage.Ref{stage.Version.Ref(), stage.Built.Ref()}, Stage: stage.Func(func(_ context.Context, t *stage.Task) error {
				return errors.Join(stage.Version.Set(t, version), stage.Built.Set(t, stage.Artifact{Digest: fmt.Sprintf("sha256:%064x", len(version)), Location: "/shop"}))
			})}},
			{Name: "deploy", Needs: []string{"version"}, Environment: "production", Do: deploy.Stage{
				Target: s.target, Strategy: canary,
				Options: rollout.Options{Gates: s.gates(gate.Guard{}), GateInterval: 500 * time.Millisecond, Poll: 100 * time.Millisecond},
			}},
		}}
		require.NoError(t, runner.Begin(t.Context(), pipeline, release.Request{ID: id, Service: "shop", RequestedBy: "ada"}))
		following.Go(func() { assert.NoError(t, collector.Follow(context.Background(), runner, id)) })
		state, err := runner.Wait(t.Context(), id)
		t.Log(id, state.Outcome, err)
		for _, v := range state.Stage("deploy").Evidence {
			t.Log(v.Gate, v.Outcome, v.Reason)
			assert.NotEmpty(t, v.Reason)
		}
		return state.Stage("deploy").Outcome
	}
	assert.Equal(t, stage.Succeeded, carry("good", "1.1.0"))
	assert.Zero(t, s.failed.Load(), "a good release fails nobody")
	assert.Equal(t, stage.RolledBack, carry("bad", "1.2.0-bad"))
	now, err := rollout.Current(t.Context(), s.target)
	require.NoError(t, err)
	assert.Equal(t, "1.1.0", now.Stable.Revision.Version)
	assert.Zero(t, s.lost.Load(), "of %d requests", s.answered.Load())
	assert.Positive(t, s.failed.Load())
	following.Wait()
	t.Logf("%d requests, %d failed", s.answered.Load(), s.failed.Load())

	place := `{environment="production",service="shop"`
	for expression, want := range map[string]string{
		`sum(davit_releases_begun_total)`:                                      "2",
		`sum(davit_releases_ended_total{outcome="succeeded"})`:                 "1",
		`sum(davit_releases_ended_total{outcome="rolled-back"})`:               "1",
		`sum(davit_releases_under_way)`:                                        "0",
		`sum(davit_rollouts_ended_total` + place + `,outcome="promoted"})`:     "1",
		`sum(davit_rollouts_ended_total` + place + `,outcome="rolled_back"})`:  "1",
		`sum(davit_rollbacks_total` + place + `})`:                             "1",
		`sum(davit_deployments_total` + place + `,outcome="failed"})`:          "1",
		`sum(davit_time_to_restore_seconds_count` + place + `})`:               "1",
		`sum(davit_rollout_share_ratio` + place + `,role="stable"})`:           "1",
		`sum(davit_gate_verdicts_total` + place + `,outcome="fail"}) > bool 0`: "1",
		`sum(davit_people_waited_for) or vector(0)`:                            "0",
	} {
		await(t, expression, func() error {
			all, err := s.p.value(expression)
			if err == nil && all["{}"] != want {
				err = fmt.Errorf("is %v, and not %s", all, want)
			}
			return err
		})
	}
	// And its own program finds nothing to complain about.
	res, err := http.Get("http://" + host.addr + "/metrics")
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	check := exec.Command(program(t, "promtool"), "check", "metrics")
	check.Stdin = strings.NewReader(string(text))
	out, err := check.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Empty(t, string(out))
}

// The rules that come along are rules, and say what they are meant to.
func TestRules(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"check", "rules", "../../../metrics/prometheus/exporter/rules.yml"}, {"test", "rules", "testdata/rules_test.yml"}} {
		out, err := exec.Command(program(t, "promtool"), args...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
}

// Prometheus is stopped in the middle of a canary: its verdicts say that nobody can be asked, the policy decides what
// follows, and nothing passes; where it is to wait, it goes on when Prometheus is back.
func TestStoppedInMidCanary(t *testing.T) {
	t.Parallel()
	const bake = 5 * time.Second
	slowly := strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Bake: bake, Gates: []string{"errors", "judge", "middle"}}}}
	for _, c := range []struct {
		policy gate.Policy
		want   rollout.Outcome
	}{{gate.PolicyHold, rollout.Promoted}, {gate.PolicyFail, rollout.RolledBack}, {gate.PolicyAsk, rollout.Promoted}} {
		t.Run(string(c.policy), func(t *testing.T) {
			t.Parallel()
			s := open(t, nil)
			from, err := rollout.Current(t.Context(), s.target)
			require.NoError(t, err)
			plan, err := slowly.Plan(from, strategy.Revision{Version: "1.1.0", Digest: "sha256:1f1f"})
			require.NoError(t, err)
			collector, err := exporter.New(exporter.Options{})
			require.NoError(t, err)
			told := collector.Rollout("shop", "production")

			var mu sync.Mutex
			var events []rollout.Event
			seen := func(what func(rollout.Event) bool) error {
				mu.Lock()
				defer mu.Unlock()
				for _, e := range events {
					if what(e) {
						return nil
					}
				}
				return errors.New("not yet")
			}
			// A candidate that is not scraped yet is unknown, and nobody can be asked about it: After is longer than that.
			guard := gate.Guard{Down: c.policy, NoData: gate.PolicyHold, After: 20 * time.Second}
			gates := s.gates(guard)
			// The middle of the canary lasts until the test has seen what it wants to.
			var over atomic.Bool
			gates["middle"] = gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
				if over.Load() {
					return gate.Verdict{Outcome: gate.Pass, Reason: "the middle is over"}, nil
				}
				return gate.Verdict{Outcome: gate.Continue, Reason: "it is the middle of the canary"}, nil
			})
			r, err := rollout.New(s.target, plan, rollout.Options{
				Gates: gates, GateInterval: 500 * time.Millisecond, Poll: 100 * time.Millisecond, Decision: strategy.Pause{Deadline: patience},
				Notify: func(e rollout.Event) {
					told(e)
					mu.Lock()
					defer mu.Unlock()
					events = append(events, e)
				},
			})
			require.NoError(t, err)
			outcome := make(chan rollout.Result, 1)
			go func() {
				result, _ := r.Run(context.Background())
				outcome <- result
			}()
			var reached time.Time
			await(t, "a pass of the gate, in the middle of the bake", func() error {
				return seen(func(e rollout.Event) bool {
					if e.Kind == rollout.StepReached {
						reached = e.At
					}
					return e.Kind == rollout.Judged && e.Verdict.Gate == "errors" && e.Verdict.Outcome == gate.Pass
				})
			})
			s.p.down()
			stopped := time.Now()
			down := func(e rollout.Event) bool {
				return e.Kind == rollout.Judged && e.At.After(stopped) && e.Verdict.Gate == "errors" && e.Verdict.Down
			}
			await(t, "a verdict that nobody can be asked", func() error { return seen(down) })
			over.Store(true)
			switch c.policy {
			case gate.PolicyHold:
				// Well beyond the bake, and it still holds.
				await(t, "the end of the bake", func() error {
					return seen(func(e rollout.Event) bool { return down(e) && e.At.After(reached.Add(bake+3*time.Second)) })
				})
			case gate.PolicyAsk:
				await(t, "a question", func() error {
					return seen(func(e rollout.Event) bool { return e.Kind == rollout.Asked && e.At.After(stopped) })
				})
			}
			mu.Lock()
			for _, e := range events {
				if e.At.After(stopped) {
					assert.NotEqual(t, rollout.StepDone, e.Kind, "nothing passes while nobody is there")
					assert.False(t, e.Kind == rollout.Judged && e.Verdict.Gate == "errors" && e.Verdict.Outcome == gate.Pass, "%v", e.Text)
				}
			}
			mu.Unlock()
			if c.policy != gate.PolicyFail {
				s.p.up()
			}
			select {
			case result := <-outcome:
				assert.Equal(t, c.want, result.Outcome)
			case <-time.After(patience):
				t.Fatal("it does not go on")
			}
			mu.Lock()
			defer mu.Unlock()
			for _, e := range events {
				if down(e) {
					t.Log(e.Text)
					break
				}
			}
			assert.Zero(t, s.lost.Load(), "of %d requests", s.answered.Load())
			assert.Zero(t, s.failed.Load())
			registry := client.NewPedanticRegistry()
			registry.MustRegister(collector)
			families, err := registry.Gather()
			require.NoError(t, err)
			unanswered := 0.0
			for _, f := range families {
				if f.GetName() == "davit_gate_unanswered_total" {
					for _, m := range f.GetMetric() {
						unanswered += m.GetCounter().GetValue()
					}
				}
			}
			assert.Positive(t, unanswered, strconv.Itoa(len(families)))
		})
	}
}
