package gate_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
)

// lines answers series by group: the points lie 10 s apart, the last one 5 s before the end.
type lines struct {
	of    map[string][]float64
	err   error
	names []string
	asked *[]metrics.SeriesQuery
}

func (l lines) Series(_ context.Context, q metrics.SeriesQuery) ([]metrics.Point, error) {
	if l.asked != nil {
		*l.asked = append(*l.asked, q)
	}
	if l.err != nil {
		return nil, l.err
	}
	values, ok := l.of[q.Group]
	if !ok {
		return nil, metrics.ErrNoData
	}
	var all []metrics.Point
	for i, v := range values {
		at := q.To.Add(-5*time.Second - time.Duration(len(values)-1-i)*10*time.Second)
		if !at.Before(q.From) {
			all = append(all, metrics.Point{At: at, Value: v})
		}
	}
	return all, nil
}

// listed are lines whose names are known beforehand.
type listed struct{ lines }

func (l listed) Names() []string { return l.names }

var (
	_ metrics.SeriesSource = lines{}
	_ metrics.Namer        = listed{}
)

func TestSeries(t *testing.T) {
	of := func(values ...float64) lines { return lines{of: map[string][]float64{"1.1.0": values}} }
	for name, c := range map[string]struct {
		gate gate.Series
		want gate.Outcome
		text string
	}{
		"the last one":       {gate.Series{Source: of(9, 1), Must: []gate.Bound{gate.AtMost(1)}}, gate.Pass, "last queue of 1.1.0 is 1, and must be <= 1"},
		"above":              {gate.Series{Source: of(9, 1.01), Must: []gate.Bound{gate.AtMost(1)}}, gate.Fail, "last queue of 1.1.0 is 1.01, and must be <= 1"},
		"the largest":        {gate.Series{Source: of(9, 1), By: gate.Max, Must: []gate.Bound{gate.Below(9)}}, gate.Fail, "max queue of 1.1.0 is 9, and must be < 9"},
		"the smallest":       {gate.Series{Source: of(9, 1, 3), By: gate.Min, Must: []gate.Bound{gate.Above(0.5)}}, gate.Pass, "min queue"},
		"the mean":           {gate.Series{Source: of(1, 2, 6), By: gate.Mean, Must: []gate.Bound{gate.Equal(3)}}, gate.Pass, "mean queue"},
		"the median":         {gate.Series{Source: of(6, 1, 2, 100), By: gate.Quantile, Quantile: 0.5, Must: []gate.Bound{gate.NotEqual(4)}}, gate.Fail, "p50 queue"},
		"within two bounds":  {gate.Series{Source: of(3), Must: []gate.Bound{gate.AtLeast(2), gate.AtMost(4)}}, gate.Pass, "must be >= 2 and <= 4"},
		"below the lower":    {gate.Series{Source: of(1), Must: []gate.Bound{gate.AtLeast(2), gate.AtMost(4)}}, gate.Fail, "must be >= 2 and <= 4"},
		"too few points":     {gate.Series{Source: of(1, 1), MinPoints: 3, Must: []gate.Bound{gate.AtMost(1)}}, gate.Continue, "has 2 points of late, and needs 3"},
		"no points":          {gate.Series{Source: of(), Must: []gate.Bound{gate.AtMost(1)}}, gate.Continue, "has 0 points of late, and needs 1"},
		"no data":            {gate.Series{Source: lines{err: metrics.ErrNoData}, Must: []gate.Bound{gate.AtMost(1)}}, gate.Continue, "has 0 points"},
		"a window":           {gate.Series{Source: of(9, 9, 1, 1), By: gate.Max, Window: 20 * time.Second, Must: []gate.Bound{gate.AtMost(1)}}, gate.Pass, "max queue of 1.1.0 in 20s is 1"},
		"the service itself": {gate.Series{Source: lines{of: map[string][]float64{"": {7}}}, Of: gate.Whole, Must: []gate.Bound{gate.AtMost(1)}}, gate.Fail, "last queue is 7"},
		"zero is a limit":    {gate.Series{Source: of(-1), Must: []gate.Bound{{Op: ">="}}}, gate.Fail, "must be >= 0"},
	} {
		t.Run(name, func(t *testing.T) {
			c.gate.Name = "queue"
			v, err := c.gate.Check(t.Context(), subject())
			require.NoError(t, err)
			assert.Equal(t, c.want, v.Outcome, v.Reason)
			assert.Contains(t, v.Reason, c.text)
			assert.Equal(t, c.want == gate.Continue && name != "too few points", v.NoData)
			if c.want != gate.Continue {
				require.Len(t, v.Evidence, len(c.gate.Must))
				assert.Positive(t, v.Evidence[0].Samples)
			}
		})
	}
}

