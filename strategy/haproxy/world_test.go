package haproxy_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/haproxy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

var (
	oldPool  = strategy.Pool{Revision: strategy.Revision{Version: "1.0.0", Digest: "sha256:0123456789abcdef"}}
	newPool  = strategy.Pool{Revision: strategy.Revision{Version: "1.1.0 +é;#/"}}
	basePool = strategy.Pool{Revision: oldPool.Revision, Baseline: true}
)

// world is a simulated HAProxy, a router over it, and instances that exist as addresses alone.
type world struct {
	*simulator
	t       testing.TB
	groups  haproxy.GroupsOptions
	weights haproxy.WeightsOptions

	mu   sync.Mutex
	ids  map[string]string        // by address
	held map[string]chan struct{} // by ID
	n    int
}

// newWorld is one for Groups.
func newWorld(t testing.TB, edit ...func(w *world)) *world {
	w := &world{t: t, ids: map[string]string{}, held: map[string]chan struct{}{}}
	w.groups = haproxy.GroupsOptions{
		Endpoint: haproxy.Endpoint{Socket: "/simulated", Timeout: 20 * time.Second},
		Name:     "shop", Dir: "/srv/davit", Headers: []string{"X-Canary", "x-team"}, Cookies: []string{"canary"},
		Servers: 6, BootTime: time.Nanosecond, CheckTimeout: 10 * time.Second,
	}
	w.simulator = &simulator{disk: &memory{files: map[string]string{}}, ring: "shop_log"}
	for _, e := range edit {
		e(w)
	}
	require.NoError(t, w.groups.CreateFilesOn(w.disk))
	c, err := w.groups.Configuration()
	require.NoError(t, err)
	w.frontend, w.mapFile, w.config = c.Frontend+c.Log, w.groups.MapFile(), "/etc/haproxy.cfg"
	w.disk.files[w.config] = c.String()
	for _, b := range w.slots() {
		w.backends = append(w.backends, simBackend{name: b, servers: w.groups.Servers, checked: true, stateFile: w.groups.StateFile(b)})
	}
	newSimulator(t, w.simulator)
	return w
}

func (w *world) slots() []string {
	if len(w.groups.Backends) > 0 {
		return w.groups.Backends
	}
	return []string{"shop_a", "shop_b", "shop_c"}
}

// newWeightsWorld is one for Weights, over a backend that is there already.
func newWeightsWorld(t testing.TB, backend simBackend) *world {
	w := &world{t: t, ids: map[string]string{}, held: map[string]chan struct{}{}}
	w.weights = haproxy.WeightsOptions{
		Endpoint: haproxy.Endpoint{Socket: "/simulated", Timeout: 20 * time.Second}, Name: "shop", Dir: "/srv/davit", Backend: "app", BootTime: time.Nanosecond, Ring: "shop_log",
	}
	backend.name, backend.stateFile = "app", "/srv/davit/shop.app.servers"
	w.simulator = &simulator{disk: &memory{files: map[string]string{}}, ring: "shop_log", backends: []simBackend{backend}, config: "/etc/haproxy.cfg"}
	require.NoError(t, w.weights.CreateFilesOn(w.disk))
	c, err := w.weights.Configuration()
	require.NoError(t, err)
	w.disk.files[w.config] = c.String()
	newSimulator(t, w.simulator)
	return w
}

// router is a new router, as a new host has it.
func (w *world) router() *haproxy.Groups {
	g, err := haproxy.NewGroups(w.groups)
	require.NoError(w.t, err)
	return g.On(w.disk, w.dialAdmin, w.dialMaster)
}

func (w *world) weightsRouter() *haproxy.Weights {
	r, err := haproxy.NewWeights(w.weights)
	require.NoError(w.t, err)
	return r.On(w.disk, w.dialAdmin, w.dialMaster)
}

// instances are n new ones.
func (w *world) instances(pool strategy.Pool, n int) []rollout.Backend {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []rollout.Backend
	for range n {
		w.n++
		b := rollout.Backend{ID: fmt.Sprintf("%s %04d", pool, w.n), Addr: fmt.Sprintf("10.1.%d.%d:8080", w.n/200, 1+w.n%200)}
		w.ids[b.Addr] = b.ID
		all = append(all, b)
	}
	return all
}

// ask is a request that tells who answered.
func (w *world) ask(ctx context.Context, h http.Header, cookies ...*http.Cookie) (id string, set []string, err error) {
	r := &simRequest{header: map[string][]string{}, cookie: map[string][]string{}, place: -1}
	for name, values := range h {
		r.header[strings.ToLower(name)] = values
	}
	for _, c := range append((&http.Request{Header: h}).Cookies(), cookies...) {
		r.cookie[c.Name] = append(r.cookie[c.Name], c.Value)
	}
	o, err := w.answer(r, 200, 3*time.Millisecond, time.Now())
	if err != nil {
		return "", nil, err
	}
	w.simulator.mu.Lock()
	addr := fmt.Sprintf("%s:%d", o.addr, o.port)
	o.current++
	w.simulator.mu.Unlock()
	defer func() {
		w.simulator.mu.Lock()
		o.current--
		w.bury()
		w.simulator.mu.Unlock()
	}()
	w.mu.Lock()
	id = w.ids[addr]
	held := w.held[id]
	w.mu.Unlock()
	if id == "" {
		return "", nil, fmt.Errorf("a request went to %s, where nobody is", addr)
	}
	if held != nil {
		select {
		case <-held:
		case <-ctx.Done():
			return "", nil, ctx.Err()
		}
	}
	return id, r.response, nil
}

func (w *world) hold(id string) (release func()) {
	c := make(chan struct{})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held[id] = c
	return sync.OnceFunc(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.held, id)
		close(c)
	})
}

// client keeps its cookies.
func (w *world) client() func(ctx context.Context) (string, error) {
	jar := map[string]*http.Cookie{}
	return func(ctx context.Context) (string, error) {
		var mine []*http.Cookie
		for _, c := range jar {
			mine = append(mine, c)
		}
		id, set, err := w.ask(ctx, nil, mine...)
		for _, text := range set {
			c, err := http.ParseSetCookie(text)
			if err != nil {
				return "", err
			}
			jar[c.Name] = c
		}
		return id, err
	}
}

func route(role strategy.Role, pool strategy.Pool, share strategy.Share, backends []rollout.Backend, rules ...strategy.Match) rollout.Route {
	return rollout.Route{Role: role, Traffic: rollout.Traffic{Pool: pool, Share: share, Match: rules}, Backends: backends}
}

func table(routes ...rollout.Route) rollout.Table { return rollout.Table{Routes: routes} }

func shows(t testing.TB, r rollout.Router, want rollout.Table) {
	t.Helper()
	got, err := r.Table(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, got)
}
