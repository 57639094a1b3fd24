package ledger_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// everything is a release in which each kind of event occurs.
func everything() []ledger.Event {
	p := ledger.Pipeline{
		Name: "shop", Parallel: 2, Inputs: []stage.Ref{stage.Version.Ref()},
		Stages: []ledger.Stage{
			{Name: "build", Timeout: 5 * time.Minute, Writes: []stage.Ref{stage.Built.Ref()}},
			{
				Name: "production", Needs: []string{"build"}, Environment: "production", OnFailure: ledger.GoOn, Always: true,
				Reads: []stage.Ref{stage.Version.Ref()}, Listens: []stage.SignalKind{stage.Promote},
			},
		},
	}
	verdict := gate.Verdict{
		Gate: "errors", Outcome: gate.Fail, Reason: "4% is above 1%", At: epoch,
		Evidence: []gate.Evidence{{What: "error rate of 1.1.0", Value: 0.04, Rule: "<=", Limit: 0.01, Samples: 1200}},
	}
	bodies := []struct {
		stage string
		body  ledger.Body
	}{
		{"", ledger.Requested{
			Release:  stage.Release{ID: "shop-1", Service: "shop", Commit: "c0ffee", RequestedBy: "ada", Reason: "weekly", RequestedAt: epoch},
			Pipeline: p, Inputs: map[string]json.RawMessage{"version": json.RawMessage(`"1.1.0"`)},
		}},
		{"build", ledger.Began{}},
		{"build", ledger.Wrote{Key: "artifact", Value: json.RawMessage(`{"digest":"sha256:00","location":"/shop"}`)}},
		{"build", ledger.Ended{Outcome: stage.Succeeded}},
		{"production", ledger.Began{}},
		{"production", ledger.Saved{Checkpoint: json.RawMessage(`{"step":1}`)}},
		{"production", ledger.Progressed{Progress: stage.Progress{Done: 1, Total: 3, Text: "one of three"}}},
		{"", ledger.Signalled{Signal: stage.Signal{ID: "s1", Kind: stage.Promote, Stage: "production", By: "grace", Why: "looks good", At: epoch}}},
		{"production", ledger.Saved{Checkpoint: json.RawMessage(`{"step":2}`), Heard: 1}},
		{"production", ledger.Noted{Name: "rollout-step", Data: json.RawMessage(`{"step":2,"share":"50%"}`)}},
		{"production", ledger.Judged{Verdict: verdict}},
		{"", ledger.Signalled{Signal: stage.Signal{ID: "s2", Kind: stage.Promote, Stage: "production", By: "grace", At: epoch}}},
		{"", ledger.Interrupted{Reason: "the host is stopping", Until: epoch.Add(time.Minute)}},
		{"production", ledger.Ended{Outcome: stage.RolledBack, Reason: "errors: 4% is above 1%", Evidence: []gate.Verdict{verdict}, Stack: "main.go:1", Heard: 1}},
		{"", ledger.Finished{Outcome: stage.RolledBack, Reason: "stage production: errors: 4% is above 1%", By: "ada"}},
	}
	var events []ledger.Event
	for i, b := range bodies {
		e := ledger.Event{Seq: uint64(i + 1), Time: epoch.Add(time.Duration(i) * time.Second), Stage: b.stage, Body: b.body}
		if b.stage != "" {
			e.Attempt = 1
		}
		events = append(events, e)
	}
	return events
}

