package haproxy_test

import (
	"context"
	"fmt"
	"math"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/metricstest"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/haproxy"
)

type measures interface {
	Source(o haproxy.SourceOptions) (*haproxy.Source, error)
}

// running is a source that runs until the test is over.
func running(t testing.TB, of measures, o haproxy.SourceOptions, edit ...func(*haproxy.Source)) *haproxy.Source {
	if o.Poll == 0 {
		o.Poll = 2 * time.Millisecond
	}
	s, err := of.Source(o)
	require.NoError(t, err)
	for _, e := range edit {
		e(s)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		assert.ErrorIs(t, <-ended, context.Canceled)
	})
	return s
}

// log writes a line as HAProxy does, of one request to the pool's first server, and counts it.
func (w *world) log(pool strategy.Pool, server string, at time.Time, status int, ended string, took time.Duration) {
	w.simulator.mu.Lock()
	defer w.simulator.mu.Unlock()
	w.logIn(w.current, pool, server, at, status, ended, took)
}

func (w *world) logIn(p *worker, pool strategy.Pool, server string, at time.Time, status int, ended string, took time.Duration) {
	p.requests++
	p.backend["shop_a"].total++
	p.say(fmt.Sprintf("davit:1 shop %d %d %d %d %s shop_a %s %d %s %d", p.pid, p.requests, p.logged, at.UnixMilli(), poolText(pool), server, status, ended, took.Milliseconds()))
	p.logged++
}

// measured is a world in which there was traffic for ten seconds.
func measured(t testing.TB) (w *world, start time.Time) {
	w = newWorld(t)
	w.current.began = time.Now().Add(-time.Minute)
	start = time.Now().Truncate(time.Second).Add(-20 * time.Second)
	for i := range 100 {
		at := start.Add(time.Duration(i) * 100 * time.Millisecond)
		w.log(oldPool, fmt.Sprintf("s%d", 1+i%3), at, 200, "----", 10*time.Millisecond)
		if i%4 == 0 {
			w.log(newPool, "s1", at, []int{200, 500, 503, -1}[i/4%4], []string{"----", "----", "SC--", "SD--"}[i/4%4], 200*time.Millisecond)
		}
	}
	return w, start
}

func TestSourceConforms(t *testing.T) {
	w, start := measured(t)
	s := running(t, w.router(), haproxy.SourceOptions{})
	cut := func(n int) time.Time { return start.Add(time.Duration(n) * time.Second) }
	c := metricstest.Case{
		Cuts: []time.Time{cut(0), cut(3), cut(7), cut(10)}, SilentFrom: start.Add(-time.Hour), SilentTo: start.Add(-50 * time.Minute),
		Down: func() metrics.Source {
			o := w.groups
			o.Socket = filepath.Join(t.TempDir(), "none")
			g, err := haproxy.NewGroups(o)
			require.NoError(t, err)
			return running(t, g, haproxy.SourceOptions{})
		},
		Hangs: func() metrics.Source {
			mute, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			t.Cleanup(func() { mute.Close() })
			o := w.groups
			o.Socket = mute.Addr().String()
			g, err := haproxy.NewGroups(o)
			require.NoError(t, err)
			return running(t, g, haproxy.SourceOptions{})
		},
	}
	c.Name, c.Group, c.Parts = "of three servers", oldPool.String(), 2
	other := c
	other.Name, other.Group, other.Parts = "of one", newPool.String(), 1
	metricstest.Run(t, func() metrics.Source { return s }, c, other)
}

func read(t testing.TB, s *haproxy.Source, p strategy.Pool, from, to time.Time) metrics.Window {
	t.Helper()
	got, err := s.Read(t.Context(), metrics.Query{Group: p.String(), From: from, To: to})
	require.NoError(t, err)
	return got
}

