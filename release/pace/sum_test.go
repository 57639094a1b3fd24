package pace_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/pace"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ran is the events of a release whose stages, one after the other, took so long.
func ran(id string, p ledger.Pipeline, took map[string]time.Duration) []ledger.Event {
	events := []ledger.Event{{Seq: 1, Time: epoch, Body: ledger.Requested{Release: stage.Release{ID: id, Service: "shop", RequestedBy: "ada"}, Pipeline: p}}}
	now := epoch
	for _, s := range p.Stages {
		events = append(events, ledger.Event{Seq: uint64(len(events) + 1), Time: now, Stage: s.Name, Attempt: 1, Body: ledger.Began{}})
		now = now.Add(took[s.Name])
		events = append(events, ledger.Event{Seq: uint64(len(events) + 1), Time: now, Stage: s.Name, Attempt: 1, Body: ledger.Ended{Outcome: stage.Succeeded}})
	}
	return append(events, ledger.Event{Seq: uint64(len(events) + 1), Time: now, Body: ledger.Finished{Outcome: stage.Succeeded}})
}

// The 95 % of a pipeline are those of all combinations of what its stages take, gone through one by one on a fine grid, within 3 %; and neither the
// sum of all 95 % nor one stage alone.
func TestTheSumIsThatOfAllCombinations(t *testing.T) {
	const parts = 60
	for seed := range uint64(12 / raced) {
		r := rand.New(rand.NewPCG(seed, 3))
		p := ledger.Pipeline{Name: "shop", Stages: []ledger.Stage{{Name: "a"}, {Name: "b", Needs: []string{"a"}}, {Name: "c", Needs: []string{"a"}}}}
		if seed%2 == 0 {
			p.Stages[2].Needs = []string{"b"}
		}
		book := pace.NewBook(pace.Options{Seed: seed, Draws: 4000})
		took := make(map[string][]time.Duration)
		for run := range 3 + r.IntN(10) {
			once := make(map[string]time.Duration)
			for _, s := range p.Stages {
				once[s.Name] = time.Duration(60+r.ExpFloat64()*600) * time.Second
				took[s.Name] = append(took[s.Name], once[s.Name])
			}
			require.NoError(t, book.Add(pace.Real, each(ran(fmt.Sprint("r", run), p, once))))
		}
		grid := make(map[string][]time.Duration)
		for name, all := range took {
			slices.Sort(all)
			for i := range parts {
				at := (float64(i) + 0.5) / parts * float64(len(all)-1)
				low := all[int(at)]
				grid[name] = append(grid[name], low+time.Duration((at-float64(int(at)))*float64(all[int(at)+1]-low)))
			}
		}
		var sums []time.Duration
		for _, a := range grid["a"] {
			for _, b := range grid["b"] {
				for _, c := range grid["c"] {
					if seed%2 == 0 {
						sums = append(sums, a+b+c)
					} else {
						sums = append(sums, a+max(b, c))
					}
				}
			}
		}
		slices.Sort(sums)
		e, err := book.Expect(p)
		require.NoError(t, err)
		assert.InEpsilon(t, sums[len(sums)/2], e.Work.Median, 0.03, "seed %d", seed)
		assert.InEpsilon(t, sums[len(sums)*95/100], e.Work.P95, 0.03, "seed %d", seed)
		assert.Less(t, e.Work.P95, e.Together, "seed %d", seed)

		again, err := book.Expect(p)
		require.NoError(t, err)
		assert.Equal(t, e, again, "the same book, the same figures")
	}
}

// One stage alone has its own quantiles, as example 25 of delivery planning has them: at 25 minutes, it fits by nine tenths and not by 95 %.
func TestOneStageKeepsItsQuantiles(t *testing.T) {
	p := ledger.Pipeline{Name: "shop", Stages: []ledger.Stage{{Name: "rollout"}}}
	book := pace.NewBook(pace.Options{})
	for i, minutes := range []time.Duration{12, 14, 13, 30, 15} {
		require.NoError(t, book.Add(pace.Rehearsal, each(ran(fmt.Sprint(i), p, map[string]time.Duration{"rollout": minutes * time.Minute}))))
	}
	e, err := book.Expect(p)
	require.NoError(t, err)
	assert.InDelta(t, 14*time.Minute, e.Work.Median, float64(time.Second))
	need, err := e.Runway()
	require.NoError(t, err)
	assert.InDelta(t, 27*time.Minute, need, float64(3*time.Second))
	assert.Greater(t, need, 25*time.Minute)
	assert.Equal(t, 5, e.Stages[0].Work.Rehearsed)
}

