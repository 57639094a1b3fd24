package strategytest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// routerOf is the harness of a simulated router, and its world.
func routerOf() (RouterHarness, *World) {
	w := &World{Start: time.Millisecond, Request: time.Millisecond}
	ask := func(ctx context.Context, h http.Header) (string, error) {
		in, err := w.Ask(ctx, h)
		return in.ID, err
	}
	clients := 0
	return RouterHarness{
		Router: w.Router(),
		Backends: func(pool strategy.Pool, n int) ([]rollout.Backend, error) {
			var backends []rollout.Backend
			for _, in := range w.Add(pool, n) {
				backends = append(backends, rollout.Backend{ID: in.ID, Addr: in.Addr})
			}
			time.Sleep(w.Start)
			return backends, nil
		},
		Request: ask,
		Client: func() func(context.Context) (string, error) {
			clients++
			cookie := http.Cookie{Name: ClientCookie, Value: fmt.Sprint("client ", clients)}
			return func(ctx context.Context) (string, error) { return ask(ctx, http.Header{"Cookie": {cookie.String()}}) }
		},
		Hold: w.Hold, Copies: w.Copies,
	}, w
}

// routerMutant is a router of all abilities with methods replaced. A nil one is the router's own.
type routerMutant struct {
	router
	route    func(context.Context, rollout.Table) error
	table    func(context.Context) (rollout.Table, error)
	inFlight func(context.Context, []string) (map[string]int, error)
}

func (m routerMutant) Route(ctx context.Context, t rollout.Table) error {
	if m.route == nil {
		return m.router.Route(ctx, t)
	}
	return m.route(ctx, t)
}

func (m routerMutant) Table(ctx context.Context) (rollout.Table, error) {
	if m.table == nil {
		return m.router.Table(ctx)
	}
	return m.table(ctx)
}

func (m routerMutant) InFlight(ctx context.Context, ids []string) (map[string]int, error) {
	if m.inFlight == nil {
		return m.router.InFlight(ctx, ids)
	}
	return m.inFlight(ctx, ids)
}

// bare is a router that has no ability, and says nothing when it is asked for one.
type bare struct{ rollout.Router }

// gullible promises everything.
type gullible struct{ router }

func (gullible) Matches(strategy.Match) error { return nil }

// requesting replaces who answers: by is given the header, the table, and who would have answered.
func requesting(by func(h http.Header, t rollout.Table, id string) string) func(*RouterHarness, *World) {
	return func(h *RouterHarness, w *World) {
		ask := h.Request
		h.Request = func(ctx context.Context, header http.Header) (string, error) {
			id, err := ask(ctx, header)
			table, _ := w.Router().Table(ctx)
			if err == nil {
				id = by(header, table, id)
			}
			return id, err
		}
	}
}

