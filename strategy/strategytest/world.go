package strategytest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// World is a simulated service: a fleet whose instances need time to start and to stop, and a
// router whose requests need time to be answered. It lives by time.Now, so inside a
// testing/synctest bubble hours pass at once. It is strict: whatever would lose a request on a real
// target is kept as a violation.
//
// A World is safe for concurrent use. The zero value is ready to use.
type World struct {
	// Start is how long an instance takes to become ready. Default: 1 s.
	Start time.Duration
	// Stop is how long an instance takes to end once it is told to. Default: 1 s.
	Stop time.Duration
	// Request is how long requests stay in flight after their instance left the table. Default: 1 s.
	Request time.Duration
	// Behave changes how instances of a pool behave; nil, or a zero Behaviour, is a good one. n
	// counts the pool's instances from 0.
	Behave func(pool strategy.Pool, n int) Behaviour
	// Before is asked before each call of a port, by its name ("Instances", "Scale", "Route",
	// "Table", "InFlight"); its error is what the call then returns. A call that fails does nothing.
	Before func(call string) error

	mu         sync.Mutex
	instances  []*instance
	born       map[strategy.Pool]int
	table      rollout.Table
	left       map[string]time.Time
	loseRoutes int
	violations []string
	limits     *strategy.Limits
	onTable    func(rollout.Table)
}

// Behaviour is how one simulated instance behaves, in time since its start.
type Behaviour struct {
	// Start overrides World.Start.
	Start time.Duration
	// NeverReady keeps it from ever becoming ready.
	NeverReady bool
	// Crash ends it after that time by itself, with Reason. Zero: never.
	Crash  time.Duration
	Reason string
	// Unready lists stretches in which a ready instance does not answer its probe.
	Unready []Stretch
}

// Stretch is a stretch of time since the start of an instance.
type Stretch struct{ From, To time.Duration }

type instance struct {
	rollout.Instance
	Behaviour
	born    time.Time
	stopped time.Time
}

// Fleet and Router are the world's two halves.
func (w *World) Fleet() rollout.Fleet { return fleet{w} }

// Router is the traffic half of the world. It can match, mirror, stick and tell what is in flight.
func (w *World) Router() rollout.Router { return router{w} }

// Target is both halves composed, with a poll's worth of patience.
func (w *World) Target() *rollout.Composed {
	target, err := rollout.Compose(w.Fleet(), w.Router(), rollout.ComposeOptions{})
	if err != nil {
		panic(err) // neither half is nil and the options are the defaults
	}
	return target
}

// Put makes the world show a state at once, all instances available.
func (w *World) Put(s strategy.State) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.init()
	w.instances, w.table = nil, rollout.Table{Sticky: s.Sticky}
	past := time.Now().Add(-24 * time.Hour)
	for role, g := range s.Groups() {
		r := rollout.Route{Role: role, Traffic: rollout.Traffic{Pool: s.Pool(role), Share: g.Share, Match: g.Match, Mirror: g.Mirror}}
		for range g.Replicas {
			in := w.start(s.Pool(role), past)
			in.Behaviour = Behaviour{Start: time.Nanosecond}
			r.Backends = append(r.Backends, rollout.Backend{ID: in.ID, Addr: in.Addr})
		}
		slices.SortFunc(r.Backends, func(a, b rollout.Backend) int { return cmp.Compare(a.ID, b.ID) })
		if g.Routed() {
			w.table.Routes = append(w.table.Routes, r)
		}
	}
}

// Limit makes every breach of the limits a violation from now on: too many instances, or too few
// available ones behind the table.
func (w *World) Limit(l strategy.Limits) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.limits = &l
}

// LoseRoutes makes the router accept the next n tables and forget them.
func (w *World) LoseRoutes(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.loseRoutes = n
}

// Meddle changes the world as somebody else would. The function gets the table and may change it.
func (w *World) Meddle(change func(t *rollout.Table)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := cloneTable(w.table)
	change(&t)
	w.setTable(t)
}

// Kill makes n instances of the pool die, the ones that get requests first; it returns their IDs.
func (w *World) Kill(pool strategy.Pool, n int, reason string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var ids []string
	now := time.Now()
	for _, in := range w.instances {
		if phase, _ := in.at(now); in.Pool == pool && len(ids) < n && phase != rollout.Failed && phase != rollout.Stopping {
			in.Crash, in.Behaviour.Reason = max(now.Sub(in.born), 1), reason
			ids = append(ids, in.ID)
		}
	}
	return ids
}

