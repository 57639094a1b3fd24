package prometheus_test

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/prometheus"
)

func nan() float64 { return math.NaN() }

// What buckets can be, and cannot. The stretch is that from second 10 to 20.
func TestClassicHistograms(t *testing.T) {
	type bucket struct {
		labels      string
		begin, step float64
	}
	for _, c := range []struct {
		name string
		set  []bucket
		want metrics.Histogram
		err  string
	}{
		{"one", []bucket{{`le="0.1"`, 5, 1}, {`le="1"`, 6, 3}, {`le="+Inf"`, 7, 4}}, metrics.Histogram{Bounds: []float64{0.1, 1}, Counts: []uint64{10, 20, 10}}, ""},
		{"two that differ in bounds", []bucket{{`p="a",le="0.1"`, 5, 1}, {`p="a",le="1"`, 6, 3}, {`p="a",le="+Inf"`, 7, 4}, {`p="b",le="0.5"`, 0, 1}, {`p="b",le="1.0"`, 0, 2}, {`p="b",le="+Inf"`, 0, 2}},
			metrics.Histogram{Bounds: []float64{1}, Counts: []uint64{50, 10}}, ""},
		{"nothing in common", []bucket{{`p="a",le="0.1"`, 5, 1}, {`p="a",le="+Inf"`, 7, 4}, {`p="b",le="0.5"`, 0, 1}, {`p="b",le="+Inf"`, 0, 2}}, metrics.Histogram{}, "no bound in common"},
		{"no +Inf", []bucket{{`le="0.1"`, 5, 1}, {`le="1"`, 6, 3}}, metrics.Histogram{}, "no bucket +Inf"},
		{"+Inf alone", []bucket{{`le="+Inf"`, 6, 3}}, metrics.Histogram{}, "or no other one"},
		{"no le", []bucket{{`x="1"`, 6, 3}}, metrics.Histogram{}, `is no bucket of a histogram: its label le is ""`},
		{"a le that is none", []bucket{{`le="ten"`, 6, 3}}, metrics.Histogram{}, `its label le is "ten"`},
		{"counts that fall", []bucket{{`le="0.1"`, 9, 9}, {`le="+Inf"`, 7, 4}}, metrics.Histogram{}, "do not fit together"},
		{"no counts", []bucket{{`le="0.1"`, 0.5, 0}, {`le="+Inf"`, 7, 4}}, metrics.Histogram{}, "0.5 is not a count"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(at(100))
			w.scrape(ok1, 0, 60, 0, 1)
			for _, b := range c.set {
				w.scrape(`lat_bucket{version="1.1.0",instance="a",`+b.labels+`}`, 0, 60, b.begin, b.step)
			}
			o := w.options()
			o.Latency = `lat_bucket{version="{version}"}`
			got, err := read(t, newSource(t, o), 10, 20)
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, got.Latency)
		})
	}
}

// A restart is one of all buckets, though some of them have more than before.
func TestARestartOfAHistogram(t *testing.T) {
	w := newWorld(at(100))
	w.scrape(ok1, 0, 60, 0, 1)
	for _, b := range []struct {
		le          string
		before, now float64
	}{{"0.1", 5, 20}, {"1", 50, 21}, {"+Inf", 100, 200}} {
		series := `lat_bucket{version="1.1.0",instance="a",le="` + b.le + `"}`
		w.scrape(series, 0, 14, b.before, 0)
		w.scrape(series, 15, 60, b.now, 0)
	}
	o := w.options()
	o.Latency = `lat_bucket{version="{version}"}`
	got, err := read(t, newSource(t, o), 10, 20)
	require.NoError(t, err)
	assert.Equal(t, metrics.Histogram{Bounds: []float64{0.1, 1}, Counts: []uint64{20, 1, 179}}, got.Latency)
}

func TestABucketThatIsMissing(t *testing.T) {
	w := newWorld(at(100))
	w.scrape(ok1, 0, 60, 0, 1)
	w.scrape(`lat_bucket{version="1.1.0",instance="a",le="1"}`, 0, 60, 0, 1)
	w.scrape(`lat_bucket{version="1.1.0",instance="a",le="+Inf"}`, 0, 40, 0, 1)
	o := w.options()
	o.Latency = `lat_bucket{version="{version}"}`
	_, err := read(t, newSource(t, o), 30, 50)
	assert.ErrorContains(t, err, "was scraped without the bucket +Inf")
}

