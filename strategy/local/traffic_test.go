//go:build unix

package local_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// crowd is clients with keep-alive connections that ask all the time. A request that gets no answer
// of status 200 is lost.
type crowd struct {
	clients      int
	served, lost atomic.Int64
	why          atomic.Pointer[string]
	leave        func()
}

// clients are how many are in the crowd of a rollout: fewer where the variable is not set, as .ci/run sets it, because
// a crowd takes most of the processor.
func clients() int {
	if os.Getenv("DAVIT_EVERY_POINT") != "" {
		return 120
	}
	return 50
}

func gather(t *testing.T, clients int, url string) *crowd {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	transport := &http.Transport{MaxIdleConnsPerHost: clients, MaxIdleConns: clients}
	client := &http.Client{Transport: transport, Timeout: patience}
	c := &crowd{clients: clients}
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for ctx.Err() == nil {
				if err := c.ask(client, url); err != nil {
					c.lost.Add(1)
					why := err.Error()
					c.why.Store(&why)
				} else {
					c.served.Add(1)
				}
				time.Sleep(80 * time.Millisecond)
			}
		})
	}
	c.leave = sync.OnceFunc(func() {
		cancel()
		all.Wait()
		transport.CloseIdleConnections()
	})
	t.Cleanup(c.leave)
	return c
}

func (c *crowd) ask(client *http.Client, url string) error {
	res, err := client.Get(url)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %w", res.Status, body, err)
	}
	return nil
}

// isServed waits until each client, on average, has asked once more.
func (c *crowd) isServed(t *testing.T) {
	t.Helper()
	asked := func() int64 { return c.served.Load() + c.lost.Load() } // what is lost is told at the end
	enough := asked() + int64(c.clients)
	comesTrue(t, func() bool { return asked() >= enough }, "the crowd is served")
}

// nothingLost ends the crowd and holds it to its counts.
func (c *crowd) nothingLost(t *testing.T) {
	t.Helper()
	c.leave()
	why := ""
	if p := c.why.Load(); p != nil {
		why = *p
	}
	assert.Zero(t, c.lost.Load(), "of %d: %s", c.served.Load(), why)
	assert.Greater(t, c.served.Load(), int64(1000*c.clients/120), "there was a crowd")
}

// service is a fleet of real processes behind a router, with production on it.
type service struct {
	fleet  *local.Fleet
	router *local.Router
	target *rollout.Composed
	url    string
	crowd  *crowd // who asks at each step before it goes on; nil: nobody is waited for
}

func newService(t *testing.T, s strategy.State) *service {
	t.Helper()
	v := &service{fleet: open(t, options(stateDir(t), "serve"))}
	v.router = newRouter(t, local.RouterOptions{}, rollout.Table{})
	v.url = front(t, v.router).URL + "/pid"
	var err error
	v.target, err = rollout.Compose(v.fleet, v.router, rollout.ComposeOptions{})
	require.NoError(t, err)
	require.NoError(t, rollout.Restore(t.Context(), v.target, s, rollout.Options{Poll: 20 * time.Millisecond, Deadline: patience}))
	return v
}

// roll walks the strategy's plan from what runs to a revision. It is aborted when the step is reached;
// a negative one means never.
func (v *service) roll(t *testing.T, s strategy.Strategy, to strategy.Revision, abort int) {
	t.Helper()
	from, err := rollout.Current(t.Context(), v.target)
	require.NoError(t, err)
	plan, err := s.Plan(from, to)
	require.NoError(t, err)
	var r *rollout.Rollout
	r, err = rollout.New(v.target, plan, rollout.Options{
		Poll: 20 * time.Millisecond, Deadline: patience, GateInterval: 20 * time.Millisecond,
		Gates: map[string]gate.Gate{"lost": gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
			return gate.Verdict{Outcome: gate.Pass, Reason: "the crowd counts"}, nil
		})},
		Notify: func(e rollout.Event) {
			if e.Kind != rollout.StepReached {
				return
			}
			if v.crowd != nil {
				v.crowd.isServed(t)
			}
			if !e.Back && e.Step == abort {
				assert.NoError(t, r.Abort("test", "at this step"))
			}
		},
	})
	require.NoError(t, err)
	result, err := r.Run(t.Context())
	want, outcome := to, rollout.Promoted
	if abort >= 0 {
		var aborted *rollout.AbortError
		require.True(t, errors.As(err, &aborted), "%v", err)
		want, outcome = from.Stable.Revision, rollout.RolledBack
	} else {
		require.NoError(t, err)
	}
	require.Equal(t, outcome, result.Outcome)
	now, err := rollout.Current(t.Context(), v.target)
	require.NoError(t, err)
	require.Equal(t, want, now.Stable.Revision)
	require.Equal(t, from.Stable.Replicas, now.Stable.Replicas)
}

