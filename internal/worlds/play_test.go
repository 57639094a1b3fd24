package worlds_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/worlds"
	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/metricstest"
)

// always gives the candidate a share, and says the same after a while.
type always struct {
	share   float64
	outcome gate.Outcome
	after   time.Duration
	keep    func(s *worlds.Source)
}

func (a always) Name() string { return "always " + string(a.outcome) }

func (a always) Pilot(_ worlds.World, s *worlds.Source) (worlds.Pilot, error) {
	if a.keep != nil {
		a.keep(s)
	}
	return a, nil
}

func (a always) Look(now time.Time) (float64, gate.Outcome, error) {
	if a.outcome == "error" {
		return 0, "", errors.New("lost")
	}
	if now.Sub(worlds.Begin) < a.after {
		return a.share, gate.Continue, nil
	}
	return a.share, a.outcome, nil
}

func TestPlay(t *testing.T) {
	w := worlds.World{Name: "test", Rate: 100, ErrorRate: 0.01, Harm: worlds.Harm{ErrorRate: 0.03}}
	p := worlds.NewPlayer()
	play := func(a always) worlds.Result {
		r, err := p.Play(w, a, 1)
		require.NoError(t, err)
		return r
	}
	horizon := worlds.Horizon.Seconds()
	assert.Equal(t, worlds.Result{Outcome: gate.Fail}, play(always{0.5, gate.Fail, 0, nil}), "who rolls back at once has no harm")
	r := play(always{0.5, gate.Pass, 0, nil})
	assert.Equal(t, gate.Pass, r.Outcome)
	assert.Zero(t, r.At)
	assert.Zero(t, r.Served)
	assert.InEpsilon(t, 100*0.02*horizon, r.Harmed, 1e-9, "who promotes at once has all of it")
	r = play(always{0.1, gate.Fail, time.Minute, nil})
	assert.Equal(t, time.Minute, r.At)
	assert.InDelta(t, 600, r.Served, 125)
	assert.InEpsilon(t, float64(r.Served)*0.02, r.Harmed, 1e-9)
	r = play(always{0.1, gate.Pass, time.Minute, nil})
	assert.InEpsilon(t, float64(r.Served)*0.02+100*0.02*(horizon-60), r.Harmed, 1e-9)
	r = play(always{0.1, gate.Inconclusive, 0, nil})
	assert.Equal(t, gate.Continue, r.Outcome, "nobody decided")
	assert.Equal(t, worlds.Horizon, r.At)
	assert.InEpsilon(t, float64(r.Served)*0.02, r.Harmed, 1e-9)
	_, err := p.Play(w, always{outcome: "error"}, 7)
	require.ErrorContains(t, err, "always error in test, seed 7: lost")
}

// The same seed gives the same release, whatever the player has played before; another seed another one.
func TestPlayIsRepeatable(t *testing.T) {
	one, other := worlds.NewPlayer(), worlds.NewPlayer()
	policies, bad := worlds.Policies(), worlds.Harmful()[0]
	var first []worlds.Result
	for _, policy := range policies {
		r, err := one.Play(bad, policy, 3)
		require.NoError(t, err)
		first = append(first, r)
	}
	for i, policy := range slices.Backward(policies) {
		r, err := other.Play(bad, policy, 3)
		require.NoError(t, err)
		require.Equal(t, first[i], r, policy.Name())
	}
	a, err := one.Play(bad, always{0.1, gate.Fail, time.Minute, nil}, 1)
	require.NoError(t, err)
	b, err := one.Play(bad, always{0.1, gate.Fail, time.Minute, nil}, 2)
	require.NoError(t, err)
	assert.NotEqual(t, a.Served, b.Served)
}

// What gates read keeps the laws of sources.
func TestSourceKeepsTheLaws(t *testing.T) {
	begin := worlds.Begin
	for name, c := range map[string]struct {
		w     worlds.World
		cases []metricstest.Case
	}{
		"plain": {worlds.World{Name: "plain", Rate: 100, ErrorRate: 0.1}, []metricstest.Case{
			{Group: worlds.StableLabel, Cuts: []time.Time{begin.Add(-5 * time.Minute), begin, begin.Add(time.Minute), begin.Add(4 * time.Minute)}, Parts: 2},
			{Group: worlds.CandidateLabel, Cuts: []time.Time{begin, begin.Add(time.Minute), begin.Add(4 * time.Minute)}, Parts: 1},
		}},
		"fresh, late, lost": {worlds.World{Name: "fresh", Rate: 100, ErrorRate: 0.1, Fresh: true, Late: 20 * time.Second, Resets: time.Minute}, []metricstest.Case{
			{Group: worlds.BaselineLabel, Cuts: []time.Time{begin, begin.Add(time.Minute), begin.Add(5 * time.Minute)}, Parts: 2},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			metricstest.Run(t, func() metrics.Source {
				var source *worlds.Source
				_, err := worlds.NewPlayer().Play(c.w, always{0.3, gate.Fail, 5 * time.Minute, func(s *worlds.Source) { source = s }}, 1)
				require.NoError(t, err)
				return source
			}, c.cases...)
		})
	}
}

