package releasetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// filled are bodies of all types, with a value in each field. Numbers are such as do not survive being
// taken for a float.
func filled() []ledger.Body {
	ref := []stage.Ref{{Name: "key", Type: "string"}}
	item := stage.Item{Name: "eu", Value: json.RawMessage(`{"size":12345678901234567890}`)}
	values := map[string]json.RawMessage{"key": json.RawMessage(`"value"`), "other": json.RawMessage(`[null,true,""]`)}
	verdict := gate.Verdict{
		Gate: "errors", Outcome: gate.Fail, Reason: "4% is above 1%", At: epoch(),
		NoData: true, Down: true, Extend: true, Late: true, Muted: gate.Inconclusive,
		Evidence: []gate.Evidence{{What: "error rate", Value: 0.04, Rule: "<=", Limit: 0.01, Samples: 1200, Against: "stable 1.0.0", Odds: 340}},
		Looks:    []gate.Look{{At: epoch(), Gate: "errors", Outcome: gate.Pass, Value: 0.004, Measured: true}},
	}
	return []ledger.Body{
		ledger.Requested{
			Release: stage.Release{ID: "a", Service: "shop", Commit: "c0ffee", RequestedBy: "ada", Reason: "weekly", RequestedAt: epoch()},
			Pipeline: ledger.Pipeline{
				Name: "shop", Inputs: ref, Parallel: 2, OnAbort: ledger.Stop,
				Stages: []ledger.Stage{{
					Name: "build", Needs: []string{"test"}, When: []ledger.Condition{{Stage: "test", Is: []stage.Outcome{stage.Succeeded}}},
					Each:        &ledger.Each{Key: stage.Ref{Name: "regions", Type: "[]string"}, Parallel: 3},
					Environment: "production", Timeout: time.Hour + 1, AttemptTimeout: time.Minute,
					Retry:     ledger.Retry{Attempts: 3, Backoff: time.Second, MaxBackoff: time.Minute},
					OnFailure: ledger.Undo, Irreversible: true, Always: true, Criterion: ledger.Succeed, Effect: stage.AtMostOnce, CanUndo: true, UndoTimeout: time.Minute,
					Reads: ref, Writes: ref, Listens: []stage.SignalKind{stage.Promote}, Secrets: []string{"token"}, Gates: []string{"errors"}, Traits: []stage.Trait{stage.Deploys},
					Of: "build", Item: item,
				}},
			},
			Inputs: values, Host: "h1", Forked: &ledger.Origin{Release: "b", Stage: "build"},
		},
		ledger.Taken{Host: "h2", Fence: 1<<53 + 1},
		ledger.Signalled{Signal: stage.Signal{ID: "s1", Kind: stage.Abort, Stage: "build", By: "grace", Why: "no", At: epoch()}},
		ledger.Interrupted{Reason: "the host is stopping", Until: epoch()},
		ledger.Undoing{Reason: "stage build ended as failed", By: "ada"},
		ledger.Began{},
		ledger.Wrote{Key: "artifact", Value: json.RawMessage(`{"digest":"sha256:00","number":12345678901234567890}`)},
		ledger.Saved{Checkpoint: json.RawMessage(`{"step":2}`), Heard: 1},
		ledger.Progressed{Progress: stage.Progress{Done: 1, Total: 3, Text: "one of three"}},
		ledger.Judged{Verdict: verdict},
		ledger.Noted{Name: "note", Data: json.RawMessage(`[null,true,""]`)},
		ledger.Ended{
			Outcome: stage.RolledBack, Reason: "harm", By: "ada", Evidence: []gate.Verdict{verdict}, Stack: "main.go:1", Heard: 1, Final: true,
			RetryAt: epoch(), Parked: "a person has to say", Until: epoch(),
		},
		ledger.Parked{Reason: "a person has to say"},
		ledger.Expanded{Items: []stage.Item{item, {Name: "us"}}},
		ledger.Copied{Outcome: stage.Skipped, Reason: "done", By: "ada", Values: values},
		ledger.UndoBegan{},
		ledger.UndoEnded{Outcome: stage.Failed, Reason: "locked", Stack: "main.go:2", RetryAt: epoch()},
		ledger.Finished{Outcome: stage.RolledBack, Reason: "stage build: harm", By: "ada"},
	}
}

// bodies writes each body that there is, with each of its fields: of a stage, and of the whole release.
func bodies(s release.Store) error {
	var list []ledger.Event
	for n, body := range filled() {
		of := ledger.Event{Seq: uint64(2*n) + 1, Time: epoch(), Stage: "build", Attempt: 3, Body: body}
		bare := ledger.Event{Seq: of.Seq + 1, Time: epoch(), Body: body}
		if err := write(s, "bodies", []ledger.Event{of, bare}); err != nil {
			return fmt.Errorf("%s: %w", body.Type(), err)
		}
		list = append(list, of, bare)
	}
	return holds(s, "bodies", 0, list)
}

// wide writes texts as long as an engine allows: names of stages of 63 characters, names of people and IDs of signals of 256 bytes, what people and stages say of 8 KiB, an ID of 128. The last
// characters count.
func wide(s release.Store) error {
	const name, person, reason = 63, 256, 8 << 10
	text := func(n int, end string) string { return strings.Repeat("x", n-len(end)) + end }
	said := strings.Repeat("ü", reason/2-1) + "!?" // fewer characters than bytes
	of := text(31, "a") + "." + text(31, "b")
	id := "wide" + text(124, "z")
	signal := stage.Signal{ID: text(person, "1"), Kind: stage.Retry, Stage: of, By: text(person, "2"), Why: said, At: epoch()}
	var list []ledger.Event
	for n, body := range []ledger.Body{
		ledger.Requested{
			Release:  stage.Release{ID: id, Service: text(person, "3"), Commit: text(person, "4"), RequestedBy: text(person, "5"), Reason: said, RequestedAt: epoch()},
			Pipeline: ledger.Pipeline{Name: text(name, "6"), Stages: []ledger.Stage{{Name: text(31, "a"), Environment: text(name, "7")}}},
			Host:     text(31, "8"),
		},
		ledger.Expanded{Items: []stage.Item{{Name: text(31, "b")}}},
		ledger.Signalled{Signal: signal},
		ledger.Ended{Outcome: stage.Failed, Reason: said, By: signal.By, Stack: text(reason, "9"), Parked: said},
		ledger.Undoing{Reason: said, By: signal.By},
		ledger.Finished{Outcome: stage.Failed, Reason: said, By: signal.By},
	} {
		list = append(list, ledger.Event{Seq: uint64(n) + 1, Time: epoch(), Stage: of, Attempt: 1, Body: body})
	}
	return first(
		func() error { return write(s, id, list) },
		func() error { return holds(s, id, 0, list) },
		func() error { return write(s, id[:len(id)-1]+"y", events(1, 1)) },
		func() error { return holds(s, id, 0, list) },
	)
}