func TestSeriesAsksForItsWindow(t *testing.T) {
	var asked []metrics.SeriesQuery
	g := gate.Series{Source: lines{asked: &asked, of: map[string][]float64{"1.0.0": {1}}}, Name: "queue", Of: gate.Stable, Must: []gate.Bound{gate.AtMost(1)}}
	_, err := g.Check(t.Context(), subject())
	require.NoError(t, err)
	g.Window = time.Hour
	_, err = g.Check(t.Context(), subject())
	require.NoError(t, err)
	now := subject().Now
	assert.Equal(t, []metrics.SeriesQuery{
		{Name: "queue", Group: "1.0.0", From: subject().Since, To: now}, {Name: "queue", Group: "1.0.0", From: now.Add(-time.Hour), To: now},
	}, asked)
	s := subject()
	s.Since, g.Window = s.Now, 0
	v, err := g.Check(t.Context(), s)
	require.NoError(t, err)
	assert.True(t, v.NoData, "a bake that begins just now has no stretch")
	assert.Len(t, asked, 2)
}

// What nobody measures any more is no good news.
func TestASeriesThatHasEnded(t *testing.T) {
	s := subject()
	s.Now = s.Since.Add(time.Hour)
	for age, want := range map[time.Duration]string{time.Second: "P", 5 * time.Minute: "P", 5*time.Minute + 1: "C", 50 * time.Minute: "C"} {
		ended := answer{{At: s.Now.Add(-age), Value: 0}}
		for _, by := range []gate.Aggregate{gate.Last, gate.Max, gate.Mean} {
			g := gate.Series{Source: ended, Name: "queue", By: by, Must: []gate.Bound{gate.AtMost(1)}}
			v := gate.Ask(t.Context(), g, s)
			assert.Equal(t, want, letter(v.Outcome), "%s ago", age)
			assert.Equal(t, want == "C", v.NoData)
			g.MaxAge = time.Hour
			assert.Equal(t, gate.Pass, gate.Ask(t.Context(), g, s).Outcome)
		}
		assert.Equal(t, want, letter(gate.Ask(t.Context(), gate.Relative{Source: ended, Name: "queue"}, s).Outcome))
	}
}

// What is no number, and what was not asked for, gives no verdict.
func TestSeriesFailClosed(t *testing.T) {
	at := func(d time.Duration, v float64) metrics.Point {
		return metrics.Point{At: subject().Now.Add(d), Value: v}
	}
	answers := func(points ...metrics.Point) metrics.SeriesSource { return answer(points) }
	for name, source := range map[string]metrics.SeriesSource{
		"down":           lines{err: errors.New("connection refused")},
		"unknown group":  lines{err: metrics.ErrUnknownGroup},
		"unknown metric": lines{err: metrics.ErrUnknownMetric},
		"NaN":            answers(at(-20*time.Second, math.NaN()), at(-10*time.Second, 1)),
		"+Inf":           answers(at(-10*time.Second, math.Inf(1))),
		"-Inf":           answers(at(-10*time.Second, math.Inf(-1))),
		"too early":      answers(at(-time.Hour, 1)),
		"too late":       answers(at(0, 1)),
		"not in order":   answers(at(-10*time.Second, 1), at(-20*time.Second, 1)),
	} {
		for _, must := range [][]gate.Bound{{gate.AtMost(1)}, {gate.AtLeast(1)}, {gate.NotEqual(7)}} {
			v, err := gate.Series{Source: source, Name: "queue", Must: must}.Check(t.Context(), subject())
			require.Error(t, err, name)
			assert.Empty(t, v.Outcome)
			_, err = gate.Relative{Source: source, Name: "queue"}.Check(t.Context(), subject())
			require.Error(t, err, name)
		}
	}
	s := subject()
	s.Candidate = ""
	_, err := gate.Series{Source: lines{}, Name: "queue", Must: []gate.Bound{gate.AtMost(1)}}.Check(t.Context(), s)
	assert.ErrorContains(t, err, "step 2: 10% has no candidate group")
}

