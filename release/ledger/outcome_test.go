package ledger_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEndOf(t *testing.T) {
	told := func(o stage.Outcome) *stage.Error { return &stage.Error{Outcome: o, By: "ada", Reason: "told so"} }
	aborted := told(stage.Aborted)
	tests := []struct {
		name  string
		err   error
		cause *stage.Error
		want  ledger.Ended
	}{
		{"nothing", nil, nil, ledger.Ended{Outcome: stage.Succeeded}},
		{"done in spite of a cancel", nil, aborted, ledger.Ended{Outcome: stage.Succeeded}},
		{"an error", errors.New("broken"), nil, ledger.Ended{Outcome: stage.Failed, Reason: "broken"}},
		{"a skip", stage.Skip("nothing to do"), nil, ledger.Ended{Outcome: stage.Skipped, Reason: "nothing to do"}},
		{"a wrapped skip", fmt.Errorf("version: %w", stage.Skip("nothing")), nil, ledger.Ended{Outcome: stage.Skipped, Reason: "version: skipped: nothing"}},
		{"an outcome with its cause", &stage.Error{Outcome: stage.RolledBack, Reason: "harm", Err: errors.New("4%")}, nil, ledger.Ended{Outcome: stage.RolledBack, Reason: "harm: 4%"}},
		{"an outcome that is none", &stage.Error{Outcome: "great", Reason: "x"}, nil, ledger.Ended{Outcome: stage.Failed, Reason: "x"}},
		{"an interruption that was none", told(stage.Interrupted), nil, ledger.Ended{Outcome: stage.Failed, By: "ada", Reason: "told so"}},
		{"the cause", aborted, aborted, ledger.Ended{Outcome: stage.Aborted, By: "ada", Reason: "told so"}},
		{"the end of the context", context.Canceled, aborted, ledger.Ended{Outcome: stage.Aborted, By: "ada", Reason: "told so"}},
		{"how far it got", fmt.Errorf("at step 3: %w", aborted), aborted, ledger.Ended{Outcome: stage.Aborted, By: "ada", Reason: "at step 3: aborted by ada: told so"}},
		{"how far it got, otherwise", fmt.Errorf("at step 3: %w", context.Canceled), aborted, ledger.Ended{Outcome: stage.Aborted, By: "ada", Reason: "told so: at step 3: context canceled"}},
		{"an abort that was rolled back", &stage.Error{Outcome: stage.RolledBack, Reason: "on 1.0.0"}, aborted, ledger.Ended{Outcome: stage.RolledBack, Reason: "on 1.0.0"}},
		{"an abort that was not", &stage.Error{Outcome: stage.Stranded, Reason: "half way"}, aborted, ledger.Ended{Outcome: stage.Stranded, Reason: "half way"}},
		{"a skip that was rolled back", &stage.Error{Outcome: stage.RolledBack, Reason: "on 1.0.0"}, told(stage.Skipped), ledger.Ended{Outcome: stage.Skipped, By: "ada", Reason: "told so: rolled-back: on 1.0.0"}},
		{"a skip that was not", &stage.Error{Outcome: stage.Stranded, Reason: "half way"}, told(stage.Skipped), ledger.Ended{Outcome: stage.Stranded, Reason: "half way"}},
		{"success after its time", nil, &stage.Error{Outcome: stage.Failed, Reason: "too long"}, ledger.Ended{Outcome: stage.Failed, Reason: "too long"}},
		{"a skip in a person's name", &stage.Error{Outcome: stage.Skipped, By: "bob", Reason: "x"}, nil, ledger.Ended{Outcome: stage.Skipped, Reason: "bob: x"}},
		{"a skip in another person's name", &stage.Error{Outcome: stage.Skipped, By: "bob"}, told(stage.Skipped), ledger.Ended{Outcome: stage.Skipped, By: "ada", Reason: "bob"}},
		{"a skip that is confirmed", &stage.Error{Outcome: stage.Skipped, Reason: "x"}, told(stage.Skipped), ledger.Ended{Outcome: stage.Skipped, By: "ada", Reason: "x"}},
		{"nothing in the guise of an error", (*stage.Error)(nil), nil, ledger.Ended{Outcome: stage.Failed, Reason: "failed: a nil *stage.Error was returned as an error"}},
		{"the last word, cut off by its time", &stage.Error{Outcome: stage.Failed, Reason: "half done", Final: true}, &stage.Error{Outcome: stage.Failed, Reason: "too long"}, ledger.Ended{Outcome: stage.Failed, Reason: "too long: failed: half done", Final: true}},
		{"the last word, within", &stage.Error{Outcome: stage.Failed, Err: fmt.Errorf("x: %w", &stage.Error{Outcome: stage.Failed, Final: true})}, nil, ledger.Ended{Outcome: stage.Failed, Reason: "x: failed", Final: true}},
	}
	for _, test := range tests {
		assert.Equal(t, test.want, ledger.EndOf(test.err, test.cause), test.name)
	}
}

