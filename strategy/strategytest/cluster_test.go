package strategytest_test

import (
	"sync"
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

// rolled is a cluster that was told to roll to a revision, with clients that ask all the time.
func rolled(t *testing.T, w *strategytest.World, s strategy.State, l strategy.Limits) (lost func() int) {
	require.NoError(t, w.Cluster().(rollout.Roller).Roll(t.Context(), s, l))
	failed, stop := 0, make(chan struct{})
	var asking sync.WaitGroup
	asking.Go(func() {
		for {
			if _, err := w.Ask(t.Context(), nil); err != nil {
				failed++
			}
			select {
			case <-stop:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	return func() int {
		close(stop)
		asking.Wait()
		return failed
	}
}

func TestClusterRollsByItself(t *testing.T) {
	one := func(r strategy.Revision, n int) strategy.State {
		return strategy.State{Stable: strategy.Group{Revision: r, Replicas: n, Share: strategy.All()}}
	}
	for _, l := range []strategy.Limits{{MinAvailable: 4, MaxTotal: 5}, {MinAvailable: 3, MaxTotal: 4}, {MinAvailable: 1, MaxTotal: 8}, {MinAvailable: 4}} {
		synctest.Test(t, func(t *testing.T) {
			w := &strategytest.World{Start: 10 * time.Second}
			w.Put(one(v1, 4))
			w.Limit(l)
			lost := rolled(t, w, one(v2, 4), l)
			time.Sleep(5 * time.Minute) // nobody looks
			o, err := w.Cluster().Observe(t.Context())
			require.NoError(t, err)
			assert.Empty(t, o.Missing(one(v2, 4)))
			w.Kill(strategy.Pool{Revision: v2}, 1, "its node is gone")
			w.Limit(strategy.Limits{})
			time.Sleep(time.Minute)
			o, err = w.Cluster().Observe(t.Context())
			require.NoError(t, err)
			assert.Empty(t, o.Missing(one(v2, 4)), "it is kept")
			assert.Equal(t, 1, len(o.Pool(strategy.Pool{Revision: v2}).Failures))
			assert.LessOrEqual(t, lost(), 1, "but for what the dead one had")
			assert.LessOrEqual(t, len(w.Violations()), 1)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		w := &strategytest.World{Start: 10 * time.Second}
		w.Put(one(v1, 4))
		cluster := w.Cluster().(rollout.Roller)
		require.ErrorContains(t, cluster.Rolls(strategy.Limits{MinAvailable: 4, MaxTotal: 4}), "nothing can move")
		require.ErrorContains(t, cluster.Roll(t.Context(), canary(), strategy.Limits{}), "one group in stable")
		require.NoError(t, cluster.Roll(t.Context(), one(v2, 4), strategy.Limits{MinAvailable: 4, MaxTotal: 5}))
		w.Limit(strategy.Limits{MinAvailable: 4, MaxTotal: 4}) // which are not the ones that it was told
		time.Sleep(time.Minute)
		require.NotEmpty(t, w.Violations(), "a breach of the limits is kept")
		assert.Contains(t, w.Violations()[0], "after rolling: 5 instances exist, at most 4 may")
	})
}

// A request that began at the very moment at which its instance was taken out of traffic is answered at
// the very moment at which that one may end.
func TestClusterWaitsForTheLastRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &strategytest.World{}
		w.Put(strategy.State{Stable: strategy.Group{Revision: v1, Replicas: 4, Share: strategy.All()}})
		var asking sync.WaitGroup
		for range 4 { // one for each instance
			asking.Go(func() {
				_, err := w.Ask(t.Context(), nil)
				assert.NoError(t, err)
			})
		}
		synctest.Wait()
		next := strategy.State{Stable: strategy.Group{Revision: v2, Replicas: 4, Share: strategy.All()}}
		require.NoError(t, w.Cluster().(rollout.Roller).Roll(t.Context(), next, strategy.Limits{MaxTotal: 8}))
		asking.Wait()
		assert.Empty(t, w.Violations())
	})
}
