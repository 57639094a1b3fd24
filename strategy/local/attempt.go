package local

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/davit-sdk/davit/strategy"
)

// RoundTrip sends the request to the chosen backend, and to others when that one cannot answer.
func (x *exchange) RoundTrip(out *http.Request) (*http.Response, error) {
	x.out = out
	if x.body == nil {
		for _, g := range x.mirrors {
			x.router.mirror(g, out, nil)
		}
	}
	for {
		res, err := x.backend.transport.RoundTrip(out)
		if err == nil {
			return res, nil
		}
		if !x.mayRepeat(err) || !x.moveOn(err) {
			return nil, err
		}
		out = x.redirected()
	}
}

// mayRepeat reports whether another attempt can do no harm: nothing was sent, or what was sent may
// be repeated.
func (x *exchange) mayRepeat(err error) bool {
	if x.in.Context().Err() != nil {
		return false
	}
	if x.body != nil && (x.body.err() != nil || !x.body.replayable()) {
		return false
	}
	if _, ok := errors.AsType[unreachable](err); ok {
		x.backend.shun(time.Now())
		return true
	}
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return false // the backend may still work on it, and more load would not make it faster
	}
	// A request that makes its backend die would make all of them die: it is repeated only once.
	if x.repeated || !idempotent(x.in) {
		return false
	}
	x.repeated = true
	return true
}

// idempotent reports whether a request may be sent twice (RFC 9110, section 9.2.2).
func idempotent(req *http.Request) bool {
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	_, ok := req.Header["Idempotency-Key"]
	return ok
}

// moveOn finds another backend, and reports whether there is one. A group that is left for another
// one is charged with the failure.
func (x *exchange) moveOn(err error) bool {
	r, failed := x.router, x.backend
	x.tried = append(x.tried, failed)
	for {
		t := r.table.Load()
		g, b := t.elsewhere(x.group, x.tried, time.Now())
		if b == nil {
			return false
		}
		if !r.acquire(t, b) {
			continue
		}
		failed.release()
		x.backend = b
		r.log.Warn("backend failed, another one is asked", "backend", failed.id, "addr", failed.addr,
			"group", x.group.label, "next", b.id, "next_group", g.label, "error", err)
		x.group.tally.moved.Add(1)
		if g.label != x.group.label {
			took := time.Since(x.start)
			x.group.tally.record(failed, x.start.Add(took), took, 0, r.opts.IsError(0, err))
		}
		x.group = g
		return true
	}
}

// elsewhere is a backend that was not tried yet: of the same group, or else of another group that
// has a share, and is not the candidate. It is nil when there is none.
func (t *routing) elsewhere(from *routeGroup, tried []*backend, now time.Time) (*routeGroup, *backend) {
	for _, g := range t.groups {
		if g.label == from.label && (g.weight > 0 || t.ruled(g)) {
			if b := g.other(tried, now); b != nil {
				return g, b
			}
		}
	}
	for _, role := range []strategy.Role{strategy.Stable, strategy.Baseline} {
		for _, g := range t.shared {
			if g.role == role && g.label != from.label {
				if b := g.other(tried, now); b != nil {
					return g, b
				}
			}
		}
	}
	return nil, nil
}

// ruled reports whether any rule leads to the group.
func (t *routing) ruled(g *routeGroup) bool {
	for _, ru := range t.rules {
		if ru.group == g {
			return true
		}
	}
	return false
}

// redirected is the request as first sent, to the backend that is now chosen. It is a copy: the
// failed attempt may still be reading the first one.
func (x *exchange) redirected() *http.Request {
	out := x.out.WithContext(x.out.Context())
	out.URL = new(url.URL)
	*out.URL = *x.out.URL
	out.URL.Host = x.backend.addr
	if x.body != nil {
		out.Body = x.body.attempt()
	}
	return out
}

// acquireIn chooses a backend of the group that has that label in the table in effect, for a copy.
// It is nil when the group gets no copies any more.
func (r *Router) acquireIn(label string) *backend {
	for {
		t := r.table.Load()
		var chosen *routeGroup
		for _, g := range t.mirrors {
			if g.label == label {
				chosen = g
			}
		}
		if chosen == nil {
			return nil
		}
		if b := chosen.pick(time.Now()); r.acquire(t, b) {
			return b
		}
	}
}