func TestSourceCounts(t *testing.T) {
	w, start := measured(t)
	s := running(t, w.router(), haproxy.SourceOptions{})
	end := start.Add(10 * time.Second)
	got := read(t, s, oldPool, start, end)
	assert.Equal(t, start, got.From.Add(0))
	assert.True(t, got.To.Equal(end))
	assert.Equal(t, []uint64{100, 0, 0}, []uint64{got.Requests, got.Errors, got.Counts["gone"]})
	assert.Equal(t, uint64(100), got.Latency.Count())
	assert.InDelta(t, 0.0085, got.Latency.Quantile(0.5), 0.0016)
	got = read(t, s, newPool, start, end)
	assert.Equal(t, []uint64{25, 18}, []uint64{got.Requests, got.Errors}, "500, 503, and no answer")

	now := time.Now()
	w.log(newPool, "s1", now, 200, "CD--", time.Second)
	w.log(newPool, "s1", now, -1, "CH--", time.Second)
	w.log(newPool, "<NOSRV>", now, 503, "SC--", 0)
	w.log(basePool, "s4", now, 404, "----", 0)
	eventually(t, "they are read", func() bool {
		one, err := s.Read(t.Context(), metrics.Query{Group: basePool.String(), From: now.Add(-time.Second), To: now.Add(time.Hour)})
		return err == nil && one.Requests == 1
	})
	got = read(t, s, newPool, now.Add(-time.Second), now.Add(time.Second))
	assert.Equal(t, []uint64{1, 1, 2}, []uint64{got.Requests, got.Errors, got.Counts["gone"]}, "what its client gave up is no request")
	got = read(t, s, basePool, now.Add(-time.Second), now.Add(time.Second))
	assert.Zero(t, got.Errors)
	assert.Equal(t, []string{"gone"}, s.Names())
}

// What happens to lines is told: the stretch begins after it.
func TestLostLines(t *testing.T) {
	// end logs a line now and then until one is measured behind a hole, which ends with its second.
	end := func(t *testing.T, w *world, s *haproxy.Source, since time.Time) {
		next := time.Now()
		eventually(t, "something is measured after the hole", func() bool {
			if time.Now().After(next) {
				w.log(oldPool, "s1", time.Now(), 200, "----", 0)
				next = time.Now().Add(400 * time.Millisecond)
			}
			got, err := s.Read(t.Context(), metrics.Query{Group: oldPool.String(), From: since, To: time.Now()})
			return err == nil && got.From.After(since.Add(time.Millisecond)) && got.Requests > 0 && got.Requests < 100
		})
	}
	for name, lose := range map[string]func(w *world){
		"the ring was full": func(w *world) {
			w.current.logged += 7
			w.current.say("7 events dropped")
		},
		"a line is cut off": func(w *world) { w.current.say("GET /" + strings.Repeat("x", 1000)) },
		"a line is broken":  func(w *world) { w.current.say("davit:1 shop 1 2 3") },
		"lines never came":  func(w *world) { w.current.logged += 3; w.logIn(w.current, oldPool, "s1", time.Now(), 200, "----", 0) },
		"nothing is logged": func(w *world) { w.current.backend["shop_a"].total += 5 },
		"killed": func(w *world) {
			w.simulator.mu.Unlock()
			w.crash()
			w.simulator.mu.Lock()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, start := measured(t)
			s := running(t, w.router(), haproxy.SourceOptions{}, func(s *haproxy.Source) { s.Impatient(50 * time.Millisecond) })
			assert.True(t, read(t, s, oldPool, start, time.Now()).From.Equal(start))
			w.simulator.mu.Lock()
			lose(w)
			w.simulator.mu.Unlock()
			end(t, w, s, start)
			early, err := s.Read(t.Context(), metrics.Query{Group: oldPool.String(), From: start, To: start.Add(10 * time.Second)})
			require.NoError(t, err, "what was measured before it is measured")
			assert.Equal(t, uint64(100), early.Requests)
		})
	}
}

func TestLostLinesAreTolerated(t *testing.T) {
	w, start := measured(t)
	s := running(t, w.router(), haproxy.SourceOptions{MaxLost: strategy.Percent(5)})
	read(t, s, oldPool, start, time.Now())
	w.simulator.mu.Lock()
	w.current.say("4 events dropped")
	w.simulator.mu.Unlock()
	w.log(basePool, "s1", time.Now(), 200, "----", 0)
	eventually(t, "the lines are read", func() bool {
		_, err := s.Read(t.Context(), metrics.Query{Group: basePool.String(), From: start, To: time.Now()})
		return err == nil
	})
	assert.True(t, read(t, s, oldPool, start, time.Now()).From.Equal(start), "4 of 130")
	w.simulator.mu.Lock()
	w.current.say("40 events dropped")
	w.simulator.mu.Unlock()
	eventually(t, "too many are lost", func() bool {
		got, err := s.Read(t.Context(), metrics.Query{Group: oldPool.String(), From: start, To: time.Now()})
		return err != nil || got.From.After(start)
	})
}

