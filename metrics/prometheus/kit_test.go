package prometheus_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/metricstest"
	"github.com/davit-sdk/davit/metrics/prometheus"
)

// shop is a world of three instances that come and go, with all that a source can read.
func shop() (*world, prometheus.Options) {
	w := newWorld(at(2000))
	rnd := rand.New(rand.NewPCG(1, 1))
	for i := range 3 {
		n := make([]float64, 6)
		for sec := i * 100; sec < 700-i*50; sec += 10 {
			t := at(float64(sec) + 0.3*float64(i))
			for k := range n {
				n[k] += float64(rnd.IntN(50))
			}
			l := fmt.Sprintf(`version="1.1.0",instance="i%d",zone="z%d"`, i, i%2)
			w.add(`req{`+l+`,code="200"}`, t, n[0])
			if n[1] > 800 {
				w.add(`req{`+l+`,code="500"}`, t, n[1]-800)
			}
			w.add(`lat_bucket{`+l+`,le="0.1"}`, t, n[2])
			w.add(`lat_bucket{`+l+`,le="1.0"}`, t, n[2]+n[3])
			w.add(`lat_bucket{`+l+`,le="+Inf"}`, t, n[2]+n[3]+n[4])
			w.add(`hits{`+l+`}`, t, n[5])
			w.add(`heap{`+l+`}`, t, float64(1000*i)+n[0])
			w.add(`up{`+l+`}`, t, 1)
		}
	}
	o := w.options()
	o.Scrape = 10 * time.Second
	o.Latency, o.Up = `lat_bucket{version="{version}"}`, `up{version="{version}"}`
	o.Counts = map[string]string{"hits": `hits{version="{version}"}`, "misses": `misses{version="{version}"}`}
	o.Gauges = map[string]prometheus.Line{"heap": {Query: `heap{version="{version}"}`}, "largest": {Query: `max(heap{version="{version}"})`, Every: 5 * time.Second}}
	return w, o
}

func TestConformance(t *testing.T) {
	_, o := shop()
	down := o
	down.Server = prometheus.Server{URL: "http://127.0.0.1:1"}
	hangs := o
	hangs.Server = hanging(t)
	c := metricstest.Case{
		Group: "1.1.0", Cuts: []time.Time{at(0), at(77), at(250.5), at(690)}, SilentFrom: at(-500), SilentTo: at(-100),
		Down:  func() metrics.Source { return newSource(t, down) },
		Hangs: func() metrics.Source { return newSource(t, hangs) },
	}
	t.Run("by instance", func(t *testing.T) {
		metricstest.Run(t, func() metrics.Source { return newSource(t, o) }, c)
	})
	byZone := o
	byZone.Part = "zone"
	t.Run("by zone", func(t *testing.T) {
		metricstest.Run(t, func() metrics.Source { return newSource(t, byZone) }, c)
	})
	few := o
	few.Parts = 2
	c.Cuts, c.Parts = []time.Time{at(250), at(400), at(500)}, 2
	t.Run("in two parts", func(t *testing.T) {
		metricstest.Run(t, func() metrics.Source { return newSource(t, few) }, c)
	})
}

func TestSeriesConformance(t *testing.T) {
	_, o := shop()
	so := prometheus.SeriesOptions{Server: o.Server, Scrape: 10 * time.Second, MaxSkew: -1, Series: map[string]prometheus.Line{
		"heap": {Query: `heap{version="{version}"}`}, "largest": {Query: `max(heap{version="{version}"})`, Every: 5 * time.Second}, "all": {Query: `max(heap)`},
	}}
	series := func(edit func(o *prometheus.SeriesOptions)) metrics.SeriesSource {
		o := so
		if edit != nil {
			edit(&o)
		}
		s, err := prometheus.NewSeries(o)
		require.NoError(t, err)
		t.Cleanup(s.Close)
		return s
	}
	for _, name := range []string{"heap", "largest", "all"} {
		group := "1.1.0"
		if name == "all" {
			group = ""
		}
		metricstest.RunSeries(t, func() metrics.SeriesSource { return series(nil) }, metricstest.SeriesCase{
			Name: name, Series: name, Group: group, Cuts: []time.Time{at(0), at(77), at(250.5), at(690)}, SilentFrom: at(-500), SilentTo: at(-100),
			Down: func() metrics.SeriesSource {
				return series(func(o *prometheus.SeriesOptions) { o.Server = prometheus.Server{URL: "http://127.0.0.1:1"} })
			},
			Hangs: func() metrics.SeriesSource {
				return series(func(o *prometheus.SeriesOptions) { o.Server = hanging(t) })
			},
		})
	}
}