func TestRehearsalsCountWhileRealRunsAreFew(t *testing.T) {
	p := ledger.Pipeline{Name: "shop", Stages: []ledger.Stage{{Name: "rollout"}}}
	book := pace.NewBook(pace.Options{Enough: 3, Keep: 4})
	add := func(kind pace.Kind, minutes time.Duration) pace.Figures {
		require.NoError(t, book.Add(kind, each(ran("r", p, map[string]time.Duration{"rollout": minutes * time.Minute}))))
		f, ok := book.Work("rollout")
		require.True(t, ok)
		return f
	}
	assert.Equal(t, 10*time.Minute, add(pace.Rehearsal, 10).Median)
	f := add(pace.Real, 20)
	assert.Equal(t, []any{15 * time.Minute, 1, 1, 2}, []any{f.Median, f.Real, f.Rehearsed, f.Runs()})
	add(pace.Real, 20)
	f = add(pace.Real, 30)
	assert.Equal(t, []any{20 * time.Minute, 3, 0}, []any{f.Median, f.Real, f.Rehearsed}, "three suffice")
	add(pace.Real, 40)
	f = add(pace.Real, 50)
	assert.Equal(t, []any{35 * time.Minute, 4}, []any{f.Median, f.Real}, "the latest four: 20, 30, 40, 50")
	assert.Equal(t, 5, book.Releases(pace.Real))
	assert.Equal(t, 1, book.Releases(pace.Rehearsal))
	assert.Equal(t, "shop", book.Pipeline())
	assert.Equal(t, []string{"rollout"}, book.Stages())

	other := ledger.Pipeline{Name: "blog", Stages: p.Stages}
	require.ErrorIs(t, book.Add(pace.Real, each(ran("o", other, nil))), pace.ErrOther)
	_, err := book.Expect(other)
	require.ErrorIs(t, err, pace.ErrOther)
	require.ErrorIs(t, book.Add(pace.Real, each(nil)), ledger.ErrBroken)
	require.ErrorIs(t, book.Add(pace.Real, each(ran("x", p, nil)[1:])), ledger.ErrBroken)
	require.ErrorContains(t, book.Add("pretended", each(ran("x", p, nil))), `no kind "pretended"`)
	assert.Equal(t, 5, book.Releases(pace.Real), "nothing of those was learned")

	more := ledger.Pipeline{Name: "shop", Stages: append(slices.Clone(p.Stages), ledger.Stage{Name: "new", Needs: []string{"rollout"}})}
	e, err := book.Expect(more)
	require.NoError(t, err)
	_, err = e.Runway()
	require.ErrorIs(t, err, pace.ErrUnseen)
	require.ErrorContains(t, err, "new")
	assert.Contains(t, e.Text(), "work at least 35m")
}

// What is not known is not taken as nothing: neither where the events are missing, nor where the stages of another pipeline have the same names.
func TestAForecastOfWhatIsNotKnown(t *testing.T) {
	p := ledger.Pipeline{Name: "shop", Stages: []ledger.Stage{{Name: "build"}, {Name: "rollout", Needs: []string{"build"}}}}
	book := pace.NewBook(pace.Options{})
	for range 5 {
		require.NoError(t, book.Add(pace.Real, each(engine(t, p, nil, func(*ledger.Stage) time.Duration { return time.Minute }))))
	}
	course := func(events []ledger.Event) *pace.Course {
		c, err := pace.Follow(each(events))
		require.NoError(t, err)
		return c
	}
	begun := engine(t, p, nil, func(*ledger.Stage) time.Duration { return time.Minute })[:1]
	need, err := book.Forecast(course(begun), epoch).Runway()
	require.NoError(t, err)
	assert.Equal(t, 2*time.Minute, need)

	none := book.Forecast(course(nil), epoch)
	_, err = none.Runway()
	require.ErrorIs(t, err, pace.ErrNoEnd)
	assert.True(t, none.AtLeast())
	likely, late := none.Ends()
	assert.True(t, likely.IsZero() && late.IsZero())
	assert.NotContains(t, none.String(), "by ")

	p.Name = "blog"
	other := book.Forecast(course(engine(t, p, nil, func(*ledger.Stage) time.Duration { return time.Hour })[:1]), epoch)
	_, err = other.Runway()
	require.ErrorIs(t, err, pace.ErrUnseen)
	assert.Equal(t, []string{"build", "rollout"}, other.Unseen)
	assert.False(t, other.Known)
}
