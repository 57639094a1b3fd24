package prometheus_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	source "github.com/davit-sdk/davit/metrics/prometheus"
)

// target is something in this process that is scraped.
type target struct {
	t        *testing.T
	addr     string
	registry *client.Registry
	server   *http.Server
	scrapes  atomic.Int64
}

func newTarget(t *testing.T) *target {
	g := &target{t: t, addr: freeAddr(t), registry: client.NewRegistry()}
	t.Cleanup(g.down)
	return g
}

func (g *target) up() {
	l, err := net.Listen("tcp", g.addr)
	require.NoError(g.t, err)
	handler := promhttp.HandlerFor(g.registry, promhttp.HandlerOpts{})
	g.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, r)
		g.scrapes.Add(1)
	}), ReadHeaderTimeout: patience}
	served := make(chan struct{})
	server := g.server
	go func() { defer close(served); _ = server.Serve(l) }()
	g.t.Cleanup(func() { _ = server.Close(); <-served })
}

func (g *target) down() {
	if g.server != nil {
		_ = g.server.Close()
		g.server = nil
	}
}

// scraped waits until it was scraped once more, and the sample is there to be read.
func (g *target) scraped(p *server) {
	g.t.Helper()
	n := g.scrapes.Load()
	await(g.t, "a scrape", func() error {
		if g.scrapes.Load() < n+2 {
			return errors.New("none")
		}
		return nil
	})
}

// scraping is a configuration that scrapes what is listed in targets.json each second.
func scraping(dir string) string {
	return fmt.Sprintf("global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n- job_name: shop\n  file_sd_configs:\n  - files: [%q]\n    refresh_interval: 1s\n", filepath.Join(dir, "targets.json"))
}

// listed writes the list of what is scraped: addresses, each with the labels of its target.
func listed(t testing.TB, dir string, targets map[string]map[string]string) {
	t.Helper()
	type one struct {
		Targets []string          `json:"targets"`
		Labels  map[string]string `json:"labels"`
	}
	list := []one{}
	for addr, labels := range targets {
		list = append(list, one{[]string{addr}, labels})
	}
	raw, err := json.Marshal(list)
	require.NoError(t, err)
	// It is written beside it, and put in its place as a whole.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "targets.new"), raw, 0o600))
	require.NoError(t, os.Rename(filepath.Join(dir, "targets.new"), filepath.Join(dir, "targets.json")))
}

