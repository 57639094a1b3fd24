package ledger_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// filled are bodies of all types, with a value in each field.
func filled() []ledger.Body {
	ref := []stage.Ref{{Name: "key", Type: "string"}}
	item := stage.Item{Name: "eu", Value: json.RawMessage(`{"size":3}`)}
	verdict := gate.Verdict{
		Gate: "errors", Outcome: gate.Fail, Reason: "4% is above 1%", At: epoch,
		NoData: true, Down: true, Extend: true, Late: true, Muted: gate.Inconclusive,
		Evidence: []gate.Evidence{{What: "error rate", Value: 0.04, Rule: "<=", Limit: 0.01, Samples: 1200, Against: "stable 1.0.0", Odds: 340}},
		Looks:    []gate.Look{{At: epoch, Gate: "errors", Outcome: gate.Pass, Value: 0.004, Measured: true}},
	}
	values := map[string]json.RawMessage{"key": json.RawMessage(`"value"`)}
	return []ledger.Body{
		ledger.Requested{
			Release: stage.Release{ID: "shop-2", Service: "shop", Commit: "c0ffee", RequestedBy: "ada", Reason: "weekly", RequestedAt: epoch},
			Pipeline: ledger.Pipeline{
				Name: "shop", Inputs: ref, Parallel: 2, OnAbort: ledger.Stop,
				Stages: []ledger.Stage{{
					Name: "deploy", Needs: []string{"build"}, When: []ledger.Condition{{Stage: "build", Is: []stage.Outcome{stage.Succeeded}}},
					Each:        &ledger.Each{Key: stage.Ref{Name: "regions", Type: "[]string"}, Parallel: 3},
					Environment: "production", Timeout: time.Hour, AttemptTimeout: time.Minute,
					Retry:     ledger.Retry{Attempts: 3, Backoff: time.Second, MaxBackoff: time.Minute},
					OnFailure: ledger.Undo, Irreversible: true, Always: true, Criterion: ledger.Succeed, Effect: stage.AtMostOnce, CanUndo: true, UndoTimeout: time.Minute,
					Reads: ref, Writes: ref, Listens: []stage.SignalKind{stage.Promote}, Secrets: []string{"token"}, Gates: []string{"errors"}, Traits: []stage.Trait{stage.Deploys},
					Of: "deploy", Item: item,
				}},
			},
			Inputs: values, Host: "a", Forked: &ledger.Origin{Release: "shop-1", Stage: "deploy"},
		},
		ledger.Taken{Host: "b", Fence: 2},
		ledger.Signalled{Signal: stage.Signal{ID: "s1", Kind: stage.Retry, Stage: "deploy", By: "grace", Why: "again", At: epoch}},
		ledger.Interrupted{Reason: "the host is stopping", Until: epoch},
		ledger.Undoing{Reason: "stage deploy ended as failed", By: "ada"},
		ledger.Finished{Outcome: stage.RolledBack, Reason: "stage deploy: errors", By: "ada"},
		ledger.Began{},
		ledger.Ended{
			Outcome: stage.Failed, Reason: "errors", By: "ada", Evidence: []gate.Verdict{verdict}, Stack: "main.go:1", Heard: 1, Final: true,
			RetryAt: epoch, Parked: "a person has to say", Until: epoch,
		},
		ledger.Parked{Reason: "a person has to say"},
		ledger.Expanded{Items: []stage.Item{item}},
		ledger.Copied{Outcome: stage.Succeeded, Reason: "done", By: "ada", Values: values},
		ledger.Wrote{Key: "key", Value: json.RawMessage(`"value"`)},
		ledger.Saved{Checkpoint: json.RawMessage(`{"step":1}`), Heard: 1},
		ledger.Progressed{Progress: stage.Progress{Done: 1, Total: 3, Text: "one of three"}},
		ledger.Judged{Verdict: verdict},
		ledger.Noted{Name: "step", Data: json.RawMessage(`{"step":2}`)},
		ledger.UndoBegan{},
		ledger.UndoEnded{Outcome: stage.Failed, Reason: "locked", Stack: "main.go:2", RetryAt: epoch},
	}
}

func TestEachBodyIsCoveredWithEachField(t *testing.T) {
	var types []string
	for _, b := range filled() {
		types = append(types, b.Type())
		full(t, reflect.ValueOf(b), b.Type())
	}
	assert.ElementsMatch(t, ledger.Types(), types)
}

// full fails for fields without a value.
func full(t *testing.T, v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			break
		}
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("json") == "-" {
				continue // it is not written
			}
			full(t, v.Field(i), path+"."+v.Type().Field(i).Name)
		}
		return
	case reflect.Slice:
		require.NotZero(t, v.Len(), path)
		if v.Type() != reflect.TypeFor[json.RawMessage]() {
			full(t, v.Index(0), path)
		}
		return
	case reflect.Pointer:
		require.False(t, v.IsNil(), path)
		full(t, v.Elem(), path)
		return
	}
	assert.False(t, v.IsZero(), path)
}
