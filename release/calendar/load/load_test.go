package load_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/release/calendar"
	"github.com/davit-sdk/davit/release/calendar/load"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var begin = time.Date(2026, 9, 28, 0, 0, 0, 0, time.UTC) // a Monday

// series is one point every ten minutes: busy by day, quiet at night, the least at 04:00 of the local clock.
func series(location *time.Location, weeks int, change func(t time.Time, v float64) float64) (all []metrics.Point) {
	for at := begin; at.Before(begin.AddDate(0, 0, 7*weeks)); at = at.Add(10 * time.Minute) {
		l := at.In(location)
		hour := float64(l.Hour()) + float64(l.Minute())/60
		v := 100 - 80*math.Cos((hour-16)/24*2*math.Pi+math.Pi)
		if l.Weekday() == time.Saturday || l.Weekday() == time.Sunday {
			v /= 2
		}
		if change != nil {
			v = change(at, v)
		}
		all = append(all, metrics.Point{At: at, Value: v})
	}
	return all
}

func Example() {
	profile, err := load.Learn(series(time.UTC, 6, nil), load.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	workdays := calendar.Calendar{Name: "team", Zone: "UTC", Allow: []calendar.Window{{
		Name: "work", Start: calendar.Clock(2026, time.January, 5, 9, 0), End: calendar.Clock(2026, time.January, 5, 17, 0),
		Rule: calendar.Rule{Freq: calendar.Weekly, ByDay: []calendar.Day{{On: calendar.Monday}, {On: calendar.Thursday}}},
	}}}
	schedule, err := calendar.Compile(calendar.Options{}, workdays)
	if err != nil {
		fmt.Println(err)
		return
	}
	times, err := profile.Quietest(load.Question{Schedule: schedule, From: begin.AddDate(0, 0, 42), Length: time.Hour, Count: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, t := range times {
		fmt.Printf("%s load %.0f, by %d weeks\n", t.From.Format("Mon 2006-01-02 15:04"), t.Load, t.Weeks)
	}
	// Output:
	// Mon 2026-11-09 09:00 load 89, by 6 weeks
	// Thu 2026-11-12 09:00 load 89, by 6 weeks
}

func learn(t *testing.T, points []metrics.Point, o load.Options) *load.Profile {
	t.Helper()
	p, err := load.Learn(points, o)
	require.NoError(t, err)
	return p
}

func place(t *testing.T, name string) *time.Location {
	t.Helper()
	location, err := time.LoadLocation(name)
	require.NoError(t, err)
	return location
}

// A bad week, gaps and nonsense change next to nothing.
func TestTheProfileIsRobust(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	clean := learn(t, series(time.UTC, 8, nil), load.Options{})
	rough := series(time.UTC, 8, func(at time.Time, v float64) float64 {
		switch week := int(at.Sub(begin).Hours() / 24 / 7); {
		case week == 3:
			return v * 50 // a sale
		case week == 5 && at.Hour() > 6:
			return math.NaN()
		case r.IntN(100) == 0:
			return math.Inf(1)
		}
		return v
	})
	rough = slices.DeleteFunc(rough, func(p metrics.Point) bool { return p.At.Sub(begin) > 900*time.Hour && p.At.Sub(begin) < 950*time.Hour })
	r.Shuffle(len(rough), func(i, j int) { rough[i], rough[j] = rough[j], rough[i] })
	got := learn(t, rough, load.Options{})
	for at := begin; at.Before(begin.AddDate(0, 0, 7)); at = at.Add(time.Minute * 15) {
		want, _ := clean.At(at)
		e, ok := got.At(at)
		require.True(t, ok)
		require.InDelta(t, want.Load, e.Load, 1e-9, at)
		require.Less(t, e.Weeks, 9)
		require.GreaterOrEqual(t, e.Weeks, 5)
	}
}

// The profile is one of the local clock: over the end of summer time, four in the morning stays four in the morning.
func TestTheProfileIsLocal(t *testing.T) {
	berlin := place(t, "Europe/Berlin")
	p := learn(t, series(berlin, 8, nil), load.Options{Location: berlin})
	for _, c := range []struct{ from, want string }{{"2026-10-05T00:00:00Z", "2026-10-05T04:00:00+02:00"}, {"2026-11-09T00:00:00Z", "2026-11-09T04:00:00+01:00"}} {
		from, _ := time.Parse(time.RFC3339, c.from)
		times, err := p.Quietest(load.Question{From: from, To: from.AddDate(0, 0, 1), Length: 10 * time.Minute, Count: 1})
		require.NoError(t, err)
		assert.Equal(t, c.want, times[0].From.In(berlin).Format(time.RFC3339))
		assert.Equal(t, 8, times[0].Weeks)
	}
	// 02:00 to 03:00 comes twice on 2026-10-25, and is one value of that week.
	e, _ := p.At(time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC))
	assert.Equal(t, 8, e.Weeks)
}

// By brute force: no other time in what is allowed is quieter.
func TestTheQuietest(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	p := learn(t, series(time.UTC, 4, func(_ time.Time, v float64) float64 { return v * (0.5 + r.Float64()) }), load.Options{Slot: 30 * time.Minute})
	for range 20 / raced {
		c := calendar.Calendar{Name: "c", Zone: "UTC"}
		for i := range 6 {
			d := begin.AddDate(0, 0, 30+r.IntN(10)).Add(time.Duration(r.IntN(24*60)) * time.Minute)
			c.Allow = append(c.Allow, calendar.Window{Name: fmt.Sprint(i), Start: calendar.Clock(d.Year(), d.Month(), d.Day(), d.Hour(), d.Minute()), Length: time.Duration(1+r.IntN(600)) * time.Minute})
		}
		schedule, err := calendar.Compile(calendar.Options{}, c)
		require.NoError(t, err)
		q := load.Question{Schedule: schedule, From: begin.AddDate(0, 0, 28), Length: time.Duration(1+r.IntN(200)) * time.Minute, Count: 5}
		times, err := p.Quietest(q)
		mean := func(from time.Time) float64 {
			sum := 0.0
			for m := range int(q.Length / time.Minute) {
				e, _ := p.At(from.Add(time.Duration(m) * time.Minute))
				sum += e.Load
			}
			return sum / float64(q.Length/time.Minute)
		}
		best := math.Inf(1)
		for at := q.From; at.Before(q.From.Add(load.DefaultAhead)); at = at.Add(time.Minute) {
			starts := at.Minute()%30 == 0 || !isOpen(schedule, at.Add(-time.Minute))
			if starts && schedule.Fits(at, q.Length).Fits && !at.Add(q.Length).After(q.From.Add(load.DefaultAhead)) {
				best = min(best, mean(at))
			}
		}
		if err != nil {
			require.ErrorIs(t, err, load.ErrNowhere)
			require.True(t, math.IsInf(best, 1))
			continue
		}
		require.InDelta(t, best, times[0].Load, 1e-6)
		for i, a := range times {
			require.InDelta(t, mean(a.From), a.Load, 1e-6)
			require.True(t, schedule.Fits(a.From, q.Length).Fits)
			require.GreaterOrEqual(t, a.Peak, a.Load)
			for _, b := range times[:i] {
				require.LessOrEqual(t, b.Load, a.Load)
				require.False(t, a.From.Before(b.To) && b.From.Before(a.To), "they do not overlap")
			}
		}
	}
}

func TestTooLittle(t *testing.T) {
	for name, c := range map[string]struct {
		points []metrics.Point
		want   string
	}{
		"nothing":      {nil, "0 points of 0 weeks, in which 0 of the 672 slots of a week were measured at least 3 times; half of them are needed"},
		"two weeks":    {series(time.UTC, 2, nil), "2016 points of 2 weeks, in which 0 of the 672 slots"},
		"no numbers":   {series(time.UTC, 9, func(time.Time, float64) float64 { return math.NaN() }), "0 points"},
		"mornings too": {slices.DeleteFunc(series(time.UTC, 5, nil), func(p metrics.Point) bool { return p.At.Hour() > 10 }), "308 of the 672 slots"},
		"nights only":  {slices.DeleteFunc(series(time.UTC, 5, nil), func(p metrics.Point) bool { return p.At.Hour() > 6 }), "196 of the 672 slots"},
	} {
		_, err := load.Learn(c.points, load.Options{})
		var little *load.TooLittleError
		require.True(t, errors.As(err, &little), name)
		assert.ErrorContains(t, err, c.want, name)
	}
}

// What stands behind a time is what stands behind the part of it of which least is known.
func TestTheLeastData(t *testing.T) {
	p := learn(t, slices.DeleteFunc(series(time.UTC, 5, nil), func(p metrics.Point) bool { return p.At.Hour() == 5 && p.At.Sub(begin) < 7*24*time.Hour }), load.Options{})
	four := begin.AddDate(0, 0, 35).Add(4 * time.Hour)
	times, err := p.Quietest(load.Question{From: four, To: four.Add(2 * time.Hour), Length: 2 * time.Hour})
	require.NoError(t, err)
	assert.Equal(t, 4, times[0].Weeks)
}

// Where nothing is known nothing is proposed.
func TestWhatIsNotKnownIsNotProposed(t *testing.T) {
	p := learn(t, slices.DeleteFunc(series(time.UTC, 5, nil), func(p metrics.Point) bool { return p.At.Hour() == 4 }), load.Options{})
	times, err := p.Quietest(load.Question{From: begin, Length: 20 * time.Minute, Count: 50})
	require.NoError(t, err)
	for _, at := range times {
		assert.NotEqual(t, 4, at.From.Hour())
		assert.NotEqual(t, 4, at.To.Add(-1).Hour())
	}
	_, err = p.Quietest(load.Question{From: begin, Length: 24 * time.Hour})
	assert.ErrorIs(t, err, load.ErrNowhere)
}

func TestValidate(t *testing.T) {
	err := load.Options{Slot: 7 * time.Minute, MinWeeks: -1}.Validate()
	assert.ErrorContains(t, err, "Options.Slot: 7m0s is not of whole minutes that divide a day")
	assert.ErrorContains(t, err, "Options.MinWeeks: -1")
	_, err = load.Learn(nil, load.Options{Slot: time.Second})
	assert.ErrorContains(t, err, "Options.Slot")
	err = load.Question{To: begin, Length: -1, Count: -1}.Validate()
	for _, want := range []string{"Question.From", "Question.Length", "Question.Count"} {
		assert.ErrorContains(t, err, want)
	}
	assert.ErrorContains(t, load.Question{From: begin, To: begin, Length: 1}.Validate(), "Question.To")
}

func isOpen(s *calendar.Schedule, at time.Time) bool {
	open, _ := s.Open(at)
	return open
}
