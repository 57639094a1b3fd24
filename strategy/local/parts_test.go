package local_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/metricstest"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// backed is a table of the old pool alone, with these backends, whom nobody asks.
func backed(ids ...string) rollout.Table {
	r := rollout.Route{Role: strategy.Stable, Traffic: rollout.Traffic{Pool: oldPool, Share: strategy.All()}}
	for i, id := range ids {
		r.Backends = append(r.Backends, rollout.Backend{ID: id, Addr: fmt.Sprintf("127.0.0.1:%d", i+1)})
	}
	return rollout.Table{Routes: []rollout.Route{r}}
}

func partsOf(t testing.TB, r *local.Router, p strategy.Pool, from, to time.Time) []metrics.Window {
	all, err := r.Parts(t.Context(), metrics.Query{Group: p.String(), From: from, To: to})
	require.NoError(t, err)
	return all
}

func TestHalvesAreEvenAndStay(t *testing.T) {
	r := newRouter(t, local.RouterOptions{}, backed("a", "b", "c", "d", "e"))
	halves := func(ids ...string) (all []int) {
		for _, id := range ids {
			all = append(all, r.Half(id))
		}
		return all
	}
	assert.Equal(t, []int{0, 1, 0, 1, 0}, halves("a", "b", "c", "d", "e"))
	table := backed("x", "e", "y", "b", "a", "z")
	require.NoError(t, r.Route(t.Context(), renumbered(table)))
	assert.Equal(t, []int{0, 1, 0}, halves("a", "b", "e"), "whoever stays keeps its half")
	assert.Equal(t, []int{1, 0, 1}, halves("x", "y", "z"), "and the new ones make the halves even")
}

// renumbered gives each backend an address that depends on its ID alone, as a known one must keep it.
func renumbered(t rollout.Table) rollout.Table {
	for i := range t.Routes[0].Backends {
		b := &t.Routes[0].Backends[i]
		if b.ID[0] <= 'e' {
			b.Addr = fmt.Sprintf("127.0.0.1:%d", b.ID[0]-'a'+1)
		} else {
			b.Addr = fmt.Sprintf("127.0.0.1:%d", b.ID[0])
		}
	}
	return t
}

func TestPartsAgreeWithASimpleCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t, local.RouterOptions{}, backed("0", "1"))
		born, rng := time.Now(), rand.New(rand.NewPCG(3, 4))
		type one struct {
			at   time.Time
			half int
			bad  bool
		}
		var log []one
		for round := range 300 {
			ids := []string{"0", "1"} // two that stay, and some that come and go
			for k := range rng.IntN(5) {
				ids = append(ids, fmt.Sprintf("%d-%d", round, k))
			}
			require.NoError(t, r.Route(t.Context(), backed(ids...)))
			for range 20 {
				id, status := ids[rng.IntN(len(ids))], 200+300*rng.IntN(2)
				r.RecordOn(oldPool, id, time.Millisecond, status)
				log = append(log, one{time.Now(), r.Half(id), status == 500})
			}
			time.Sleep(time.Duration(rng.Int64N(int64(3 * time.Second))))
		}
		now := time.Now().Add(time.Second).Truncate(time.Second)
		time.Sleep(time.Until(now))
		for _, from := range []time.Time{born, now.Add(-time.Minute), now.Add(-3 * time.Second)} {
			var want [2]metrics.Window
			for _, o := range log {
				if o.at.Before(from) {
					continue
				}
				want[o.half].Requests++
				if o.bad {
					want[o.half].Errors++
				}
			}
			got := partsOf(t, r, oldPool, from, now)
			require.Len(t, got, 2)
			for i := range got {
				assert.Equal(t, want[i].Requests, got[i].Requests)
				assert.Equal(t, want[i].Errors, got[i].Errors)
				assert.Equal(t, want[i].Requests, got[i].Latency.Count())
			}
		}
	})
}

func TestAGroupOfOneBackendHasOnePart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t, local.RouterOptions{}, backed("a"))
		born := time.Now()
		r.RecordOn(oldPool, "a", time.Millisecond, 200)
		time.Sleep(time.Second)
		all := partsOf(t, r, oldPool, born, time.Now())
		require.Len(t, all, 1)
		assert.EqualValues(t, 1, all[0].Requests)

		require.NoError(t, r.Route(t.Context(), backed("a", "b")))
		r.RecordOn(oldPool, "b", time.Millisecond, 500)
		time.Sleep(time.Second)
		require.NoError(t, r.Route(t.Context(), backed("a")))
		all = partsOf(t, r, oldPool, born, time.Now())
		require.Len(t, all, 2, "also when the other one has gone")
		assert.EqualValues(t, 0, all[0].Errors)
		assert.EqualValues(t, 1, all[1].Errors)
	})
}

func TestRouterKeepsTheLawsOfSources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(500 * time.Millisecond)
		r := newRouter(t, local.RouterOptions{}, backed("a", "b", "c"))
		born := time.Now().Truncate(time.Second).Add(time.Second)
		time.Sleep(time.Until(born))
		for i := range 60 {
			for k, id := range []string{"a", "b", "c"} {
				for range i%5 + k + 1 {
					r.RecordOn(oldPool, id, time.Duration(i*k)*time.Millisecond, 200+300*(i%2))
				}
			}
			time.Sleep(500 * time.Millisecond)
		}
		second := func(n int) time.Time { return born.Add(time.Duration(n) * time.Second) }
		check := func(name string, cuts ...time.Time) {
			assert.NoError(t, metricstest.Check(func() metrics.Source { return r }, metricstest.Case{
				Name: name, Group: oldPool.String(), Cuts: cuts, Parts: 2, SilentFrom: second(-20), SilentTo: second(-10),
			}))
		}
		check("seconds", second(0), second(1), second(7), second(30))
		time.Sleep(time.Hour)
		minute := born.Truncate(time.Minute)
		check("minutes", minute, minute.Add(time.Minute), minute.Add(2*time.Minute))
	})
}

// What a group fails to answer is counted for the backend that failed, and what another one answers for
// that one.
func TestAMoveCountsForBothBackends(t *testing.T) {
	good, other := newSite(t, "good"), newSite(t, "other")
	table := rollout.Table{Routes: []rollout.Route{
		route(strategy.Stable, oldPool, strategy.Percent(50), good, other),
		{Role: strategy.Candidate, Traffic: rollout.Traffic{Pool: newPool, Share: strategy.Percent(50)}, Backends: []rollout.Backend{
			{ID: "dead1", Addr: "127.0.0.1:1"}, {ID: "dead2", Addr: "127.0.0.1:2"}}},
	}}
	r := newRouter(t, local.RouterOptions{}, table)
	table.Routes[1].Backends = table.Routes[1].Backends[1:]
	require.NoError(t, r.Route(t.Context(), table))
	begin := time.Now().Add(-time.Minute)
	for range 100 {
		require.Equal(t, http.StatusOK, ask(r).Code)
	}
	end := time.Now().Add(time.Minute)
	failed := partsOf(t, r, newPool, begin, end)
	require.Len(t, failed, 2)
	assert.Zero(t, failed[0].Requests)
	assert.EqualValues(t, 50, failed[1].Requests)
	assert.EqualValues(t, 50, failed[1].Errors)
	answered := partsOf(t, r, oldPool, begin, end)
	require.Len(t, answered, 2)
	assert.EqualValues(t, 100, answered[0].Requests+answered[1].Requests)
	assert.EqualValues(t, good.hits.Load(), answered[r.Half("good")].Requests)
	assert.EqualValues(t, other.hits.Load(), answered[r.Half("other")].Requests)
}