func TestSeries(t *testing.T) {
	p := func(at time.Time, v float64) metrics.Point { return metrics.Point{At: at, Value: v} }
	w := newWorld(at(20))
	w.scrape(`heap{version="1.1.0",instance="a"}`, 0, 20, 100, 1)
	w.scrape(`heap{version="1.1.0",instance="b"}`, 0, 12, 200, 1)
	w.end(`heap{version="1.1.0",instance="b"}`, at(13))
	s, err := prometheus.NewSeries(prometheus.SeriesOptions{
		Server: prometheus.Server{URL: "http://x", Transport: w}, Scrape: time.Second, MaxSkew: -1, Lag: 3 * time.Second,
		Series: map[string]prometheus.Line{"heap": {Query: `heap{version="{version}"}`}, "max": {Query: `max(heap{version="{version}"})`, Every: 2 * time.Second}, "two": {Query: `heap{version="{version}"} `}, "many": {Query: ` heap{version="{version}"} or heap`}, "all": {Query: `max(heap)`}},
	})
	require.NoError(t, err)
	ask := func(name, group string, from, to float64) ([]metrics.Point, error) {
		return s.Series(t.Context(), metrics.SeriesQuery{Name: name, Group: group, From: at(from), To: at(to)})
	}
	points, err := ask("heap", "1.1.0", 11, 15)
	require.NoError(t, err)
	assert.Equal(t, []metrics.Point{p(at(11), 111), p(at(11), 211), p(at(12), 112), p(at(12), 212), p(at(13), 113), p(at(14), 114)}, points, "each sample of each series")
	points, err = ask("max", "1.1.0", 9, 30)
	require.NoError(t, err)
	assert.Equal(t, []metrics.Point{p(at(10), 210), p(at(12), 212), p(at(14), 114), p(at(16), 116)}, points, "at whole multiples of Every, and nothing younger than Lag")
	_, err = ask("all", "1.1.0", 9, 30)
	assert.ErrorContains(t, err, "it belongs to no group")
	_, err = ask("max", "", 9, 30)
	assert.ErrorContains(t, err, "it is that of a group, and none was named")
	_, err = ask("max", "1.1.0", 50, 60)
	require.ErrorIs(t, err, metrics.ErrNoData)
	_, err = ask("all", "", 50, 60)
	require.ErrorIs(t, err, metrics.ErrNoData)
	_, err = ask("max", "2.0.0", 9, 12)
	require.ErrorIs(t, err, metrics.ErrUnknownGroup)
	_, err = ask("many", "1.1.0", 9, 12)
	require.ErrorIs(t, err, prometheus.ErrRefused, "the world knows no or")
}

func TestParts(t *testing.T) {
	w := newWorld(at(1000))
	for i, begin := range []int{0, 0, 0, 100, 100} {
		end := 300
		if i == 1 {
			end = 80
		}
		w.scrape(fmt.Sprintf(`req{version="1.1.0",instance="i%d",code="200"}`, i), begin, end, 0, float64(i+1))
	}
	o := w.options()
	o.Parts = 3
	s := newSource(t, o)
	parts := func(from, to float64) (n []uint64) {
		all, err := s.Parts(t.Context(), metrics.Query{Group: "1.1.0", From: at(from), To: at(to)})
		require.NoError(t, err)
		for _, w := range all {
			n = append(n, w.Requests)
		}
		return n
	}
	assert.Equal(t, []uint64{10, 20, 30}, parts(10, 20))
	assert.Equal(t, []uint64{10 + 50, 40, 30}, parts(150, 160), "the first of the new ones gets the place of the one that is gone")
	assert.Equal(t, []uint64{10 + 50, 40, 30}, parts(150, 160))
	assert.Equal(t, []uint64{10, 20, 30}, parts(10, 20), "and nobody moves")
	o.Parts = 1
	s = newSource(t, o)
	assert.Equal(t, []uint64{60}, parts(10, 20))
}

// Expressions are taken where the host says so: what they give is rounded, and in one part.
func TestExpressions(t *testing.T) {
	w, o := shop()
	exact, err := read(t, newSource(t, o), 300, 400)
	require.NoError(t, err)
	o.Requests, o.Errors = `sum(increase(req{version="{version}"}[{window}]))`, `sum(increase(req{version="{version}",code="500"}[{window}]))`
	o.Latency = `sum by (le) (increase(lat_bucket{version="{version}"}[{window}]))`
	o.Counts = map[string]string{"hits": `sum(increase(hits{version="{version}"}[{window}]))`, "misses": `sum(increase(misses{version="{version}"}[{window}]))`}
	s := newSource(t, o)
	got, err := read(t, s, 300, 400)
	require.NoError(t, err)
	assert.InDelta(t, exact.Requests, got.Requests, 60, "an estimate")
	assert.Equal(t, exact.Latency.Bounds, got.Latency.Bounds)
	assert.InDelta(t, exact.Latency.Count(), got.Latency.Count(), 60)
	assert.Contains(t, got.Counts, "hits")
	assert.NotContains(t, got.Counts, "misses")
	parts, err := s.Parts(t.Context(), metrics.Query{Group: "1.1.0", From: at(300), To: at(400)})
	require.NoError(t, err)
	assert.Equal(t, []metrics.Window{got}, parts)

	_, err = s.Read(t.Context(), metrics.Query{Group: "2.0.0", From: at(300), To: at(400)})
	require.ErrorIs(t, err, metrics.ErrUnknownGroup)
	w.now = at(800)
	_, err = read(t, s, 300, 800)
	require.ErrorIs(t, err, metrics.ErrNoData, "it is gone by Up, whatever the expression says")
}

func TestGaugesAreNumbers(t *testing.T) {
	w, o := shop()
	got, err := read(t, newSource(t, o), 300, 320)
	require.NoError(t, err)
	assert.Len(t, got.Gauges["heap"], 6, "each sample of three instances")
	assert.Len(t, got.Gauges["largest"], 4)
	w.add(`heap{version="1.1.0",instance="i9"}`, at(301), nan())
	_, err = read(t, newSource(t, o), 300, 320)
	assert.ErrorContains(t, err, `Options.Gauges["heap"]: a value is no finite number`)
}