// answer is always the same answer.
type answer []metrics.Point

func (a answer) Series(context.Context, metrics.SeriesQuery) ([]metrics.Point, error) { return a, nil }

// veiled hides everything of a source but what Unwrap shows.
type veiled struct{ metrics.SeriesSource }

func (v veiled) Unwrap() metrics.SeriesSource { return v.SeriesSource }

func TestUnknownMetricsAreFoundAtWiring(t *testing.T) {
	known := listed{lines{names: []string{"heap bytes", "queue length"}}}
	require.NoError(t, gate.Series{Source: known, Name: "queue length", Must: []gate.Bound{gate.AtMost(1)}}.Validate())
	for _, g := range []gate.Gate{
		gate.Series{Source: known, Name: "queue", Must: []gate.Bound{gate.AtMost(1)}}, gate.Relative{Source: known, Name: "queue"},
	} {
		err := gate.Validate(gate.All{gate.Schedule{Gate: gate.Guard{Gate: g}}})
		require.ErrorIs(t, err, metrics.ErrUnknownMetric)
		assert.ErrorContains(t, err, `.Name: unknown metric: "queue"; the source has heap bytes, queue length`)
		_, err = g.Check(t.Context(), subject())
		require.ErrorIs(t, err, metrics.ErrUnknownMetric)
	}
	wrapped := gate.Series{Source: veiled{veiled{known}}, Name: "queue", Must: []gate.Bound{gate.AtMost(1)}}
	require.ErrorIs(t, wrapped.Validate(), metrics.ErrUnknownMetric, "also behind wrappers")
	assert.ErrorContains(t, gate.Series{Source: listed{}, Name: "queue", Must: []gate.Bound{gate.AtMost(1)}}.Validate(), "the source has none")
}

func TestSeriesValidates(t *testing.T) {
	err := gate.Series{By: "median", Quantile: 2, Window: -1, For: -1, MinPoints: -1, MaxAge: -1, Of: "canary", Must: []gate.Bound{{}, {Op: "<=", Limit: math.NaN()}}}.Validate()
	for _, want := range []string{
		"Series.Source", "Series.Name", `Series.By: unknown aggregate "median"`, "Series.Window", "Series.For", "Series.MinPoints", "Series.MaxAge", `Series.Of: unknown group "canary"`,
		`Series.Must[0].Op: "" is none of`, "Series.Must[1].Limit: NaN is no number",
	} {
		assert.ErrorContains(t, err, want)
	}
	err = gate.Series{Source: lines{}, Name: "q", By: gate.Quantile, Quantile: 99}.Validate()
	assert.ErrorContains(t, err, "Series.Quantile: 99 is not a fraction")
	assert.ErrorContains(t, err, "Series.Must: there is no bound to keep")
	assert.ErrorContains(t, gate.Series{Source: lines{}, Name: "q", Quantile: 0.5, Must: []gate.Bound{gate.AtMost(1)}}.Validate(), `Series.Quantile: 0.5 is given, and By is not "quantile"`)
	err = gate.Relative{By: "x", Window: -1, For: -1, MinPoints: -1, MaxAge: -1, Of: "x", To: "x", Op: "=", Ratio: -1, Difference: math.Inf(1)}.Validate()
	for _, want := range []string{"Source", "Name", "By", "Window", "For", "MinPoints", "MaxAge", "Of", "To", "Op", "Ratio", "Difference"} {
		assert.ErrorContains(t, err, "Relative."+want+": ")
	}
	for _, same := range []gate.Relative{{To: gate.Candidate}, {Of: gate.Stable, To: gate.Stable}} {
		assert.ErrorContains(t, same.Validate(), "Relative.To: a group is not held against itself")
	}
	assert.ErrorContains(t, gate.Relative{Of: gate.Stable}.Validate(), "Relative.To: is missing")
}