// The life of two instances under real scrapes: standing still, the first error, a scrape that fails, a series that
// ends, an instance that goes for good; with native histograms.
func TestLive(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	targets := []*target{newTarget(t), newTarget(t)}
	requests := []*client.CounterVec{}
	latency := []client.Histogram{}
	list := map[string]map[string]string{}
	for _, g := range targets {
		vec := client.NewCounterVec(client.CounterOpts{Name: "requests_total"}, []string{"code"})
		h := client.NewHistogram(client.HistogramOpts{Name: "seconds", NativeHistogramBucketFactor: 1.02})
		g.registry.MustRegister(vec, h)
		requests, latency = append(requests, vec), append(latency, h)
		vec.WithLabelValues("200")
		list[g.addr] = map[string]string{"version": "1.1.0"}
		g.up()
	}
	listed(t, dir, list)
	p := newServer(t, dir, scraping(dir), "--enable-feature=native-histograms")
	p.up()
	o := source.Options{
		Server: source.Server{URL: p.url}, Scrape: time.Second, MaxGap: 4 * time.Second,
		Requests: `requests_total{version="{version}"}`, Errors: `requests_total{version="{version}",code="500"}`, Latency: `seconds{version="{version}"}`, Up: `up{version="{version}"}`,
	}
	s := newSource(t, o)
	read := func(since time.Time) (metrics.Window, error) {
		return s.Read(t.Context(), metrics.Query{Group: "1.1.0", From: since, To: time.Now()})
	}
	_, err := read(time.Now().Add(-time.Minute))
	require.ErrorIs(t, err, metrics.ErrUnknownGroup, "nothing was scraped yet")
	for _, g := range targets {
		g.scraped(p)
	}

	since := time.Now()
	await(t, "an answer", func() error {
		w, err := read(since)
		if err == nil && (w.Requests != 0 || w.From != since || w.To.After(time.Now())) {
			err = fmt.Errorf("it stands still: %+v", w)
		}
		return err
	})

	// Each is dated by the scrape that sees it first, and nothing is lost.
	count := func(what string, since time.Time, requests, errs uint64) metrics.Window {
		t.Helper()
		var last metrics.Window
		await(t, what, func() error {
			w, err := read(since)
			last = w
			if err == nil && (w.Requests != requests || w.Errors != errs) {
				err = fmt.Errorf("%d errors in %d requests, and not %d in %d", w.Errors, w.Requests, errs, requests)
			}
			return err
		})
		return last
	}
	requests[0].WithLabelValues("200").Add(70)
	requests[1].WithLabelValues("200").Add(25)
	requests[1].WithLabelValues("500").Add(5) // the series is made here
	for i := range 100 {
		latency[i%2].Observe(0.010 + 0.001*float64(i))
	}
	w := count("all of it", since, 100, 5)
	require.Equal(t, uint64(100), w.Latency.Count(), "native histograms are counted")
	assert.InEpsilon(t, 0.06, w.Latency.Quantile(0.5), 0.1)
	parts, err := s.Parts(t.Context(), metrics.Query{Group: "1.1.0", From: since, To: w.To})
	require.NoError(t, err)
	require.Len(t, parts, 2)
	assert.ElementsMatch(t, []uint64{70, 30}, []uint64{parts[0].Requests, parts[1].Requests})

	// One cannot be scraped: first it is waited for, then it is an error; without Up nobody can tell.
	targets[1].down()
	requests[1].WithLabelValues("500").Add(50)
	requests[0].WithLabelValues("200").Add(10)
	await(t, "it cannot be scraped", func() error {
		_, err := read(since)
		if errors.Is(err, source.ErrUnscraped) {
			return nil
		}
		return fmt.Errorf("%w, and not ErrUnscraped", errors.Join(err, errAny))
	})
	blind := o
	blind.Up = ""
	got, err := newSource(t, blind).Read(t.Context(), metrics.Query{Group: "1.1.0", From: since, To: time.Now()})
	require.NoError(t, err)
	assert.Equal(t, uint64(5), got.Errors, "what it does now nobody sees")
	// When it is back, what it did meanwhile is counted.
	targets[1].up()
	count("what it did meanwhile", since, 160, 55)

	// A series ends by Prometheus' mark at the next scrape, not after the time for which it is waited for.
	list = map[string]map[string]string{targets[0].addr: list[targets[0].addr]}
	listed(t, dir, list)
	await(t, "the end of a target", func() error {
		up, err := p.value(`up{version="1.1.0"}`)
		if err == nil && len(up) != 1 {
			err = fmt.Errorf("there are %v", up)
		}
		return err
	})
	requests[0].WithLabelValues("200").Add(40)
	left := count("the one that is left", since, 200, 55)

	// All are gone: there is no data, however much there was.
	listed(t, dir, nil)
	await(t, "no data", func() error {
		_, err := read(since)
		if errors.Is(err, metrics.ErrNoData) {
			return nil
		}
		return fmt.Errorf("%w, and not ErrNoData", errors.Join(err, errAny))
	})
	await(t, "what was before that", func() error {
		w, err := s.Read(t.Context(), metrics.Query{Group: "1.1.0", From: since, To: left.To})
		if err == nil && w.Requests != 200 {
			err = fmt.Errorf("there are %d requests", w.Requests)
		}
		return err
	})
}

// The clock of the server is compared with that of this host.
func TestClocksAgree(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	p := newServer(t, dir, "global: {scrape_interval: 1s}\n")
	p.up()
	report, err := newSource(t, (&history{}).options(p.url)).Check(t.Context())
	require.NoError(t, err)
	assert.Less(t, report.Ahead.Abs(), time.Second)
	assert.NotEmpty(t, report.Unseen)
}
