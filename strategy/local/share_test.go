package local_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// sigmas is how many standard deviations a count may be off: one in 300,000 is farther.
const sigmas = 4.7

// offBy is how many standard deviations a binomial count lies from its mean.
func offBy(got, n int, p float64) float64 {
	return math.Abs(float64(got)-float64(n)*p) / math.Sqrt(float64(n)*p*(1-p))
}

func TestSharesAreExactInEachHundred(t *testing.T) {
	old, young := newSite(t, "old"), newSite(t, "young")
	r := newRouter(t, local.RouterOptions{}, stable(old))
	for _, percent := range []int{1, 5, 10, 25, 50, 99} {
		require.NoError(t, r.Route(t.Context(), split(strategy.Percent(float64(percent)), old, young)))
		for range 3 {
			before := young.hits.Load()
			for range 100 {
				require.Equal(t, 200, ask(r).Code)
			}
			assert.EqualValues(t, percent, young.hits.Load()-before)
		}
	}
}

func TestSequenceHasEachHundredthOncePerRound(t *testing.T) {
	orders := map[string]bool{}
	for seed := range uint64(20) {
		next := local.NewSequence(seed)
		for range 50 {
			var seen [100]int
			var order []byte
			for range 100 {
				n := next()
				require.True(t, n >= 0 && n < 1_000_000)
				seen[n/10_000]++
				order = append(order, byte(n/10_000))
			}
			for stratum, n := range seen {
				require.Equal(t, 1, n, "hundredth %d", stratum)
			}
			orders[string(order)] = true
		}
	}
	assert.Equal(t, 1000, len(orders), "each round has an order of its own")
}

func TestSequenceIsEvenForClientsInARhythm(t *testing.T) {
	// A client that sends each period-th request sees the share, too, in any part of it.
	const n = 2000
	for _, period := range []int{2, 3, 10, 50, 89, 100, 128, 233} {
		next := local.NewSequence(uint64(period))
		for _, share := range []float64{0.01, 0.05, 0.5, 0.0005} {
			hits := 0
			for range n {
				for range period - 1 {
					next()
				}
				if float64(next()) < share*1e6 {
					hits++
				}
			}
			assert.Less(t, offBy(hits, n, share), sigmas, "period %d share %v: %d of %d", period, share, hits, n)
		}
	}
}

func TestSequenceOrdersEachPlaceAlike(t *testing.T) {
	// Over many rounds each hundredth comes at each place of a round equally often.
	const rounds = 20_000
	var table [100][100]int
	next := local.NewSequence(7)
	for range rounds {
		for place := range 100 {
			table[place][next()/10_000]++
		}
	}
	chi := 0.0
	for _, row := range table {
		for _, got := range row {
			d := float64(got) - rounds/100
			chi += d * d / (rounds / 100)
		}
	}
	// 99 x 99 degrees of freedom: mean 9801, standard deviation 140.
	assert.Less(t, math.Abs(chi-9801)/140, sigmas, "chi squared %v", chi)
}

func TestRequestsAreEvenWithinAGroup(t *testing.T) {
	a, b, c := newSite(t, "a"), newSite(t, "b"), newSite(t, "c")
	r := newRouter(t, local.RouterOptions{}, stable(a, b, c))
	for range 300 {
		ask(r)
	}
	for _, s := range []*site{a, b, c} {
		assert.EqualValues(t, 100, s.hits.Load(), s.id)
	}
}

func sticky(candidate strategy.Share, old, young *site) rollout.Table {
	t := split(candidate, old, young)
	t.Sticky = true
	return t
}