var routerMutants = map[string]func(h *RouterHarness, w *World){
	// It knows whole percents only.
	"reads": func(h *RouterHarness, w *World) {
		h.Router = routerMutant{router: router{w}, table: func(ctx context.Context) (rollout.Table, error) {
			t, err := w.Router().Table(ctx)
			for i, r := range t.Routes {
				t.Routes[i].Share = strategy.Millionths(r.Share.Millionths() / 10_000 * 10_000)
			}
			return t, err
		}}
	},
	// It merges: what a table does not name stays as it was.
	"replaces": func(h *RouterHarness, w *World) {
		kept := map[strategy.Role]rollout.Route{}
		h.Router = routerMutant{router: router{w},
			route: func(ctx context.Context, t rollout.Table) error {
				err := w.Router().Route(ctx, t)
				if err == nil && len(t.Routes) == 0 {
					clear(kept)
				}
				for _, r := range t.Routes {
					kept[r.Role] = r
				}
				return err
			},
			table: func(ctx context.Context) (rollout.Table, error) {
				t, err := w.Router().Table(ctx)
				for _, role := range roles {
					named := slices.ContainsFunc(t.Routes, func(r rollout.Route) bool { return r.Role == role })
					if r, was := kept[role]; was && !named {
						t.Routes = append(t.Routes, r)
					}
				}
				return t, err
			},
		}
	},
	// It hands out the table that it keeps.
	"own": func(h *RouterHarness, w *World) {
		h.Router = routerMutant{router: router{w}, table: func(ctx context.Context) (rollout.Table, error) {
			if ctx.Err() != nil {
				return rollout.Table{}, ctx.Err()
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.table, nil
		}}
	},
	// It takes an empty table for a mistake, and goes on with the one before.
	"dark": func(h *RouterHarness, w *World) {
		h.Router = routerMutant{router: router{w}, route: func(ctx context.Context, t rollout.Table) error {
			if len(t.Routes) == 0 {
				return ctx.Err()
			}
			return w.Router().Route(ctx, t)
		}}
	},
	// It sets shares in relation to their sum.
	"refuses": func(h *RouterHarness, w *World) {
		h.Router = routerMutant{router: router{w}, route: func(ctx context.Context, t rollout.Table) error {
			if len(t.Routes) == 2 && t.Routes[0].Share.Plus(t.Routes[1].Share) == strategy.Percent(110) {
				return nil
			}
			return w.Router().Route(ctx, t)
		}}
	},
	"lacking": func(h *RouterHarness, w *World) { h.Router = bare{router{w}} },
	"honest":  func(h *RouterHarness, w *World) { h.Router = gullible{router{w}} },
	"cancelled": func(h *RouterHarness, w *World) {
		h.Router = routerMutant{router: router{w}, route: func(ctx context.Context, t rollout.Table) error {
			return w.Router().Route(context.WithoutCancel(ctx), t)
		}}
	},
	// It shares evenly among groups, whatever their shares.
	"shares": func(h *RouterHarness, w *World) {
		n := 0
		requesting(func(_ http.Header, t rollout.Table, id string) string {
			if len(t.Routes) != 2 || t.Routes[0].Share.IsZero() || t.Routes[1].Share.IsZero() {
				return id
			}
			n++
			return t.Routes[n%2].Backends[0].ID
		})(h, w)
	},
	// It sends to the first backend of a group only.
	"even": requesting(func(_ http.Header, t rollout.Table, id string) string {
		if len(t.Routes) == 1 && len(t.Routes[0].Backends) == 4 {
			return t.Routes[0].Backends[0].ID
		}
		return id
	}),
	// It looks at the name of a header, and not at its value.
	"header": requesting(func(h http.Header, t rollout.Table, id string) string {
		if len(t.Routes) == 2 && len(t.Routes[1].Match) > 0 && h.Get(t.Routes[1].Match[0].Header) != "" {
			return t.Routes[1].Backends[0].ID
		}
		return id
	}),
	// It looks for the value anywhere in the cookies.
	"cookie": requesting(func(h http.Header, t rollout.Table, id string) string {
		if len(t.Routes) == 2 && len(t.Routes[1].Match) > 0 && strings.Contains(h.Get("Cookie"), t.Routes[1].Match[0].Value) {
			return t.Routes[1].Backends[0].ID
		}
		return id
	}),
	// The quicker answer wins, and be it the copy's.
	"mirror": requesting(func(_ http.Header, t rollout.Table, id string) string {
		if len(t.Routes) == 2 && !t.Routes[1].Mirror.IsZero() {
			return t.Routes[1].Backends[0].ID
		}
		return id
	}),
	// It takes a client for another one at each visit.
	"sticky": func(h *RouterHarness, _ *World) {
		h.Client = func() func(context.Context) (string, error) {
			return func(ctx context.Context) (string, error) { return h.Request(ctx, nil) }
		}
	},
	// It forgets what is in flight on a backend that has left the table.
	"inflight": func(h *RouterHarness, w *World) {
		h.Router = routerMutant{router: router{w}, inFlight: func(ctx context.Context, ids []string) (map[string]int, error) {
			n, err := (router{w}).InFlight(ctx, ids)
			w.mu.Lock()
			defer w.mu.Unlock()
			maps.DeleteFunc(n, func(id string, _ int) bool { return !tableHas(w.table, id) })
			return n, err
		}}
	},
	// Some of its listeners hear late of a backend that was removed.
	"drained": func(h *RouterHarness, w *World) {
		var late []rollout.Backend
		h.Router = routerMutant{router: router{w}, route: func(ctx context.Context, t rollout.Table) error {
			before, err := w.Router().Table(ctx)
			if err == nil && len(before.Routes) == 1 && len(t.Routes) == 1 && len(before.Routes[0].Backends) == 2 {
				late = slices.Clone(before.Routes[0].Backends)
			}
			return errors.Join(err, w.Router().Route(ctx, t))
		}}
		requesting(func(_ http.Header, t rollout.Table, id string) string {
			if late != nil {
				return late[0].ID
			}
			return id
		})(h, w)
	},
}

func TestRouterMutants(t *testing.T) {
	for _, l := range routerKit.laws {
		t.Run(l.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				broke(t, CheckRouter(t.Context(), func() (RouterHarness, error) {
					h, w := routerOf()
					mutate := routerMutants[l.name]
					if mutate == nil {
						t.Fatal("the law has no mutant")
					}
					mutate(&h, w)
					return h, nil
				}), "router", l.name)
			})
		})
	}
}

func TestRouterLaws(t *testing.T) {
	RunRouter(t, func(t *testing.T) RouterHarness {
		h, _ := routerOf()
		return h
	}, synctest.Test)
}

// A router that can do little is right when it says so.
func TestHumbleRouter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var laws []string
		err := CheckRouter(t.Context(), func() (RouterHarness, error) {
			h, w := routerOf()
			h.Router = humble{bare{router{w}}}
			h.OnSkip = func(law, _ string) { laws = append(laws, law) }
			return h, nil
		})
		if err != nil {
			t.Error(err)
		}
		if want := []string{"honest", "header", "cookie", "mirror", "sticky", "inflight", "drained"}; !slices.Equal(laws, want) {
			t.Errorf("skipped %q, want %q", laws, want)
		}
	})
}

type humble struct{ bare }

func (h humble) Route(ctx context.Context, t rollout.Table) error {
	for _, r := range t.Routes {
		if t.Sticky || len(r.Match) > 0 || !r.Mirror.IsZero() {
			return rollout.Permanent(errors.New("not supported"))
		}
	}
	return h.bare.Route(ctx, t)
}
