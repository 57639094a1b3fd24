package prometheus_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// TestMain makes the test binary play the service that fleets run: with "shop" as its first argument.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "shop" {
		serve(os.Args[2], os.Args[3])
		return
	}
	// The race detector makes a program linger for a second at its end, which is right for no instance.
	if err := os.Setenv("GORACE", strings.TrimSpace(os.Getenv("GORACE")+" atexit_sleep_ms=0")); err != nil {
		panic(err)
	}
	// Most of the time of these tests is spent waiting for scrapes: all of them wait at once.
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// serve is the service: it answers within some milliseconds, fails as often as it is told to, and tells Prometheus.
func serve(addr, failing string) {
	fails, err := strconv.ParseFloat(failing, 64)
	if err != nil {
		panic(err)
	}
	registry := client.NewRegistry()
	requests := client.NewCounterVec(client.CounterOpts{Name: "http_requests_total", Help: "Answers."}, []string{"code"})
	latency := client.NewHistogram(client.HistogramOpts{Name: "http_request_duration_seconds", Help: "Time."})
	registry.MustRegister(requests, latency, collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("/healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		began := time.Now()
		time.Sleep(time.Duration(1+rand.IntN(4)) * time.Millisecond)
		code := http.StatusOK
		if rand.Float64() < fails {
			code = http.StatusInternalServerError
		}
		requests.WithLabelValues(strconv.Itoa(code)).Inc()
		latency.Observe(time.Since(began).Seconds())
		w.WriteHeader(code)
	})
	server := &http.Server{Addr: addr, Handler: mux, ReadHeaderTimeout: time.Minute}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	done := make(chan struct{})
	context.AfterFunc(ctx, func() {
		defer close(done)
		_ = server.Shutdown(context.Background())
	})
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	<-done
}

// shop is a fleet of real services behind a router, with live clients, scraped by a Prometheus.
type shop struct {
	t      *testing.T
	dir    string
	p      *server
	fleet  *local.Fleet
	router *local.Router
	target rollout.Target
	// answered and failed are what the clients saw, lost what they got no answer to.
	answered, failed, lost atomic.Int64
}

// fails is how often a version fails: the bad ones say so in their names.
func fails(r strategy.Revision) string {
	if strings.Contains(r.Version, "bad") {
		return "0.4"
	}
	return "0"
}

// open opens a shop that runs 1.0.0, with further targets for Prometheus.
func open(t *testing.T, further map[string]map[string]string) *shop {
	t.Helper()
	s := &shop{t: t, dir: folder(t)}
	var err error
	s.fleet, err = local.NewFleet(local.FleetOptions{
		Dir: s.dir + "/fleet", Service: "shop", Grace: 5 * time.Second, Probe: local.Probe{Path: "/healthz", Interval: 50 * time.Millisecond},
		Command: func(pool strategy.Pool, inst local.InstanceSpec) (local.Command, error) {
			return local.Command{Path: os.Args[0], Args: []string{"shop", inst.Addr, fails(pool.Revision)}}, nil
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.fleet.StopAll(context.Background())) })
	s.router, err = local.NewRouter(local.RouterOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.router.Close(context.Background())) })
	s.target, err = rollout.Compose(s.fleet, s.router, rollout.ComposeOptions{})
	require.NoError(t, err)
	state := strategy.State{Stable: strategy.Group{Revision: strategy.Revision{Version: "1.0.0", Digest: "sha256:0f0f"}, Replicas: 2, Share: strategy.All()}}
	require.NoError(t, rollout.Restore(t.Context(), s.target, state, rollout.Options{Poll: 50 * time.Millisecond}))
	s.p = newServer(t, s.dir, scraping(s.dir))
	s.list(further)
	s.p.up()
	s.visit()
	return s
}

// list keeps the list of what is scraped as the fleet is, until the test is over.
func (s *shop) list(further map[string]map[string]string) {
	ctx, stop := context.WithCancel(context.Background())
	var listing sync.WaitGroup
	listing.Go(func() {
		last := []string{"nothing was listed yet"}
		for ctx.Err() == nil {
			instances, err := s.fleet.Instances(ctx)
			targets, now := map[string]map[string]string{}, []string{}
			for addr, labels := range further {
				targets[addr] = labels
			}
			for _, i := range instances {
				if i.Phase == rollout.Ready || i.Phase == rollout.Unready {
					targets[i.Addr] = map[string]string{"group": i.Pool.String(), "job": "shop"}
					now = append(now, i.Addr)
				}
			}
			if slices.Sort(now); err == nil && !slices.Equal(now, last) {
				listed(s.t, s.dir, targets)
				last = now
			}
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	})
	s.t.Cleanup(func() { stop(); listing.Wait() })
}

// visit lets clients ask without end: some hundred requests a second, all together.
func (s *shop) visit() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(s.t, err)
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	serving, hush := context.WithCancel(context.Background())
	all.Go(func() { _ = s.router.Serve(serving, l) })
	var clients sync.WaitGroup
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	for range 5 {
		clients.Go(func() {
			c := &http.Client{Transport: transport}
			for ctx.Err() == nil {
				res, err := c.Get("http://" + l.Addr().String())
				if err != nil {
					s.lost.Add(1)
					continue
				}
				res.Body.Close()
				if s.answered.Add(1); res.StatusCode != http.StatusOK {
					s.failed.Add(1)
				}
				select {
				case <-time.After(time.Duration(30+rand.IntN(30)) * time.Millisecond):
				case <-ctx.Done():
				}
			}
		})
	}
	s.t.Cleanup(func() {
		stop()
		clients.Wait()
		transport.CloseIdleConnections()
		hush()
		all.Wait()
	})
}
