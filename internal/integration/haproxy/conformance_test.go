package haproxy_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/traffic"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// site is a backend in this process, which can hold its answers back.
type site struct {
	mu   sync.Mutex
	held chan struct{}
}

func (s *site) hold() (release func()) {
	held := make(chan struct{})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = held
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.held = nil
		close(held)
	})
}

func (s *site) wait() {
	s.mu.Lock()
	held := s.held
	s.mu.Unlock()
	if held != nil {
		<-held
	}
}

// sites are the backends of a test, by their IDs.
type sites struct {
	t  testing.TB
	mu sync.Mutex
	by map[string]*site
}

// open opens n backends, which answer by their IDs.
func (s *sites) open(pool strategy.Pool, n int) ([]rollout.Backend, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []rollout.Backend
	for range n {
		id, one := fmt.Sprintf("%s-%d", pool, len(s.by)), &site{}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != traffic.HealthPath {
				one.wait()
			}
			_, _ = io.WriteString(w, id)
		}))
		s.t.Cleanup(server.Close)
		s.by[id] = one
		all = append(all, rollout.Backend{ID: id, Addr: server.Listener.Addr().String()})
	}
	return all, nil
}

func (s *sites) hold(id string) (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.by[id].hold()
}

func TestRouterConforms(t *testing.T) {
	for _, w := range wirings(quick) {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			strategytest.RunRouter(t, func(t *testing.T) strategytest.RouterHarness {
				backends := &sites{t: t, by: map[string]*site{}}
				h := w.open(t)
				return strategytest.RouterHarness{
					Router: h.router, Backends: backends.open, Hold: backends.hold,
					Request: func(ctx context.Context, header http.Header) (string, error) {
						return visit(ctx, http.DefaultClient, h.url, header)
					},
					Client: func() func(context.Context) (string, error) {
						jar, err := cookiejar.New(nil)
						require.NoError(t, err)
						client := &http.Client{Jar: jar}
						return func(ctx context.Context) (string, error) { return visit(ctx, client, h.url, nil) }
					},
					Patience: patience,
				}
			})
		})
	}
}

// TestTargetConforms is the whole of it: processes behind an HAProxy, with clients that ask all the while.
func TestTargetConforms(t *testing.T) {
	for _, w := range wirings(quick) {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			strategytest.RunTarget(t, func(t *testing.T) strategytest.TargetHarness {
				s := openShop(t)
				h := w.open(t)
				compose := func(r rollout.Router) rollout.Target {
					target, err := rollout.Compose(s.fleet, r, rollout.ComposeOptions{})
					require.NoError(t, err)
					return target
				}
				return strategytest.TargetHarness{
					Target:    compose(h.router),
					Revisions: [2]strategy.Revision{revision("1.0.0"), revision("1.1.0")},
					Replicas:  2,
					Reopen:    func() (rollout.Target, error) { return compose(h.again()), nil },
					Request: func(ctx context.Context) (strategy.Revision, error) {
						_, version, err := visitVersion(ctx, http.DefaultClient, h.url, nil)
						return revision(version), err
					},
					Instances: func(context.Context) ([]string, error) {
						var list []string
						for _, p := range s.fleet.Processes() {
							if p.Phase == rollout.Ready {
								list = append(list, p.ID)
							}
						}
						return list, nil
					},
					Poll: 20 * time.Millisecond, Patience: patience,
					Quick: raced || w.name != "groups" && w.name != "weights", // the others move the same way
				}
			})
		})
	}
}

// visit asks, and gives the body of a good answer.
func visit(ctx context.Context, c *http.Client, url string, h http.Header) (string, error) {
	body, _, err := visitVersion(ctx, c, url, h)
	return body, err
}

func visitVersion(ctx context.Context, c *http.Client, url string, h http.Header) (body, version string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", "", err
	}
	if h != nil {
		req.Header = h
	}
	res, err := c.Do(req)
	if err != nil {
		return "", "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", res.Status, text)
	}
	return string(text), cmp.Or(res.Header.Get(traffic.VersionHeader), "none"), err
}