// Add starts n instances of a pool, as somebody else would.
func (w *World) Add(pool strategy.Pool, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.init()
	for range n {
		w.start(pool, time.Now())
	}
}

// Violations are all breaches of the traffic contract and of the limits so far.
func (w *World) Violations() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.violations)
}

func (w *World) violated(format string, args ...any) {
	w.violations = append(w.violations, fmt.Sprintf(format, args...))
}

func (w *World) init() {
	if w.born != nil {
		return
	}
	w.born, w.left = map[strategy.Pool]int{}, map[string]time.Time{}
	w.Start = cmp.Or(w.Start, time.Second)
	w.Stop = cmp.Or(w.Stop, time.Second)
	w.Request = cmp.Or(w.Request, time.Second)
}

func (w *World) start(pool strategy.Pool, at time.Time) *instance {
	n := w.born[pool]
	w.born[pool]++
	in := &instance{born: at}
	in.ID = fmt.Sprintf("%s-%d", pool, n)
	in.Pool = pool
	in.Addr = fmt.Sprintf("127.0.0.1:%d", 10000+len(w.instances)%50000)
	if w.Behave != nil {
		in.Behaviour = w.Behave(pool, n)
	}
	in.Behaviour.Start = cmp.Or(in.Behaviour.Start, w.Start)
	w.instances = append(w.instances, in)
	return in
}

// at is the phase of the instance at a time, and since when it is ready.
func (in *instance) at(now time.Time) (rollout.Phase, time.Time) {
	age := now.Sub(in.born)
	switch {
	case in.Crash > 0 && age >= in.Crash && (in.stopped.IsZero() || in.born.Add(in.Crash).Before(in.stopped)):
		return rollout.Failed, time.Time{}
	case !in.stopped.IsZero():
		return rollout.Stopping, time.Time{}
	case in.NeverReady || age < in.Behaviour.Start:
		return rollout.Starting, time.Time{}
	}
	since := in.born.Add(in.Behaviour.Start)
	for _, u := range in.Unready {
		if age >= u.From && age < u.To {
			return rollout.Unready, time.Time{}
		}
		if age >= u.To {
			since = in.born.Add(max(u.To, in.Behaviour.Start))
		}
	}
	return rollout.Ready, since
}

// check holds the world against its limits.
func (w *World) check(after string) {
	if w.limits == nil {
		return
	}
	now, total, serving := time.Now(), 0, 0
	for _, in := range w.instances {
		switch phase, _ := in.at(now); phase {
		case rollout.Failed:
		case rollout.Ready:
			total++
			if tableHas(w.table, in.ID) {
				serving++
			}
		default:
			total++
		}
	}
	if w.limits.MaxTotal > 0 && total > w.limits.MaxTotal {
		w.violated("after %s: %d instances exist, at most %d may", after, total, w.limits.MaxTotal)
	}
	if serving < w.limits.MinAvailable {
		w.violated("after %s: %d instances answer, at least %d must", after, serving, w.limits.MinAvailable)
	}
}

func (w *World) setTable(t rollout.Table) {
	now := time.Now()
	for _, r := range w.table.Routes {
		for _, b := range r.Backends {
			if !tableHas(t, b.ID) {
				w.left[b.ID] = now
			}
		}
	}
	w.table = t
	if w.onTable != nil {
		w.onTable(cloneTable(t))
	}
}

// OnTable is told every table that takes effect.
func (w *World) OnTable(f func(rollout.Table)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.onTable = f
}

func (w *World) call(name string) error {
	if w.Before == nil {
		return nil
	}
	return w.Before(name)
}

func tableHas(t rollout.Table, id string) bool {
	return slices.ContainsFunc(t.Routes, func(r rollout.Route) bool {
		return slices.ContainsFunc(r.Backends, func(b rollout.Backend) bool { return b.ID == id })
	})
}

func cloneTable(t rollout.Table) rollout.Table {
	t.Routes = slices.Clone(t.Routes)
	for i := range t.Routes {
		t.Routes[i].Backends = slices.Clone(t.Routes[i].Backends)
		t.Routes[i].Match = slices.Clone(t.Routes[i].Match)
	}
	return t
}

type fleet struct{ w *World }

