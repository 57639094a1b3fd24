package haproxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

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
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := errors.Join(checkTable(t, g.Matches, g.Sticks()), checkRules(t)); err != nil {
		return fmt.Errorf("routing table: %w", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	t = trimmed(t)
	for n := 0; ; n++ {
		v, err := g.look(ctx)
		if err != nil {
			return fmt.Errorf("route: %w", err)
		}
		if err = g.move(ctx, v, t); err == nil {
			g.log.Info("table in effect", "table", t.String(), "sticky", t.Sticky, "pid", v.pid)
			return nil
		}
		now, failed := g.look(ctx)
		if failed != nil || now.pid == v.pid || n == reloads {
			return fmt.Errorf("route: %w", err)
		}
		g.log.Warn("HAProxy was reloaded while a table was put into effect: again", "was", v.pid, "is", now.pid, "error", err)
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
func (g *Groups) move(ctx context.Context, v view, t rollout.Table) error {
	a, err := g.assign(v, t)
	if err != nil {
		return err
	}
	if v, err = g.join(ctx, v, a); err != nil {
		return err
	}
	if err := g.remember(t); err != nil {
		return err
	}
	if err := g.commit(ctx, v, a.layout.entries()); err != nil {
		return err
	}
	if err := g.leave(ctx, v, a); err != nil {
		return err
	}
	// Whoever was chosen for a request before this is counted as busy after it: the command waits
	// until each thread of HAProxy has done with the request that it is at.
	if _, err := g.admin.exchange(ctx, "show fd 0\n"); err != nil {
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

var errReloaded = errors.New("HAProxy was reloaded")

// join brings the servers that are to get requests to where they can: the map says who they are, they
// have their addresses, have passed a check, and are ready. The table in effect stays as it is.
func (g *Groups) join(ctx context.Context, v view, a assignment) (view, error) {
	if len(a.joining) == 0 {
		return v, nil
	}
	for _, p := range a.add {
		if err := g.add(ctx, p, a.layout.tenants[p]); err != nil {
			return v, err
		}
	}
	known := v.layout
	known.tenants = map[place]tenant{}
	for p, who := range v.layout.tenants {
		known.tenants[p] = who
	}
	for _, p := range a.joining {
		known.tenants[p] = a.layout.tenants[p]
	}
	if v.broken == nil {
		if err := g.commit(ctx, v, known.entries()); err != nil {
			return v, err
		}
	}
	for _, p := range a.joining {
		if s, ok := v.states.find(p); !ok || s.maint() {
			if err := g.admin.settle(ctx, p, a.layout.tenants[p].addr, toDrain); err != nil {
				return v, err
			}
		}
	}
	now, err := g.passed(ctx, v, a)
	if err != nil {
		return now, err
	}
	wills := map[place]will{}
	for _, p := range a.joining {
		wills[p] = toReady
	}
	if err := g.keepStates(now, wills); err != nil {
		return now, err
	}
	for _, p := range a.joining {
		if err := g.admin.settle(ctx, p, a.layout.tenants[p].addr, toReady); err != nil {
			return now, err
		}
	}
	return g.lookAgain(ctx, v)
}

// lookAgain looks at the same process.
func (g *Groups) lookAgain(ctx context.Context, v view) (view, error) {
	now, err := g.look(ctx)
	if err == nil && now.pid != v.pid {
		err = errReloaded
	}
	return now, err
}

// add adds a server at run time.
func (g *Groups) add(ctx context.Context, p place, who tenant) error {
	a, err := canonical(who.addr)
	if err != nil {
		return err
	}
	command := fmt.Sprintf("add server %s %s %s", p, a, g.opts.AddServers)
	answers, err := g.admin.ask(ctx, command)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(answers[0], "New server registered") {
		return &CommandError{command, answers[0]}
	}
	if slices.Contains(strings.Fields(g.opts.AddServers), "check") {
		return g.admin.do(ctx, "enable health "+p.String())
	}
	return nil
}

// passed waits until the servers that join have their addresses and have passed a check. They drain
// meanwhile, which HAProxy checks them in, and sends them nothing.
func (g *Groups) passed(ctx context.Context, v view, a assignment) (view, error) {
	deadline := time.Now().Add(g.opts.CheckTimeout)
	for {
		now, err := g.lookAgain(ctx, v)
		if err != nil {
			return now, err
		}
		waiting := ""
		for _, p := range a.joining {
			who := a.layout.tenants[p]
			s, ok := now.states.find(p)
			switch {
			case !ok:
				return now, fmt.Errorf("%s (%s) is no server any more", p, who.id)
			case !who.at(s):
				return now, fmt.Errorf("%s was given the address %s for %s and shows %q", p, who.addr, who.id, s.addr)
			case !s.passed() && waiting == "":
				waiting = fmt.Sprintf("%s (%s at %s)", p, who.id, who.addr)
			}
		}
		if waiting == "" {
			return now, nil
		}
		if time.Now().After(deadline) {
			return now, fmt.Errorf("%s has not passed a health check of HAProxy: %s", waiting, g.lastCheck(ctx, a))
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return now, fmt.Errorf("%s has not passed a health check of HAProxy yet: %w", waiting, err)
		}
	}
}

// lastCheck says what the checks of the servers that join found.
func (g *Groups) lastCheck(ctx context.Context, a assignment) string {
	answers, err := g.admin.ask(ctx, "show stat")
	if err != nil {
		return err.Error()
	}
	stats, err := parseStat(answers[0])
	if err != nil {
		return err.Error()
	}
	var found []string
	for _, s := range stats {
		if slices.Contains(a.joining, s.place) {
			found = append(found, strings.TrimSpace(s.place.String()+" "+s.checked+" "+s.lastCheck))
		}
	}
	return strings.Join(found, ", ")
}

// commit replaces the map: first the file, and then what runs, at once. A reload in between reads what
// was about to be.
func (g *Groups) commit(ctx context.Context, v view, entries []entry) error {
	if err := g.write(g.opts.mapFile(), mapText(g.opts.Name, entries)); err != nil {
		return err
	}
	if slices.Equal(entries, sortedEntries(slices.Clone(v.entries))) {
		return nil
	}
	file := g.opts.mapFile()
	answers, err := g.admin.ask(ctx, "prepare map "+file)
	if err != nil {
		return err
	}
	number, ok := strings.CutPrefix(answers[0], "New version created: ")
	n, err := strconv.ParseUint(number, 10, 32)
	if !ok || err != nil {
		return &CommandError{"prepare map " + file, answers[0]}
	}
	lines := make([]string, len(entries))
	for i, e := range entries {
		lines[i] = e.line()
	}
	if err := g.admin.pay(ctx, fmt.Sprintf("add map @%d %s", n, file), lines); err != nil {
		return err
	}
	return g.admin.do(ctx, fmt.Sprintf("commit map @%d %s", n, file))
}

// leave drains the servers that are not named any more. The file says so first, so that no reload
// makes one of them ready again.
func (g *Groups) leave(ctx context.Context, v view, a assignment) error {
	wills := map[place]will{}
	for _, p := range a.leaving {
		wills[p] = toDrain
	}
	if err := g.keepStates(v, wills); err != nil {
		return err
	}
	now := time.Now()
	for _, p := range a.leaving {
		if err := g.admin.do(ctx, fmt.Sprintf("set server %s state drain", p)); err != nil {
			return err
		}
		if who, ok := v.layout.tenants[p]; ok {
			g.leaving[who.id] = now
		}
	}
	return nil
}

// keepStates writes the state files.
func (g *Groups) keepStates(v view, wills map[place]will) error {
	for _, b := range g.opts.Backends {
		if err := g.write(g.opts.stateFile(b), stateText(v.states, b, wills)); err != nil {
			return err
		}
	}
	return nil
}

// write writes a file of HAProxy's, unless it says the same already.
func (g *Groups) write(path string, data []byte) error {
	if g.opts.Remote {
		return nil
	}
	if old, err := g.disk.read(path); err == nil && slices.Equal(old, data) {
		return nil
	}
	if err := g.disk.write(path, data); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// pause waits, or tells that the context is over.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
