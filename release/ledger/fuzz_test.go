package ledger_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/stretchr/testify/require"
)

// FuzzEvents folds whatever can be read: nothing panics, a refused event has changed nothing, the book
// stays right, and what is decided can be applied.
func FuzzEvents(f *testing.F) {
	lines, err := os.ReadFile("testdata/events.jsonl")
	require.NoError(f, err)
	f.Add(string(lines))
	for line := range strings.Lines(string(lines)) {
		f.Add(line)
	}
	for seed := range uint64(40) {
		f.Add(walked(f, seed))
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := new(ledger.State)
		var events []ledger.Event
		for line := range strings.Lines(text) {
			var e ledger.Event
			if json.Unmarshal([]byte(line), &e) != nil {
				return
			}
			again, err := json.Marshal(e)
			require.NoError(t, err)
			var back ledger.Event
			require.NoError(t, json.Unmarshal(again, &back))
			if s.Apply(e) != nil {
				before, err := ledger.Fold(sequence(events))
				require.NoError(t, err)
				require.Equal(t, before, s, "refused, and changed")
				e.Seq = s.Seq + 1 // perhaps it was but the number
				if s.Apply(e) != nil {
					continue
				}
			}
			events = append(events, e)
			require.NoError(t, ledger.CheckBook(s))
			foresee(t, events)
		}
		review, err := ledger.NewReview(sequence(events))
		require.NoError(t, err)
		_ = review.String()
	})
}

// foresee applies what is decided behind the events, as far as it goes without anything happening.
func foresee(t *testing.T, events []ledger.Event) {
	s, err := ledger.Fold(sequence(events))
	require.NoError(t, err)
	for range 2 + 3*len(s.Stages) {
		d := ledger.Decide(s, s.Last)
		for _, e := range d.Append {
			require.NoError(t, s.Apply(e))
			require.NoError(t, ledger.CheckBook(s))
		}
		if len(d.Append) == 0 {
			return
		}
	}
	require.Fail(t, "decisions without end")
}

// FuzzPipeline validates whatever can be read. What passes can be run.
func FuzzPipeline(f *testing.F) {
	for seed := range uint64(20) {
		text, err := json.Marshal(randomCourse(seed).request().Pipeline)
		require.NoError(f, err)
		f.Add(text)
	}
	f.Add([]byte(`{"name":"p","stages":[{"name":"a","needs":["a"]}]}`))
	f.Add([]byte(`{"name":"p","stages":[{"name":"a","of":"a"}],"parallel":-1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var p ledger.Pipeline
		if json.Unmarshal(text, &p) != nil || p.Validate() != nil {
			return
		}
		first := ledger.Event{Seq: 1, Time: epoch, Body: ledger.Requested{Pipeline: p}}
		foresee(t, []ledger.Event{first})
		again, err := json.Marshal(first)
		require.NoError(t, err)
		var back ledger.Event
		require.NoError(t, json.Unmarshal(again, &back))
		once, err := json.Marshal(back)
		require.NoError(t, err)
		require.Equal(t, string(again), string(once))
	})
}
