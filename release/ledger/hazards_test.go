package ledger_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The tests in this file are about how schedulers of other engines were bitten.

// settled takes all decisions at a time, and returns those stages that began, and the last decision.
func settled(t *testing.T, s *ledger.State, now time.Time) (began []string, last ledger.Decision) {
	t.Helper()
	for {
		d := ledger.Decide(s, now)
		for _, e := range d.Append {
			require.NoError(t, s.Apply(e))
		}
		began = append(began, d.Start...)
		if len(d.Append) == 0 {
			return began, d
		}
	}
}

func requested(t *testing.T, parallel int, stages ...ledger.Stage) *ledger.State {
	t.Helper()
	s := new(ledger.State)
	apply(t, s, "", 0, ledger.Requested{
		Release:  stage.Release{ID: "r1"},
		Pipeline: ledger.Pipeline{Name: "p", Parallel: parallel, Stages: stages},
		Inputs:   map[string]json.RawMessage{"k": json.RawMessage(`{"d":1,"a":2,"c":3,"b":4,"e":5}`)},
	})
	return s
}

func TestADiamondRunsItsBaseOnce(t *testing.T) {
	s := requested(t, 0, ledger.Stage{Name: "base"}, ledger.Stage{Name: "left", Needs: []string{"base"}},
		ledger.Stage{Name: "right", Needs: []string{"base"}}, ledger.Stage{Name: "top", Needs: []string{"left", "right", "base"}})
	var order []string
	for !s.Over() {
		began, _ := settled(t, s, epoch)
		order = append(order, began...)
		for _, name := range began {
			apply(t, s, name, 1, ledger.Ended{Outcome: stage.Succeeded})
		}
	}
	assert.Equal(t, []string{"base", "left", "right", "top"}, order)
}

// An abort counts wherever it stands among signals that are recorded at once, and before anything of it
// is decided.
func TestAnAbortIsNotLostAmongOtherSignals(t *testing.T) {
	kinds := []stage.SignalKind{stage.Abort, stage.Pause, stage.Resume, stage.Resume}
	for first := range kinds {
		s := requested(t, 0, ledger.Stage{Name: "a"}, ledger.Stage{Name: "b", Needs: []string{"a"}})
		settled(t, s, epoch)
		for n := range kinds {
			apply(t, s, "", 0, ledger.Signalled{Signal: stage.Signal{ID: fmt.Sprint(n), Kind: kinds[(first+n)%len(kinds)], By: "ada"}})
		}
		_, d := settled(t, s, epoch)
		require.Len(t, d.Cancel, 1)
		assert.Equal(t, stage.Aborted, d.Cancel[0].Cause.Outcome)
		apply(t, s, "a", 1, ledger.EndOf(d.Cancel[0].Cause, d.Cancel[0].Cause))
		settled(t, s, epoch)
		assert.Equal(t, stage.Aborted, s.Outcome)
	}
}

// One that comes between the decision that a stage begins and its begin is not lost either.
func TestAnAbortBeforeTheBeginCounts(t *testing.T) {
	s := requested(t, 0, ledger.Stage{Name: "a"})
	d := ledger.Decide(s, epoch)
	apply(t, s, "", 0, ledger.Signalled{Signal: stage.Signal{ID: "1", Kind: stage.Abort, Stage: "a", By: "ada"}})
	assert.ErrorIs(t, s.Apply(d.Append[0]), ledger.ErrBroken, "what was decided before is decided again")
	began, _ := settled(t, s, epoch)
	assert.Empty(t, began)
	assert.Equal(t, stage.Aborted, s.Outcome)
}

// A signal is never taken in silence by something that is over, and one that nobody dealt with is told.
func TestNoSignalIsLostAtTheEnd(t *testing.T) {
	var events []ledger.Event
	s := new(ledger.State)
	add := func(name string, attempt int, b ledger.Body) {
		events = append(events, ledger.Event{Seq: s.Seq + 1, Time: epoch, Stage: name, Attempt: attempt, Body: b})
		require.NoError(t, s.Apply(events[len(events)-1]))
	}
	add("", 0, ledger.Requested{Pipeline: ledger.Pipeline{Name: "p", Stages: []ledger.Stage{{Name: "a", Listens: []stage.SignalKind{stage.Promote}}}}})
	add("a", 1, ledger.Began{})
	sig := stage.Signal{ID: "1", Kind: stage.Promote, Stage: "a", By: "ada"}
	add("", 0, ledger.Signalled{Signal: sig})
	add("a", 1, ledger.Ended{Outcome: stage.Succeeded})
	review, err := ledger.NewReview(sequence(events))
	require.NoError(t, err)
	assert.Equal(t, []stage.Signal{sig}, review.Unheard)
	sig.ID = "2"
	_, err = s.Accept(sig)
	assert.ErrorIs(t, err, ledger.ErrTooLate)
	settled(t, s, epoch)
	_, err = s.Accept(stage.Signal{ID: "3", Kind: stage.Abort, By: "ada"})
	assert.ErrorIs(t, err, ledger.ErrTooLate)
}

