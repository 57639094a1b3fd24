package prometheus_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/metricstest"
	source "github.com/davit-sdk/davit/metrics/prometheus"
)

// history is what really happened to a group, and the samples that a Prometheus would have of it.
type history struct {
	begin    time.Time
	requests []request
	lines    map[string][]string // of each family
}

type request struct {
	failed  bool
	seconds float64
	dated   time.Time // when a scrape first saw it; zero: none ever did
}

var bounds = []float64{0.01, 0.1, 1}

// hostile is a group whose name wants to be something else.
const hostile = `1.1.0"} or vector(1) # \ {version} ' .* ` + "`\u00e9"

// play makes up five minutes of a group: instances that are restarted, scrapes that fail, an outage of all of
// them, errors whose counter is made with the first one.
func (h *history) play(rnd *rand.Rand, group string, instances int) {
	outage := 100 + rnd.Float64()*100
	for i := range instances {
		instance := fmt.Sprintf("10.0.%d.%d:80", len(group), i)
		offset := rnd.IntN(1000)
		for start := -30 + rnd.Float64()*60; start < 300; {
			stop := start + 20 + rnd.ExpFloat64()*100
			h.process(rnd, group, instance, start, min(stop, 300), offset, outage)
			start = stop + rnd.Float64()*float64(rnd.IntN(3))
		}
	}
}

func (h *history) process(rnd *rand.Rand, group, instance string, start, stop float64, offset int, outage float64) {
	label := fmt.Sprintf(`group=%s,instance=%q`, quote(group), instance)
	put := func(family, further string, v float64, at time.Time) {
		name := map[string]string{"req": "req_total", "lat": "lat_bucket", "start": "start", "up": "alive"}[family]
		h.lines[family] = append(h.lines[family], fmt.Sprintf("%s{%s%s} %v %d.%03d", name, label, further, v, at.Unix(), at.Nanosecond()/1e6))
	}
	ok, bad, buckets := 0.0, 0.0, make([]float64, len(bounds)+1)
	event := start
	var waiting []request
	for sec := int(start); sec < 320; sec++ {
		at := h.begin.Add(time.Duration(sec)*time.Second + time.Duration(offset+rnd.IntN(10))*time.Millisecond)
		t := at.Sub(h.begin).Seconds()
		for ; event < min(t, stop); event += rnd.ExpFloat64() / 8 {
			waiting = append(waiting, request{failed: rnd.IntN(40) == 0, seconds: rnd.ExpFloat64() * 0.2})
		}
		if t < start || t >= stop || rnd.IntN(30) == 0 || t >= outage && t < outage+20 {
			continue
		}
		for _, r := range waiting {
			r.dated = at
			h.requests = append(h.requests, r)
			if r.failed {
				bad++
			} else {
				ok++
			}
			for k := range buckets {
				if k == len(bounds) || r.seconds <= bounds[k] {
					buckets[k]++
				}
			}
		}
		waiting = nil
		put("req", `,code="200"`, ok, at)
		if bad > 0 {
			put("req", `,code="500"`, bad, at)
		}
		for k, n := range buckets {
			le := "+Inf"
			if k < len(bounds) {
				le = fmt.Sprint(bounds[k])
			}
			put("lat", `,le="`+le+`"`, n, at)
		}
		put("start", "", float64(h.begin.Add(time.Duration(start*1e9)).UnixMilli())/1000, at)
		put("up", "", 1, at)
	}
}

// quote writes a label value as OpenMetrics does.
func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text) + `"`
}

