package local_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// addressed is a table of two pools, whose backends nobody asks.
func addressed() rollout.Table {
	return twoRoutes("stable", "1.0.0", 500_000, "a", "127.0.0.1:1", "candidate", "1.1.0", 500_000, "b", "127.0.0.1:2")
}

func read(r *local.Router, p strategy.Pool, from, to time.Time) (metrics.Window, error) {
	return r.Read(context.Background(), metrics.Query{Group: p.String(), From: from, To: to})
}

func TestReadTellsTheKindsOfNothingApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t, local.RouterOptions{}, addressed())
		born := time.Now()
		time.Sleep(time.Minute)
		now := time.Now()

		_, err := r.Read(t.Context(), metrics.Query{Group: "9.9.9", From: born, To: now})
		assert.ErrorIs(t, err, metrics.ErrUnknownGroup)
		wants(t, err, `"9.9.9"`)

		w, err := read(r, oldPool, born, now)
		require.NoError(t, err, "no traffic is a measurement")
		assert.Zero(t, w.Requests)

		_, err = read(r, oldPool, born.Add(-time.Hour), born)
		assert.ErrorIs(t, err, metrics.ErrNoData, "before the group was known")
		_, err = read(r, oldPool, now, now.Add(time.Hour))
		assert.ErrorIs(t, err, metrics.ErrNoData, "in the future")
		_, err = read(r, oldPool, now, now)
		wants(t, err, "is empty")
		assert.NotErrorIs(t, err, metrics.ErrNoData)

		w, err = read(r, oldPool, born.Add(-time.Hour), now.Add(time.Hour))
		require.NoError(t, err)
		assert.Equal(t, born.UnixNano(), w.From.UnixNano(), "cut at the beginning")
		assert.Equal(t, now.UnixNano(), w.To.UnixNano(), "and at now")

		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = r.Read(canceled, metrics.Query{Group: oldPool.String(), From: born, To: now})
		assert.ErrorIs(t, err, context.Canceled)

		time.Sleep(25 * time.Hour)
		_, err = read(r, oldPool, now, now.Add(time.Hour))
		assert.ErrorIs(t, err, metrics.ErrNoData, "not kept so long")
		r.Record(oldPool, time.Millisecond, 500)
		time.Sleep(time.Second)
		w, err = read(r, oldPool, now, time.Now())
		require.NoError(t, err, "of a long watch the last day is kept")
		assert.EqualValues(t, 1, w.Requests)
		assert.InDelta(t, 24*time.Hour, time.Since(w.From), float64(time.Minute), "and told")
	})
}

func TestTalliesAreForgottenADayAfterTheirTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t, local.RouterOptions{}, addressed())
		r.Record(newPool, time.Millisecond, 200)
		alone := addressed()
		alone.Routes = alone.Routes[:1]
		alone.Routes[0].Share = strategy.All()
		time.Sleep(30 * time.Hour) // in the table all the time
		require.NoError(t, r.Route(t.Context(), alone))
		time.Sleep(23 * time.Hour)
		require.NoError(t, r.Route(t.Context(), alone))
		assert.EqualValues(t, 1, totals(t, r, newPool).Requests)
		require.Len(t, r.Snapshot().Groups, 2)
		assert.Empty(t, r.Snapshot().Groups[1].Role)
		time.Sleep(2 * time.Hour)
		require.NoError(t, r.Route(t.Context(), alone))
		_, known := r.Totals(newPool)
		assert.False(t, known)
		assert.Len(t, r.Snapshot().Groups, 1)
	})
}

// logged is an answer, for the simple count that windows are compared with.
type logged struct {
	at     time.Time
	took   time.Duration
	status int
}

func TestWindowsAgreeWithASimpleCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t, local.RouterOptions{}, addressed())
		rng := rand.New(rand.NewPCG(1, 2))
		born := time.Now()
		var log []logged
		cut := 0
		for range 4000 {
			// Bursts within seconds, and gaps of up to some minutes: 30 hours in all.
			switch rng.IntN(10) {
			case 0:
				time.Sleep(time.Duration(rng.Int64N(int64(9 * time.Minute))))
			default:
				time.Sleep(time.Duration(rng.Int64N(int64(500 * time.Millisecond))))
			}
			l := logged{time.Now(), time.Duration(rng.Int64N(int64(100*time.Second))) >> rng.IntN(20), 200 + 100*rng.IntN(4)}
			log = append(log, l)
			r.Record(oldPool, l.took, l.status)
			if rng.IntN(4) > 0 {
				continue
			}
			back := time.Duration(rng.Int64N(int64(25*time.Hour))) >> rng.IntN(16)
			from := time.Now().Add(-back)
			if rng.IntN(4) == 0 {
				from = from.Add(-time.Duration(rng.Int64N(int64(26 * time.Hour)))) // a long watch
				back = time.Since(from)
			}
			to := from.Add(time.Duration(1 + rng.Int64N(int64(back)+1)))
			w, err := read(r, oldPool, from, to)
			// A minute is kept until a day has passed since it began.
			kept := time.Now().Add(-24 * time.Hour).Truncate(time.Minute).Add(time.Minute)
			if !to.After(maxTime(born, kept)) {
				require.ErrorIs(t, err, metrics.ErrNoData)
				continue
			}
			require.NoError(t, err)
			checkWindow(t, w, maxTime(from, kept), to, born, log)
			if from.Before(kept) && kept.After(born) {
				cut++
			}
		}
		require.Greater(t, cut, 5, "windows that began before what is kept")
		require.Greater(t, time.Since(born), 26*time.Hour)
	})
}