// However often a stage has failed, and whatever is asked for, the wait is between a half and the whole
// of what it should be.
func TestABackoffDoesNotOverflow(t *testing.T) {
	for _, r := range []ledger.Retry{{}, {Backoff: time.Nanosecond}, {Backoff: math.MaxInt64}, {Backoff: time.Hour, MaxBackoff: math.MaxInt64}, {MaxBackoff: 1}} {
		first, most := r.Backoff, r.MaxBackoff
		if first == 0 {
			first = ledger.DefaultBackoff
		}
		if most == 0 {
			most = max(ledger.DefaultMaxBackoff, first)
		}
		want := min(first, most)
		for n := 1; n < 2000; n++ {
			wait := r.Wait(n, "seed")
			require.GreaterOrEqual(t, wait, want/2, "%+v after %d", r, n)
			require.LessOrEqual(t, wait, want, "%+v after %d", r, n)
			if want > most/2 {
				want = most
			} else {
				want *= 2
			}
		}
	}
	assert.NotEqual(t, ledger.Retry{}.Wait(1, "one"), ledger.Retry{}.Wait(1, "another"))
}

// No order of a map shows: the same events lead to the same state and the same decisions, in the same
// order.
func TestTheSameEventsLeadToTheSame(t *testing.T) {
	var first string
	for range 50 {
		s := requested(t, 0, ledger.Stage{Name: "a", Each: &ledger.Each{Key: stage.Ref{Name: "k"}}, Writes: []stage.Ref{{Name: "out"}}}, ledger.Stage{Name: "b"})
		var all []any
		for !s.Over() {
			began, d := settled(t, s, epoch)
			all = append(all, began, d)
			for i := range s.Stages {
				if st := &s.Stages[i]; st.Running() {
					if len(s.Pipeline.Stages[i].Writes) > 0 {
						apply(t, s, st.Name, 1, ledger.Wrote{Key: "out", Value: json.RawMessage("1")})
					}
					apply(t, s, st.Name, 1, ledger.Ended{Outcome: stage.Succeeded})
				}
			}
		}
		text, err := json.Marshal([]any{all, s})
		require.NoError(t, err)
		if first == "" {
			first = string(text)
		}
		require.Equal(t, first, string(text))
	}
}

// To decide changes nothing: attempts are counted by what is recorded, and a decision that could not be
// recorded is made again.
func TestADecisionThatIsNotRecordedCountsForNothing(t *testing.T) {
	s := requested(t, 1, ledger.Stage{Name: "a", Retry: ledger.Retry{Attempts: 3, Backoff: time.Second}}, ledger.Stage{Name: "b"})
	before, err := json.Marshal(s)
	require.NoError(t, err)
	d := ledger.Decide(s, epoch)
	for range 100 {
		assert.Equal(t, d, ledger.Decide(s, epoch))
	}
	after, err := json.Marshal(s)
	require.NoError(t, err)
	assert.Equal(t, string(before), string(after))
	require.NoError(t, ledger.CheckBook(s))
}

// With room for one stage, each begins upon the end of the one before: the place is free by then.
func TestAChainEndsWithRoomForOne(t *testing.T) {
	p := chain(50)
	p.Parallel = 1
	assert.Equal(t, 50, carry(t, p, nil))
	p = fan(50, 1)
	assert.Equal(t, 50, carry(t, p, nil))
}

// Each stage waits for its own next attempt, by its own failures.
func TestStagesDoNotShareTheirWaits(t *testing.T) {
	retry := ledger.Retry{Attempts: 9, Backoff: time.Second}
	s := requested(t, 0, ledger.Stage{Name: "a", Retry: retry}, ledger.Stage{Name: "b", Retry: retry})
	now := epoch
	fail := func(name string) time.Duration {
		end := s.Settle(name, ledger.Ended{Outcome: stage.Failed}, now)
		require.NoError(t, s.Apply(ledger.Event{Seq: s.Seq + 1, Time: now, Stage: name, Attempt: s.Stage(name).Attempt, Body: end}))
		return end.RetryAt.Sub(now)
	}
	settled(t, s, now)
	for n := range 5 {
		assert.Equal(t, retry.Wait(n+1, "r1/a"), fail("a"))
		now = now.Add(time.Hour)
		settled(t, s, now)
	}
	assert.Equal(t, retry.Wait(1, "r1/b"), fail("b"))
}

// A stage that would wait for itself is no pipeline.
func TestNoStageWaitsForItself(t *testing.T) {
	for _, stages := range [][]ledger.Stage{
		{{Name: "a", Needs: []string{"a"}}},
		{{Name: "a", Needs: []string{"b"}}, {Name: "b", Needs: []string{"a"}}},
		{{Name: "a", Of: "a"}},
	} {
		p := ledger.Pipeline{Name: "p", Stages: stages}
		assert.Error(t, p.Validate())
		assert.ErrorIs(t, new(ledger.State).Apply(ledger.Event{Seq: 1, Body: ledger.Requested{Pipeline: p}}), ledger.ErrBroken)
	}
}

// A stage whose time is up is told to end, and nothing of it begins before it has.
func TestATimeoutBeginsNoSecondCopy(t *testing.T) {
	s := requested(t, 0, ledger.Stage{Name: "a", AttemptTimeout: time.Second, Retry: ledger.Retry{Attempts: 3}})
	settled(t, s, epoch)
	for n := range 10 {
		began, d := settled(t, s, epoch.Add(time.Duration(n+1)*time.Hour))
		assert.Empty(t, began)
		assert.Len(t, d.Cancel, 1)
		assert.True(t, d.Wake.IsZero())
	}
}
