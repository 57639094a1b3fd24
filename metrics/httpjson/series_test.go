package httpjson_test

import (
	"fmt"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/httpjson"
	"github.com/davit-sdk/davit/metrics/metricstest"
)

func series(t testing.TB, e httpjson.Endpoint, p httpjson.Points, names ...string) *httpjson.Series {
	s, err := httpjson.NewSeries(e, p, names...)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

const ranged = "/range?name={name}&group={group}&from={from.unix}&to={to.unix}"

var pairs = httpjson.Points{List: "data.result.0.values", At: "0", Value: "1"}

func TestSeries(t *testing.T) {
	// As Prometheus answers a range, with a point too many at either side, and one out of order.
	body := fmt.Sprintf(`{"data":{"result":[{"values":[[%d,"9"],[%d,"1.5"],[%d.25,"NaN"],[%d,"+Inf"],[%d,null],[%d,2],[%d,"9"]]}]}}`,
		noon.Unix()-1, noon.Unix(), noon.Unix()+30, noon.Unix()+20, noon.Unix()+21, noon.Unix()+59, noon.Unix()+60)
	s := series(t, httpjson.Endpoint{URL: says(t, body) + ranged}, pairs, "load", "depth")
	assert.Equal(t, []string{"depth", "load"}, s.Names())
	q := metrics.SeriesQuery{Name: "load", Group: "a", From: noon, To: noon.Add(time.Minute)}
	points, err := s.Series(t.Context(), q)
	require.NoError(t, err)
	require.Len(t, points, 4)
	assert.Equal(t, metrics.Point{At: noon, Value: 1.5}, points[0])
	assert.Equal(t, metrics.Point{At: noon.Add(20 * time.Second), Value: math.Inf(1)}, points[1])
	assert.True(t, math.IsNaN(points[2].Value))
	assert.Equal(t, noon.Add(30*time.Second+250*time.Millisecond), points[2].At)
	assert.Equal(t, metrics.Point{At: noon.Add(59 * time.Second), Value: 2}, points[3])

	q.Name = "lag"
	_, err = s.Series(t.Context(), q)
	assert.ErrorIs(t, err, metrics.ErrUnknownMetric)

	dots := series(t, httpjson.Endpoint{URL: says(t, "[]") + ranged}, pairs, ".", "..")
	for _, name := range dots.Names() {
		_, err = dots.Series(t.Context(), metrics.SeriesQuery{Name: name, From: noon, To: noon.Add(1)})
		assert.ErrorContains(t, err, "no names for a URL")
	}

	ms := series(t, httpjson.Endpoint{URL: says(t, fmt.Sprintf(`[{"t":%d,"v":1},{"t":"2026-01-01T12:00:02Z","v":2}]`, noon.Add(time.Second).UnixMilli())) + ranged},
		httpjson.Points{List: ".", At: "t", Value: "v", Unit: time.Millisecond}, "load")
	q.Name = "load"
	points, err = ms.Series(t.Context(), q)
	require.NoError(t, err)
	assert.Equal(t, []metrics.Point{{At: noon.Add(time.Second), Value: 1}, {At: noon.Add(2 * time.Second), Value: 2}}, points)
}

func TestSeriesThatAreNone(t *testing.T) {
	for body, want := range map[string]string{
		`{"data":{"result":[{"values":7}]}}`:            "data.result.0.values: is a number, and not a list",
		`{"data":{"result":[{"values":[7]}]}}`:          "data.result.0.values, entry 0: 1: its answer has a number before it",
		`{"data":{"result":[{"values":[[1,"x"]]}]}}`:    "entry 0: 1: is a text, and not a number",
		`{"data":{"result":[{"values":[[1,[2]]]}]}}`:    "entry 0: 1: is a list, and not a number",
		`{"data":{"result":[{"values":[["x",1]]}]}}`:    "entry 0: 0: is a text, and no time",
		`{"data":{"result":[{"values":[[null,1]]}]}}`:   "entry 0: 0: its answer has a value without a time",
		`{"data":{"result":[{"values":[{"1":1}]}]}}`:    "entry 0: 0: its answer has no such field",
		`{"data":{"result":[{"values":[["NaN",1]]}]}}`:  "is it in another unit?",
		`{"data":{"result":[{"values":[["1e99",1]]}]}}`: "is it in another unit?",
		`{"data":{"results":[]}}`:                       "data.result: its answer has no such field",
	} {
		_, err := series(t, httpjson.Endpoint{URL: says(t, body) + ranged}, pairs, "load").Series(t.Context(),
			metrics.SeriesQuery{Name: "load", From: noon, To: noon.Add(time.Minute)})
		assert.ErrorContains(t, err, want)
		assert.NotErrorIs(t, err, metrics.ErrNoData, body)
	}
	for _, body := range []string{`{"data":{"result":[]}}`, `{"data":{"result":[{"values":null}]}}`, `{"data":{"result":[{"values":[[1,1]]}]}}`} {
		_, err := series(t, httpjson.Endpoint{URL: says(t, body) + ranged}, pairs, "load").Series(t.Context(),
			metrics.SeriesQuery{Name: "load", From: noon, To: noon.Add(time.Minute)})
		assert.ErrorIs(t, err, metrics.ErrNoData, body)
	}
}

func TestSeriesConformance(t *testing.T) {
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("group") != "a" {
			w.WriteHeader(404)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `[`)
		for i := range 10 {
			fmt.Fprintf(w, `[%d,%d],`, noon.Unix()+int64(i), i*i)
		}
		fmt.Fprint(w, `[0,0]]`)
	})
	points := httpjson.Points{List: ".", At: "0", Value: "1"}
	s := series(t, httpjson.Endpoint{URL: base + ranged}, points, "load")
	second := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Second) }
	metricstest.RunSeries(t, func() metrics.SeriesSource { return s }, metricstest.SeriesCase{
		Series: "load", Group: "a", Cuts: []time.Time{second(0), second(3), second(4), second(20)}, SilentFrom: second(30), SilentTo: second(40),
		Down: func() metrics.SeriesSource {
			return series(t, httpjson.Endpoint{URL: "http://127.0.0.1:1" + ranged}, points, "load")
		},
		Hangs: func() metrics.SeriesSource {
			return series(t, httpjson.Endpoint{URL: hanging(t) + ranged}, points, "load")
		},
	})
}
