package local_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

var (
	oldPool  = strategy.Pool{Revision: strategy.Revision{Version: "1.0.0"}}
	newPool  = strategy.Pool{Revision: strategy.Revision{Version: "1.1.0"}}
	basePool = strategy.Pool{Revision: strategy.Revision{Version: "1.0.0"}, Baseline: true}
)

// site is a backend that counts its requests and answers with its name.
type site struct {
	*httptest.Server
	id     string
	hits   atomic.Int64
	handle atomic.Pointer[http.HandlerFunc]
}

func newSite(t testing.TB, id string) *site {
	s := &site{id: id}
	s.answer(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, s.id) })
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.hits.Add(1)
		(*s.handle.Load())(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *site) answer(h http.HandlerFunc) { s.handle.Store(&h) }
func (s *site) addr() string              { return s.Listener.Addr().String() }

func (s *site) backend() rollout.Backend { return rollout.Backend{ID: s.id, Addr: s.addr()} }

// route is a route of a pool with a share.
func route(role strategy.Role, pool strategy.Pool, share strategy.Share, sites ...*site) rollout.Route {
	r := rollout.Route{Role: role, Traffic: rollout.Traffic{Pool: pool, Share: share}}
	for _, s := range sites {
		r.Backends = append(r.Backends, s.backend())
	}
	return r
}

func stable(sites ...*site) rollout.Table {
	return rollout.Table{Routes: []rollout.Route{route(strategy.Stable, oldPool, strategy.All(), sites...)}}
}

// split gives the candidate a share, and stable the rest.
func split(candidate strategy.Share, old, young *site) rollout.Table {
	return rollout.Table{Routes: []rollout.Route{
		route(strategy.Stable, oldPool, candidate.Rest(), old),
		route(strategy.Candidate, newPool, candidate, young),
	}}
}

func newRouter(t testing.TB, o local.RouterOptions, table rollout.Table) *local.Router {
	r, err := local.NewRouter(o)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(t, r.Close(ctx))
	})
	require.NoError(t, r.Route(t.Context(), table))
	return r
}

// front serves the router.
func front(t testing.TB, r *local.Router) *httptest.Server {
	s := httptest.NewServer(r)
	t.Cleanup(s.Close)
	return s
}

// ask does one request without a server in between.
func ask(r http.Handler, edit ...func(*http.Request)) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, e := range edit {
		e(req)
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Add(name, value) }
}

func get(t testing.TB, c *http.Client, url string) (int, string) {
	res, err := c.Get(url)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(body)
}

func totals(t testing.TB, r *local.Router, p strategy.Pool) local.GroupTotals {
	sum, ok := r.Totals(p)
	require.True(t, ok)
	return sum
}

func inFlight(t testing.TB, r *local.Router, id string) int {
	n, err := r.InFlight(t.Context(), []string{id})
	require.NoError(t, err)
	return n[id]
}

// eventually polls with a deadline that only a defect reaches.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

func wants(t testing.TB, err error, fragments ...string) {
	t.Helper()
	require.Error(t, err)
	for _, f := range fragments {
		if !strings.Contains(err.Error(), f) {
			t.Errorf("%q\nlacks %q", err, f)
		}
	}
}

func twoRoutes(role1, v1 string, share1 int, id1, addr1, role2, v2 string, share2 int, id2, addr2 string) rollout.Table {
	one := func(role, version string, share int, id, addr string) rollout.Route {
		return rollout.Route{
			Role:     strategy.Role(role),
			Traffic:  rollout.Traffic{Pool: strategy.Pool{Revision: strategy.Revision{Version: version}}, Share: strategy.Millionths(share)},
			Backends: []rollout.Backend{{ID: id, Addr: addr}},
		}
	}
	return rollout.Table{Routes: []rollout.Route{one(role1, v1, share1, id1, addr1), one(role2, v2, share2, id2, addr2)}}
}
