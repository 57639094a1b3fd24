package ledger_test

import (
	"strings"
	"testing"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheReviewTellsTheStory(t *testing.T) {
	review, err := ledger.NewReview(sequence(everything()))
	require.NoError(t, err)
	golden(t, "testdata/review.golden", review.String())
	require.Len(t, review.Unheard, 1)
	assert.Equal(t, "s2", review.Unheard[0].ID)
	assert.Len(t, review.Verdicts, 1, "the verdict that is recorded twice is one")
	assert.Len(t, review.Details, 1)
}

func TestAReviewOfEachBeginningOfAStory(t *testing.T) {
	events := everything()
	for n := range events {
		review, err := ledger.NewReview(sequence(events[:n]))
		require.NoError(t, err)
		assert.NotEmpty(t, review.String())
		if n > 0 {
			assert.NotContains(t, review.String(), "rolled-back, ", "it is not over")
		}
	}
}

// Whatever comes from outside stays within its line, and steers nothing.
func TestAReviewCannotBeForged(t *testing.T) {
	evil := "x\n  deploy  1s  succeeded\r\v\f\u2028\u0085  row\x1b[31m\u202e"
	p := ledger.Pipeline{Name: "p", Stages: []ledger.Stage{{Name: "a", OnFailure: ledger.Freeze}}}
	bodies := []ledger.Body{
		ledger.Requested{Release: stage.Release{ID: evil, Service: evil, RequestedBy: evil, Reason: evil}, Pipeline: p, Host: evil, Forked: &ledger.Origin{Release: evil, Stage: evil}},
		ledger.Began{}, ledger.Judged{Verdict: gate.Verdict{Gate: evil, Outcome: gate.Outcome(evil), Reason: evil, Evidence: []gate.Evidence{{What: evil, Rule: evil}}}},
		ledger.Ended{Outcome: stage.Failed, Reason: evil, Parked: evil, By: evil},
		ledger.Signalled{Signal: stage.Signal{ID: "1", Kind: stage.Pause, By: evil, Why: evil}},
		ledger.Taken{Host: evil, Fence: 2},
		ledger.Signalled{Signal: stage.Signal{ID: "2", Kind: stage.Abort, By: evil, Why: evil}},
		ledger.Ended{Outcome: stage.Aborted, Reason: evil, By: evil},
		ledger.Undoing{Reason: evil, By: evil}, ledger.Finished{Outcome: stage.Aborted, Reason: evil, By: evil},
	}
	for n := 1; n <= len(bodies); n++ {
		var events []ledger.Event
		for i, b := range bodies[:n] {
			e := ledger.Event{Seq: uint64(i + 1), Time: epoch, Body: b}
			switch b.(type) {
			case ledger.Began, ledger.Judged, ledger.Ended:
				e.Stage, e.Attempt = "a", 1
			}
			events = append(events, e)
		}
		review, err := ledger.NewReview(sequence(events))
		require.NoError(t, err)
		text := review.String()
		assert.NotContains(t, text, "\x1b")
		assert.NotContains(t, text, "\u202e")
		for row := range strings.Lines(text) {
			if strings.HasPrefix(row, "  deploy") { // a reason that is shown as a whole may have several lines
				assert.Contains(t, text, "of stage a\n  x\n"+row, "%s", text)
			}
		}
	}
}

// What was said to a stage before others were made of it was heard if they did, and is told once if not.
func TestSignalsToAGroupAreUnheardOnce(t *testing.T) {
	w := &world{t: t, state: new(ledger.State), now: epoch}
	for line := range strings.Lines(`pipeline shop
stage build
stage deploy after build each=regions listens=promote
request regions=["eu","us"]
ada says promote to deploy
build ends as succeeded
deploy.eu ends as succeeded
bob says promote to deploy
deploy.us ends as succeeded
`) {
		w.do(strings.TrimSpace(line))
	}
	review, err := ledger.NewReview(sequence(w.events))
	require.NoError(t, err)
	assert.Empty(t, review.Unheard)
	last := w.events[len(w.events)-3]
	end := last.Body.(ledger.Ended)
	end.Heard = 0
	w.events[len(w.events)-3].Body = end
	review, err = ledger.NewReview(sequence(w.events))
	require.NoError(t, err)
	assert.Len(t, review.Unheard, 2)
}
