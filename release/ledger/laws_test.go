package ledger_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/require"
)

// walk is a random walk of a release.
type walk struct {
	testing.TB
	r      *rand.Rand
	state  *ledger.State
	events []ledger.Event
	now    time.Time
	cancel map[string]*stage.Error
	luck   int  // of a hundred attempts, so many succeed for sure
	tame   bool // everybody does what leads to an end
}

func (w *walk) event(name string, b ledger.Body) ledger.Event {
	e := ledger.Event{Seq: w.state.Seq + 1, Time: w.now, Stage: name, Body: b}
	if e.Time.Before(w.state.Last) {
		e.Time = w.state.Last
	}
	if st := w.state.Stage(name); st != nil {
		if e.Attempt = st.Attempt; st.Undo.Running() {
			e.Attempt = st.Undo.Attempt
		}
	}
	return e
}

func (w *walk) add(e ledger.Event) {
	w.lawful(e)
	require.False(w, e.Time.Before(w.state.Last), "time goes backwards")
	require.NoError(w, w.state.Apply(e), "%+v", e)
	require.NoError(w, ledger.CheckBook(w.state), "after %+v", e)
	w.events = append(w.events, e)
}

// lawful checks what must hold before an event that was decided.
func (w *walk) lawful(e ledger.Event) {
	st, node := w.state.Stage(e.Stage), w.state.Node(e.Stage)
	switch e.Body.(type) {
	case ledger.Began:
		running, group := 0, 0
		for i := range w.state.Stages {
			other := &w.state.Stages[i]
			if other.Running() {
				running++
				if node.Of != "" && w.state.Pipeline.Stages[i].Of == node.Of {
					group++
				}
			}
			if other.Undo.Running() {
				require.True(w, node.Always, "%s begins while %s is being undone", e.Stage, other.Name)
			}
		}
		require.Less(w, running, w.state.Pipeline.Parallel)
		if node.Of != "" && w.state.Node(node.Of).Each.Parallel > 0 {
			require.Less(w, group, w.state.Node(node.Of).Each.Parallel)
		}
		require.False(w, st.Running(), "two attempts at once")
		resumed := st.Outcome == stage.Interrupted || st.Outcome == stage.Waiting
		if ledger.Halted(w.state) && !node.Always && !resumed {
			require.True(w, ledger.Again(st), "%s begins though nothing should", e.Stage)
		}
		if node.Effect == stage.AtMostOnce && st.Outcome == stage.Interrupted {
			require.True(w, ledger.Again(st), "%s begins again by itself", e.Stage)
		}
	case ledger.UndoBegan:
		for i := range w.state.Stages {
			if other := &w.state.Stages[i]; !w.state.Pipeline.Stages[i].Always {
				require.False(w, other.Begun(), "%s is undone while %s is under way", e.Stage, other.Name)
				require.False(w, other.Undo.Running(), "two are undone at once")
			}
		}
	}
}

// decide decides until there is nothing left, and checks what holds then.
func (w *walk) decide() {
	for range 10_000 {
		d := ledger.Decide(w.state, w.now)
		require.Equal(w, d, ledger.Decide(w.state, w.now), "the same state, the same decision")
		require.NoError(w, ledger.CheckBook(w.state))
		for _, e := range d.Append {
			w.add(e)
		}
		if len(d.Append) > 0 {
			continue
		}
		w.cancel = make(map[string]*stage.Error)
		for _, c := range d.Cancel {
			w.cancel[c.Stage] = c.Cause
		}
		w.alive(d)
		return
	}
	require.Fail(w, "decisions without end")
}

// alive checks that something is going to happen.
func (w *walk) alive(d ledger.Decision) {
	s := w.state
	if !d.Wake.IsZero() {
		require.True(w, d.Wake.After(w.now), "woken at once")
		return
	}
	if s.Over() || s.Busy() || s.Paused != nil || s.Interrupted != nil {
		return
	}
	for i := range s.Stages {
		if st := &s.Stages[i]; st.Parked != "" || st.Outcome == stage.Waiting && st.Until.IsZero() {
			return
		}
	}
	text, _ := json.MarshalIndent(w.events, "", " ")
	require.Fail(w, "the release is stuck", string(text))
}
