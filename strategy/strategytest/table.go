package strategytest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// router is the world as a rollout.Router.
type router struct{ w *World }

var (
	_ rollout.Router   = router{}
	_ rollout.Matcher  = router{}
	_ rollout.Mirrorer = router{}
	_ rollout.Sticker  = router{}
	_ rollout.Drainer  = router{}
)

// Route refuses a table that is wrong, and keeps it as a violation that somebody asked for it.
func (r router) Route(ctx context.Context, t rollout.Table) error {
	if err := errors.Join(ctx.Err(), r.w.call("Route")); err != nil {
		return err
	}
	w := r.w
	w.mu.Lock()
	defer w.mu.Unlock()
	w.init()
	if w.loseRoutes > 0 {
		w.loseRoutes--
		return nil
	}
	errs := multierror.Append(nil, t.Validate())
	for i, route := range t.Routes {
		for j, m := range route.Match {
			if err := r.Matches(m); err != nil {
				errs = multierror.Append(errs, fmt.Errorf("Table.Routes[%d].Match[%d]: %w", i, j, err))
			}
		}
	}
	if err := errs.ErrorOrNil(); err != nil {
		w.violated("a table was refused: %v", err)
		return fmt.Errorf("routing table: %w", err)
	}
	now := time.Now()
	w.rolling = nil // whoever routes takes over
	ready := map[string]bool{}
	for _, in := range w.instances {
		phase, _ := in.at(now)
		ready[in.ID] = phase == rollout.Ready
	}
	for _, route := range t.Routes {
		for _, b := range route.Backends {
			if !ready[b.ID] && !tableHas(w.table, b.ID) {
				w.violated("%s gets requests and is not ready", b.ID)
			}
		}
	}
	missing := w.overloaded()
	w.setTable(now, t.Clone())
	w.check(now, "routing")
	w.checkLoad(missing)
	return nil
}

func (r router) Table(ctx context.Context) (rollout.Table, error) {
	if err := errors.Join(ctx.Err(), r.w.call("Table")); err != nil {
		return rollout.Table{}, err
	}
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	r.w.evolve(time.Now())
	return r.w.table.Clone(), nil
}

func (r router) Matches(m strategy.Match) error {
	if (m.Header == "") == (m.Cookie == "") {
		return errors.New("a match wants exactly one of Header and Cookie")
	}
	return nil
}

func (r router) Mirrors(s strategy.Share) error { return s.Valid() }
func (r router) Sticks() error                  { return nil }

// InFlight tells what Ask has under way, and for as long as a request takes one of the clients that
// nobody simulates on each instance that left the table: they must be waited for. On an instance that
// the table names a lull counts as none, as on a real router, so that a target which takes an idle
// instance for one that was drained is found out.
func (r router) InFlight(ctx context.Context, ids []string) (map[string]int, error) {
	if err := errors.Join(ctx.Err(), r.w.call("InFlight")); err != nil {
		return nil, err
	}
	w := r.w
	w.mu.Lock()
	defer w.mu.Unlock()
	w.evolve(time.Now())
	n := map[string]int{}
	for _, id := range ids {
		n[id] = w.open[id]
		if left, ok := w.left[id]; ok && !tableHas(w.table, id) && time.Since(left) < w.Request {
			n[id] = max(1, n[id])
		}
	}
	return n, nil
}

func (w *World) setTable(now time.Time, t rollout.Table) {
	for _, r := range w.table.Routes {
		for _, b := range r.Backends {
			if !tableHas(t, b.ID) {
				w.left[b.ID] = now
			}
		}
	}
	w.table = t
	if w.onTable != nil {
		w.onTable(t.Clone())
	}
}

func tableHas(t rollout.Table, id string) bool {
	return slices.ContainsFunc(t.Routes, func(r rollout.Route) bool {
		return slices.ContainsFunc(r.Backends, func(b rollout.Backend) bool { return b.ID == id })
	})
}