// text is the history in the format of OpenMetrics.
func (h *history) text() string {
	var b strings.Builder
	for _, family := range []struct{ key, head string }{
		{"req", "# TYPE req counter\n"}, {"lat", "# TYPE lat unknown\n"}, {"start", "# TYPE start gauge\n"}, {"up", "# TYPE alive gauge\n"},
	} {
		if family.key != "lat" {
			b.WriteString(family.head)
		}
		for _, line := range h.lines[family.key] {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// truth is what was requested, as dated in a stretch.
func (h *history) truth(from, to time.Time) metrics.Window {
	w := metrics.Window{From: from, To: to, Latency: metrics.NewHistogram(bounds)}
	for _, r := range h.requests {
		if r.dated.Before(from) || !r.dated.Before(to) {
			continue
		}
		w.Requests++
		if r.failed {
			w.Errors++
		}
		w.Latency.Observe(r.seconds)
	}
	return w
}

func (h *history) options(url string) source.Options {
	return source.Options{
		Server: source.Server{URL: url}, Scrape: time.Second,
		Requests: `req_total{group="{group}"}`, Errors: `req_total{group="{group}",code=~"5.."}`, Latency: `lat_bucket{group='{group}'}`,
		Up: `alive{group=~"{group}"}`, Started: `start{group="{group}"}`,
		Gauges: map[string]source.Line{"up": {Query: `alive{group="{group}"}`}, "instances": {Query: `count(alive{group="{group}"})`, Every: 5 * time.Second}},
	}
}

func newSource(t testing.TB, o source.Options) *source.Source {
	t.Helper()
	s, err := source.NewSource(o)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// What the source counts on a real Prometheus is the truth: across restarts, missed scrapes, an outage, counters
// that are made late, and for a group whose name is hostile.
func TestHistory(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	begin := time.Now().Add(-time.Hour).Truncate(time.Second).UTC()
	groups := []string{"1.0.0", "1.1.0@86eb5dc43b1c", "1.1.0@86eb5dc43b1c/baseline", hostile}
	all := map[string]*history{}
	var text strings.Builder
	lines := map[string][]string{}
	rnd := rand.New(rand.NewPCG(7, 7))
	for i, group := range groups {
		h := &history{begin: begin, lines: lines}
		h.play(rnd, group, 1+i)
		all[group] = h
	}
	text.WriteString((&history{lines: lines}).text())
	backfill(t, dir, text.String())
	p := newServer(t, dir, "global: {scrape_interval: 1s}\n")
	p.up()
	s := newSource(t, all[groups[0]].options(p.url))
	report, err := s.Check(t.Context())
	require.NoError(t, err)
	assert.Empty(t, report.Unseen)

	answered := 0
	for _, group := range groups {
		h := all[group]
		for range 40 {
			from := begin.Add(time.Duration((-40 + rnd.Float64()*330) * 1e9))
			to := from.Add(time.Duration((0.001 + rnd.Float64()*rnd.Float64()*200) * 1e9))
			got, err := s.Read(t.Context(), metrics.Query{Group: group, From: from, To: to})
			if errors.Is(err, metrics.ErrNoData) {
				require.Zero(t, h.truth(from, to).Requests, "%v", err)
				continue
			}
			require.NoError(t, err)
			answered++
			want := h.truth(got.From, got.To)
			require.Equal(t, []uint64{want.Requests, want.Errors}, []uint64{got.Requests, got.Errors}, "%s from %s to %s", group, from, to)
			if want.Requests > 0 {
				require.Equal(t, want.Latency, got.Latency)
			}
			require.Equal(t, want.Requests, h.truth(from, to).Requests, "what is left out is what nobody has scraped")
		}
	}
	require.Greater(t, answered, 100)
	_, err = s.Read(t.Context(), metrics.Query{Group: "9.9.9", From: begin, To: begin.Add(time.Minute)})
	require.ErrorIs(t, err, metrics.ErrUnknownGroup)
	_, err = s.Read(t.Context(), metrics.Query{Group: "1.0.0", From: time.Now().Add(-time.Minute), To: time.Now()})
	require.ErrorIs(t, err, metrics.ErrNoData, "it was there an hour ago")

	t.Run("kit", func(t *testing.T) {
		at := func(sec float64) time.Time { return begin.Add(time.Duration(sec * 1e9)) }
		down := all["1.0.0"].options("http://" + freeAddr(t))
		metricstest.Run(t, func() metrics.Source { return s }, metricstest.Case{
			Group: groups[2], Cuts: []time.Time{at(30), at(60), at(90.5), at(250)}, SilentFrom: at(-600), SilentTo: at(-300),
			Down: func() metrics.Source { return newSource(t, down) },
		})
		series, err := source.NewSeries(source.SeriesOptions{Server: source.Server{URL: p.url}, Scrape: time.Second, Series: map[string]source.Line{
			"instances": {Query: `count(alive{group="{group}"})`, Every: 5 * time.Second}, "starts": {Query: `start{group="{group}"}`},
		}})
		require.NoError(t, err)
		t.Cleanup(series.Close)
		for _, name := range series.Names() {
			metricstest.RunSeries(t, func() metrics.SeriesSource { return series }, metricstest.SeriesCase{
				Name: name, Series: name, Group: groups[2], Cuts: []time.Time{at(30), at(60), at(90.5), at(250)}, SilentFrom: at(-600), SilentTo: at(-300),
			})
		}
	})
	t.Run("refused", func(t *testing.T) {
		o := all["1.0.0"].options(p.url)
		o.Errors = `req_total{group="{group}",status=~"5.."}`
		o.Latency = `sum by (le) (rate(lat_bucket{group="{group}"}[{window}]) ))`
		o.Counts = map[string]string{"typo": `sum(req_total{group="{group}"} {window})`, "many": `increase(req_total{group="{group}"}[{window}])`}
		_, err := newSource(t, o).Check(t.Context())
		require.ErrorContains(t, err, "Options.Errors: no series has that label: req_total has none called status")
		require.ErrorContains(t, err, "Options.Latency: ask "+p.url+": Prometheus refuses the question (bad_data): ")
		require.ErrorContains(t, err, `Options.Counts["typo"]`)
		assert.NotContains(t, err.Error(), "many")
		t.Log(err)
	})
	t.Run("expressions", func(t *testing.T) {
		o := all["1.0.0"].options(p.url)
		o.Requests, o.Errors = `sum(increase(req_total{group="{group}"}[{window}]))`, `sum(increase(req_total{group="{group}",code=~"5.."}[{window}]))`
		o.Latency = `sum by (le) (increase(lat_bucket{group="{group}"}[{window}]))`
		from := begin.Add(40 * time.Second)
		got, err := newSource(t, o).Read(t.Context(), metrics.Query{Group: groups[1], From: from, To: from.Add(time.Minute)})
		require.NoError(t, err)
		want := all[groups[1]].truth(got.From, got.To)
		assert.InEpsilon(t, want.Requests, got.Requests, 0.2, "it is an estimate: %d of %d", got.Requests, want.Requests)
		assert.Equal(t, bounds, got.Latency.Bounds)
		t.Logf("increase() says %d, and %d is the truth", got.Requests, want.Requests)
	})
	assert.True(t, slices.IsSorted(s.Names()))
}