func checkWindow(t *testing.T, w metrics.Window, from, to, born time.Time, log []logged) {
	t.Helper()
	from, to = maxTime(from, born), minTime(to, time.Now())
	unit := time.Second
	if time.Since(from) > 15*time.Minute {
		unit = time.Minute
	}
	require.False(t, w.From.After(from), "%s begins after %s", w.From, from)
	require.False(t, w.To.Before(to), "%s ends before %s", w.To, to)
	require.LessOrEqual(t, from.Sub(w.From), unit)
	require.LessOrEqual(t, w.To.Sub(to), unit)

	var want metrics.Window
	bounds := local.LatencyBounds()
	counts := make([]uint64, len(bounds)+1)
	for _, l := range log {
		// The second or minute of the answer counts as a whole when the stretch touches it.
		begin := l.at.Truncate(unit)
		if !begin.Add(unit).After(from) || !begin.Before(to) {
			continue
		}
		want.Requests++
		if l.status >= 500 {
			want.Errors++
		}
		i := 0
		for i < len(bounds) && l.took.Seconds() > bounds[i] {
			i++
		}
		counts[i]++
	}
	require.Equal(t, want.Requests, w.Requests)
	require.Equal(t, want.Errors, w.Errors)
	require.Equal(t, counts, w.Latency.Counts)
	require.Equal(t, want.Requests, w.Latency.Count())
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func TestNoWindowHasMoreErrorsThanRequests(t *testing.T) {
	r := newRouter(t, local.RouterOptions{}, addressed())
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for range 30_000 {
				r.Record(oldPool, time.Millisecond, 500)
			}
		})
	}
	done := make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	for {
		now := time.Now()
		w, err := read(r, oldPool, now.Add(-time.Minute), now.Add(time.Second))
		require.NoError(t, err)
		require.LessOrEqual(t, w.Errors, w.Requests)
		select {
		case <-done:
			sum := totals(t, r, oldPool)
			assert.EqualValues(t, 120_000, sum.Requests, "none is lost")
			assert.EqualValues(t, 120_000, sum.Errors)
			return
		default:
		}
	}
}

func TestLatencyBounds(t *testing.T) {
	bounds := local.LatencyBounds()
	assert.Equal(t, 0.0005, bounds[0])
	assert.Equal(t, 60.0, bounds[len(bounds)-1])
	assert.True(t, slices.IsSorted(bounds))
	for i := range len(bounds) - 1 {
		assert.LessOrEqual(t, bounds[i+1]/bounds[i], 2.0)
	}
	bounds[0] = 7
	assert.Equal(t, 0.0005, local.LatencyBounds()[0])
}

func TestErrorsAreWhatTheHostSays(t *testing.T) {
	old := newSite(t, "old")
	r := newRouter(t, local.RouterOptions{IsError: func(status int, err error) bool { return status == 404 }}, stable(old))
	for _, status := range []int{200, 404, 500, 404} {
		old.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		assert.Equal(t, status, ask(r).Code)
	}
	sum := totals(t, r, oldPool)
	assert.EqualValues(t, 4, sum.Requests)
	assert.EqualValues(t, 2, sum.Errors)
	assert.Equal(t, [6]uint64{2: 1, 4: 2, 5: 1}, sum.Statuses)
}

func TestSnapshot(t *testing.T) {
	old, young := newSite(t, "old"), newSite(t, "young")
	r := newRouter(t, local.RouterOptions{}, split(strategy.Percent(10), old, young))
	for range 100 {
		ask(r)
	}
	s := r.Snapshot()
	require.Len(t, s.Groups, 2)
	assert.Equal(t, strategy.Stable, s.Groups[0].Role)
	assert.Equal(t, oldPool, s.Groups[0].Pool)
	assert.Equal(t, strategy.Percent(10), s.Groups[1].Share)
	assert.EqualValues(t, 90, s.Groups[0].Total.Requests)
	assert.EqualValues(t, 10, s.Groups[1].Recent.Requests)
	assert.Equal(t, []local.BackendSnapshot{{Backend: young.backend(), Requests: 10}}, s.Groups[1].Backends)
}
