package ledger_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/require"
)

// carried is a course that is carried by the ledger.
type carried struct {
	*testing.T
	*course
	story
	state   *ledger.State
	now     time.Time
	second  int
	wake    time.Time
	signals int
}

// carry carries the course by the ledger, which is asked only when something happened, or when it said so.
func (c *course) carry(t *testing.T) story {
	w := &carried{T: t, course: c, state: new(ledger.State), now: epoch, story: story{Began: make(map[string][]int), Ended: make(map[string]stage.Outcome)}}
	w.put("", 0, c.request())
	w.settle()
	for !w.state.Over() && w.second < 1000 {
		w.second++
		w.now = epoch.Add(time.Duration(w.second) * time.Second)
		if slices.Contains(c.crashes, w.second) {
			w.put("", 0, ledger.Taken{Host: "b", Fence: w.state.Fence + 1})
			w.settle()
		}
		happened := w.ends()
		for _, word := range c.says {
			if word.at == w.second {
				w.settle()
				happened = w.say(word) || happened
			}
		}
		if happened || !w.wake.IsZero() && !w.now.Before(w.wake) {
			w.settle()
		}
	}
	for i := range w.state.Stages {
		w.Ended[w.state.Stages[i].Name] = w.state.Stages[i].Outcome
	}
	w.Outcome = w.state.Outcome
	return w.story
}

func (w *carried) put(name string, attempt int, b ledger.Body) {
	w.add(ledger.Event{Seq: w.state.Seq + 1, Time: w.now, Stage: name, Attempt: attempt, Body: b})
}

func (w *carried) add(e ledger.Event) {
	require.NoError(w, w.state.Apply(e))
	require.NoError(w, ledger.CheckBook(w.state))
	switch e.Body.(type) {
	case ledger.Began:
		w.Began[e.Stage] = append(w.Began[e.Stage], w.second)
	case ledger.UndoBegan:
		w.Undone = append(w.Undone, fmt.Sprintf("%s at %d", e.Stage, w.second))
	}
}

// ends ends what has taken its time.
func (w *carried) ends() (any bool) {
	for i := range w.state.Stages {
		st := &w.state.Stages[i]
		due := func(began time.Time, s script) bool {
			return w.now.Equal(began.Add(time.Duration(s.takes) * time.Second))
		}
		if s := w.script(st.Name, st.Attempt, false); st.Running() && due(st.Began, s) {
			e := ledger.Ended{Outcome: s.ends, Final: s.final}
			if s.ends == stage.Waiting && s.until > 0 {
				e.Until = w.now.Add(time.Duration(s.until) * time.Second)
			}
			w.end(st, e)
			any = true
		}
		if st.Undo.Running() {
			if s := w.script(st.Name, st.Undo.Attempt, true); due(st.Undo.Began, s) {
				w.put(st.Name, st.Undo.Attempt, w.state.SettleUndo(st.Name, ledger.UndoEnded{Outcome: s.ends}, w.now))
				any = true
			}
		}
	}
	return any
}

func (w *carried) end(st *ledger.StageState, e ledger.Ended) {
	e.Heard = len(st.Inbox)
	w.put(st.Name, st.Attempt, w.state.Settle(st.Name, e, w.now))
}

func (w *carried) say(word word) bool {
	w.signals++
	sig := stage.Signal{ID: fmt.Sprint(w.signals), Kind: word.kind, Stage: word.to, By: "ada", At: w.now}
	if _, err := w.state.Accept(sig); err != nil {
		return false
	}
	w.put("", 0, ledger.Signalled{Signal: sig})
	return true
}

// settle decides until there is nothing left, and lets those obey that are to end.
func (w *carried) settle() {
	for {
		d := ledger.Decide(w.state, w.now)
		for _, e := range d.Append {
			w.add(e)
		}
		if len(d.Append) > 0 {
			continue
		}
		w.wake = d.Wake
		if len(d.Cancel) == 0 {
			return
		}
		for _, c := range d.Cancel {
			w.end(w.state.Stage(c.Stage), ledger.EndOf(c.Cause, c.Cause))
		}
	}
}

func TestTheLedgerAgreesWithThePlainStory(t *testing.T) {
	seeds := uint64(6000 / raced)
	if testing.Short() {
		seeds = 600
	}
	for seed := range seeds {
		c := randomCourse(seed)
		want := c.tell()
		require.NotEmpty(t, want.Outcome, "seed %d does not end", seed)
		require.Equal(t, want, c.carry(t), "seed %d: %v", seed, (&plain{course: c}).String())
	}
}