var _ rollout.Fleet = fleet{}

func (f fleet) Instances(ctx context.Context) ([]rollout.Instance, error) {
	if err := errors.Join(ctx.Err(), f.w.call("Instances")); err != nil {
		return nil, err
	}
	w := f.w
	w.mu.Lock()
	defer w.mu.Unlock()
	w.init()
	w.check("time")
	now := time.Now()
	var list []rollout.Instance
	w.instances = slices.DeleteFunc(w.instances, func(in *instance) bool {
		phase, _ := in.at(now)
		return phase == rollout.Stopping && now.Sub(in.stopped) >= w.Stop
	})
	for _, in := range w.instances {
		out := in.Instance
		out.Phase, out.ReadySince = in.at(now)
		if out.Phase == rollout.Failed {
			out.Reason = cmp.Or(in.Behaviour.Reason, "died")
		}
		list = append(list, out)
	}
	return list, nil
}

func (f fleet) Scale(ctx context.Context, pool strategy.Pool, n int, leaving ...string) error {
	if err := errors.Join(ctx.Err(), f.w.call("Scale")); err != nil {
		return err
	}
	w := f.w
	w.mu.Lock()
	defer w.mu.Unlock()
	w.init()
	defer w.check(fmt.Sprintf("scaling %s to %d", pool, n))
	now := time.Now()
	var alive []*instance
	for _, in := range w.instances {
		if phase, _ := in.at(now); in.Pool == pool && phase != rollout.Failed && phase != rollout.Stopping {
			alive = append(alive, in)
		}
	}
	slices.SortStableFunc(alive, func(a, b *instance) int {
		return cmp.Compare(index(leaving, a.ID), index(leaving, b.ID))
	})
	for i := len(alive); i < n; i++ {
		w.start(pool, now)
	}
	for _, in := range alive[:max(0, len(alive)-n)] {
		if tableHas(w.table, in.ID) {
			w.violated("%s was stopped while the router still sends it requests", in.ID)
		} else if left, ok := w.left[in.ID]; ok && now.Sub(left) < w.Request {
			w.violated("%s was stopped with requests in flight", in.ID)
		}
		in.stopped = now
	}
	return nil
}

// index puts the leaving first.
func index(leaving []string, id string) int {
	if i := slices.Index(leaving, id); i >= 0 {
		return i
	}
	return len(leaving)
}

type router struct{ w *World }

var (
	_ rollout.Router   = router{}
	_ rollout.Matcher  = router{}
	_ rollout.Mirrorer = router{}
	_ rollout.Sticker  = router{}
	_ rollout.Drainer  = router{}
)

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
	now, sum := time.Now(), 0
	ready := map[string]bool{}
	for _, in := range w.instances {
		phase, _ := in.at(now)
		ready[in.ID] = phase == rollout.Ready
	}
	for _, route := range t.Routes {
		sum += route.Share.Millionths()
		if len(route.Backends) == 0 {
			w.violated("%s is routed to and has no backend", route.Pool)
		}
		for _, b := range route.Backends {
			if !ready[b.ID] && !tableHas(w.table, b.ID) {
				w.violated("%s gets requests and is not ready", b.ID)
			}
		}
	}
	if sum != 0 && sum != strategy.All().Millionths() {
		w.violated("the shares of a table add up to %s", strategy.Millionths(sum))
	}
	w.setTable(cloneTable(t))
	w.check("routing")
	return nil
}

func (r router) Table(ctx context.Context) (rollout.Table, error) {
	if err := errors.Join(ctx.Err(), r.w.call("Table")); err != nil {
		return rollout.Table{}, err
	}
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	return cloneTable(r.w.table), nil
}

func (r router) Matches(strategy.Match) error { return nil }
func (r router) Mirrors(strategy.Share) error { return nil }
func (r router) Sticks() error                { return nil }

func (r router) InFlight(ctx context.Context, ids []string) (map[string]int, error) {
	if err := errors.Join(ctx.Err(), r.w.call("InFlight")); err != nil {
		return nil, err
	}
	w := r.w
	w.mu.Lock()
	defer w.mu.Unlock()
	n := map[string]int{}
	for _, id := range ids {
		left, ok := w.left[id]
		if tableHas(w.table, id) || ok && time.Since(left) < w.Request {
			n[id] = 1
		}
	}
	return n, nil
}
