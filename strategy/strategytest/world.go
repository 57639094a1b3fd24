package strategytest

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// World is a simulated service: a fleet whose instances need time to start and to stop, a router
// whose requests need time to be answered, and clients that ask it. It lives by time.Now, so inside
// a testing/synctest bubble hours pass at once. It is strict: whatever would lose a request on a
// real target is kept as a violation.
//
// A World is safe for concurrent use. The zero value is ready to use; its fields must not change
// while it is used by several goroutines.
type World struct {
	// Start is how long an instance takes to become ready. Default: 1 s.
	Start time.Duration
	// Stop is how long an instance takes to end once it is told to. Default: 1 s.
	Stop time.Duration
	// Request is how long a request takes, and so how long requests stay in flight after their
	// instance left the table. Default: 1 s.
	Request time.Duration
	// Behave changes how instances of a pool behave; nil, or a zero Behaviour, is a good one. n
	// counts the pool's instances from 0.
	Behave func(pool strategy.Pool, n int) Behaviour
	// Before is asked before each call of a port, by its name ("Instances", "Scale", "Route",
	// "Table", "InFlight", "Fence", "Roll"); its error is what the call then returns. A call that fails does nothing.
	Before func(call string) error

	mu         sync.Mutex
	instances  []*instance
	born       map[strategy.Pool]int
	addresses  int
	table      rollout.Table
	left       map[string]time.Time // when an instance left the table
	loseRoutes int
	violations []string
	limits     *strategy.Limits
	onTable    func(rollout.Table)
	owner      uint64 // the highest fencing token that was seen
	stuck      map[strategy.Pool]string
	autoscaled map[strategy.Pool]int
	rolling    *rolling // what a cluster does by itself just now

	requests int                   // asked so far
	turns    map[strategy.Pool]int // requests answered by a pool's backends
	open     map[string]int        // requests under way, by instance
	copies   map[string]int        // copies sent, by instance
	held     map[string]chan struct{}
}

// Behaviour is how one simulated instance behaves, in time since its start.
type Behaviour struct {
	// Start overrides World.Start.
	Start time.Duration
	// NeverReady keeps it from ever becoming ready.
	NeverReady bool
	// Crash ends it after that time by itself, with Reason. Zero: never.
	Crash time.Duration
	// Reason is why it crashed. Default: "died".
	Reason string
	// Unready lists stretches in which a ready instance does not answer its probe.
	Unready []Stretch
}

// Stretch is a stretch of time since the start of an instance.
type Stretch struct{ From, To time.Duration }

// Fleet is the half of the world that runs instances.
func (w *World) Fleet() rollout.Fleet { return fleet{w} }

// Router is the traffic half of the world. It can match, mirror, stick and tell what is in flight.
func (w *World) Router() rollout.Router { return router{w} }

// Target is both halves composed, with the default options.
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
	w.instances, w.table, w.rolling = nil, rollout.Table{Sticky: s.Sticky}, nil
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
	w.table = w.table.Clone()
}

// Limit makes every breach of the limits a violation from now on: too many instances, too few ready
// ones behind the table, and a table that gives a group more than its ready instances carry.
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
	w.init()
	now := time.Now()
	w.evolve(now)
	t := w.table.Clone()
	change(&t)
	w.setTable(now, t)
}

// OnTable is told every table that takes effect. It must not call the world.
func (w *World) OnTable(f func(rollout.Table)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.onTable = f
}

// Add starts n instances of a pool, as somebody else would, and returns them as they start.
func (w *World) Add(pool strategy.Pool, n int) []rollout.Instance {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.init()
	now := time.Now()
	w.evolve(now)
	var added []rollout.Instance
	for range n {
		in := w.start(pool, now).Instance
		in.Phase = rollout.Starting
		added = append(added, in)
	}
	return added
}

// Violations are all breaches of the traffic contract and of the limits so far.
func (w *World) Violations() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.evolve(time.Now())
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
	w.turns, w.open, w.copies = map[strategy.Pool]int{}, map[string]int{}, map[string]int{}
	w.held = map[string]chan struct{}{}
	w.stuck, w.autoscaled = map[strategy.Pool]string{}, map[strategy.Pool]int{}
	w.Start = cmp.Or(w.Start, time.Second)
	w.Stop = cmp.Or(w.Stop, time.Second)
	w.Request = cmp.Or(w.Request, time.Second)
}

// check holds the world against its limits. Instances that were told to end exist until they have, but
// for a target that rolls by itself, which does not wait for that.
func (w *World) check(now time.Time, after string) {
	if w.limits == nil {
		return
	}
	total, serving := 0, 0
	for _, in := range w.instances {
		phase, _ := in.at(now)
		if phase != rollout.Failed && (phase != rollout.Stopping || w.rolling == nil) {
			total++
		}
		if phase == rollout.Ready && tableHas(w.table, in.ID) {
			serving++
		}
	}
	if w.limits.MaxTotal > 0 && len(w.autoscaled) == 0 && total > w.limits.MaxTotal {
		w.violated("after %s: %d instances exist, at most %d may", after, total, w.limits.MaxTotal)
	}
	if serving < w.limits.MinAvailable {
		w.violated("after %s: %d instances answer, at least %d must", after, serving, w.limits.MinAvailable)
	}
}

// overloaded tells of each group by how many ready instances too few it has for its share, where
// there are limits.
func (w *World) overloaded() map[strategy.Pool]int {
	if w.limits == nil {
		return nil
	}
	missing, now := map[strategy.Pool]int{}, time.Now()
	for _, r := range w.table.Routes {
		// As in the law of the load: a share that was rounded up to its millionth asks for no more.
		n := r.Share.Minus(strategy.Millionths(1)).Of(w.limits.Load)
		for _, b := range r.Backends {
			if in := w.find(b.ID); in != nil {
				if phase, _ := in.at(now); phase == rollout.Ready {
					n--
				}
			}
		}
		missing[r.Pool] = max(0, n)
	}
	return missing
}

// checkLoad holds a new table against the load. What was missing before the table already, because
// instances died or somebody meddled, is no fault of it.
func (w *World) checkLoad(before map[strategy.Pool]int) {
	after := w.overloaded()
	for _, r := range w.table.Routes {
		if n := after[r.Pool]; n > before[r.Pool] {
			w.violated("after routing: %s answers %s with %d instances too few", r.Pool, r.Share, n)
		}
	}
}

func (w *World) call(name string) error {
	if w.Before == nil {
		return nil
	}
	return w.Before(name)
}
