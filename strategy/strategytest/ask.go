package strategytest

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// ErrLost is wrapped by the error of a request that nobody answered although the table sent it to an
// instance: on a real target a client would have seen it.
var ErrLost = errors.New("the request was lost")

// ErrNoRoute is the error of a request that the table has no route for.
var ErrNoRoute = errors.New("no route")

// ClientCookie is the cookie that tells the simulated clients of a sticky table apart.
const ClientCookie = "client"

// Ask sends one request, as a client would, and tells which instance answered. It takes
// World.Request, and longer while the instance is held. Rules come first, then, on a sticky table,
// the ClientCookie of the request decides, otherwise the requests are spread by the shares: over
// any million of requests in a row exactly, and nearly so over fewer.
//
// A lost request is an error that wraps ErrLost, and a violation.
func (w *World) Ask(ctx context.Context, h http.Header) (rollout.Instance, error) {
	if err := ctx.Err(); err != nil {
		return rollout.Instance{}, err
	}
	in, held, err := w.begin(&http.Request{Header: h})
	if err != nil {
		return rollout.Instance{}, err
	}
	var cut error
	select {
	case <-time.After(w.Request):
	case <-ctx.Done():
		cut = ctx.Err()
	}
	if held != nil && cut == nil {
		select {
		case <-held:
		case <-ctx.Done():
			cut = ctx.Err()
		}
	}
	return w.answer(in, cut)
}

// begin picks the instance, and counts the request and its copies as under way.
func (w *World) begin(r *http.Request) (*instance, <-chan struct{}, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.init()
	w.evolve(time.Now())
	w.requests++
	route, ok := w.choose(r)
	if !ok || len(route.Backends) == 0 {
		return nil, nil, ErrNoRoute
	}
	backend := route.Backends[w.turns[route.Pool]%len(route.Backends)]
	w.turns[route.Pool]++
	in := w.find(backend.ID)
	if in == nil || !in.listens(time.Now()) {
		w.violated("a request was lost: %s does not listen", backend.ID)
		return nil, nil, fmt.Errorf("%w: %s does not listen", ErrLost, backend.ID)
	}
	for _, m := range w.table.Routes {
		if len(m.Backends) > 0 && spread(w.requests, 271829) < m.Mirror.Millionths() {
			w.copies[m.Backends[w.requests%len(m.Backends)].ID]++
		}
	}
	w.open[in.ID]++
	return in, w.held[in.ID], nil
}

func (w *World) answer(in *instance, cut error) (rollout.Instance, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.evolve(time.Now()) // while this request is under way: an instance may end at the very moment it has answered
	w.open[in.ID]--
	if cut != nil {
		return rollout.Instance{}, cut
	}
	if !in.alive(time.Now()) {
		w.violated("a request was lost: %s ended before it answered", in.ID)
		return rollout.Instance{}, fmt.Errorf("%w: %s ended before it answered", ErrLost, in.ID)
	}
	return in.Instance, nil
}

// choose is the route of a request.
func (w *World) choose(r *http.Request) (rollout.Route, bool) {
	// Rules are tried candidate first, and shares are laid out so too: a candidate whose share
	// grows keeps its clients.
	order := []strategy.Role{strategy.Candidate, strategy.Baseline, strategy.Stable}
	var routes []rollout.Route
	for _, role := range order {
		if i := slices.IndexFunc(w.table.Routes, func(t rollout.Route) bool { return t.Role == role }); i >= 0 {
			routes = append(routes, w.table.Routes[i])
		}
	}
	for _, route := range routes {
		if slices.ContainsFunc(route.Match, func(m strategy.Match) bool { return matches(m, r) }) {
			return route, true
		}
	}
	place := spread(w.requests, 618033)
	if c, err := r.Cookie(ClientCookie); err == nil && w.table.Sticky {
		h := fnv.New64a()
		_, _ = h.Write([]byte(c.Value)) // never fails
		place = spread(int(h.Sum64()>>40), 618033)
	}
	for _, route := range routes {
		if place < route.Share.Millionths() {
			return route, true
		}
		place -= route.Share.Millionths()
	}
	return rollout.Route{}, false
}

// spread maps whole numbers to places among the millionths of the traffic: as step and a million
// have no common factor, numbers in a row come to lie evenly.
func spread(n, step int) int { return n % 1_000_000 * step % 1_000_000 }

func matches(m strategy.Match, r *http.Request) bool {
	if m.Header != "" {
		return slices.Contains(r.Header.Values(m.Header), m.Value)
	}
	return slices.ContainsFunc(r.CookiesNamed(m.Cookie), func(c *http.Cookie) bool { return c.Value == m.Value })
}

// Copies counts the mirrored requests that an instance got.
func (w *World) Copies(id string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.copies[id]
}

// Hold keeps requests that reach the instance from now on unanswered until release is called,
// which may be called more than once.
func (w *World) Hold(id string) (release func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.init()
	gate := make(chan struct{})
	w.held[id] = gate
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.held[id] == gate {
			delete(w.held, id)
			close(gate)
		}
	}
}
