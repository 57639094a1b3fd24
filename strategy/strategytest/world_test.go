package strategytest_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

var (
	v1   = strategy.Revision{Version: "1.0.0"}
	v2   = strategy.Revision{Version: "1.1.0"}
	pool = strategy.Pool{Revision: v1}
)

func canary() strategy.State {
	return strategy.State{
		Stable:    strategy.Group{Revision: v1, Replicas: 3, Share: strategy.Percent(90)},
		Candidate: strategy.Group{Revision: v2, Replicas: 1, Share: strategy.Percent(10), Match: []strategy.Match{{Cookie: "beta", Value: "1"}}},
	}
}

// A world is of use only if it sees what would hurt clients. Each case does one such thing.
func TestWorldSeesHarm(t *testing.T) {
	for name, c := range map[string]struct {
		harm func(t *testing.T, w *strategytest.World)
		want string
	}{
		"nothing happens": {func(*testing.T, *strategytest.World) { time.Sleep(time.Hour) }, ""},
		"stopped while routed": {func(t *testing.T, w *strategytest.World) {
			require.NoError(t, w.Fleet().Scale(t.Context(), pool, 2))
		}, "was stopped while the router still sends it requests"},
		"stopped too early": {func(t *testing.T, w *strategytest.World) {
			table, err := w.Router().Table(t.Context())
			require.NoError(t, err)
			gone := table.Routes[0].Backends[0]
			table.Routes[0].Backends = table.Routes[0].Backends[1:]
			require.NoError(t, w.Router().Route(t.Context(), table))
			require.NoError(t, w.Fleet().Scale(t.Context(), pool, 2, gone.ID))
		}, "was stopped with requests in flight"},
		"routed before it is ready": {func(t *testing.T, w *strategytest.World) {
			table, err := w.Router().Table(t.Context())
			require.NoError(t, err)
			in := w.Add(pool, 1)[0]
			table.Routes[0].Backends = append(table.Routes[0].Backends, rollout.Backend{ID: in.ID, Addr: in.Addr})
			require.NoError(t, w.Router().Route(t.Context(), table))
		}, "gets requests and is not ready"},
		"a wrong table": {func(t *testing.T, w *strategytest.World) {
			table, err := w.Router().Table(t.Context())
			require.NoError(t, err)
			table.Routes[1].Share = strategy.Percent(20)
			require.ErrorContains(t, w.Router().Route(t.Context(), table), "add up to 110%")
		}, "a table was refused"},
		"too many": {func(t *testing.T, w *strategytest.World) {
			w.Limit(strategy.Limits{MaxTotal: 4})
			require.NoError(t, w.Fleet().Scale(t.Context(), pool, 4))
		}, "5 instances exist, at most 4 may"},
		"too few": {func(t *testing.T, w *strategytest.World) {
			w.Limit(strategy.Limits{MinAvailable: 4})
			w.Kill(pool, 1, "out of memory")
			_, err := w.Fleet().Instances(t.Context())
			require.NoError(t, err)
		}, "3 instances answer, at least 4 must"},
		"one group carries too much": {func(t *testing.T, w *strategytest.World) {
			w.Limit(strategy.Limits{MinAvailable: 4, MaxTotal: 4, Load: 4})
			table, err := w.Router().Table(t.Context())
			require.NoError(t, err)
			table.Routes[0].Share, table.Routes[1].Share = strategy.Percent(70), strategy.Percent(30)
			require.NoError(t, w.Router().Route(t.Context(), table))
		}, "1.1.0 answers 30% with 1 instances too few"},
		"a quarter of the load for one of four, to the millionth": {func(t *testing.T, w *strategytest.World) {
			w.Limit(strategy.Limits{MinAvailable: 4, MaxTotal: 4, Load: 4})
			table, err := w.Router().Table(t.Context())
			require.NoError(t, err)
			table.Routes[0].Share, table.Routes[1].Share = strategy.Millionths(749_999), strategy.Millionths(250_001)
			require.NoError(t, w.Router().Route(t.Context(), table))
		}, ""},
		"too much for those that are left": {func(t *testing.T, w *strategytest.World) {
			w.Limit(strategy.Limits{Load: 3})
			table, err := w.Router().Table(t.Context())
			require.NoError(t, err)
			table.Routes[0].Backends = table.Routes[0].Backends[1:]
			require.NoError(t, w.Router().Route(t.Context(), table))
		}, "1.0.0 answers 90% with 1 instances too few"},
		"instances that died are not the table's fault": {func(t *testing.T, w *strategytest.World) {
			w.Limit(strategy.Limits{Load: 3})
			w.Kill(pool, 2, "out of memory")
			table, err := w.Router().Table(t.Context())
			require.NoError(t, err)
			table.Routes[0].Backends = table.Routes[0].Backends[2:]
			require.NoError(t, w.Router().Route(t.Context(), table))
		}, ""},
		"idle is taken for drained": {func(t *testing.T, w *strategytest.World) {
			list, err := w.Fleet().Instances(t.Context())
			require.NoError(t, err)
			inFlight, err := w.Router().(rollout.Drainer).InFlight(t.Context(), []string{list[0].ID})
			require.NoError(t, err)
			if inFlight[list[0].ID] == 0 { // and nobody asks whether it is routed to
				require.NoError(t, w.Fleet().Scale(t.Context(), pool, 2, list[0].ID))
			}
		}, "was stopped while the router still sends it requests"},
		"nobody is there": {func(t *testing.T, w *strategytest.World) {
			w.Kill(pool, 3, "out of memory")
			_, err := w.Ask(t.Context(), nil)
			require.ErrorIs(t, err, strategytest.ErrLost)
		}, "a request was lost"},
		"it dies meanwhile": {func(t *testing.T, w *strategytest.World) {
			time.AfterFunc(w.Request/2, func() { w.Kill(pool, 3, "out of memory") })
			_, err := w.Ask(t.Context(), nil)
			require.ErrorIs(t, err, strategytest.ErrLost)
		}, "ended before it answered"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &strategytest.World{}
				w.Put(canary())
				c.harm(t, w)
				if c.want == "" {
					assert.Empty(t, w.Violations())
					return
				}
				assert.True(t, slices.ContainsFunc(w.Violations(), func(v string) bool { return strings.Contains(v, c.want) }), "%q", w.Violations())
			})
		})
	}
}

func TestWorldAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &strategytest.World{}
		_, err := w.Ask(t.Context(), nil)
		require.ErrorIs(t, err, strategytest.ErrNoRoute)

		w.Put(canary())
		answers := map[strategy.Revision]int{}
		for range 1000 {
			in, err := w.Ask(t.Context(), nil)
			require.NoError(t, err)
			answers[in.Pool.Revision]++
		}
		assert.InDelta(t, 100, answers[v2], 2)
		in, err := w.Ask(t.Context(), http.Header{"Cookie": {"beta=1"}})
		require.NoError(t, err)
		assert.Equal(t, v2, in.Pool.Revision)

		ctx, cancel := context.WithTimeout(t.Context(), w.Request/2)
		defer cancel()
		_, err = w.Ask(ctx, nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Empty(t, w.Violations(), "a client that goes away is no loss")
	})
}

func TestWorldKillsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &strategytest.World{}
		w.Put(canary())
		list, err := w.Fleet().Instances(t.Context())
		require.NoError(t, err)
		require.NoError(t, w.KillInstance(list[0].ID, "exit status 1"))
		require.Error(t, w.KillInstance(list[0].ID, "again"))
		require.Error(t, w.KillInstance("nobody", "again"))
		list, err = w.Fleet().Instances(t.Context())
		require.NoError(t, err)
		assert.Equal(t, rollout.Failed, list[0].Phase)
		assert.Equal(t, "exit status 1", list[0].Reason)
	})
}

// What Rolling held back takes over again, and back from any step of that, without a lost request.
func TestAPartitionIsTakenBackOnAWorld(t *testing.T) {
	held := strategy.State{
		Stable:    strategy.Group{Revision: v1, Replicas: 2, Share: strategy.Percent(20)},
		Candidate: strategy.Group{Revision: v2, Replicas: 8, Share: strategy.Percent(80)},
	}
	p, err := strategy.Rolling{}.Plan(held, v1)
	require.NoError(t, err)
	for stop := -1; stop < len(p.Steps)-1; stop++ {
		synctest.Test(t, func(t *testing.T) {
			w := &strategytest.World{}
			w.Put(held)
			w.Limit(p.Limits)
			var r *rollout.Rollout
			r, err := rollout.New(w.Target(), p, rollout.Options{Poll: 100 * time.Millisecond, Notify: func(e rollout.Event) {
				if e.Kind == rollout.StepReached && e.Step == stop && !e.Back {
					_ = r.Abort("a test", "to see whether it goes back")
				}
			}})
			require.NoError(t, err)
			res, err := r.Run(t.Context())
			end := p.Final()
			if stop >= 0 {
				require.Equal(t, rollout.RolledBack, res.Outcome, "%v", err)
				end = held
			} else {
				require.Equal(t, rollout.Promoted, res.Outcome, "%v", err)
			}
			seen, err := w.Target().Observe(t.Context())
			require.NoError(t, err)
			require.Empty(t, seen.Missing(end))
			require.Empty(t, w.Violations())
		})
	}
}
