package ledger_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What counts for how long a stage takes.
func TestHistoryCountsWholeSuccessfulRuns(t *testing.T) {
	type step struct {
		after time.Duration // the step before
		body  ledger.Body
	}
	began, checkpoint := ledger.Began{}, ledger.Saved{Checkpoint: json.RawMessage(`1`)}
	ends := func(o stage.Outcome) ledger.Ended { return ledger.Ended{Outcome: o} }
	waits := func(d time.Duration) ledger.Ended {
		e := ends(stage.Waiting)
		if d > 0 {
			e.Until = epoch.Add(d)
		}
		return e
	}
	again := ledger.Ended{Outcome: stage.Failed, RetryAt: epoch.Add(time.Minute)}
	tests := []struct {
		name   string
		effect stage.Effect
		steps  []step
		want   time.Duration // below zero: it does not count
	}{
		{"a success", "", []step{{0, began}, {5, ends(stage.Succeeded)}}, 5},
		{"a failure", "", []step{{0, began}, {5, ends(stage.Failed)}}, -1},
		{"one that skips itself", "", []step{{0, began}, {5, ends(stage.Skipped)}}, -1},
		{"the last attempt alone", "", []step{{0, began}, {5, again}, {7, began}, {3, ends(stage.Succeeded)}}, 3},
		{"not the rest of an attempt", "", []step{{0, began}, {5, checkpoint}, {1, again}, {7, began}, {3, ends(stage.Succeeded)}}, -1},
		{"nor after an interruption", "", []step{{0, began}, {5, checkpoint}, {1, ends(stage.Interrupted)}, {7, began}, {3, ends(stage.Succeeded)}}, -1},
		{"but one that begins anew has no rest", stage.Pure, []step{{0, began}, {5, checkpoint}, {1, again}, {7, began}, {3, ends(stage.Succeeded)}}, 3},
		{"a wait for a time", "", []step{{0, began}, {2, checkpoint}, {1, waits(10)}, {7, began}, {4, ends(stage.Succeeded)}}, 14},
		{"a wait that a person ends", "", []step{{0, began}, {3, waits(100)}, {7, began}, {4, ends(stage.Succeeded)}}, 7},
		{"a wait for a person alone", "", []step{{0, began}, {3, waits(0)}, {700, began}, {4, ends(stage.Succeeded)}}, 7},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			node := ledger.Stage{Name: "a", Effect: test.effect}
			now, attempt := epoch, 0
			events := []ledger.Event{{Seq: 1, Time: now, Body: ledger.Requested{Pipeline: ledger.Pipeline{Name: "p", Stages: []ledger.Stage{node}}}}}
			for _, s := range test.steps {
				now = now.Add(s.after)
				if _, begins := s.body.(ledger.Began); begins {
					attempt++
				}
				events = append(events, ledger.Event{Seq: uint64(len(events)) + 1, Time: now, Stage: "a", Attempt: attempt, Body: s.body})
			}
			h := new(ledger.History)
			require.NoError(t, h.Add(sequence(events)))
			if test.want < 0 {
				assert.Nil(t, h.Estimate(&node))
				return
			}
			assert.Equal(t, &ledger.Estimate{Median: test.want, P90: test.want, Runs: 1}, h.Estimate(&node))
			assert.Error(t, h.Add(sequence(append(events, events[0]))))
			assert.Equal(t, 1, h.Releases, "a history that is broken is not taken in")
			assert.Equal(t, 1, h.Estimate(&node).Runs)
		})
	}
}

func TestAnItemThatNeverRanIsEstimatedByTheOthers(t *testing.T) {
	p := ledger.Pipeline{Name: "p", Inputs: []stage.Ref{stage.NewKey[[]string]("regions").Ref()}, Stages: []ledger.Stage{
		{Name: "a", Each: &ledger.Each{Key: stage.NewKey[[]string]("regions").Ref()}},
	}}
	h := new(ledger.History)
	events := deliver(p)
	body := func(name string, at time.Duration, attempt int, b ledger.Body) {
		events = append(events, ledger.Event{Seq: uint64(len(events)) + 1, Time: epoch.Add(at), Stage: name, Attempt: attempt, Body: b})
	}
	body("a", 1, 0, ledger.Expanded{Items: []stage.Item{{Name: "eu"}, {Name: "us"}}})
	body("a.eu", 1, 1, ledger.Began{})
	body("a.us", 2, 1, ledger.Began{})
	body("a.eu", 4, 1, ledger.Ended{Outcome: stage.Succeeded})
	body("a.us", 9, 1, ledger.Ended{Outcome: stage.Succeeded})
	body("a", 9, 0, ledger.Ended{Outcome: stage.Succeeded})
	require.NoError(t, h.Add(sequence(events)))
	assert.Equal(t, &ledger.Estimate{Median: 8, P90: 8, Runs: 1}, h.Estimate(&ledger.Stage{Name: "a"}))
	assert.Equal(t, &ledger.Estimate{Median: 7, P90: 7, Runs: 1}, h.Estimate(&ledger.Stage{Name: "a.us", Of: "a"}))
	assert.Equal(t, &ledger.Estimate{Median: 3, P90: 7, Runs: 2, Of: "a"}, h.Estimate(&ledger.Stage{Name: "a.ap", Of: "a"}))
	assert.Nil(t, h.Estimate(&ledger.Stage{Name: "b"}))
}

func TestEstimatesAreTimesThatWereTaken(t *testing.T) {
	p := ledger.Pipeline{Name: "p", Stages: []ledger.Stage{{Name: "a"}}}
	var all [][]took
	for _, d := range []time.Duration{7, 1, 4, 10, 2, 9, 3, 8, 6, 5} {
		all = append(all, []took{{"a", d}})
	}
	assert.Equal(t, &ledger.Estimate{Median: 5, P90: 9, Runs: 10}, past(t, p, all...).Estimate(&p.Stages[0]))
	assert.Equal(t, &ledger.Estimate{Median: 1, P90: 7, Runs: 2}, past(t, p, all[:2]...).Estimate(&p.Stages[0]))
}

func TestAPreviewOfManyStages(t *testing.T) {
	p := ledger.Pipeline{Name: "p"}
	for i := range ledger.MaxConsequences + 20 {
		p.Stages = append(p.Stages, ledger.Stage{Name: fmt.Sprintf("s%d", i)})
	}
	first := []ledger.Event{{Seq: 1, Time: epoch, Body: ledger.Requested{Pipeline: p}}}
	preview, err := ledger.NewPreview(first, nil)
	require.NoError(t, err)
	assert.NotNil(t, preview.Stages[ledger.MaxConsequences-1].IfFails)
	assert.Nil(t, preview.Stages[ledger.MaxConsequences].IfFails)
	assert.Contains(t, preview.String(), "\n  20 stages more: not worked out\n")
	for _, bad := range [][]ledger.Event{nil, {{Seq: 2, Body: ledger.Began{}}}} {
		_, err = ledger.NewPreview(bad, nil)
		assert.ErrorIs(t, err, ledger.ErrBroken)
	}
}
