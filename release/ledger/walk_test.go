package ledger_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/require"
)

// randomPipeline is a pipeline that uses everything that there is.
func randomPipeline(r *rand.Rand) (ledger.Pipeline, map[string]json.RawMessage) {
	p := ledger.Pipeline{Name: "random", Parallel: 1 + r.IntN(4)}
	if r.IntN(4) == 0 {
		p.OnAbort = ledger.Stop
	}
	var inputs map[string]json.RawMessage
	one := func(n int) bool { return r.IntN(n) == 0 }
	for i := range 1 + r.IntN(7) {
		s := ledger.Stage{Name: fmt.Sprintf("s%d", i), Always: one(7), CanUndo: one(2), Irreversible: one(20)}
		if !s.Always && one(4) {
			s.Criterion = []ledger.Criterion{ledger.Activate, ledger.Succeed, ledger.Succeed}[r.IntN(3)]
		}
		for j := range i {
			if !one(3) {
				continue
			}
			need := fmt.Sprintf("s%d", j)
			s.Needs = append(s.Needs, need)
			if one(5) {
				s.When = append(s.When, ledger.Condition{Stage: need, Is: []stage.Outcome{stage.Failed, stage.Skipped, stage.Succeeded}[r.IntN(3):]})
			}
		}
		s.OnFailure = []ledger.Policy{"", ledger.Stop, ledger.Undo, ledger.Undo, ledger.GoOn, ledger.Freeze}[r.IntN(6)]
		s.Effect = []stage.Effect{"", "", stage.Pure, stage.AtMostOnce}[r.IntN(4)]
		if one(2) && s.Effect != stage.AtMostOnce {
			s.Retry = ledger.Retry{Attempts: r.IntN(4), Backoff: time.Duration(1+r.IntN(3)) * time.Second}
		}
		if one(4) {
			s.Timeout = time.Duration(5+r.IntN(20)) * time.Second
		}
		if one(4) {
			s.AttemptTimeout = time.Duration(2+r.IntN(8)) * time.Second
		}
		if one(3) {
			s.Listens = []stage.SignalKind{stage.Promote}
		}
		if one(5) {
			key := fmt.Sprintf("k%d", i)
			s.Each = &ledger.Each{Key: stage.Ref{Name: key, Type: "[]string"}, Parallel: r.IntN(3)}
			if inputs == nil {
				inputs = make(map[string]json.RawMessage)
			}
			s.Writes = []stage.Ref{{Name: "out" + key, Type: "int"}}
			inputs[key] = json.RawMessage([]string{`[]`, `["a"]`, `["b","a"]`, `["a","b","c","d"]`, `{"x":1,"y":2}`, `["a","a"]`}[r.IntN(6)])
		}
		p.Stages = append(p.Stages, s)
	}
	return p, inputs
}

// step lets something happen.
func (w *walk) step() {
	var running []*ledger.StageState
	for i := range w.state.Stages {
		if st := &w.state.Stages[i]; st.Running() || st.Undo.Running() {
			running = append(running, st)
		}
	}
	n := w.r.IntN(100)
	switch {
	case w.tame && w.state.Interrupted != nil, !w.tame && n < 4:
		w.now = w.now.Add(-time.Duration(w.r.IntN(5)) * time.Second) // the next host's clock
		w.add(w.event("", ledger.Taken{Host: "b", Fence: w.state.Fence + 1}))
	case !w.tame && n < 7:
		stop := ledger.Interrupted{Reason: "stop"}
		if w.r.IntN(2) == 0 {
			stop.Until = w.now.Add(time.Duration(w.r.IntN(4)) * time.Second)
		}
		w.add(w.event("", stop))
	case n < 55 && len(running) > 0:
		w.end(running[w.r.IntN(len(running))])
	case n < 75:
		w.signal()
	case n < 80:
		w.nonsense()
	default:
		w.now = w.now.Add(time.Duration(w.r.IntN(4000)) * time.Millisecond)
		if d := ledger.Decide(w.state, w.now); len(running) == 0 && d.Wake.After(w.now) {
			w.now = d.Wake
		}
	}
	w.decide()
}

func (w *walk) end(st *ledger.StageState) {
	cause := w.cancel[st.Name]
	if st.Undo.Running() {
		end := ledger.UndoEnded{Outcome: []stage.Outcome{stage.Succeeded, stage.Succeeded, stage.Failed, stage.Stranded}[w.r.IntN(4)]}
		if cause != nil {
			end = ledger.EndOfUndo(cause, cause)
		}
		w.add(w.event(st.Name, w.state.SettleUndo(st.Name, end, w.now)))
		return
	}
	if w.r.IntN(4) == 0 {
		w.add(w.event(st.Name, ledger.Saved{Checkpoint: json.RawMessage(`1`), Heard: len(st.Inbox)}))
	}
	outcomes := []stage.Outcome{
		stage.Succeeded, stage.Succeeded, stage.Succeeded, stage.Failed, stage.Failed, stage.Skipped,
		stage.RolledBack, stage.Rejected, stage.Stranded, stage.Waiting, stage.Waiting,
	}
	if w.tame {
		outcomes = outcomes[:7]
	}
	end := ledger.Ended{Outcome: outcomes[w.r.IntN(len(outcomes))], Final: w.r.IntN(5) == 0}
	if w.r.IntN(100) < w.luck {
		end.Outcome = stage.Succeeded
	}
	if end.Outcome == stage.Waiting && w.r.IntN(2) == 0 {
		end.Until = w.now.Add(time.Duration(w.r.IntN(6)-1) * time.Second)
	}
	if cause != nil && w.r.IntN(3) > 0 {
		end = ledger.EndOf(cause, cause)
	}
	end.Heard = w.r.IntN(len(st.Inbox) + 1)
	if node := w.state.Node(st.Name); len(node.Writes) > 0 && w.r.IntN(2) == 0 {
		w.add(w.event(st.Name, ledger.Wrote{Key: node.Writes[0].Name, Value: json.RawMessage("1")}))
	}
	w.add(w.event(st.Name, w.state.Settle(st.Name, end, w.now)))
}