// For is how long it must be so, by the looks at it.
func TestSeriesFor(t *testing.T) {
	value := 0.0
	source := sourceFunc(func(q metrics.SeriesQuery) ([]metrics.Point, error) {
		if math.IsNaN(value) {
			return nil, metrics.ErrNoData
		}
		return []metrics.Point{{At: q.To.Add(-time.Second), Value: value}}, nil
	})
	g := gate.Series{Source: source, Name: "queue", Must: []gate.Bound{gate.AtMost(1)}, For: 2 * time.Minute, Window: time.Minute}
	values := []float64{0, 0, 0, 2, 2, 0, 2, 2, 2, math.NaN(), 0, 0, 0}
	all := play(t, g, time.Minute, len(values), func(i int, _ *gate.Subject) { value = values[i] })
	assert.Equal(t, "CCPCCCCCFCCCP", letters(all))
}

type sourceFunc func(q metrics.SeriesQuery) ([]metrics.Point, error)

func (f sourceFunc) Series(_ context.Context, q metrics.SeriesQuery) ([]metrics.Point, error) {
	return f(q)
}

func TestRelative(t *testing.T) {
	of := func(candidate, stable, baseline float64) lines {
		return lines{of: map[string][]float64{"1.1.0": {candidate}, "1.0.0": {stable}, "1.0.0/baseline": {baseline}}}
	}
	for name, c := range map[string]struct {
		source   lines
		gate     gate.Relative
		baseline bool
		want     string
		text     string
	}{
		"the same":               {of(5, 5, 9), gate.Relative{}, false, "P", "must be <= 5 (1 times the other; stable 1.0.0 has 5)"},
		"worse":                  {of(5.1, 5, 9), gate.Relative{}, false, "F", "last queue of 1.1.0 is 5.1"},
		"a tenth more":           {of(5.5, 5, 9), gate.Relative{Ratio: 1.1}, false, "P", "1.1 times the other"},
		"more than that":         {of(5.6, 5, 9), gate.Relative{Ratio: 1.1}, false, "F", "must be <= 5.5"},
		"one more":               {of(6, 5, 9), gate.Relative{Difference: 1}, false, "P", "1 times the other and 1 more"},
		"both":                   {of(6.6, 5, 9), gate.Relative{Ratio: 1.1, Difference: 1}, false, "F", "1.1 times the other and 1 more"},
		"at least so good":       {of(4.9, 5, 9), gate.Relative{Op: ">=", Difference: -0.1}, false, "P", "and 0.1 less"},
		"to the baseline":        {of(8, 5, 9), gate.Relative{}, true, "P", "baseline 1.0.0/baseline has 9"},
		"to stable all the same": {of(8, 5, 9), gate.Relative{To: gate.Stable}, true, "F", "stable 1.0.0 has 5"},
		"zero against zero":      {of(0, 0, 9), gate.Relative{Ratio: 1.1}, false, "P", "must be <= 0"},
		"something against zero": {of(0.1, 0, 9), gate.Relative{Ratio: 1.1, Difference: 0.05}, false, "F", "must be <= 0.05"},
		"the baseline itself":    {of(8, 5, 9), gate.Relative{Of: gate.Baseline, To: gate.Stable}, true, "F", "of 1.0.0/baseline is 9"},
		"nothing of the one":     {lines{of: map[string][]float64{"1.0.0": {1}}}, gate.Relative{}, false, "C", "last queue of 1.1.0 has 0 points"},
		"nothing of the other":   {lines{of: map[string][]float64{"1.1.0": {1}}}, gate.Relative{}, false, "C", "last queue of 1.0.0 has 0 points"},
		"below zero":             {of(-5, -5, 9), gate.Relative{}, false, "P", "must be <= -5"},
		"a ratio of below zero":  {of(-6, -5, 9), gate.Relative{Ratio: 1.1}, false, "", "a multiple of what is below zero is no limit"},
		"beyond all numbers":     {of(1, math.MaxFloat64, 9), gate.Relative{Ratio: 2}, false, "", "is no number"},
	} {
		t.Run(name, func(t *testing.T) {
			s := subject()
			if c.baseline {
				s.Baseline = "1.0.0/baseline"
			}
			c.gate.Source, c.gate.Name = c.source, "queue"
			v, err := c.gate.Check(t.Context(), s)
			if c.want == "" {
				require.ErrorContains(t, err, c.text)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, letter(v.Outcome), v.Reason)
			assert.Contains(t, v.Reason, c.text)
			assert.Equal(t, c.want == "C", v.NoData)
			if c.want != "C" {
				assert.Contains(t, v.Evidence[0].Against, "1.0.0")
			}
		})
	}
}