// No client notices a rollout, nor its way back from any step: real processes, real connections, and
// processes that cut off whatever they have when they are told to stop.
func TestNoStrategyLosesARequest(t *testing.T) {
	t.Parallel()
	hold := strategy.Hold{Bake: 100 * time.Millisecond, Gates: []string{"lost"}}
	for name, s := range map[string]strategy.Strategy{
		"rolling":    strategy.Rolling{MinReady: 40 * time.Millisecond},
		"no surge":   strategy.Rolling{Surge: strategy.Count(0), Unavailable: strategy.Count(1)},
		"blue-green": strategy.BlueGreen{Preview: strategy.Count(1), Before: hold, After: hold, Warm: 100 * time.Millisecond, Sticky: true},
		"canary": strategy.Canary{Baseline: true, Sticky: true, After: hold, Steps: []strategy.CanaryStep{
			{Mirror: strategy.Percent(50), Bake: 100 * time.Millisecond},
			{Match: []strategy.Match{{Header: "X-Canary", Value: "on"}}},
			{Share: strategy.Percent(20), Bake: 100 * time.Millisecond, Gates: []string{"lost"}},
			{Share: strategy.Percent(60)},
		}},
		"dynamic": strategy.Canary{DynamicStable: true, Steps: []strategy.CanaryStep{{Share: strategy.Percent(50)}, {Share: strategy.Percent(80)}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := strategy.State{Stable: strategy.Group{Revision: one.Revision, Replicas: 2, Share: strategy.All()}}
			plan, err := s.Plan(from, two.Revision)
			require.NoError(t, err)
			v := newService(t, from)
			c := gather(t, clients(), v.url)
			v.crowd = c
			for step := range plan.Steps {
				v.roll(t, s, two.Revision, step)
			}
			v.roll(t, s, two.Revision, -1)
			v.roll(t, s, one.Revision, -1)
			c.nothingLost(t)
		})
	}
}

// The crowd would see it: instances that are stopped while they are routed to lose requests.
func TestTheCrowdSeesLostRequests(t *testing.T) {
	t.Parallel()
	v := newService(t, strategy.State{Stable: strategy.Group{Revision: one.Revision, Replicas: 2, Share: strategy.All()}})
	c := gather(t, 50, v.url)
	comesTrue(t, func() bool { return c.served.Load() > 100 }, "the crowd is served")
	scale(t, v.fleet, one, 0)
	comesTrue(t, func() bool { return c.lost.Load() > 0 }, "a request is lost")
}

// The dark middle of a recreate answers 503, as its plan says, and nothing else does.
func TestRecreateIsDarkAsPlanned(t *testing.T) {
	t.Parallel()
	v := newService(t, strategy.State{Stable: strategy.Group{Revision: one.Revision, Replicas: 2, Share: strategy.All()}})
	c := gather(t, 50, v.url)
	comesTrue(t, func() bool { return c.served.Load() > 100 }, "the crowd is served")
	require.Zero(t, c.lost.Load())
	v.roll(t, strategy.Recreate{}, two.Revision, -1)
	c.leave()
	require.NotNil(t, c.why.Load(), "there was a dark moment")
	assert.Contains(t, *c.why.Load(), "503")
	snapshot := v.router.Snapshot()
	assert.Equal(t, uint64(c.lost.Load()), snapshot.Unrouted, "all that was lost fell into the dark")
}