// sequence is the events as a store gives them.
func sequence(events []ledger.Event) func(func(ledger.Event, error) bool) {
	return func(yield func(ledger.Event, error) bool) {
		for _, e := range events {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "run with -update, and read the difference")
}

func TestTheJSONOfEventsIsStable(t *testing.T) {
	var lines strings.Builder
	events := everything()
	for i, b := range filled() {
		events = append(events, ledger.Event{Seq: uint64(100 + i), Time: epoch, Stage: "deploy", Attempt: 2, Body: b})
	}
	for _, e := range events {
		text, err := json.Marshal(e)
		require.NoError(t, err)
		lines.Write(append(text, '\n'))
		var back ledger.Event
		require.NoError(t, json.Unmarshal(text, &back))
		assert.Equal(t, e, back)
	}
	golden(t, "testdata/events.jsonl", lines.String())
}

func TestEventsThatAreNotUnderstoodAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"an unknown type":              `{"seq":1,"time":"2026-01-02T03:00:00Z","type":"release.teleported"}`,
		"an unknown field":             `{"seq":1,"time":"2026-01-02T03:00:00Z","type":"stage.began","stage":"a","mood":"good"}`,
		"an unknown field in the body": `{"seq":1,"time":"2026-01-02T03:00:00Z","type":"stage.ended","data":{"outcome":"failed","mood":"bad"}}`,
		"no body":                      `{"seq":1,"time":"2026-01-02T03:00:00Z","type":"stage.ended"}`,
		"no JSON":                      `{"seq":1`,
		"more than one":                `{"seq":1,"time":"2026-01-02T03:00:00Z","type":"stage.began","stage":"a"} {}`,
	} {
		var e ledger.Event
		assert.Error(t, json.Unmarshal([]byte(text), &e), name)
		assert.ErrorIs(t, e.UnmarshalJSON([]byte(text)), ledger.ErrBroken, name)
	}
	_, err := json.Marshal(ledger.Event{Seq: 1})
	assert.ErrorIs(t, err, ledger.ErrBroken)
}

func TestEventsThatCannotComeNextAreRefused(t *testing.T) {
	events := everything()
	base := func(n int) *ledger.State {
		s, err := ledger.Fold(sequence(events[:n]))
		require.NoError(t, err)
		return s
	}
	tests := []struct {
		name  string
		after int
		event ledger.Event
	}{
		{"anything but a request at first", 0, ledger.Event{Body: ledger.Began{}}},
		{"a second request", 1, ledger.Event{Body: events[0].Body}},
		{"a begin that is out of count", 1, ledger.Event{Stage: "build", Attempt: 2, Body: ledger.Began{}}},
		{"a stage that there is not", 1, ledger.Event{Stage: "nowhere", Attempt: 1, Body: ledger.Began{}}},
		{"a second begin", 2, ledger.Event{Stage: "build", Attempt: 2, Body: ledger.Began{}}},
		{"a value of another stage", 2, ledger.Event{Stage: "build", Attempt: 1, Body: ledger.Wrote{Key: "version"}}},
		{"an end without an outcome", 2, ledger.Event{Stage: "build", Attempt: 1, Body: ledger.Ended{}}},
		{"the end of another attempt", 2, ledger.Event{Stage: "build", Attempt: 2, Body: ledger.Ended{Outcome: stage.Failed}}},
		{"a success without a begin", 1, ledger.Event{Stage: "build", Body: ledger.Ended{Outcome: stage.Succeeded}}},
		{"progress of what does not run", 1, ledger.Event{Stage: "build", Attempt: 1, Body: ledger.Progressed{}}},
		{"a second end", 4, ledger.Event{Stage: "build", Attempt: 1, Body: ledger.Ended{Outcome: stage.Failed}}},
		{"an undo that nobody has asked for", 4, ledger.Event{Stage: "build", Attempt: 1, Body: ledger.UndoBegan{}}},
		{"an undo of a release that goes well", 4, ledger.Event{Body: ledger.Undoing{Reason: "why not"}}},
		{"a begin before that of what it needs", 1, ledger.Event{Stage: "production", Attempt: 1, Body: ledger.Began{}}},
		{"an end before that of what it needs", 1, ledger.Event{Stage: "production", Body: ledger.Ended{Outcome: stage.Skipped}}},
		{"a checkpoint behind more signals than came", 5, ledger.Event{Stage: "production", Attempt: 1, Body: ledger.Saved{Heard: 1}}},
		{"an end before any signal", 5, ledger.Event{Stage: "production", Attempt: 1, Body: ledger.Ended{Outcome: stage.Failed, Heard: -1}}},
		{"a wait for a person of what runs", 5, ledger.Event{Stage: "production", Attempt: 1, Body: ledger.Parked{Reason: "x"}}},
		{"stages made of one that is one", 4, ledger.Event{Stage: "production", Body: ledger.Expanded{Items: []stage.Item{{Name: "a"}}}}},
		{"what was done in no other release", 1, ledger.Event{Stage: "build", Body: ledger.Copied{Outcome: stage.Succeeded}}},
		{"a host that is too late", 2, ledger.Event{Body: ledger.Taken{Host: "b", Fence: 1}}},
		{"the same signal twice", 8, ledger.Event{Body: events[7].Body}},
		{"a signal for nobody", 8, ledger.Event{Body: ledger.Signalled{Signal: stage.Signal{ID: "s9", Stage: "nowhere"}}}},
		{"the end of all before that of a stage", 8, ledger.Event{Body: ledger.Finished{Outcome: stage.Succeeded}}},
		{"anything after the end", len(events), ledger.Event{Body: ledger.Interrupted{}}},
	}
	for _, test := range tests {
		s := base(test.after)
		test.event.Seq = s.Seq + 1
		assert.ErrorIs(t, s.Apply(test.event), ledger.ErrBroken, test.name)
		assert.Equal(t, base(test.after), s, "%s: the state stays as it was", test.name)
	}
	s := base(3)
	assert.ErrorIs(t, s.Apply(events[4]), ledger.ErrBroken, "a gap")
	assert.NoError(t, s.Apply(events[3]))
}

