package policy_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/policy"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/require"
)

// What a rule calls "before" is what the engine does: carried through by its decisions, with ends of all kinds, no stage begins unless all that a
// subject says is before it has succeeded; and where it does not say so, there are pipelines enough in which the stage does begin.
func TestBeforeIsWhatTheEngineDoes(t *testing.T) {
	said, began, broken := 0, 0, 0
	for seed := range uint64(800) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := random(r)
		before := make(map[string]map[string]bool)
		rules := policy.Policy{Name: "p", Rules: []policy.Rule{{Name: "r", Demand: policy.DemandFunc(func(s *policy.Subject) []policy.Breach {
			for i := range p.Stages {
				of := make(map[string]bool)
				for _, b := range s.Before(&p.Stages[i]) {
					of[b.Name] = true
					said++
				}
				before[p.Stages[i].Name] = of
			}
			return nil
		})}}}
		_, err := rules.Check("shop", p, today)
		require.NoError(t, err)
		for range 20 {
			ended := carry(t, p, func(string) stage.Outcome { return outcomes[r.IntN(len(outcomes))] }, func(name string, ended map[string]stage.Outcome) {
				began++
				for b := range before[name] {
					require.Equal(t, stage.Succeeded, ended[b], "seed %d: %s began before %s had succeeded", seed, name, b)
				}
			})
			for _, o := range ended {
				if o != stage.Succeeded {
					broken++
				}
			}
		}
	}
	t.Logf("%d pairs, %d begins, %d bad ends", said, began, broken)
	require.Greater(t, min(said, began, broken), 1000)
}

// And it misses none: in pipelines without conditions, of all stages that succeed whenever another one begins, in all ways in which all can end, each is
// called "before" that one.
func TestNothingThatIsBeforeIsMissed(t *testing.T) {
	pairs := 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 2))
		p := random(r)
		p.Stages = p.Stages[:min(len(p.Stages), 5)]
		for i := range p.Stages {
			s := &p.Stages[i]
			s.When, s.Always, s.Criterion = nil, false, ""
		}
		always := make(map[[2]string]bool) // whether the second has succeeded whenever the first began
		for _, a := range p.Stages {
			for _, b := range p.Stages {
				always[[2]string{a.Name, b.Name}] = a.Name != b.Name
			}
		}
		ways := 1
		for range p.Stages {
			ways *= 3
		}
		for way := range ways {
			carry(t, p, func(name string) stage.Outcome {
				at := way
				for range slices.IndexFunc(p.Stages, func(s ledger.Stage) bool { return s.Name == name }) {
					at /= 3
				}
				return []stage.Outcome{stage.Succeeded, stage.Failed, stage.Skipped}[at%3]
			}, func(name string, ended map[string]stage.Outcome) {
				for _, b := range p.Stages {
					if ended[b.Name] != stage.Succeeded {
						always[[2]string{name, b.Name}] = false
					}
				}
			})
		}
		rules := policy.Policy{Name: "p", Rules: []policy.Rule{{Name: "r", Demand: policy.DemandFunc(func(s *policy.Subject) []policy.Breach {
			for i := range p.Stages {
				said := make(map[string]bool)
				for _, b := range s.Before(&p.Stages[i]) {
					said[b.Name] = true
				}
				for _, b := range p.Stages {
					require.Equal(t, always[[2]string{p.Stages[i].Name, b.Name}], said[b.Name], "seed %d: %s before %s", seed, b.Name, p.Stages[i].Name)
					pairs++
				}
			}
			return nil
		})}}}
		report, err := rules.Check("shop", p, today)
		require.NoError(t, err)
		require.NoError(t, report.Err())
	}
	require.Greater(t, pairs, 500)
}

// random is a pipeline of up to six stages with needs, conditions and policies.
func random(r *rand.Rand) ledger.Pipeline {
	p := ledger.Pipeline{Name: "p"}
	for i := range 2 + r.IntN(5) {
		s := ledger.Stage{Name: fmt.Sprintf("s%d", i), Always: r.IntN(10) == 0}
		if r.IntN(3) == 0 {
			s.OnFailure = ledger.GoOn
		}
		for j := range i {
			if r.IntN(2) == 0 {
				continue
			}
			need := fmt.Sprintf("s%d", j)
			s.Needs = append(s.Needs, need)
			switch r.IntN(6) {
			case 0:
				s.When = append(s.When, ledger.Condition{Stage: need, Is: []stage.Outcome{stage.Succeeded}})
			case 1:
				s.When = append(s.When, ledger.Condition{Stage: need, Is: []stage.Outcome{stage.Skipped, stage.Succeeded}})
			case 2:
				s.When = append(s.When, ledger.Condition{Stage: need, Is: []stage.Outcome{stage.Failed}})
			}
		}
		if i > 3 && r.IntN(4) == 0 {
			s.Criterion = ledger.Succeed
		}
		p.Stages = append(p.Stages, s)
	}
	return p
}

var outcomes = []stage.Outcome{stage.Succeeded, stage.Succeeded, stage.Succeeded, stage.Skipped, stage.Failed, stage.Rejected, stage.RolledBack}

// carry carries a release through the pipeline by the engine's decisions. Stages end as they are said to.
func carry(t *testing.T, p ledger.Pipeline, ends func(name string) stage.Outcome, began func(name string, ended map[string]stage.Outcome)) map[string]stage.Outcome {
	t.Helper()
	s := new(ledger.State)
	apply := func(e ledger.Event) { require.NoError(t, s.Apply(e)) }
	apply(ledger.Event{Seq: 1, Time: today, Body: ledger.Requested{Release: stage.Release{ID: "r", Service: "shop", RequestedBy: "ada"}, Pipeline: p}})
	ended := make(map[string]stage.Outcome)
	for now := today; !s.Over(); now = now.Add(time.Second) {
		d := ledger.Decide(s, now)
		for _, e := range d.Append {
			apply(e)
		}
		for _, name := range d.Start {
			began(name, ended)
			end := s.Settle(name, ledger.Ended{Outcome: ends(name)}, now)
			apply(ledger.Event{Seq: s.Seq + 1, Time: now, Stage: name, Attempt: 1, Body: end})
			ended[name] = s.Stage(name).Outcome
		}
	}
	return ended
}