// A quantile never leaves what was measured, by as little as it may be.
func TestQuantilesOfEqualValues(t *testing.T) {
	for _, value := range []float64{0.01, 0.1, 0.3, 1.1, 200} {
		for n := 2; n < 100; n++ {
			for _, q := range []float64{0.5, 0.9, 0.95, 0.99} {
				values := slices.Repeat([]float64{value}, n)
				g := gate.Series{Source: lines{of: map[string][]float64{"1.1.0": values}}, Name: "x", By: gate.Quantile, Quantile: q, Must: []gate.Bound{gate.Equal(value)}}
				v := gate.Ask(t.Context(), g, subject())
				require.Equal(t, gate.Pass, v.Outcome, "p%g of %d: %s", 100*q, n, v)
			}
		}
	}
}

// Both groups need their points.
func TestRelativeNeedsPointsOfBoth(t *testing.T) {
	for want, of := range map[string]map[string][]float64{
		"1.0.0 has 2 points of late, and needs 3": {"1.1.0": {1, 1, 1}, "1.0.0": {1, 1}},
		"1.1.0 has 2 points of late, and needs 3": {"1.1.0": {1, 1}, "1.0.0": {1, 1, 1}},
	} {
		v := gate.Ask(t.Context(), gate.Relative{Source: lines{of: of}, Name: "queue", MinPoints: 3}, subject())
		assert.Equal(t, gate.Continue, v.Outcome, "%s", v)
		assert.Contains(t, v.Reason, want)
	}
}

// The aggregates against simple second implementations.
func TestAggregatesOfRandomSeries(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 10))
	for range 2_000 {
		values := make([]float64, 1+rnd.IntN(5))
		sum := 0.0
		for i := range values {
			values[i] = math.Round(rnd.NormFloat64()*100) / 4
			sum += values[i]
		}
		q := float64(rnd.IntN(5)) / 4
		sorted := slices.Sorted(slices.Values(values))
		place := q * float64(len(values)-1)
		between := sorted[int(math.Floor(place))] + (sorted[int(math.Ceil(place))]-sorted[int(math.Floor(place))])*(place-math.Floor(place))
		for by, want := range map[gate.Aggregate]float64{
			gate.Last: values[len(values)-1], gate.Min: sorted[0], gate.Max: sorted[len(sorted)-1],
			gate.Mean: sum / float64(len(values)), gate.Quantile: between,
		} {
			g := gate.Series{Source: lines{of: map[string][]float64{"1.1.0": values}}, Name: "x", By: by, Must: []gate.Bound{gate.AtMost(0)}}
			if by == gate.Quantile {
				g.Quantile = q
			}
			v, err := g.Check(t.Context(), subject())
			require.NoError(t, err)
			require.InDelta(t, want, v.Evidence[0].Value, 1e-9, "%s of %v", by, values)
		}
	}
	huge := lines{of: map[string][]float64{"1.1.0": {math.MaxFloat64, math.MaxFloat64, -math.MaxFloat64, math.MaxFloat64}}}
	for by, want := range map[gate.Aggregate]gate.Outcome{gate.Last: gate.Fail, gate.Min: gate.Pass, gate.Max: gate.Fail, gate.Mean: gate.Fail} {
		v := gate.Ask(t.Context(), gate.Series{Source: huge, Name: "x", By: by, Must: []gate.Bound{gate.Below(1)}}, subject())
		assert.Equal(t, want, v.Outcome, "no sum overflows: %s", v)
	}
}

func TestOps(t *testing.T) {
	nan := math.NaN()
	for op, want := range map[gate.Op]string{"<": "yes no no", "<=": "yes yes no", ">": "no no yes", ">=": "no yes yes", "==": "no yes no", "!=": "yes no yes", "=": "no no no"} {
		got := ""
		for _, v := range []float64{1, 2, 3} {
			got += map[bool]string{true: " yes", false: " no"}[op.Holds(v, 2)]
		}
		assert.Equal(t, " "+want, got, op)
		assert.False(t, op.Holds(nan, 1) || op.Holds(1, nan) || op.Holds(nan, nan), "%s of what is no number", op)
	}
}
