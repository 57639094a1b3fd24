package ledger_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hostile is an event that no engine may ever have written.
func hostile(r *rand.Rand, s *ledger.State) ledger.Event {
	name := s.Stages[r.IntN(len(s.Stages))].Name
	number := func() int { return []int{0, 0, 1, 2, -1, math.MaxInt, math.MinInt}[r.IntN(7)] }
	outcome := append(stage.Outcomes(), "", "great")[r.IntN(11)]
	kind := append(stage.SignalKinds(), "", "dance")[r.IntN(11)]
	at := []time.Time{{}, epoch, epoch.Add(-time.Hour), epoch.Add(time.Hour), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)}[r.IntN(5)]
	word := []string{"", "x", "parked"}[r.IntN(3)]
	ref := s.Pipeline.Stages[r.IntN(len(s.Pipeline.Stages))].Writes
	key := "nothing"
	if len(ref) > 0 {
		key = ref[0].Name
	}
	items := []stage.Item{{Name: "q"}, {Name: "r", Value: json.RawMessage("1")}, {Name: "Q"}, {Name: ""}, {Name: "q"}}[:r.IntN(6)]
	to := []string{name, name, "", "nobody"}[r.IntN(4)]
	bodies := []ledger.Body{
		ledger.Began{}, ledger.Began{}, ledger.Began{},
		ledger.Ended{Outcome: outcome, Heard: number(), RetryAt: at, Until: at, Parked: word, Final: true, Evidence: []gate.Verdict{{Gate: word}}},
		ledger.Ended{Outcome: outcome}, ledger.Ended{Outcome: outcome, By: word}, ledger.Ended{Outcome: outcome, Parked: word}, ledger.Ended{Outcome: outcome, RetryAt: at},
		ledger.Parked{Reason: word}, ledger.Expanded{Items: items}, ledger.Copied{Outcome: outcome, Values: map[string]json.RawMessage{key: nil}},
		ledger.Wrote{Key: key, Value: json.RawMessage("1")}, ledger.Saved{Heard: number()}, ledger.Progressed{}, ledger.Judged{Verdict: gate.Verdict{Gate: word}},
		ledger.Noted{}, ledger.UndoBegan{}, ledger.UndoBegan{}, ledger.UndoEnded{Outcome: outcome, RetryAt: at}, ledger.Undoing{},
		ledger.Taken{Host: word, Fence: s.Fence + uint64(r.IntN(2))}, ledger.Interrupted{Until: at}, ledger.Finished{Outcome: outcome},
		ledger.Signalled{Signal: stage.Signal{ID: fmt.Sprint(r.IntN(50)), Kind: kind, Stage: to, By: "ada"}},
		ledger.Signalled{Signal: stage.Signal{ID: fmt.Sprint(r.IntN(1000)), Kind: kind, Stage: name, By: "ada"}},
	}
	e := ledger.Event{Seq: s.Seq + 1, Time: at, Stage: name, Body: bodies[r.IntN(len(bodies))]}
	if st := s.Stage(name); r.IntN(5) > 0 {
		e.Attempt = st.Attempt
		switch e.Body.(type) {
		case ledger.Began:
			e.Attempt++
		case ledger.UndoBegan:
			e.Attempt = 1
			if st.Undo != nil {
				e.Attempt = st.Undo.Attempt + 1
			}
		case ledger.UndoEnded:
			if st.Undo != nil {
				e.Attempt = st.Undo.Attempt
			}
		}
	} else {
		e.Attempt = number()
	}
	if r.IntN(50) == 0 {
		e.Seq = uint64(number())
	}
	return e
}

// Whatever is put before it, the fold neither panics nor keeps a book that is wrong; what it refuses has
// changed nothing; and what is decided behind it can be applied.
func TestEventsThatNoEngineWrites(t *testing.T) {
	seeds := uint64(1500 / raced)
	if testing.Short() {
		seeds = 150
	}
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 3))
		p, inputs := randomPipeline(r)
		s := new(ledger.State)
		events := []ledger.Event{{Seq: 1, Time: epoch, Body: ledger.Requested{Pipeline: p, Inputs: inputs, Forked: &ledger.Origin{}}}}
		require.NoError(t, s.Apply(events[0]))
		for n := range 80 {
			if s.Over() {
				break
			}
			e := hostile(r, s)
			if r.IntN(3) == 0 {
				if d := ledger.Decide(s, epoch); len(d.Append) > 0 {
					e = d.Append[0]
				}
			}
			if err := s.Apply(e); err == nil {
				events = append(events, e)
			} else if require.ErrorIs(t, err, ledger.ErrBroken); n%4 == 0 {
				before, err := ledger.Fold(sequence(events))
				require.NoError(t, err)
				require.Equal(t, before, s, "seed %d: refused, and changed by %+v", seed, e)
			}
			require.NoError(t, ledger.CheckBook(s), "seed %d: after %+v", seed, e)
			if n%4 == 0 {
				foresee(t, events)
			}
		}
		review, err := ledger.NewReview(sequence(events))
		require.NoError(t, err)
		assert.NotEmpty(t, review.String())
	}
}

func TestSizesAreBounded(t *testing.T) {
	each := func(list any) *ledger.State {
		text, err := json.Marshal(list)
		require.NoError(t, err)
		s := new(ledger.State)
		apply(t, s, "", 0, ledger.Requested{
			Pipeline: ledger.Pipeline{Name: "p", Stages: []ledger.Stage{{Name: "a", Each: &ledger.Each{Key: stage.Ref{Name: "k"}}}}},
			Inputs:   map[string]json.RawMessage{"k": text},
		})
		for {
			d := ledger.Decide(s, epoch)
			for _, e := range d.Append {
				require.NoError(t, s.Apply(e))
			}
			if len(d.Append) == 0 {
				return s
			}
		}
	}
	names := func(n int) (out []string) {
		for i := range n {
			out = append(out, fmt.Sprintf("i%d", i))
		}
		return out
	}
	s := each(names(ledger.MaxItems))
	assert.Len(t, s.Stages, ledger.MaxItems+1)
	assert.Equal(t, ledger.MaxItems, s.Stage("a").Left)
	s = each(names(ledger.MaxItems + 1))
	assert.Equal(t, stage.Failed, s.Outcome)
	assert.Equal(t, "stage a: there are 1001 items, at most 1000 are allowed", s.Reason)
	s = each([]string{strings.Repeat("x", 100_000)})
	assert.Equal(t, stage.Failed, s.Outcome)
	assert.Less(t, len(s.Reason), 1000)
	assert.Error(t, s.Apply(ledger.Event{Seq: s.Seq + 1, Body: ledger.Expanded{Items: make([]stage.Item, ledger.MaxItems+1)}}))
}
