package strategytest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// clustered is a cluster that runs a canary, and a pass over it.
func clustered(t *testing.T) (*strategytest.World, func(s strategy.State, passes int) rollout.Observation) {
	w := &strategytest.World{}
	w.Put(canary())
	target := w.Cluster()
	return w, func(s strategy.State, passes int) rollout.Observation {
		for range passes {
			require.NoError(t, target.Apply(t.Context(), s))
			time.Sleep(time.Second)
		}
		o, err := target.Observe(t.Context())
		require.NoError(t, err)
		return o
	}
}

func TestClusterTellsWhatIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, pass := clustered(t)
		w.Stick(pool, "no node has room")
		w.Kill(pool, 1, "its node is gone")
		o := pass(canary(), 5)
		assert.Equal(t, "no node has room", o.Pool(pool).Stuck)
		assert.Equal(t, 2, o.Pool(pool).Available)
		assert.Empty(t, o.Pool(strategy.Pool{Revision: v2}).Stuck)
		w.Stick(pool, "")
		o = pass(canary(), 3)
		assert.Empty(t, o.Pool(pool).Stuck)
		assert.Equal(t, 3, o.Pool(pool).Available)
		assert.Empty(t, w.Violations())
	})
}

func TestClusterIsAutoscaled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, pass := clustered(t)
		w.Limit(strategy.Limits{MinAvailable: 4, MaxTotal: 4})
		w.Autoscale(pool, 5)
		o := pass(canary(), 3)
		assert.Equal(t, 5, o.Pool(pool).Available, "they start without being told")
		assert.Equal(t, 5, o.Pool(pool).Autoscaled)
		assert.Empty(t, o.Missing(canary()))
		w.Autoscale(pool, 3)
		o = pass(canary(), 5)
		assert.Equal(t, 3, o.Pool(pool).Running)
		assert.Empty(t, o.Missing(canary()))
		w.Limit(strategy.Limits{})
		o = pass(strategy.State{}, 5)
		assert.Zero(t, o.Pool(pool).Running, "none where none is wanted")
		w.Autoscale(pool, 0)
		o = pass(canary(), 3)
		assert.Zero(t, o.Pool(pool).Autoscaled)
		assert.Equal(t, 3, o.Pool(pool).Running)
		assert.Empty(t, w.Violations())
	})
}