func TestStickyAssignmentMatchesTheShares(t *testing.T) {
	old, young := newSite(t, "old"), newSite(t, "young")
	for kind, n := range map[string]int{"user-%d": 200_000, "%d": 50_000, "%032x": 50_000, "a%db": 50_000} {
		r := newRouter(t, local.RouterOptions{}, stable(old))
		keys := make([]string, n)
		for i := range keys {
			keys[i] = fmt.Sprintf(kind, i)
		}
		before := make([]bool, n) // with the candidate at the share before
		for _, percent := range []float64{1, 5, 10, 25, 50} {
			require.NoError(t, r.Route(t.Context(), sticky(strategy.Percent(percent), old, young)))
			candidates, back := 0, 0
			for i, key := range keys {
				is := r.Home(key) == newPool.String()
				if is {
					candidates++
				} else if before[i] {
					back++
				}
				before[i] = is
			}
			assert.Less(t, offBy(candidates, n, percent/100), sigmas,
				"%s at %v%%: %d of %d", kind, percent, candidates, n)
			assert.Zero(t, back, "%s at %v%%: a growing share loses no client", kind, percent)
		}
	}
}

func TestStickyKeepsAPromotedGroupsClients(t *testing.T) {
	// Roles do not matter: a candidate that becomes stable keeps its clients.
	const keys = 20_000
	old, young, third := newSite(t, "old"), newSite(t, "young"), newSite(t, "third")
	r := newRouter(t, local.RouterOptions{}, sticky(strategy.Percent(70), old, young))
	home := map[int]string{}
	for i := range keys {
		home[i] = r.Home(fmt.Sprint("k", i))
	}
	swapped := rollout.Table{Sticky: true, Routes: []rollout.Route{
		route(strategy.Stable, newPool, strategy.Percent(70), young),
		route(strategy.Candidate, oldPool, strategy.Percent(30), old),
	}}
	require.NoError(t, r.Route(t.Context(), swapped))
	for i := range keys {
		require.Equal(t, home[i], r.Home(fmt.Sprint("k", i)))
	}

	// With three groups, a client moves only to a group that has grown more than its own.
	thirdPool := strategy.Pool{Revision: strategy.Revision{Version: "1.2.0"}}
	three := rollout.Table{Sticky: true, Routes: []rollout.Route{
		route(strategy.Stable, newPool, strategy.Percent(60), young),      // of 70
		route(strategy.Baseline, oldPool, strategy.Percent(30), old),      // of 30
		route(strategy.Candidate, thirdPool, strategy.Percent(10), third), // of 0
	}}
	require.NoError(t, r.Route(t.Context(), three))
	rank := map[string]int{newPool.String(): 0, oldPool.String(): 1, thirdPool.String(): 2}
	moved := 0
	for i := range keys {
		if now := r.Home(fmt.Sprint("k", i)); now != home[i] {
			moved++
			assert.Greater(t, rank[now], rank[home[i]], "from %s to %s", home[i], now)
		}
	}
	assert.InDelta(t, 0.13, float64(moved)/keys, 0.012, "10 in 100 must move")
}

func TestStickyAssignmentIsTheSameForEver(t *testing.T) {
	// These values bind: a change of the hash moves clients at the next restart.
	old, young, base := newSite(t, "old"), newSite(t, "young"), newSite(t, "base")
	table := rollout.Table{Sticky: true, Routes: []rollout.Route{
		route(strategy.Stable, oldPool, strategy.Percent(40), old),
		route(strategy.Baseline, basePool, strategy.Percent(30), base),
		route(strategy.Candidate, newPool, strategy.Percent(30), young),
	}}
	golden := map[string]string{
		"ann": "1.0.0/baseline", "bob": "1.0.0", "cid": "1.1.0", "dan": "1.0.0", "eve": "1.1.0",
		"1": "1.0.0", "2": "1.0.0", "3": "1.0.0", "": "1.0.0/baseline",
		"0123456789abcdef0123456789abcdef": "1.0.0", "ключ": "1.0.0/baseline", "\xff\x00": "1.0.0",
	}
	for range 2 {
		r := newRouter(t, local.RouterOptions{}, table)
		for key, want := range golden {
			assert.Equal(t, want, r.Home(key), "client %q", key)
		}
	}
}
