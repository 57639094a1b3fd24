//go:build unix

package local_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// bare is what a Router is compared with: a plain ReverseProxy with one backend, a transport tuned
// like the router's, and a buffer pool.
func bare(b testing.TB, backend string) http.Handler {
	target, err := url.Parse(backend)
	require.NoError(b, err)
	transport := &http.Transport{
		DialContext:           (&net.Dialer{Timeout: 2 * time.Second}).DialContext,
		DisableCompression:    true,
		MaxIdleConnsPerHost:   512,
		IdleConnTimeout:       4 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
	b.Cleanup(transport.CloseIdleConnections)
	return &httputil.ReverseProxy{
		Rewrite: func(pr *httputil.ProxyRequest) {
			pr.SetURL(target)
			pr.Out.Host = pr.In.Host
			pr.SetXForwarded()
		},
		Transport:  transport,
		BufferPool: &lentBuffers{},
	}
}

type lentBuffers struct{ pool sync.Pool }

func (p *lentBuffers) Get() []byte {
	if b, ok := p.pool.Get().(*[32 << 10]byte); ok {
		return b[:]
	}
	return make([]byte, 32<<10)
}
func (p *lentBuffers) Put(b []byte) { p.pool.Put((*[32 << 10]byte)(b)) }

// page is a backend that answers with a kilobyte.
func page(b testing.TB) *httptest.Server {
	body := make([]byte, 1024)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{"text/plain"}
		w.Write(body)
	}))
	b.Cleanup(s.Close)
	return s
}

func benchRouter(b testing.TB, isSticky bool) http.Handler {
	table := rollout.Table{Sticky: isSticky, Routes: []rollout.Route{
		{Role: strategy.Stable, Traffic: rollout.Traffic{Pool: oldPool, Share: strategy.Percent(90)},
			Backends: []rollout.Backend{{ID: "a", Addr: page(b).Listener.Addr().String()}}},
		{Role: strategy.Candidate, Traffic: rollout.Traffic{Pool: newPool, Share: strategy.Percent(10)},
			Backends: []rollout.Backend{{ID: "b", Addr: page(b).Listener.Addr().String()}}},
	}}
	return newRouter(b, local.RouterOptions{}, table)
}

// load sends n requests from keep-alive clients, and gives their latencies.
func load(b testing.TB, url string, clients, n int) []time.Duration {
	transport := &http.Transport{MaxIdleConnsPerHost: clients, DisableCompression: true}
	defer transport.CloseIdleConnections()
	took := make([]time.Duration, n)
	var next atomic.Int64
	var all sync.WaitGroup
	for c := range clients {
		all.Go(func() {
			req, _ := http.NewRequest(http.MethodGet, url, nil)
			req.Header.Set("Cookie", fmt.Sprintf("davit-client=client%d", c))
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				start := time.Now()
				res, err := transport.RoundTrip(req)
				if err != nil || res.StatusCode != 200 {
					b.Error(res, err)
					return
				}
				io.Copy(io.Discard, res.Body)
				res.Body.Close()
				took[i] = time.Since(start)
			}
		})
	}
	all.Wait()
	return took
}

func benchProxy(b *testing.B, h http.Handler) {
	s := httptest.NewServer(h)
	defer s.Close()
	load(b, s.URL, 16, 500)
	b.ReportAllocs()
	b.ResetTimer()
	took := load(b, s.URL, 16, b.N)
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(len(took))/b.Elapsed().Seconds(), "req/s")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

func BenchmarkBareProxy(b *testing.B) { benchProxy(b, bare(b, page(b).URL)) }

func BenchmarkRouter(b *testing.B) {
	b.Run("shares", func(b *testing.B) { benchProxy(b, benchRouter(b, false)) })
	b.Run("sticky", func(b *testing.B) { benchProxy(b, benchRouter(b, true)) })
}

// BenchmarkRatio compares the router with the bare proxy within one run: rounds of both alternate,
// in an order that alternates too, so that whatever else the machine does hits both alike. It
// reports the median over the rounds of three ratios: of throughput (1 is as fast, less is slower),
// of the 99th percentile of latency (1 is alike, more is slower), and of the processor time that a
// request takes, clients and backends included (1 is alike, more is dearer), which other programs
// on the machine disturb least. The bare proxy against itself shows how far off 1 the noise is.
func BenchmarkRatio(b *testing.B) {
	for _, c := range []struct {
		name string
		make func() http.Handler
	}{
		{"shares", func() http.Handler { return benchRouter(b, false) }},
		{"sticky", func() http.Handler { return benchRouter(b, true) }},
		{"bare", func() http.Handler { return bare(b, page(b).URL) }},
	} {
		b.Run(c.name, func(b *testing.B) { benchRatio(b, bare(b, page(b).URL), c.make()) })
	}
}

func benchRatio(b *testing.B, base, other http.Handler) {
	const each = 2000
	sides := [2]*httptest.Server{httptest.NewServer(base), httptest.NewServer(other)}
	defer sides[0].Close()
	defer sides[1].Close()
	for _, s := range sides {
		load(b, s.URL, 16, each)
	}
	var rate, p99, cost []float64
	b.ResetTimer()
	for round := range b.N {
		var elapsed, tail, spent [2]float64
		for turn := range 2 {
			side := (round + turn) % 2
			start, used := time.Now(), processorTime()
			took := load(b, sides[side].URL, 16, each)
			elapsed[side] = time.Since(start).Seconds()
			spent[side] = (processorTime() - used).Seconds()
			slices.Sort(took)
			tail[side] = took[each*99/100].Seconds()
		}
		rate = append(rate, elapsed[0]/elapsed[1])
		p99 = append(p99, tail[1]/tail[0])
		cost = append(cost, spent[1]/spent[0])
	}
	b.ReportMetric(median(rate), "throughput-ratio")
	b.ReportMetric(median(p99), "p99-ratio")
	b.ReportMetric(median(cost), "cpu-ratio")
	b.ReportMetric(0, "ns/op") // of two loads together: it tells nothing
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

func processorTime() time.Duration {
	var used syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