func TestAnEndCanAlwaysBeRecorded(t *testing.T) {
	bad := gate.Verdict{Gate: "p99", Outcome: gate.Fail, Reason: "no data", Evidence: []gate.Evidence{{What: "p99", Value: math.NaN()}}}
	state := new(ledger.State)
	apply(t, state, "", 0, ledger.Requested{Pipeline: ledger.Pipeline{Name: "p", Stages: []ledger.Stage{{Name: "a"}}}})
	apply(t, state, "a", 1, ledger.Began{})
	for _, end := range []ledger.Ended{
		ledger.EndOf(&stage.Error{Outcome: stage.RolledBack, Evidence: []gate.Verdict{bad, {Gate: "g", Outcome: "bogus", Reason: "x"}}}, nil),
		ledger.EndOf(errors.New(strings.Repeat("long \xff", 100_000)), nil),
		ledger.Panicked(strings.Repeat("x", 100_000), make([]byte, 100_000)),
	} {
		end = state.Settle("a", end, epoch)
		text, err := json.Marshal(ledger.Event{Seq: 1, Stage: "a", Attempt: 1, Body: end})
		require.NoError(t, err)
		assert.Less(t, len(text), 128<<10)
		assert.True(t, utf8.ValidString(end.Reason))
		for _, v := range end.Evidence {
			assert.Contains(t, []gate.Outcome{gate.Fail, gate.Inconclusive}, v.Outcome)
		}
	}
	assert.True(t, math.IsNaN(bad.Evidence[0].Value), "the stage's own verdict is left alone")
}

func TestEndOfUndo(t *testing.T) {
	stopped := &stage.Error{Outcome: stage.Interrupted, Reason: "the host is stopping"}
	late := &stage.Error{Outcome: stage.Failed, Reason: "too long"}
	for _, test := range []struct {
		name  string
		err   error
		cause *stage.Error
		want  ledger.UndoEnded
	}{
		{"done", nil, nil, ledger.UndoEnded{Outcome: stage.Succeeded}},
		{"done in spite of a stop", nil, stopped, ledger.UndoEnded{Outcome: stage.Succeeded}},
		{"done too late is done", nil, late, ledger.UndoEnded{Outcome: stage.Succeeded}},
		{"an error", errors.New("locked"), nil, ledger.UndoEnded{Outcome: stage.Failed, Reason: "locked"}},
		{"a stop", stopped, stopped, ledger.UndoEnded{Outcome: stage.Interrupted, Reason: "the host is stopping"}},
		{"a timeout", context.Canceled, late, ledger.UndoEnded{Outcome: stage.Failed, Reason: "too long"}},
		{"a skip", stage.Skip("nothing to undo"), nil, ledger.UndoEnded{Outcome: stage.Succeeded, Reason: "nothing to undo"}},
		{"a wait", stage.Wait(time.Time{}, "later"), nil, ledger.UndoEnded{Outcome: stage.Failed, Reason: "later"}},
		{"half way", &stage.Error{Outcome: stage.Stranded, Reason: "half way"}, nil, ledger.UndoEnded{Outcome: stage.Stranded, Reason: "half way"}},
		{"an interruption that was none", &stage.Error{Outcome: stage.Interrupted, Reason: "x"}, nil, ledger.UndoEnded{Outcome: stage.Failed, Reason: "x"}},
	} {
		assert.Equal(t, test.want, ledger.EndOfUndo(test.err, test.cause), test.name)
	}
}

