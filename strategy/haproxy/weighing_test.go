package haproxy

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

func group(share, servers int) rollout.Route {
	return rollout.Route{Traffic: rollout.Traffic{Share: strategy.Millionths(share)}, Backends: make([]rollout.Backend, servers)}
}

// nearest is the least that the worst share of two groups can be off by, of all weights.
func nearest(a, b rollout.Route) int {
	best := whole
	for x := 1; x <= heaviest; x++ {
		for y := 1; y <= heaviest; y++ {
			n, m := x*len(a.Backends), y*len(b.Backends)
			d := strategy.Ratio(n, n+m).Compare(a.Share)
			best = min(best, max(d, -d))
		}
	}
	return best
}

// Groups of which the smaller has no more servers get their shares as finely as the grain says, and as
// near as weights allow.
func TestWeighs(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		many := 1 + rnd.IntN(20)
		few := 1 + rnd.IntN(many)
		share := grain + rnd.IntN(whole/2-grain)
		tab := rollout.Table{Routes: []rollout.Route{group(whole-share, many), group(share, few)}}
		w := weigh(tab)
		require.NoError(t, w.near(tab, strategy.Millionths(grain)), "%d on %d beside %d", share, few, many)
		assert.Equal(t, whole, w.shares[0].Millionths()+w.shares[1].Millionths())
		d := w.shares[1].Compare(tab.Routes[1].Share)
		assert.LessOrEqual(t, max(d, -d), nearest(tab.Routes[1], tab.Routes[0])+whole/heaviest/4, "%d on %d beside %d", share, few, many)
		for _, weight := range w.weights {
			assert.True(t, weight >= 1 && weight <= heaviest)
		}
	}
	three := rollout.Table{Routes: []rollout.Route{group(900_000, 8), group(50_000, 2), group(50_000, 2)}}
	w := weigh(three)
	require.NoError(t, w.near(three, strategy.Millionths(grain)))
	assert.Equal(t, w.weights[1], w.weights[2])
	assert.Equal(t, []int{256}, weigh(rollout.Table{Routes: []rollout.Route{group(whole, 3)}}).weights)
	assert.Empty(t, weigh(rollout.Table{}).weights)
}

// What weights cannot give is refused, with what they can.
func TestWeighsTooCoarsely(t *testing.T) {
	tab := rollout.Table{Routes: []rollout.Route{group(990_000, 1), group(10_000, 9)}}
	tab.Routes[0].Role, tab.Routes[1].Role = strategy.Stable, strategy.Candidate
	assert.ErrorContains(t, weigh(tab).near(tab, strategy.Millionths(grain)), "stable on 1 servers cannot have 99% by weights from 1 to 256: the nearest is 96.6038%")
}
