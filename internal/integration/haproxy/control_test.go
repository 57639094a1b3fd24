package haproxy_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/haserver"
	"github.com/davit-sdk/davit/internal/integration/loadtool"
	"github.com/davit-sdk/davit/internal/traffic"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// fixed is a configuration in which nobody ever moves: the servers are those instances.
func fixed(instances ...rollout.Instance) func(at haserver.Place) (string, error) {
	return func(at haserver.Place) (string, error) {
		var b strings.Builder
		fmt.Fprintf(&b, "%s  retries 0\nfrontend shop\n  bind %s\n  option idle-close-on-response\n  default_backend shop\nbackend shop\n  balance roundrobin\n", beginning(at, ""), at.Addrs[0])
		for n, i := range instances {
			fmt.Fprintf(&b, "  server s%d %s\n", n, i.Addr)
		}
		return b.String(), nil
	}
}

// counters are all that count here, on one server: customers that keep their connections and customers that do
// not, wrk, and hey in both ways.
type counters struct {
	t      *testing.T
	crowds []*traffic.Crowd
	stop   context.CancelFunc
	tools  map[string]func() (loadtool.Report, error)
}

func countOn(t *testing.T, url string) *counters {
	ctx, stop := context.WithCancel(t.Context())
	c := &counters{t: t, stop: stop, tools: map[string]func() (loadtool.Report, error){}}
	t.Cleanup(stop)
	for _, fresh := range []bool{false, true} {
		c.crowds = append(c.crowds, enter(t, traffic.Customers{URL: url, Number: 3, Fresh: fresh}))
		for _, tool := range loadtool.Tools() {
			if fresh && tool.Name() == "wrk" {
				continue
			}
			wait, err := tool.Start(ctx, loadtool.Load{URL: url, Connections: 2, For: 2 * patience, Fresh: fresh})
			require.NoError(t, err)
			c.tools[fmt.Sprintf("%s, fresh=%v", tool.Name(), fresh)] = wait
		}
	}
	c.more(60)
	return c
}

// more waits until all customers have had so many more answers, or lost them.
func (c *counters) more(n int) {
	c.t.Helper()
	for _, crowd := range c.crowds {
		more(c.t, crowd, n)
	}
}

// end gives how many requests each of them has lost.
func (c *counters) end() map[string]int {
	c.t.Helper()
	lost := map[string]int{}
	for n, crowd := range c.crowds {
		counts := crowd.Leave()
		assert.Positive(c.t, counts.Asked()-counts.Lost)
		lost[fmt.Sprintf("customers, fresh=%v", n == 1)] = counts.Lost
	}
	c.stop()
	for name, wait := range c.tools {
		r, err := wait()
		require.NoError(c.t, err)
		assert.Positive(c.t, r.Requests, "%s: %s", name, r.Text)
		lost[name] = r.Errors
	}
	return lost
}

// TestCountersSeeLosses proves the counters, by what must lose: each of them has to see it. Where nothing but
// that is different, they see none.
func TestCountersSeeLosses(t *testing.T) {
	for _, c := range []struct {
		name  string
		loses bool
		do    func(t *testing.T, s *shop, h *haserver.Server, instances []rollout.Instance)
	}{
		{"nothing happens", false, func(*testing.T, *shop, *haserver.Server, []rollout.Instance) {}},
		{"reloads", false, func(t *testing.T, _ *shop, h *haserver.Server, _ []rollout.Instance) {
			for range 5 {
				require.NoError(t, h.Reload(t.Context()))
			}
		}},
		{"replacements", false, func(t *testing.T, _ *shop, h *haserver.Server, _ []rollout.Instance) {
			for range 3 {
				require.NoError(t, h.Replace(t.Context()))
			}
		}},
		{"a service is killed", true, func(_ *testing.T, s *shop, _ *haserver.Server, instances []rollout.Instance) {
			s.kill(instances[0].ID)
		}},
		{"a service is stopped in good order, and nobody has told HAProxy", true, func(t *testing.T, s *shop, _ *haserver.Server, instances []rollout.Instance) {
			require.NoError(t, s.fleet.Scale(t.Context(), pool("1.0.0"), 1, instances[0].ID))
		}},
		{"HAProxy is restarted", true, func(t *testing.T, _ *shop, h *haserver.Server, _ []rollout.Instance) {
			require.NoError(t, h.Stop())
			require.NoError(t, h.Up(t.Context()))
		}},
		{"HAProxy is killed", true, func(t *testing.T, _ *shop, h *haserver.Server, _ []rollout.Instance) {
			require.NoError(t, h.Kill())
			require.NoError(t, h.Up(t.Context()))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := openShop(t)
			instances := s.run("1.0.0", 2)
			h := serve(t, 1, fixed(instances...))
			counters := countOn(t, h.URL(0))
			c.do(t, s, h, instances)
			counters.more(100)
			lost := counters.end()
			t.Logf("lost: %v", lost)
			for name, n := range lost {
				if c.loses {
					assert.Positive(t, n, "%s lost nothing", name)
				} else {
					assert.Zero(t, n, "%s lost something", name)
				}
			}
		})
	}
}

// TestServer proves what runs HAProxy here.
func TestServer(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	h := serve(t, 1, fixed(s.run("1.0.0", 1)...))
	worker := func() int {
		pid, err := h.Worker(t.Context())
		require.NoError(t, err)
		return pid
	}
	first := worker()
	require.NoError(t, h.Reload(t.Context()))
	second := worker()
	assert.NotEqual(t, first, second)
	eventually(t, "the old worker ends", func() bool { return !lives(first) })

	require.NoError(t, h.Configure("nonsense"))
	require.ErrorContains(t, h.Reload(t.Context()), "unknown keyword 'nonsense'")
	assert.Equal(t, second, worker(), "the worker that is there goes on")
	require.ErrorContains(t, h.Replace(t.Context()), "unknown keyword 'nonsense'")

	_, err := haserver.Start(t.Context(), haserver.Options{Config: func(haserver.Place) (string, error) { return "nonsense", nil }})
	require.ErrorContains(t, err, "unknown keyword 'nonsense'")
	_, err = haserver.Start(t.Context(), haserver.Options{Config: fixed(), Program: "/nonexistent"})
	require.Error(t, err)
	_, err = haserver.Start(t.Context(), haserver.Options{})
	require.ErrorContains(t, err, "Options.Config")
}

// lives reports whether a process runs. Where nobody waits for those that have lost their parent, what has
// ended is still listed.
func lives(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(text), ") Z ")
}

// TestServerStandsStill freezes HAProxy, and ends it while it stands still.
func TestServerStandsStill(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	h := serve(t, 1, fixed(s.run("1.0.0", 1)...))
	pid, err := h.Worker(t.Context())
	require.NoError(t, err)
	require.NoError(t, h.Freeze())
	eventually(t, "it stands still", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := h.Command(ctx, "show info")
		return err != nil
	})
	require.NoError(t, h.Thaw())
	_, err = h.Command(t.Context(), "show info")
	require.NoError(t, err)
	require.NoError(t, h.Freeze())
	require.NoError(t, h.Stop())
	assert.False(t, lives(pid))
	_, err = h.Command(t.Context(), "show info")
	require.Error(t, err)
	require.Error(t, h.Reload(t.Context()))
	require.Error(t, h.Replace(t.Context()))
	require.NoError(t, h.Up(t.Context()))
	require.ErrorContains(t, h.Up(t.Context()), "is up")
}