// A time that a stage waits for may be anything: what is recorded is a time that JSON knows.
func TestAWaitCanAlwaysBeRecorded(t *testing.T) {
	state := new(ledger.State)
	apply(t, state, "", 0, ledger.Requested{Pipeline: ledger.Pipeline{Name: "p", Stages: []ledger.Stage{{Name: "a"}}}})
	apply(t, state, "a", 1, ledger.Began{})
	for _, until := range []time.Time{time.Date(-4000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(123456, 1, 1, 0, 0, 0, 0, time.UTC), epoch.In(time.FixedZone("x", 3600)).Add(time.Hour)} {
		end := state.Settle("a", ledger.EndOf(stage.Wait(until, "x"), nil), epoch)
		text, err := json.Marshal(ledger.Event{Seq: 3, Time: epoch, Stage: "a", Attempt: 1, Body: end})
		require.NoError(t, err)
		var back ledger.Event
		require.NoError(t, json.Unmarshal(text, &back))
		assert.Equal(t, end, back.Body)
		assert.True(t, end.Until.After(epoch))
	}
}

// A stage that changes nothing is run again from its start, unless it said itself that it waits.
func TestAPureStageKeepsNoCheckpoint(t *testing.T) {
	state := new(ledger.State)
	apply(t, state, "", 0, ledger.Requested{Pipeline: ledger.Pipeline{Name: "p", Stages: []ledger.Stage{{Name: "a", Effect: stage.Pure, Listens: []stage.SignalKind{stage.Promote}}}}})
	apply(t, state, "a", 1, ledger.Began{})
	apply(t, state, "", 0, ledger.Signalled{Signal: stage.Signal{ID: "s1", Kind: stage.Promote, Stage: "a", By: "ada"}})
	apply(t, state, "a", 1, ledger.Saved{Checkpoint: json.RawMessage("1"), Heard: 1})
	apply(t, state, "a", 1, ledger.Ended{Outcome: stage.Waiting, Heard: 1})
	apply(t, state, "a", 2, ledger.Began{})
	assert.Equal(t, json.RawMessage("1"), state.Stage("a").Checkpoint)
	assert.Equal(t, 1, state.Stage("a").Heard)
	apply(t, state, "", 0, ledger.Taken{Host: "b", Fence: 2})
	apply(t, state, "a", 3, ledger.Began{})
	assert.Nil(t, state.Stage("a").Checkpoint)
	assert.Zero(t, state.Stage("a").Heard)
}

// A stage counts the attempts that failed, and not what became of it without one.
func TestFailuresAreThoseOfAttempts(t *testing.T) {
	state := new(ledger.State)
	apply(t, state, "", 0, ledger.Requested{Pipeline: ledger.Pipeline{Name: "p", Stages: []ledger.Stage{{Name: "a"}}}})
	apply(t, state, "a", 1, ledger.Began{})
	apply(t, state, "a", 1, ledger.Ended{Outcome: stage.Failed, RetryAt: epoch.Add(time.Hour)})
	apply(t, state, "a", 1, ledger.Ended{Outcome: stage.Failed, Reason: "it took too long"})
	assert.Equal(t, 1, state.Stage("a").Failures)
}

// apply applies the next event.
func apply(t *testing.T, state *ledger.State, name string, attempt int, b ledger.Body) {
	t.Helper()
	require.NoError(t, state.Apply(ledger.Event{Seq: state.Seq + 1, Time: epoch, Stage: name, Attempt: attempt, Body: b}))
}
