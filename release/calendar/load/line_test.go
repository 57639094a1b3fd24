package load_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/release/calendar"
	"github.com/davit-sdk/davit/release/calendar/load"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A year of minutes, each of which may begin a week: it costs no more than the minutes, where to add each week up would cost
// ten thousand times as much.
func TestALongAndFineQuestion(t *testing.T) {
	var points []metrics.Point
	for at := begin; at.Before(begin.AddDate(0, 0, 21)); at = at.Add(time.Minute) {
		points = append(points, metrics.Point{At: at, Value: 1 + 0.1*float64(at.Hour())})
	}
	p := learn(t, points, load.Options{Slot: time.Minute})
	times, err := p.Quietest(load.Question{From: begin, To: begin.AddDate(1, 0, 0), Length: 7 * 24 * time.Hour, Count: 40})
	require.NoError(t, err)
	require.Len(t, times, 40)
	for i, at := range times {
		assert.Equal(t, begin.AddDate(0, 0, 7*i), at.From, "all are equal, and the earliest are first")
		assert.InDelta(t, 2.15, at.Load, 1e-12)
	}
}

// The highest peak and the fewest weeks are those of a walk by the minute, over changes of the clock, too.
func TestPeaksAndWeeks(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, name := range []string{"UTC", "Europe/Berlin", "Australia/Lord_Howe"} {
		var points []metrics.Point
		for _, at := range series(place(t, name), 6, func(_ time.Time, v float64) float64 { return v * (0.5 + r.Float64()) }) {
			if r.IntN(8) > 0 {
				points = append(points, at)
			}
		}
		p := learn(t, points, load.Options{Slot: 20 * time.Minute, Location: place(t, name), MinWeeks: 5})
		for range 5 / raced {
			q := load.Question{From: begin.Add(time.Duration(r.IntN(100_000)) * time.Second), Length: time.Duration(1+r.IntN(7000)) * time.Second, Count: 60}
			times, err := p.Quietest(q)
			require.NoError(t, err)
			for _, at := range times {
				peak, weeks := math.Inf(-1), math.MaxInt
				for s := at.From; s.Before(at.To); s = s.Add(time.Second) {
					e, ok := p.At(s)
					require.True(t, ok)
					peak, weeks = max(peak, e.Load+e.Spread), min(weeks, e.Weeks)
				}
				require.Equal(t, peak, at.Peak)
				require.Equal(t, weeks, at.Weeks)
			}
		}
	}
}

func TestHugeLoads(t *testing.T) {
	p := learn(t, series(time.UTC, 4, func(time.Time, float64) float64 { return math.MaxFloat64 }), load.Options{})
	times, err := p.Quietest(load.Question{From: begin, Length: 7 * 24 * time.Hour})
	require.NoError(t, err)
	assert.InEpsilon(t, math.MaxFloat64, times[0].Load, 1e-15)
	assert.Equal(t, begin, times[0].From)
}

// Moments before the first slot there is are answered as all others, and what has learned nothing knows nothing.
func TestMomentsLongAgo(t *testing.T) {
	p := learn(t, series(time.UTC, 4, nil), load.Options{})
	for at := begin.AddDate(0, 0, -7*3000); at.Before(begin.AddDate(0, 0, -7*2999)); at = at.Add(15 * time.Minute) {
		e, ok := p.At(at)
		require.True(t, ok)
		want, _ := p.At(at.AddDate(0, 0, 7*3000))
		require.Equal(t, want, e, at)
	}
	_, ok := p.At(time.Time{})
	assert.True(t, ok)
	_, ok = new(load.Profile).At(begin)
	assert.False(t, ok)
	_, err := new(load.Profile).Quietest(load.Question{From: begin, Length: time.Hour})
	assert.ErrorIs(t, err, load.ErrNowhere)
}

// A series that leaves slots empty each week is refused, and not made a profile that has no answer.
func TestASeriesThatIsTooCoarse(t *testing.T) {
	every := func(distance, jitter time.Duration) (all []metrics.Point) {
		r := rand.New(rand.NewPCG(3, 4))
		for at := begin; at.Before(begin.AddDate(0, 0, 28)); at = at.Add(distance) {
			all = append(all, metrics.Point{At: at.Add(time.Duration(r.Int64N(int64(jitter) + 1))), Value: 1}, metrics.Point{At: at, Value: 2})
		}
		return all
	}
	for _, distance := range []time.Duration{20 * time.Minute, 30 * time.Minute, time.Hour} {
		_, err := load.Learn(every(distance, 0), load.Options{})
		require.ErrorIs(t, err, load.ErrCoarse)
		assert.ErrorContains(t, err, "Options.Slot: ")
		assert.ErrorContains(t, err, "the points are usually "+distance.String()+" apart, a slot is 15m0s")
		learn(t, every(distance, 0), load.Options{Slot: time.Hour})
	}
	learn(t, every(15*time.Minute, time.Second), load.Options{})
}

func TestNowhereSaysWhatIsNotKnown(t *testing.T) {
	var points []metrics.Point
	for _, p := range series(time.UTC, 5, nil) {
		if p.At.Hour() != 4 {
			points = append(points, p)
		}
	}
	_, err := learn(t, points, load.Options{}).Quietest(load.Question{From: begin, Length: 24 * time.Hour})
	assert.ErrorContains(t, err, "where 28 of the 672 slots of a week are not known")
	closed, err := calendar.Compile(calendar.Options{}, calendar.Calendar{Name: "c", Zone: "UTC", Freeze: []calendar.Window{{Name: "w", Start: calendar.Clock(2026, 1, 1, 0, 0), Length: 366 * 24 * time.Hour}}})
	require.NoError(t, err)
	_, err = learn(t, series(time.UTC, 5, nil), load.Options{}).Quietest(load.Question{Schedule: closed, From: begin, Length: time.Hour})
	assert.ErrorContains(t, err, "where 0 of the 672 slots of a week are not known")
}