// Late failures are not seen before they are measured; a candidate that is silent never is.
func TestSourceOfWhatIsMissing(t *testing.T) {
	read := func(w worlds.World, group string, from, to time.Duration) (metrics.Window, error) {
		var source *worlds.Source
		_, err := worlds.NewPlayer().Play(w, always{0.5, gate.Fail, 5 * time.Minute, func(s *worlds.Source) { source = s }}, 1)
		require.NoError(t, err)
		return source.Read(t.Context(), metrics.Query{Group: group, From: worlds.Begin.Add(from), To: worlds.Begin.Add(to)})
	}
	w := worlds.World{Name: "late", Rate: 100, ErrorRate: 0.2, Late: 20 * time.Second}
	old, err := read(w, worlds.CandidateLabel, 4*time.Minute, 280*time.Second)
	require.NoError(t, err)
	assert.InDelta(t, 0.2, old.ErrorRate(), 0.05)
	recent, err := read(w, worlds.CandidateLabel, 280*time.Second, 5*time.Minute)
	require.NoError(t, err)
	assert.Zero(t, recent.Errors)
	assert.InDelta(t, 800, recent.Requests, 150)
	for _, c := range []struct {
		name  string
		w     worlds.World
		group string
		from  time.Duration
		want  error
	}{
		{"silent", worlds.World{Rate: 100, ErrorRate: 0.1, Silent: true}, worlds.CandidateLabel, 0, metrics.ErrNoData},
		{"not there yet", worlds.World{Rate: 100, ErrorRate: 0.1}, worlds.CandidateLabel, -5 * time.Minute, metrics.ErrNoData},
		{"not measured", worlds.World{Rate: 100, ErrorRate: 0.1, Fresh: true}, worlds.StableLabel, 0, metrics.ErrNoData},
		{"there is none", worlds.World{Rate: 100, ErrorRate: 0.1}, worlds.BaselineLabel, 0, metrics.ErrUnknownGroup},
	} {
		_, err := read(c.w, c.group, c.from, c.from+time.Minute)
		assert.ErrorIs(t, err, c.want, c.name)
	}
}

// A baseline has the rest of the traffic, or as much as the candidate where it is fresh; its halves are
// alike, and each request has one latency.
func TestSourceOfShares(t *testing.T) {
	for _, fresh := range []bool{false, true} {
		w := worlds.World{Name: "shares", Rate: 100, ErrorRate: 0.1, Fresh: fresh, Harm: worlds.Harm{Tail: 0.3, TailTimes: 8}}
		label, rest := worlds.StableLabel, 0.9
		if fresh {
			label, rest = worlds.BaselineLabel, 0.1
		}
		var source *worlds.Source
		_, err := worlds.NewPlayer().Play(w, always{0.1, gate.Fail, 5 * time.Minute, func(s *worlds.Source) { source = s }}, 1)
		require.NoError(t, err)
		q := metrics.Query{Group: worlds.CandidateLabel, From: worlds.Begin, To: worlds.Begin.Add(5 * time.Minute)}
		c, err := source.Read(t.Context(), q)
		require.NoError(t, err)
		assert.InDelta(t, 3000, c.Requests, 275)
		assert.Equal(t, c.Requests, c.Latency.Count())
		assert.InDelta(t, 0.7, float64(c.Requests-slow(c))/float64(c.Requests), 0.05)
		q.Group = label
		parts, err := source.Parts(t.Context(), q)
		require.NoError(t, err)
		require.Len(t, parts, 2)
		for _, part := range parts {
			assert.InDelta(t, 15_000*rest, part.Requests, 600)
			assert.Equal(t, part.Requests, part.Latency.Count())
		}
	}
}

// slow is how many requests took more than half a second.
func slow(w metrics.Window) (n uint64) {
	for i, c := range w.Latency.Counts {
		if i == len(w.Latency.Bounds) || w.Latency.Bounds[i] > 0.5 {
			n += c
		}
	}
	return n
}

func TestTally(t *testing.T) {
	var tally worlds.Tally
	assert.Zero(t, tally.TimeBack(0.5))
	for i := range 10 {
		tally.Add(worlds.Result{Outcome: gate.Fail, At: time.Duration(10-i) * time.Minute, Harmed: 3})
	}
	for range 30 {
		tally.Add(worlds.Result{Outcome: gate.Pass, At: time.Hour, Harmed: 7})
	}
	tally.Add(worlds.Result{Outcome: gate.Continue})
	assert.Equal(t, 41, tally.Runs())
	assert.Equal(t, []int{10, 30, 1}, []int{tally.RolledBack, tally.Promoted, tally.Undecided})
	assert.InDelta(t, 10.0/41, tally.Back(), 1e-12)
	mean, deviation := tally.Harmed()
	assert.InDelta(t, 240.0/41, mean, 1e-12)
	assert.InDelta(t, 0.31, deviation, 0.01)
	assert.Equal(t, 5*time.Minute, tally.TimeBack(0.5))
	assert.Equal(t, 9*time.Minute, tally.TimeBack(0.9))
	assert.Equal(t, time.Hour, tally.TimePromoted(0.9))
	assert.True(t, tally.Above(0.05, 3))
	assert.False(t, tally.Above(0.15, 3))
}
