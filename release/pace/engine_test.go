package pace_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/pace"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/require"
)

var epoch = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// engine carries a release through by the decisions of the real engine, in a time of its own. A stage that asks takes no time, and waits for as long as it is said to take.
func engine(t *testing.T, p ledger.Pipeline, inputs map[string]json.RawMessage, takes func(*ledger.Stage) time.Duration) []ledger.Event {
	t.Helper()
	s := new(ledger.State)
	var all []ledger.Event
	apply := func(e ledger.Event) {
		require.NoError(t, s.Apply(e))
		all = append(all, e)
	}
	apply(ledger.Event{Seq: 1, Time: epoch, Body: ledger.Requested{Release: stage.Release{ID: "r", Service: "shop", RequestedBy: "ada"}, Pipeline: p, Inputs: inputs}})
	ends := make(map[string]time.Time)
	for now := epoch; !s.Over(); {
		for {
			d := ledger.Decide(s, now)
			for _, e := range d.Append {
				apply(e)
			}
			for _, name := range d.Start {
				ends[name] = now.Add(takes(s.Node(name)))
			}
			if len(d.Append) == 0 {
				break
			}
		}
		if s.Over() {
			break
		}
		first := ""
		for i := range s.Stages {
			if name := s.Stages[i].Name; s.Stages[i].Running() && (first == "" || ends[name].Before(ends[first])) {
				first = name
			}
		}
		require.NotEmpty(t, first)
		now = ends[first]
		apply(ledger.Event{Seq: s.Seq + 1, Time: now, Stage: first, Attempt: s.Stage(first).Attempt, Body: ledger.Ended{Outcome: stage.Succeeded}})
	}
	require.Contains(t, []stage.Outcome{stage.Succeeded, stage.Skipped}, s.Outcome)
	return all
}

func each(events []ledger.Event) func(func(ledger.Event, error) bool) {
	return func(yield func(ledger.Event, error) bool) {
		for _, e := range events {
			if !yield(e, nil) {
				return
			}
		}
	}
}

var regions = stage.NewKey[[]string]("regions").Ref()

// random is a pipeline with needs, conditions, lists and little room.
func random(r *rand.Rand) (ledger.Pipeline, map[string]json.RawMessage) {
	p := ledger.Pipeline{Name: "shop", Parallel: 1 + r.IntN(4), Inputs: []stage.Ref{regions}}
	for i := range 2 + r.IntN(8) {
		s := ledger.Stage{Name: fmt.Sprintf("s%d", i), Always: r.IntN(5) == 0}
		for j := range i {
			if r.IntN(3) > 0 {
				continue
			}
			need := fmt.Sprintf("s%d", j)
			s.Needs = append(s.Needs, need)
			switch r.IntN(8) {
			case 0:
				s.When = append(s.When, ledger.Condition{Stage: need, Is: []stage.Outcome{stage.Failed}})
			case 1:
				s.When = append(s.When, ledger.Condition{Stage: need, Is: []stage.Outcome{stage.Skipped, stage.Succeeded}})
			}
		}
		if r.IntN(4) == 0 {
			s.Each = &ledger.Each{Key: regions, Parallel: r.IntN(3)}
		}
		if len(s.Needs) > 0 && r.IntN(3) == 0 {
			s.Criterion = ledger.Succeed
		}
		p.Stages = append(p.Stages, s)
	}
	names := []string{"eu", "us", "ap", "sa"}[:1+r.IntN(4)]
	raw, _ := json.Marshal(names)
	return p, map[string]json.RawMessage{"regions": raw}
}

// What is expected of a pipeline, and forecast at every event of a release, is what the engine then does, where each stage takes the same as ever.
func TestForecastsAreWhatTheEngineDoes(t *testing.T) {
	checked, lists := 0, 0
	for seed := range uint64(1500 / raced) {
		r := rand.New(rand.NewPCG(seed, 1))
		p, inputs := random(r)
		if seed == 0 { // what runs always is no work that a criterion judges
			p.Stages = []ledger.Stage{
				{Name: "s0", Always: true}, {Name: "s1", Needs: []string{"s0"}, When: []ledger.Condition{{Stage: "s0", Is: []stage.Outcome{stage.Failed}}}},
				{Name: "s2", Needs: []string{"s1"}, Criterion: ledger.Succeed},
			}
		}
		takes := make(map[string]time.Duration)
		events := engine(t, p, inputs, func(s *ledger.Stage) time.Duration {
			if takes[s.Name] == 0 {
				takes[s.Name] = time.Duration(1+r.IntN(1000)) * time.Second
			}
			return takes[s.Name]
		})
		end := events[len(events)-1].Time
		book := pace.NewBook(pace.Options{Draws: 1})
		require.NoError(t, book.Add(pace.Real, each(events)))
		course := new(pace.Course)
		for _, e := range events {
			require.NoError(t, course.Apply(e))
			if next := int(e.Seq); next < len(events) && (events[next].Time.Equal(e.Time) || e.Seq == 1) {
				continue // in the midst of a decision
			}
			for _, later := range []time.Duration{0, time.Duration(r.IntN(int(takes["s0"]) + 1))} {
				at := e.Time.Add(later)
				if next := int(e.Seq); next < len(events) && at.After(events[next].Time) || course.State().Over() {
					continue
				}
				f := book.Forecast(course, at)
				require.Empty(t, f.Unseen)
				require.Equal(t, end.Sub(at), f.Work.Median, "seed %d, after event %d and %s: %s", seed, e.Seq, later, f)
				require.Equal(t, f.Work.Median, f.Work.P95)
				checked++
			}
		}
		if !slices.ContainsFunc(p.Stages, func(s ledger.Stage) bool { return s.Each != nil }) {
			e, err := book.Expect(p)
			require.NoError(t, err)
			require.Equal(t, end.Sub(epoch), e.Work.Median, "seed %d", seed)
			require.Equal(t, end.Sub(epoch), e.Together, "seed %d", seed)
		} else {
			lists++
		}
	}
	t.Logf("%d forecasts, %d pipelines with lists", checked, lists)
	require.Greater(t, checked, 1000/raced)
	require.Greater(t, lists, 50/raced)
}