func (w *walk) signal() {
	kinds := []stage.SignalKind{stage.Pause, stage.Resume, stage.Resume, stage.Abort, stage.Promote, stage.Promote, stage.SkipStage, stage.Retry, stage.Retry}
	sig := stage.Signal{ID: fmt.Sprint(len(w.events)), Kind: kinds[w.r.IntN(len(kinds))], By: "ada", At: w.now}
	if w.tame {
		sig.Kind = []stage.SignalKind{stage.Resume, stage.SkipStage, stage.Promote}[w.r.IntN(3)]
	}
	if (sig.Kind != stage.Resume && sig.Kind != stage.Pause && sig.Kind != stage.Abort) || sig.Kind == stage.Abort && w.r.IntN(8) > 0 {
		sig.Stage = w.state.Stages[w.r.IntN(len(w.state.Stages))].Name
	}
	if _, err := w.state.Accept(sig); err == nil {
		w.add(w.event("", ledger.Signalled{Signal: sig}))
	}
}

// nonsense is an event that is perhaps refused: then it has changed nothing.
func (w *walk) nonsense() {
	st := &w.state.Stages[w.r.IntN(len(w.state.Stages))]
	bodies := []ledger.Body{
		ledger.Began{}, ledger.UndoBegan{}, ledger.UndoEnded{Outcome: stage.Succeeded}, ledger.Ended{Outcome: stage.Waiting},
		ledger.Expanded{Items: []stage.Item{{Name: "q"}, {Name: "q"}}}, ledger.Expanded{}, ledger.Parked{}, ledger.Copied{Outcome: stage.Succeeded},
		ledger.Wrote{Key: "x", Value: json.RawMessage("1")}, ledger.Saved{Heard: -1}, ledger.Ended{Outcome: stage.Failed, Heard: 99},
		ledger.Taken{Fence: 77}, ledger.Undoing{}, ledger.Finished{}, ledger.Requested{}, ledger.Signalled{Signal: stage.Signal{ID: "x", Stage: "nobody"}},
	}
	e := w.event(st.Name, bodies[w.r.IntN(len(bodies))])
	e.Attempt += w.r.IntN(3) - 1
	before, err := ledger.Fold(sequence(w.events))
	require.NoError(w, err)
	probe, err := ledger.Fold(sequence(w.events))
	require.NoError(w, err)
	if probe.Apply(e) != nil {
		require.Equal(w, before, probe, "refused, and changed: %+v", e)
		require.Equal(w, before, w.state, "what is read back is what was carried")
	}
	require.NoError(w, ledger.CheckBook(probe))
}

func TestWhateverHappensTheLawsHold(t *testing.T) {
	seeds := uint64(3000 / raced)
	if testing.Short() {
		seeds = 300
	}
	seed := uint64(0)
	defer func() {
		if t.Failed() {
			t.Logf("with seed %d", seed)
		}
	}()
	for ; seed < seeds; seed++ {
		w := walkOf(t, seed)
		if seed%10 == 0 {
			w.readBack()
		}
	}
}

// readBack checks that what is read back from JSON folds to the same.
func (w *walk) readBack() {
	state := new(ledger.State)
	for _, e := range w.events {
		text, err := json.Marshal(e)
		require.NoError(w, err)
		var back ledger.Event
		require.NoError(w, json.Unmarshal(text, &back))
		require.Equal(w, e, back)
		require.NoError(w, state.Apply(back))
	}
	require.Equal(w, w.state, state)
}

// walkOf walks a release to its end.
func walkOf(t testing.TB, seed uint64) *walk {
	w := &walk{TB: t, r: rand.New(rand.NewPCG(seed, 7)), state: new(ledger.State), now: epoch}
	p, inputs := randomPipeline(w.r)
	w.add(w.event("", ledger.Requested{Release: stage.Release{ID: "r1"}, Pipeline: p, Inputs: inputs, Host: "a"}))
	w.decide()
	w.luck = w.r.IntN(100)
	for n := 0; !w.state.Over(); n++ {
		w.tame = n > 60
		require.Less(t, n, 5000, "it does not end")
		w.step()
	}
	return w
}

// walked are the events of a walk, one a line.
func walked(t testing.TB, seed uint64) string {
	var lines strings.Builder
	for _, e := range walkOf(t, seed).events {
		text, err := json.Marshal(e)
		require.NoError(t, err)
		lines.Write(append(text, '\n'))
	}
	return lines.String()
}
