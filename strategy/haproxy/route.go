package haproxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/davit-sdk/davit/strategy/rollout"
)

// reloads is how often Route begins again because HAProxy was reloaded under its hands.
const reloads = 5

// Route puts the table into effect, and reads it back from HAProxy before it returns. Instances that
// are new get requests once their first health check has passed, where there are checks, and Route
// waits for that; those that leave are drained, and InFlight tells when they have answered everything.
// The split and the rules change at once, for every request: see the package comment for the order in
// which all this happens, and what a reload or a crash in the middle leaves.
func (g *Groups) Route(ctx context.Context, t rollout.Table) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.route(ctx, t, false)
}

// route is Route; again tells that the table was in effect before. The caller holds g.mu.
func (g *Groups) route(ctx context.Context, t rollout.Table, again bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := errors.Join(checkTable(t, g.Matches, g.Sticks()), checkRules(t)); err != nil {
		return fmt.Errorf("routing table: %w", err)
	}
	t = trimmed(t)
	return g.persist(ctx, t, func() (scene, error) {
		v, err := g.look(ctx)
		if err != nil {
			return v.scene, err
		}
		last, err := readRecord(g.disk, g.opts.recordFile(), g.opts.Name)
		if err != nil && !errors.Is(err, ErrNoRecord) {
			g.log.Warn("what was routed last is forgotten", "error", err) // it is about to be written anew
		}
		g.recall(v.scene, last)
		return v.scene, g.move(ctx, v, t, again)
	})
}

// persist puts a table into effect, again where HAProxy was reloaded meanwhile, or where room could be
// made for it. move says what it began from.
func (m *mover) persist(ctx context.Context, t rollout.Table, move func() (scene, error)) error {
	for n := 0; ; n++ {
		c, err := move()
		if err == nil {
			m.log.Info("table in effect", "table", t.String(), "sticky", t.Sticky, "pid", c.pid)
			return nil
		}
		if c.pid == 0 || n == reloads || ctx.Err() != nil {
			return fmt.Errorf("route: %w", err)
		}
		if full := (*noSeatError)(nil); errors.As(err, &full) {
			if made, failed := m.makeRoom(ctx, c); failed != nil || !made {
				return fmt.Errorf("route: %w", errors.Join(err, failed))
			}
			continue
		}
		now, _, _, failed := m.survey(ctx)
		if failed != nil || now.pid == c.pid {
			return fmt.Errorf("route: %w", err)
		}
		m.log.Warn("HAProxy was reloaded while a table was put into effect: again", "was", c.pid, "is", now.pid, "error", err)
	}
}

// trimmed is a table of its own, as it reads back: without routes that get nothing.
func trimmed(t rollout.Table) rollout.Table {
	t.Routes = slices.Clone(t.Routes)
	t.Routes = slices.DeleteFunc(t.Routes, func(r rollout.Route) bool { return !routed(r) })
	for i := range t.Routes {
		r := &t.Routes[i]
		r.Match, r.Backends = slices.Clone(r.Match), slices.Clone(r.Backends)
		slices.SortFunc(r.Backends, func(a, b rollout.Backend) int { return cmp.Compare(a.ID, b.ID) })
	}
	slices.SortFunc(t.Routes, func(a, b rollout.Route) int {
		return cmp.Compare(slices.Index(told[:], a.Role), slices.Index(told[:], b.Role))
	})
	t.Sticky = t.Sticky && len(t.Routes) > 0
	return t
}

// move brings a table into effect from what was found, and proves it.
func (g *Groups) move(ctx context.Context, v view, t rollout.Table, again bool) error {
	next, s, err := g.assign(v, t)
	if err != nil {
		return err
	}
	s.again = again
	c, err := g.join(ctx, v, s)
	if err != nil {
		return err
	}
	if err := g.remember(t); err != nil {
		return err
	}
	err = g.hold(ctx, c, func(to *session) error {
		if err := g.commit(ctx, to, v, next.entries()); err != nil {
			return err
		}
		if err := g.drain(ctx, to, c, s.leaving); err != nil {
			return err
		}
		return to.barrier(ctx)
	})
	if err != nil {
		return err
	}
	now, err := g.look(ctx)
	switch {
	case err != nil:
		return err
	case now.pid != v.pid:
		return errReloaded
	case now.broken != nil:
		return fmt.Errorf("read back: %w", now.broken)
	}
	if got := now.table(); !got.Equal(t) {
		return fmt.Errorf("HAProxy took a table and does not show it: wrote %+v, read back %+v", t, got)
	}
	return nil
}

// join brings the servers that are to get requests to where they can: the map says who they are, they
// have their addresses, have passed a check, and are ready. The table in effect stays as it is.
func (g *Groups) join(ctx context.Context, v view, s seats) (scene, error) {
	if len(s.joining) == 0 {
		return v.scene, nil
	}
	if v.broken == nil {
		known := v.layout
		known.tenants = maps.Clone(v.layout.tenants)
		for _, p := range s.joining {
			known.tenants[p] = s.tenants[p]
		}
		err := g.hold(ctx, v.scene, func(to *session) error { return g.commit(ctx, to, v, known.entries()) })
		if err != nil {
			return v.scene, err
		}
	}
	c, err := g.admit(ctx, v.scene, s)
	if err != nil {
		return c, err
	}
	fates := map[place]fate{}
	for _, p := range s.joining {
		fates[p] = fate{toReady, -1}
	}
	if err := g.keepStates(c, fates); err != nil {
		return c, err
	}
	err = g.hold(ctx, c, func(to *session) error {
		for _, p := range s.joining {
			if err := to.settle(ctx, p, s.tenants[p].addr, fates[p], false); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return c, err
	}
	return g.surveyAgain(ctx, c)
}

// commit replaces the map: first the file, and then what runs, at once. A reload in between reads what
// was about to be. The lines go over a connection of their own, as a conversation has no place for them:
// in another process the version that they are for is none.
func (g *Groups) commit(ctx context.Context, to *session, v view, entries []entry) error {
	if err := g.write(g.opts.mapFile(), mapText(g.opts.Name, entries)); err != nil {
		return err
	}
	if slices.Equal(entries, sortedEntries(slices.Clone(v.entries))) {
		return nil
	}
	file := g.opts.mapFile()
	answer, err := to.ask(ctx, "prepare map "+file)
	if err != nil {
		return err
	}
	number, ok := strings.CutPrefix(answer, "New version created: ")
	n, err := strconv.ParseUint(number, 10, 32)
	if !ok || err != nil {
		return &CommandError{"prepare map " + file, answer}
	}
	lines := make([]string, len(entries))
	for i, e := range entries {
		lines[i] = e.line()
	}
	if err := g.admin.pay(ctx, fmt.Sprintf("add map @%d %s", n, file), lines); err != nil {
		return err
	}
	return to.do(ctx, fmt.Sprintf("commit map @%d %s", n, file))
}
