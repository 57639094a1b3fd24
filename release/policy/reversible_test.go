package policy_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/policy"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/require"
)

// What Reversible promises is what the engine does: where it holds, however stages end, in whatever order, aborted or not, a release that does not succeed
// has taken its deployments back. Where it does not hold, there are pipelines enough that leave them.
func TestReversibleIsWhatTheEngineDoes(t *testing.T) {
	rules := policy.Policy{Name: "p", Rules: []policy.Rule{{Name: "r", Demand: policy.Reversible{Automatic: true}}}}
	held, undone, left := 0, 0, 0
	for seed := range uint64(4000) {
		r := rand.New(rand.NewPCG(seed, 3))
		p := deploying(r)
		report, err := rules.Check("shop", p, today)
		require.NoError(t, err)
		if report.Err() == nil {
			held++
		}
		for range 6 {
			s, excused := interleave(t, r, p)
			for i := range p.Stages {
				node, st := s.Node(p.Stages[i].Name), s.Stage(p.Stages[i].Name)
				if len(node.Traits) == 0 || st.Attempt == 0 || st.Outcome == stage.Skipped || s.Outcome == stage.Succeeded || excused {
					continue
				}
				back := st.Undo != nil && st.Undo.Outcome == stage.Succeeded
				if report.Err() == nil {
					require.True(t, back, "seed %d: %s was not taken back: %+v", seed, node.Name, p)
					undone++
				} else if !back {
					left++
				}
			}
		}
	}
	t.Logf("%d pipelines hold the rule; %d deployments were taken back, and %d of others were not", held, undone, left)
	require.Greater(t, min(held, undone, left), 200)
}

// deploying is a pipeline of up to five stages that can be undone, some of which deploy.
func deploying(r *rand.Rand) ledger.Pipeline {
	p := ledger.Pipeline{Name: "p"}
	if r.IntN(6) == 0 {
		p.OnAbort = ledger.Stop
	}
	for i := range 2 + r.IntN(4) {
		s := ledger.Stage{Name: fmt.Sprintf("s%d", i), CanUndo: r.IntN(8) > 0, Always: r.IntN(12) == 0, Irreversible: r.IntN(8) == 0, OnFailure: ledger.Undo}
		if r.IntN(6) == 0 {
			s.OnFailure = []ledger.Policy{ledger.Stop, ledger.GoOn}[r.IntN(2)]
		}
		if r.IntN(2) == 0 {
			s.Traits = []stage.Trait{stage.Deploys}
		}
		for j := range i {
			if r.IntN(2) == 0 {
				s.Needs = append(s.Needs, fmt.Sprintf("s%d", j))
			}
		}
		p.Stages = append(p.Stages, s)
	}
	return p
}

// deployed reports whether all deployments are over.
func deployed(s *ledger.State) bool {
	for i := range s.Stages {
		if len(s.Pipeline.Stages[i].Traits) > 0 && !s.Stages[i].Over() {
			return false
		}
	}
	return true
}

// interleave carries a release through the pipeline, as far as it goes without people, with stages that end in any order. Excused: a stage that runs
// Always ended badly, of which the rule says nothing, or one that is Irreversible began when all deployments were over.
func interleave(t *testing.T, r *rand.Rand, p ledger.Pipeline) (s *ledger.State, excused bool) {
	s = new(ledger.State)
	now := today
	put := func(e ledger.Event) {
		e.Seq, e.Time = s.Seq+1, now
		require.NoError(t, s.Apply(e))
	}
	put(ledger.Event{Body: ledger.Requested{Release: stage.Release{ID: "r", Service: "shop", RequestedBy: "ada"}, Pipeline: p}})
	var running []string
	abort := r.IntN(12)
	for turn := 0; !s.Over(); turn++ {
		now = now.Add(time.Second)
		if turn == abort {
			put(ledger.Event{Body: ledger.Signalled{Signal: stage.Signal{ID: "1", Kind: stage.Abort, By: "ada"}}})
		}
		d := ledger.Decide(s, now)
		for _, e := range d.Append {
			require.NoError(t, s.Apply(e))
		}
		running = append(append(running, d.Start...), d.Undo...)
		for _, name := range d.Start {
			excused = excused || s.Node(name).Irreversible && deployed(s)
		}
		if len(d.Append) > 0 || len(d.Start)+len(d.Undo) > 0 {
			continue
		}
		if len(running) == 0 {
			return s, excused // it waits for a person
		}
		i := r.IntN(len(running))
		name := running[i]
		running = append(running[:i:i], running[i+1:]...)
		if st := s.Stage(name); st.Undo != nil {
			put(ledger.Event{Stage: name, Attempt: st.Undo.Attempt, Body: s.SettleUndo(name, ledger.UndoEnded{Outcome: stage.Succeeded}, now)})
			continue
		}
		end := []stage.Outcome{stage.Succeeded, stage.Succeeded, stage.Succeeded, stage.Failed, stage.Rejected}[r.IntN(5)]
		excused = excused || s.Node(name).Always && end != stage.Succeeded
		put(ledger.Event{Stage: name, Attempt: 1, Body: s.Settle(name, ledger.Ended{Outcome: end}, now)})
	}
	return s, excused
}