// After a reload the old process is heard out, and then left, so that it can end.
func TestSourceOverReloads(t *testing.T) {
	w, start := measured(t)
	s := running(t, w.router(), haproxy.SourceOptions{})
	read(t, s, oldPool, start, time.Now())
	before := w.current
	before.backend["shop_a"].current, before.servers[0].current = 1, 1
	w.reload()
	w.log(oldPool, "s1", time.Now(), 200, "----", 0)
	eventually(t, "the new process is read", func() bool { return read(t, s, oldPool, start, time.Now()).Requests == 101 })
	w.simulator.mu.Lock()
	w.logIn(before, oldPool, "s1", time.Now(), 200, "----", time.Second)
	before.backend["shop_a"].current, before.servers[0].current = 0, 0
	w.simulator.mu.Unlock()
	eventually(t, "the old process is read", func() bool { return read(t, s, oldPool, start, time.Now()).Requests == 102 })
	eventually(t, "the old process may end", func() bool {
		w.simulator.mu.Lock()
		defer w.simulator.mu.Unlock()
		return len(w.old) == 0
	})
	got := read(t, s, oldPool, start, time.Now())
	assert.True(t, got.From.Equal(start), "nothing was lost")
	assert.Equal(t, uint64(102), got.Requests)
}

// What a ring has forgotten was not measured.
func TestSourceBeginsLate(t *testing.T) {
	w, start := measured(t)
	w.current.log = w.current.log[60:]
	s := running(t, w.router(), haproxy.SourceOptions{})
	got := read(t, s, oldPool, start, time.Now())
	assert.True(t, got.From.After(start.Add(4*time.Second)))
	assert.Equal(t, uint64(52), got.Requests)
	_, err := s.Read(t.Context(), metrics.Query{Group: oldPool.String(), From: start, To: start.Add(time.Second)})
	assert.ErrorIs(t, err, metrics.ErrNoData)
}

func TestSourceOfNobody(t *testing.T) {
	w := newWorld(t)
	s, err := w.router().Source(haproxy.SourceOptions{})
	require.NoError(t, err)
	q := metrics.Query{Group: "x", From: time.Now().Add(-time.Second), To: time.Now()}
	short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err = s.Read(short, q)
	assert.ErrorIs(t, err, haproxy.ErrNotRunning)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	over, end := context.WithCancel(t.Context())
	end()
	assert.ErrorIs(t, s.Run(over), context.Canceled)
	_, err = s.Read(t.Context(), q)
	assert.ErrorIs(t, err, haproxy.ErrNotRunning)

	w.groups.Ring = "other"
	s = running(t, w.router(), haproxy.SourceOptions{})
	_, err = s.Read(t.Context(), q)
	assert.ErrorContains(t, err, "No such event sink")

	_, err = w.router().Source(haproxy.SourceOptions{Poll: -1})
	assert.ErrorContains(t, err, "SourceOptions.Poll")
	_, err = w.router().Source(haproxy.SourceOptions{MaxLost: strategy.Percent(101)})
	assert.ErrorContains(t, err, "SourceOptions.MaxLost")
}