func TestNativeHistograms(t *testing.T) {
	// value is a native histogram of factor 2^(1/8) or coarser, as the API writes one.
	value := func(count int, buckets ...string) string {
		return fmt.Sprintf(`{"count":"%d","sum":"1","buckets":[%s]}`, count, strings.Join(buckets, ","))
	}
	bucket := func(lower, upper float64, n float64) string {
		return fmt.Sprintf(`[0,"%v","%v","%v"]`, lower, upper, n)
	}
	exp := func(i float64) float64 { return math.Exp2(i / 8) }
	for _, c := range []struct {
		name   string
		before []string
		after  []string
		counts [2]int
		want   map[float64]uint64 // by the cell's upper bound
		err    string
	}{
		{"finer than the grid", []string{bucket(exp(-1), exp(-0.5), 3)}, []string{bucket(exp(-1), exp(-0.5), 5), bucket(exp(-0.5), 1, 4)}, [2]int{3, 9}, map[float64]uint64{1: 6}, ""},
		{"the zero bucket", []string{`[3,"-1e-128","1e-128","2"]`}, []string{`[3,"-1e-128","1e-128","7"]`}, [2]int{2, 7}, map[float64]uint64{exp(-80): 5}, ""},
		{"above all", []string{bucket(100, 200, 3)}, []string{bucket(100, 200, 5)}, [2]int{3, 5}, map[float64]uint64{math.Inf(1): 2}, ""},
		{"a restart", []string{bucket(exp(-1), 1, 30)}, []string{bucket(exp(0), exp(1), 4)}, [2]int{30, 4}, map[float64]uint64{exp(1): 4}, ""},
		{"coarser than the grid", nil, []string{bucket(0.5, 1, 4)}, [2]int{0, 4}, nil, "coarser than Options.Native"},
		{"values that are no numbers", nil, []string{bucket(exp(-1), 1, 4)}, [2]int{0, 5}, nil, "its buckets hold 4 of 5 values"},
		{"half a value", nil, []string{bucket(exp(-1), 1, 0.5)}, [2]int{0, 1}, nil, "0.5 is not a count"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(at(100))
			w.scrape(ok1, 0, 60, 0, 1)
			for sec := range 60 {
				h := value(c.counts[0], c.before...)
				if sec >= 15 {
					h = value(c.counts[1], c.after...)
				}
				w.put(`lat{version="1.1.0",instance="a"}`, worldSample{at: at(float64(sec)), hist: h})
			}
			o := w.options()
			o.Latency = `lat{version="{version}"}`
			got, err := read(t, newSource(t, o), 10, 20)
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			require.NoError(t, got.Latency.Validate())
			assert.Len(t, got.Latency.Bounds, 129, "eight for each doubling, from below 1 ms to above 60 s")
			found := map[float64]uint64{}
			for i, n := range got.Latency.Counts {
				upper := math.Inf(1)
				if i < len(got.Latency.Bounds) {
					upper = got.Latency.Bounds[i]
				}
				if n > 0 {
					found[upper] = n
				}
			}
			assert.Equal(t, c.want, found)
		})
	}
}

// A metric that changes from one kind to the other is no histogram.
func TestMixedKinds(t *testing.T) {
	w := newWorld(at(100))
	w.scrape(ok1, 0, 60, 0, 1)
	w.put(ok1, worldSample{at: at(61), hist: `{"count":"0","sum":"0"}`})
	_, err := read(t, newSource(t, w.options()), 10, 70)
	assert.ErrorContains(t, err, "both numbers and native histograms")
	early := newWorld(at(100))
	early.put(ok1, worldSample{at: at(0), hist: `{"count":"0","sum":"0"}`})
	early.scrape(ok1, 1, 60, 0, 1)
	_, err = read(t, newSource(t, early.options()), 1, 50)
	assert.ErrorContains(t, err, "both numbers and native histograms", "in whatever order")
	w.scrape(`lat{version="1.1.0",instance="a"}`, 0, 60, 1, 1)
	o := w.options()
	o.Latency = `lat{version="{version}"}`
	_, err = read(t, newSource(t, o), 10, 20)
	assert.ErrorContains(t, err, "is no bucket of a histogram")
	o.Requests = `nat{version="{version}"}`
	w.put(`nat{version="1.1.0",instance="a"}`, worldSample{at: at(15), hist: `{"count":"0","sum":"0"}`})
	_, err = read(t, newSource(t, o), 10, 20)
	assert.ErrorContains(t, err, "is a native histogram, and no counter")
}

