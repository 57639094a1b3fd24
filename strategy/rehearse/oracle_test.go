package rehearse_test

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rehearse"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// still is a target that is at once where it is told to be, so that all time is spent by the rules of
// the rollout.
type still struct{ rollout.Observation }

func (s *still) Observe(context.Context) (rollout.Observation, error) { return s.Observation, nil }

func (s *still) Apply(_ context.Context, want strategy.State) error {
	s.Observation = rollout.Observation{Sticky: want.Sticky}
	for role, g := range want.Groups() {
		p := want.Pool(role)
		s.Pools = append(s.Pools, rollout.PoolStatus{Pool: p, Running: g.Replicas, Ready: g.Replicas, Available: g.Replicas})
		if g.Routed() {
			s.Traffic = append(s.Traffic, rollout.Traffic{Pool: p, Share: g.Share, Match: g.Match, Mirror: g.Mirror})
		}
	}
	return nil
}

// oracle is a gate whose answers depend on nothing but its name, the step, and how long it has baked,
// and which remembers how often it was asked. It writes down all that it was asked.
type oracle struct {
	seed uint64
	name string
	odds [4]int // of pass, continue, an error, inconclusive; what is left of 1000 is fail
	log  *[]string
	mu   *sync.Mutex
}

func (o oracle) Check(_ context.Context, s gate.Subject) (gate.Verdict, error) {
	hash := fnv.New64a()
	baked := s.Now.Sub(s.Since)
	fmt.Fprint(hash, o.seed, o.name, s.Step, baked)
	luck := int(rand.New(rand.NewPCG(hash.Sum64(), 0)).Uint64() % 1000)
	o.mu.Lock()
	defer o.mu.Unlock()
	*o.log = append(*o.log, fmt.Sprint(o.name, s.Step, baked, s.End, s.Share, s.Next, s.Stable, s.Baseline, s.Candidate, s.Replaced, string(s.Memory)))
	memory := json.RawMessage(fmt.Sprint(luck))
	for i, outcome := range []gate.Outcome{gate.Pass, gate.Continue, "", gate.Inconclusive, gate.Fail} {
		if i < len(o.odds) {
			if luck -= o.odds[i]; luck >= 0 {
				continue
			}
		}
		v := gate.Verdict{Outcome: outcome, Reason: "by lot", Memory: memory}
		switch odd := hash.Sum64() >> 60; {
		case outcome == "" && odd < 4:
			panic("it is broken")
		case outcome == "" && odd < 8:
			v.Outcome, v.NoData = gate.Pass, true
		case outcome == "" && odd < 10:
			v.Outcome = "fine"
		case outcome == "":
			return v, fmt.Errorf("the source is down")
		case outcome == gate.Continue && odd < 3:
			v.NoData, v.Extend = true, true
		case outcome == gate.Continue && odd < 6:
			v.Down, v.Extend = true, true
		}
		return v, nil
	}
	return gate.Verdict{}, nil
}

func (s *still) Rolls(strategy.Limits) error { return nil }

func (s *still) Roll(ctx context.Context, want strategy.State, _ strategy.Limits) error {
	return s.Apply(ctx, want)
}

func revision(v string) strategy.Revision { return strategy.Revision{Version: v} }

// drawn is a plan of one of the strategies with settings by lot.
func drawn(t *testing.T, r *rand.Rand) strategy.Plan {
	bake := func() time.Duration { return time.Duration(r.IntN(60)) * time.Second }
	gates := [][]string{nil, {"a"}, {"a", "b"}}[r.IntN(3)]
	all := []strategy.Strategy{
		strategy.Rolling{Bake: bake(), Gates: gates},
		strategy.BlueGreen{Before: strategy.Hold{Bake: bake(), Gates: gates}, After: strategy.Hold{Bake: bake(), Gates: []string{"b"}}},
		strategy.Recreate{Bake: bake(), Gates: gates},
		strategy.Native{After: strategy.Hold{Bake: bake(), Gates: gates}},
		strategy.Canary{Baseline: r.IntN(2) == 0, Steps: []strategy.CanaryStep{
			{Share: strategy.Percent(10), Bake: bake(), Gates: gates}, {Share: strategy.Percent(50), Bake: bake(), Gates: []string{"a"}},
		}},
	}
	from := strategy.State{Stable: strategy.Group{Revision: revision("1.0.0"), Replicas: 4, Share: strategy.All()}}
	plan, err := all[r.IntN(len(all))].Plan(from, revision("1.1.0"))
	require.NoError(t, err)
	return plan
}

// A rehearsal asks the same gates the same questions at the same moments as a rollout, and ends as it
// does, at the same time.
func TestRehearsalIsTheRollout(t *testing.T) {
	odds := [][4]int{{1000, 0, 0, 0}, {600, 300, 80, 10}, {300, 690, 0, 5}, {0, 1000, 0, 0}, {500, 0, 500, 0}, {900, 0, 0, 100}, {980, 0, 0, 0}, {0, 700, 300, 0}}
	ended := map[rehearse.Outcome]int{}
	for seed := range uint64(180 / raced) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 9))
			var asked [2][]string
			var mu sync.Mutex
			gates := func(log *[]string) map[string]gate.Gate {
				o := odds[int(seed)%len(odds)]
				return map[string]gate.Gate{"a": oracle{seed, "a", o, log, &mu}, "b": oracle{seed, "b", o, log, &mu}}
			}
			options := rollout.Options{
				Gates: gates(&asked[0]), GateInterval: time.Duration(1+r.IntN(20)) * time.Second, Patience: time.Duration(1+r.IntN(90)) * time.Second,
				Decision: strategy.Pause{Deadline: time.Duration(1+r.IntN(300)) * time.Second}, Poll: 50 * time.Millisecond,
			}
			if r.IntN(2) == 0 {
				options.Decision.Default = strategy.AnswerResume
			}
			plan := drawn(t, r)
			target := &still{}
			require.NoError(t, target.Apply(t.Context(), plan.From))
			ro, err := rollout.New(target, plan, options)
			require.NoError(t, err)
			began := time.Now()
			result, _ := ro.Run(t.Context())
			took := time.Since(began)

			rehearsal := rehearse.Rehearsal{
				Plan: plan, Runs: 1, GateInterval: options.GateInterval, Patience: options.Patience, Decision: options.Decision,
				Gates: func(metrics.Source) (map[string]gate.Gate, error) { return gates(&asked[1]), nil },
			}
			report, err := rehearsal.Run(t.Context())
			require.NoError(t, err)
			run := report.Runs[0]
			want := map[rollout.Outcome]rehearse.Outcome{rollout.Promoted: rehearse.Promoted, rollout.RolledBack: rehearse.RolledBack}[result.Outcome]
			require.Equal(t, want, run.Outcome, "seed %d: %s", seed, run.Reason)
			require.ElementsMatch(t, asked[0], asked[1], "seed %d", seed)
			// A rollout sees that patience or a deadline is over when it looks next.
			assert.InDelta(t, took.Seconds(), run.Duration.Seconds(), float64(len(plan.Steps))*0.4, "seed %d", seed)
			ended[run.Outcome]++
		})
	}
	require.Greater(t, ended[rehearse.Promoted], 20/raced, "%v", ended)
	require.Greater(t, ended[rehearse.RolledBack], 20/raced, "%v", ended)
}