// Without a ring there are counts, and no latency.
func TestCountsOnly(t *testing.T) {
	w := newWorld(t)
	g := w.router()
	old := w.instances(oldPool, 2)
	require.NoError(t, g.Route(t.Context(), table(route(strategy.Stable, oldPool, strategy.All(), old))))
	from := time.Now()
	s := running(t, g, haproxy.SourceOptions{CountsOnly: true, Poll: 200 * time.Millisecond})
	eventually(t, "it looks", func() bool {
		_, err := s.Read(t.Context(), metrics.Query{Group: oldPool.String(), From: from, To: time.Now().Add(time.Second)})
		return err == nil
	})
	w.simulator.mu.Lock()
	for _, b := range old {
		one := w.at(b.Addr)
		one.answers[2], one.answers[5], one.eresp, one.econ = 90, 6, 3, 1
	}
	w.simulator.mu.Unlock()
	var got metrics.Window
	eventually(t, "it counts", func() bool {
		got = read(t, s, oldPool, from, time.Now())
		return got.Requests > 0
	})
	assert.Equal(t, []uint64{200, 20}, []uint64{got.Requests, got.Errors})
	assert.True(t, math.IsNaN(got.Latency.Quantile(0.5)), "nothing is said of latency")
	parts, err := s.Parts(t.Context(), metrics.Query{Group: oldPool.String(), From: from, To: time.Now()})
	require.NoError(t, err)
	assert.Len(t, parts, 2)
	w.reload()
	eventually(t, "what the reload hid is told", func() bool {
		got, err := s.Read(t.Context(), metrics.Query{Group: oldPool.String(), From: from, To: time.Now()})
		return err != nil || got.From.After(from)
	})
}

// A server that is added at run time is counted from its first answer on.
func TestCountsOnlyOfServersThatAreNew(t *testing.T) {
	w := newWorld(t, func(w *world) { w.groups.Servers, w.groups.AddServers = 1, "check" })
	g := w.router()
	old := w.instances(oldPool, 2)
	require.NoError(t, g.Route(t.Context(), table(route(strategy.Stable, oldPool, strategy.All(), old[:1]))))
	from := time.Now()
	s := running(t, g, haproxy.SourceOptions{CountsOnly: true, Poll: 500 * time.Millisecond})
	read(t, s, oldPool, from.Add(-time.Second), time.Now().Add(time.Second))
	require.NoError(t, g.Route(t.Context(), table(route(strategy.Stable, oldPool, strategy.All(), old))))
	w.simulator.mu.Lock()
	w.at(old[1].Addr).answers[2] = 7
	w.simulator.mu.Unlock()
	eventually(t, "they are counted", func() bool { return read(t, s, oldPool, from, time.Now()).Requests == 7 })
}

// HAProxy counts no answers in mode tcp: that is not none.
func TestCountsOnlyOfConnections(t *testing.T) {
	w := newWeightsWorld(t, simBackend{servers: 1, mode: "tcp"})
	r := w.weightsRouter()
	require.NoError(t, r.Route(t.Context(), table(route(strategy.Stable, oldPool, strategy.All(), w.instances(oldPool, 1)))))
	s := running(t, r, haproxy.SourceOptions{CountsOnly: true})
	_, err := s.Read(t.Context(), metrics.Query{Group: oldPool.String(), From: time.Now().Add(-time.Second), To: time.Now()})
	assert.ErrorContains(t, err, "the backend app is in mode tcp")
}

// Where the log does not say which pool a request went to, the servers do.
func TestSourceOfWeights(t *testing.T) {
	w := newWeightsWorld(t, simBackend{servers: 4})
	r := w.weightsRouter()
	s := running(t, r, haproxy.SourceOptions{})
	from := time.Now()
	old, young := w.instances(oldPool, 1), w.instances(newPool, 1)
	require.NoError(t, r.Route(t.Context(), table(route(strategy.Stable, oldPool, strategy.Percent(50), old), route(strategy.Candidate, newPool, strategy.Percent(50), young))))
	eventually(t, "it measures", func() bool {
		_, err := s.Read(t.Context(), metrics.Query{Group: newPool.String(), From: from, To: time.Now()})
		return err == nil
	})
	counts := map[string]uint64{}
	for range 100 {
		id, _, err := w.ask(t.Context(), nil)
		require.NoError(t, err)
		counts[id]++
	}
	for _, c := range []struct {
		pool strategy.Pool
		id   string
	}{{oldPool, old[0].ID}, {newPool, young[0].ID}} {
		eventually(t, "all are counted", func() bool {
			got, err := s.Read(t.Context(), metrics.Query{Group: c.pool.String(), From: from, To: time.Now()})
			return err == nil && got.Requests == counts[c.id]
		})
	}
	w.weights.Ring = ""
	_, err := w.weightsRouter().Source(haproxy.SourceOptions{})
	assert.ErrorContains(t, err, "SourceOptions.CountsOnly")
}
