//go:build unix

package local_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// never is a pool whose instances start and do not become ready.
var never = strategy.Pool{Revision: strategy.Revision{Version: "3.0.0"}}

// command plays "serve", or "unready" for the pool never.
func command(dir string) func(strategy.Pool, local.InstanceSpec) (local.Command, error) {
	return func(pool strategy.Pool, inst local.InstanceSpec) (local.Command, error) {
		part := "serve"
		if pool == never {
			part = "unready"
		}
		return playing(dir, part)(pool, inst)
	}
}

func TestFleetConforms(t *testing.T) {
	t.Parallel()
	strategytest.RunFleet(t, func(t *testing.T) strategytest.FleetHarness {
		o := options(stateDir(t), "")
		o.Command = command(o.Dir)
		f := open(t, o)
		return strategytest.FleetHarness{
			Fleet: f, Pools: []strategy.Pool{one, two}, Stuck: never,
			Kill: func(id string) error { return syscall.Kill(process(t, f, id).PID, syscall.SIGKILL) },
			Reopen: func() (rollout.Fleet, error) {
				require.NoError(t, f.Close(t.Context()))
				return open(t, o), nil
			},
			Answers: func(ctx context.Context, addr string) error {
				c, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
				if err != nil {
					return err
				}
				return c.Close()
			},
			Settle: 100 * time.Millisecond,
		}
	})
}

func TestRouterConforms(t *testing.T) {
	t.Parallel()
	strategytest.RunRouter(t, func(t *testing.T) strategytest.RouterHarness {
		r := newRouter(t, local.RouterOptions{}, rollout.Table{})
		url := front(t, r).URL
		var mu sync.Mutex
		sites := map[string]*site{}
		get := func(id string) *site {
			mu.Lock()
			defer mu.Unlock()
			return sites[id]
		}
		return strategytest.RouterHarness{
			Router: r,
			Backends: func(pool strategy.Pool, n int) ([]rollout.Backend, error) {
				mu.Lock()
				defer mu.Unlock()
				var backends []rollout.Backend
				for range n {
					s := newSite(t, fmt.Sprintf("%s-%d", pool, len(sites)))
					sites[s.id] = s
					backends = append(backends, s.backend())
				}
				return backends, nil
			},
			Request: func(ctx context.Context, h http.Header) (string, error) {
				return visit(ctx, http.DefaultClient, url, h)
			},
			Client: func() func(context.Context) (string, error) {
				jar, err := cookiejar.New(nil)
				require.NoError(t, err)
				client := &http.Client{Jar: jar}
				return func(ctx context.Context) (string, error) { return visit(ctx, client, url, nil) }
			},
			Hold: func(id string) func() {
				held := make(chan struct{})
				get(id).answer(func(w http.ResponseWriter, _ *http.Request) { <-held; fmt.Fprint(w, id) })
				return sync.OnceFunc(func() { close(held) })
			},
			Copies: func(id string) int { return int(get(id).hits.Load()) },
		}
	})
}

// The whole of it: processes behind the router, with clients that ask all the while.
func TestTargetConforms(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("walks 18 rollouts over real processes")
	}
	strategytest.RunTarget(t, func(t *testing.T) strategytest.TargetHarness {
		o := options(stateDir(t), "serve")
		f := open(t, o)
		r := newRouter(t, local.RouterOptions{}, rollout.Table{})
		url := front(t, r).URL + "/pid"
		compose := func() (rollout.Target, error) { return rollout.Compose(f, r, rollout.ComposeOptions{}) }
		target, err := compose()
		require.NoError(t, err)
		return strategytest.TargetHarness{
			Target: target, Revisions: [2]strategy.Revision{one.Revision, two.Revision}, Replicas: 2, Reopen: compose,
			Request: func(ctx context.Context) (strategy.Revision, error) {
				pid, err := visit(ctx, http.DefaultClient, url, nil)
				for _, p := range f.Processes() {
					if err == nil && strconv.Itoa(p.PID) == pid {
						return p.Pool.Revision, nil
					}
				}
				return strategy.Revision{}, cmp.Or(err, fmt.Errorf("process %q answers, which is none of the fleet", pid))
			},
			Instances: func(context.Context) ([]string, error) {
				var list []string
				for _, p := range f.Processes() {
					if p.Phase == rollout.Ready {
						list = append(list, p.ID)
					}
				}
				return list, nil
			},
			Poll: 20 * time.Millisecond,
		}
	})
}

// visit asks and gives the body of a good answer.
func visit(ctx context.Context, c *http.Client, url string, h http.Header) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	if h != nil {
		req.Header = h
	}
	res, err := c.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", res.Status, body)
	}
	return string(body), err
}
