package prometheus_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/prometheus"
)

// scrape adds one sample each second in [from, to], of a counter that grows by step.
func (w *world) scrape(series string, from, to int, begin, step float64) {
	for sec := from; sec <= to; sec++ {
		w.add(series, at(float64(sec)), begin+step*float64(sec-from))
	}
}

func read(t testing.TB, s *prometheus.Source, from, to float64) (metrics.Window, error) {
	t.Helper()
	return s.Read(t.Context(), metrics.Query{Group: "1.1.0", From: at(from), To: at(to)})
}

const ok1, bad1 = `req{version="1.1.0",instance="a",code="200"}`, `req{version="1.1.0",instance="a",code="500"}`

// What is counted, in each situation that a counter can be in. The stretch is that from second 10 to 20.
func TestIncreases(t *testing.T) {
	type want struct {
		requests, errors uint64
		from, to         float64
		err              error
	}
	for _, c := range []struct {
		name string
		now  float64
		set  func(w *world, o *prometheus.Options)
		want want
	}{
		{"a counter that grows", 100, func(w *world, _ *prometheus.Options) {
			w.scrape(ok1, 0, 60, 1000, 7)
		}, want{70, 0, 10, 20, nil}},
		{"one that stands still", 100, func(w *world, _ *prometheus.Options) {
			w.scrape(ok1, 0, 60, 1000, 0)
		}, want{0, 0, 10, 20, nil}},
		{"a restart", 100, func(w *world, _ *prometheus.Options) {
			w.scrape(ok1, 0, 14, 1000, 10)
			w.scrape(ok1, 15, 60, 3, 5)
		}, want{50 + 3 + 20, 0, 10, 20, nil}},
		{"a restart that is not seen without Started", 100, func(w *world, _ *prometheus.Options) {
			w.scrape(ok1, 0, 14, 1, 0)
			w.scrape(ok1, 15, 60, 3, 5)
		}, want{2 + 20, 0, 10, 20, nil}},
		{"and is with it", 100, func(w *world, o *prometheus.Options) {
			o.Started = `start{version="{version}"}`
			w.scrape(ok1, 0, 14, 1, 0)
			w.scrape(ok1, 15, 60, 3, 5)
			w.scrape(`start{version="1.1.0",instance="a"}`, 0, 14, float64(at(-5).Unix()), 0)
			w.scrape(`start{version="1.1.0",instance="a"}`, 15, 60, float64(at(14).Unix()), 0)
		}, want{3 + 20, 0, 10, 20, nil}},
		{"a clock that was set is no restart", 100, func(w *world, o *prometheus.Options) {
			o.Started = `start{version="{version}"}`
			w.scrape(ok1, 0, 60, 100, 1)
			w.scrape(`start{version="1.1.0",instance="a"}`, 0, 60, float64(at(-5).Unix()), 0.02)
		}, want{10, 0, 10, 20, nil}},
		{"the first error of an instance that was scraped before", 100, func(w *world, _ *prometheus.Options) {
			w.scrape(ok1, 0, 60, 1000, 1)
			w.scrape(bad1, 15, 60, 4, 0)
		}, want{14, 4, 10, 20, nil}},
		{"the first error of one that was there before, and was not scraped", 100, func(w *world, _ *prometheus.Options) {
			w.scrape(ok1, 0, 60, 1000, 1)
			w.add(bad1, at(-400), 3)
			w.scrape(bad1, 15, 60, 4, 0)
		}, want{11, 1, 10, 20, nil}},
		{"an instance that is new", 100, func(w *world, _ *prometheus.Options) {
			w.scrape(ok1, 0, 60, 1000, 1)
			w.scrape(`req{version="1.1.0",instance="b",code="200"}`, 15, 60, 500, 2)
		}, want{10 + 8, 0, 10, 20, nil}},
		{"an instance that is new, and says since when", 100, func(w *world, o *prometheus.Options) {
			o.Started = `start{version="{version}"}`
			w.scrape(ok1, 0, 60, 1000, 1)
			w.scrape(`req{version="1.1.0",instance="b",code="200"}`, 15, 60, 500, 2)
			w.scrape(`start{version="1.1.0",instance="b"}`, 15, 60, float64(at(13).Unix()), 0)
		}, want{10 + 500 + 8, 0, 10, 20, nil}},
		{"one that is old, and is scraped for the first time", 100, func(w *world, o *prometheus.Options) {
			o.Started = `start{version="{version}"}`
			w.scrape(ok1, 0, 60, 1000, 1)
			w.scrape(`req{version="1.1.0",instance="b",code="200"}`, 15, 60, 500, 2)
			w.scrape(`start{version="1.1.0",instance="b"}`, 15, 60, float64(at(-7200).Unix()), 0)
		}, want{10 + 8, 0, 10, 20, nil}},
		{"a group that begins in the stretch", 100, func(w *world, _ *prometheus.Options) {
			w.scrape(ok1, 14, 60, 1000, 3)
		}, want{15, 0, 14, 20, nil}},
		{"an instance that ends in the stretch", 100, func(w *world, _ *prometheus.Options) {
			w.scrape(ok1, 0, 60, 1000, 1)
			w.scrape(`req{version="1.1.0",instance="b",code="200"}`, 0, 13, 500, 2)
		}, want{10 + 8, 0, 10, 20, nil}},
		{"a group that ends in the stretch, long ago", 100, func(w *world, _ *prometheus.Options) {
			w.scrape(ok1, 0, 13, 1000, 3)
		}, want{12, 0, 10, 13.001, nil}},
		{"scrapes that were missed", 100, func(w *world, _ *prometheus.Options) {
			w.scrape(ok1, 0, 12, 1000, 1)
			w.scrape(ok1, 18, 60, 1100, 1)
		}, want{3 + 88 + 1, 0, 10, 20, nil}},
		{"scrapes that were missed from before the stretch on", 100, func(w *world, _ *prometheus.Options) {
			w.scrape(ok1, 0, 4, 1000, 1)
			w.scrape(ok1, 18, 60, 1100, 1)
		}, want{96 + 1, 0, 18, 20, nil}},
		{"a gap that is too long", 100, func(w *world, o *prometheus.Options) {
			o.Bridge = 4 * time.Second
			w.scrape(ok1, 0, 12, 1000, 1)
			w.scrape(ok1, 18, 60, 1100, 1)
		}, want{err: prometheus.ErrGap}},
		{"an instance that was away for too long", 100, func(w *world, o *prometheus.Options) {
			o.Bridge = 4 * time.Second
			w.scrape(ok1, 0, 60, 1000, 1)
			w.scrape(`req{version="1.1.0",instance="b",code="200"}`, 0, 12, 500, 2)
			w.scrape(`req{version="1.1.0",instance="b",code="200"}`, 18, 60, 700, 2)
		}, want{10 + 6 + 2, 0, 10, 20, nil}},
		{"the newest samples are not there yet", 20, func(w *world, _ *prometheus.Options) {
			w.scrape(ok1, 0, 18, 1000, 1)
		}, want{9, 0, 10, 18.001, nil}},
		{"those of one instance are not", 20.5, func(w *world, o *prometheus.Options) {
			o.Lag = -1
			w.scrape(ok1, 0, 20, 1000, 1)
			w.scrape(`req{version="1.1.0",instance="b",code="200"}`, 0, 18, 500, 2)
		}, want{9 + 18, 0, 10, 18.001, nil}},
		{"those of one that has ended never will be", 21, func(w *world, o *prometheus.Options) {
			o.Lag = -1
			w.scrape(ok1, 0, 21, 1000, 1)
			w.scrape(`req{version="1.1.0",instance="b",code="200"}`, 0, 18, 500, 2)
			w.end(`req{version="1.1.0",instance="b",code="200"}`, at(19))
		}, want{10 + 18, 0, 10, 20, nil}},
		{"those of one selector were read a scrape earlier", 20.5, func(w *world, o *prometheus.Options) {
			o.Lag, o.Latency = -1, `latency_bucket{version="{version}"}`
			w.scrape(ok1, 0, 20, 1000, 1)
			w.scrape(`latency_bucket{version="1.1.0",instance="a",le="1"}`, 0, 19, 1000, 1)
			w.scrape(`latency_bucket{version="1.1.0",instance="a",le="+Inf"}`, 0, 19, 1000, 1)
		}, want{10, 0, 10, 19.001, nil}},
		{"what is younger than the lag", 20, func(w *world, o *prometheus.Options) {
			o.Lag = 3 * time.Second
			w.scrape(ok1, 0, 20, 1000, 1)
		}, want{7, 0, 10, 17, nil}},
		{"nothing is known of the stretch yet", 20, func(w *world, o *prometheus.Options) {
			o.Scrape = time.Minute
			w.scrape(ok1, -70, -70, 1000, 1)
			w.scrape(ok1, 8, 8, 1000, 1)
		}, want{err: metrics.ErrNoData}},
		{"a stretch between two scrapes", 100, func(w *world, o *prometheus.Options) {
			o.Scrape = time.Minute
			w.scrape(ok1, -55, -55, 1000, 1)
			w.scrape(ok1, 5, 5, 1100, 1)
			w.scrape(ok1, 65, 65, 1200, 1)
		}, want{0, 0, 10, 20, nil}},
		{"the end of the group, just now", 21, func(w *world, _ *prometheus.Options) {
			w.scrape(ok1, 0, 12, 1000, 1)
		}, want{err: metrics.ErrNoData}},
		{"there before", 100, func(w *world, _ *prometheus.Options) {
			w.scrape(ok1, -500, -100, 1000, 1)
		}, want{err: metrics.ErrNoData}},
		{"there later", 100, func(w *world, _ *prometheus.Options) {
			w.scrape(ok1, 21, 40, 1000, 1)
		}, want{err: metrics.ErrNoData}},
		{"never there", 100, func(w *world, _ *prometheus.Options) {
			w.scrape(`req{version="1.0.0",instance="a",code="200"}`, 0, 60, 1000, 1)
		}, want{err: metrics.ErrUnknownGroup}},
		{"there by Up, and never asked", 100, func(w *world, o *prometheus.Options) {
			o.Up = `up{version="{version}"}`
			w.scrape(`up{version="1.1.0",instance="a"}`, 0, 60, 1, 0)
		}, want{0, 0, 10, 20, nil}},
		{"the first requests of one that was there by Up", 100, func(w *world, o *prometheus.Options) {
			o.Up = `up{version="{version}"}`
			w.scrape(`up{version="1.1.0",instance="a"}`, 0, 60, 1, 0)
			w.scrape(ok1, 15, 60, 5, 1)
			w.scrape(bad1, 17, 60, 2, 0)
		}, want{5 + 4 + 2, 2, 10, 20, nil}},
		{"an instance that cannot be scraped now", 20.2, func(w *world, o *prometheus.Options) {
			o.Up = `up{version="{version}"}`
			w.scrape(ok1, 0, 20, 1000, 1)
			w.scrape(`up{version="1.1.0",instance="a"}`, 0, 20, 1, 0)
			w.scrape(`up{version="1.1.0",instance="b"}`, 0, 15, 1, 0)
			w.scrape(`up{version="1.1.0",instance="b"}`, 16, 20, 0, 0)
		}, want{err: prometheus.ErrUnscraped}},
		{"one that could not be for a moment", 20.2, func(w *world, o *prometheus.Options) {
			o.Up, o.Lag = `up{version="{version}"}`, -1
			w.scrape(ok1, 0, 18, 1000, 1)
			w.scrape(`up{version="1.1.0",instance="a"}`, 0, 18, 1, 0)
			w.scrape(`up{version="1.1.0",instance="a"}`, 19, 20, 0, 0)
		}, want{9, 0, 10, 20, nil}},
		{"a value that is no count", 100, func(w *world, _ *prometheus.Options) {
			w.scrape(ok1, 0, 60, 1000, 0.5)
		}, want{err: errAny}},
		{"more errors than requests", 100, func(w *world, o *prometheus.Options) {
			o.Errors = `bad{version="{version}"}`
			w.scrape(ok1, 0, 60, 1000, 1)
			w.scrape(`bad{version="1.1.0",instance="a"}`, 0, 60, 1000, 2)
		}, want{err: errAny}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(at(c.now))
			o := w.options()
			c.set(w, &o)
			got, err := read(t, newSource(t, o), 10, 20)
			switch {
			case c.want.err == errAny:
				require.Error(t, err)
				assert.NotErrorIs(t, err, metrics.ErrNoData)
				assert.NotErrorIs(t, err, metrics.ErrUnknownGroup)
			case c.want.err != nil:
				require.ErrorIs(t, err, c.want.err)
			default:
				require.NoError(t, err)
				assert.Equal(t, [2]uint64{c.want.requests, c.want.errors}, [2]uint64{got.Requests, got.Errors})
				assert.Equal(t, [2]string{stamp(at(c.want.from)), stamp(at(c.want.to))}, [2]string{stamp(got.From), stamp(got.To)})
			}
			if err != nil {
				t.Log(err)
			}
		})
	}
}

var errAny = fmt.Errorf("any error")

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