func TestFoldPassesAnErrorOn(t *testing.T) {
	broken := errors.New("the disk is gone")
	_, err := ledger.Fold(func(yield func(ledger.Event, error) bool) { yield(ledger.Event{}, broken) })
	assert.ErrorIs(t, err, broken)
	_, err = ledger.NewReview(func(yield func(ledger.Event, error) bool) { yield(ledger.Event{}, broken) })
	assert.ErrorIs(t, err, broken)
}

func TestASignalIsRecordedOnce(t *testing.T) {
	s, err := ledger.Fold(sequence(everything()[:8]))
	require.NoError(t, err)
	known, err := s.Accept(stage.Signal{ID: "s1", Kind: stage.Promote, Stage: "production", By: "grace"})
	assert.NoError(t, err)
	assert.True(t, known)
	for _, sig := range []stage.Signal{
		{Kind: stage.Pause, By: "ada"},
		{ID: "s3", Kind: stage.Pause},
	} {
		_, err := s.Accept(sig)
		assert.ErrorIs(t, err, ledger.ErrSignal)
	}
}

// A stage that is already under its next attempt is not spoken for by what the one before left behind,
// and keeps the time at which it first began.
func TestAttemptsAreToldApart(t *testing.T) {
	at := func(seq uint64, attempt int, b ledger.Body) ledger.Event {
		return ledger.Event{Seq: seq, Time: epoch.Add(time.Duration(seq) * time.Minute), Stage: "a", Attempt: attempt, Body: b}
	}
	state := new(ledger.State)
	for _, e := range []ledger.Event{
		{Seq: 1, Time: epoch, Body: ledger.Requested{Pipeline: ledger.Pipeline{Name: "p", Stages: []ledger.Stage{{Name: "a"}}}}},
		at(2, 1, ledger.Began{}),
		at(3, 1, ledger.Saved{Checkpoint: json.RawMessage("1")}),
		at(4, 1, ledger.Ended{Outcome: stage.Interrupted}),
		at(5, 2, ledger.Began{}),
	} {
		require.NoError(t, state.Apply(e))
	}
	assert.Equal(t, epoch.Add(2*time.Minute), state.Stage("a").Started)
	assert.Equal(t, json.RawMessage("1"), state.Stage("a").Checkpoint)
	assert.ErrorIs(t, state.Apply(at(6, 1, ledger.Noted{Name: "late", Data: json.RawMessage("1")})), ledger.ErrBroken)
}