// What cannot be is an error: to leave it out would be to count too little.
func TestOddSamples(t *testing.T) {
	for body, want := range map[string]string{
		`{"metric":{"instance":"a"},"values":[[1777636811,"1"],[1777636810,"2"]]}`:                                        "not in the order of time",
		`{"metric":{"instance":"a"},"values":[[1777636811,"1"],[1777636811,"2"]]}`:                                        "not in the order of time",
		`{"metric":{"instance":"a"},"values":[[1777636811,"1"]]},{"metric":{"instance":"a"},"values":[[1777636812,"2"]]}`: "is there twice",
		`{"metric":{"instance":"a"},"histograms":[[1777636810,{"count":"0","sum":"0"}]],"values":[[1777636809,"1"]]}`:     "both numbers and native histograms",
		`{"metric":{"instance":"a"},"histograms":[[1777636810,{"count":"0","sum":"0"}]]}`:                                 "is a native histogram",
	} {
		w := newWorld(at(100))
		w.edit = func(rw http.ResponseWriter, r *http.Request) bool {
			if !ranged.MatchString(r.FormValue("query")) {
				return false
			}
			rw.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(rw, `{"status":"success","data":{"resultType":"matrix","result":[%s]}}`, body)
			return true
		}
		_, err := read(t, newSource(t, w.options()), 10, 20)
		assert.ErrorContains(t, err, want, body)
	}
}

// Whatever a server answers: there is an error, or a window that is sound, and no panic.
func FuzzAnswer(f *testing.F) {
	f.Add(`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"instance":"a","le":"1"},"values":[[1777636810,"1"],[1777636811,"3"]]}]}}`, "1777636830")
	f.Add(`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"le":"+Inf"},"values":[[1777636810,"NaN"]]},{"metric":{},"histograms":[[1777636811,{"count":"1","sum":"1","buckets":[[0,"0.1","0.2","1"]]}]]}]}}`, "1777636821.5")
	f.Add(`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"version":"1"},"values":[[1777636811,"1e308"],[1777636810,"-1"],[1e300,"9007199254740993"]]}]},"warnings":[]}`, "NaN")
	f.Fuzz(func(t *testing.T, body, now string) {
		w := newWorld(at(100))
		o := w.options()
		o.Up, o.Started = `up{version="{version}"}`, `start{version="{version}"}`
		o.Latency, o.Gauges = `lat{version="{version}"}`, map[string]prometheus.Line{"g": {Query: `g{version="{version}"}`}, "m": {Query: `max(g{version="{version}"})`}}
		o.Server.Transport = transport(func(r *http.Request) (*http.Response, error) {
			text := body
			if err := r.ParseForm(); err == nil && r.Form.Get("query") == "time()" {
				text = fmt.Sprintf(`{"status":"success","data":{"resultType":"scalar","result":[1,%q]}}`, now)
			}
			return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Request: r, Body: io.NopCloser(strings.NewReader(text))}, nil
		})
		s := newSource(t, o)
		got, err := read(t, s, 10, 20)
		if err != nil {
			return
		}
		require.LessOrEqual(t, got.Errors, got.Requests)
		require.NoError(t, got.Latency.Validate())
		require.True(t, !got.From.Before(at(10)) && !got.To.After(at(20)) && got.From.Before(got.To))
		_, err = s.Parts(t.Context(), metrics.Query{Group: "1.1.0", From: at(10), To: at(20)})
		require.NoError(t, err)
	})
}
