package crash_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// errDead is what a dead host gets of whatever it touches. Nobody hears it.
var errDead = errors.New("this host is dead")

// cut is when a host dies: at its n-th touch of the store or of the world, before it has an effect or after
// it, but before the host learns so. Zero: never.
type cut struct {
	touch int
	after bool
}

// machine is a host that can die: from then on nothing that it does has an effect, though its goroutines go
// on for a while, as nobody has told them.
type machine struct {
	world *world
	cut   cut
	died  chan struct{}

	mu      sync.Mutex
	dead    bool
	nap     time.Duration // how long it sleeps at its cut, in place of dying; zero: it dies
	wakes   time.Time
	slept   bool
	leased  []time.Time // when it said that it lives
	touches int
	writes  []int // which of the touches were writes to the store
	runner  *release.Runner
}

// touch does something to the store or to the world, unless the host is dead by then.
func (m *machine) touch(do func() error) error {
	m.doze()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return errDead
	}
	m.touches++
	dies := m.touches == m.cut.touch
	if dies && !m.cut.after {
		if m.nap == 0 {
			return m.die()
		}
		m.sleep()
	}
	err := do()
	if dies && m.cut.after {
		if m.nap == 0 {
			return m.die()
		}
		m.sleep()
	}
	return err
}

// sleep stops the machine, with all that it does to its surroundings. The mutex is held, but not while it
// sleeps.
func (m *machine) sleep() {
	m.wakes, m.slept = time.Now().Add(m.nap), true
	m.mu.Unlock()
	m.doze()
	m.mu.Lock()
}

// doze waits until the machine is awake.
func (m *machine) doze() {
	m.mu.Lock()
	wait := time.Until(m.wakes)
	m.mu.Unlock()
	if wait > 0 {
		time.Sleep(wait)
	}
}

func (m *machine) die() error {
	m.dead = true
	close(m.died)
	return errDead
}

func (m *machine) lives() error {
	m.doze()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return errDead
	}
	return nil
}

// disk is a store as a machine sees it.
type disk struct {
	machine *machine
	store   release.Store
}

var _ release.Store = disk{}

func (d disk) Append(_ context.Context, id string, expected uint64, events ...ledger.Event) error {
	return d.machine.touch(func() error {
		d.machine.writes = append(d.machine.writes, d.machine.touches)
		return d.store.Append(context.Background(), id, expected, events...)
	})
}

func (d disk) Events(_ context.Context, id string, from uint64) iter.Seq2[ledger.Event, error] {
	return func(yield func(ledger.Event, error) bool) {
		if err := d.machine.lives(); err != nil {
			yield(ledger.Event{}, err)
			return
		}
		d.store.Events(context.Background(), id, from)(yield)
	}
}

func (d disk) Releases(context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if err := d.machine.lives(); err != nil {
			yield("", err)
			return
		}
		d.store.Releases(context.Background())(yield)
	}
}

// shared is a disk with leases. Saying that one lives is no touch that a host dies at.
type shared struct{ disk }

var _ release.Leaser = shared{}

func (s shared) Lease(ctx context.Context, host string, d time.Duration) error {
	if err := s.machine.lives(); err != nil {
		return err
	}
	s.machine.mu.Lock()
	s.machine.leased = append(s.machine.leased, time.Now())
	s.machine.mu.Unlock()
	return s.store.(release.Leaser).Lease(ctx, host, d)
}

func (s shared) Alive(ctx context.Context, host string) (bool, error) {
	if err := s.machine.lives(); err != nil {
		return false, err
	}
	return s.store.(release.Leaser).Alive(ctx, host)
}

// world is what outlives hosts: what their stages have done, and what people have.
type world struct {
	sim     *strategytest.World            // nil: nothing is deployed
	regions map[string]*strategytest.World // those of waves

	mu     sync.Mutex
	calls  []string        // each call of the target, in order
	stands map[string]bool // what is in effect
	flags  map[string]bool // what people have done

	owners  map[string]uint64 // the highest fence that was seen, by release
	refused int               // calls with a lower one
}

func newWorld() *world {
	return &world{stands: make(map[string]bool), flags: make(map[string]bool), owners: make(map[string]uint64)}
}

// admits reports whether the world listens to a host that has that fence for the release of the token. Its mutex is held.
func (w *world) admits(fence uint64, token string) error {
	release, _, _ := strings.Cut(token, "/")
	if owner := w.owners[release]; fence < owner {
		w.refused++
		return fmt.Errorf("fence %d: %d has been here", fence, owner)
	}
	w.owners[release] = fence
	return nil
}

// do has an effect on the world under a token: the same one again changes nothing.
func (m *machine) do(fence uint64, token string) error {
	return m.touch(func() error {
		w := m.world
		w.mu.Lock()
		defer w.mu.Unlock()
		if err := w.admits(fence, token); err != nil {
			return err
		}
		w.calls = append(w.calls, token)
		w.stands[token] = true
		return nil
	})
}

// undo takes an effect back.
func (m *machine) undo(fence uint64, token string) error {
	return m.touch(func() error {
		w := m.world
		w.mu.Lock()
		defer w.mu.Unlock()
		if err := w.admits(fence, token); err != nil {
			return err
		}
		w.calls = append(w.calls, "undo "+token)
		delete(w.stands, token)
		return nil
	})
}

func (w *world) set(flag string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flags[flag] = true
}

func (w *world) is(flag string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.flags[flag]
}

// intents are the calls of the target, each for the first time.
func (w *world) intents() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var first []string
	for _, call := range w.calls {
		if !slices.Contains(first, call) {
			first = append(first, call)
		}
	}
	return first
}

// times counts the calls of the target with a token.
func (w *world) times(token string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, call := range w.calls {
		if call == token {
			n++
		}
	}
	return n
}

// revived are effects that were brought about again after they had been taken back.
func (w *world) revived() (again []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	undone := make(map[string]bool)
	for _, call := range w.calls {
		if token, undo := strings.CutPrefix(call, "undo "); undo {
			undone[token] = true
		} else if undone[call] {
			again = append(again, call)
		}
	}
	return again
}

// fleet and router are those of the simulated service, as a machine reaches them.
type fleet struct {
	rollout.Fleet
	machine *machine
}

func (f fleet) Instances(ctx context.Context) ([]rollout.Instance, error) {
	if err := f.machine.lives(); err != nil {
		return nil, err
	}
	return f.Fleet.Instances(ctx)
}

func (f fleet) Scale(ctx context.Context, pool strategy.Pool, n int, leaving ...string) error {
	return f.machine.touch(func() error { return f.Fleet.Scale(ctx, pool, n, leaving...) })
}

type router struct {
	rollout.Router
	machine *machine
}

func (r router) Unwrap() any { return r.Router }

func (r router) Route(ctx context.Context, t rollout.Table) error {
	return r.machine.touch(func() error { return r.Router.Route(ctx, t) })
}

func (r router) Table(ctx context.Context) (rollout.Table, error) {
	if err := r.machine.lives(); err != nil {
		return rollout.Table{}, err
	}
	return r.Router.Table(ctx)
}

// target is the simulated service as a machine deploys to it.
func (m *machine) target() rollout.Target { return m.reach(m.world.sim) }

// reach is a simulated service as a machine reaches it.
func (m *machine) reach(sim *strategytest.World) rollout.Target {
	target, err := rollout.Compose(fleet{sim.Fleet(), m}, router{sim.Router(), m}, rollout.ComposeOptions{})
	if err != nil {
		panic(err) // neither half is nil and the options are the defaults
	}
	return target
}

// effects is a stage that has effects on the world one after the other, with a checkpoint behind each.
type effects struct {
	machine *machine
	names   []string
	then    func(ctx context.Context, t *stage.Task) error
}

func (e effects) Run(ctx context.Context, t *stage.Task) error {
	var done int
	if _, err := t.Restore(&done); err != nil {
		return err
	}
	for ; done < len(e.names); done++ {
		if err := e.machine.do(t.Fence(), t.Token()+"/"+e.names[done]); err != nil {
			return err
		}
		if err := t.Checkpoint(ctx, done+1); err != nil {
			return err
		}
	}
	if e.then != nil {
		return e.then(ctx, t)
	}
	return nil
}

// reversible is such a stage that can take its effects back, the last one first, as far as it came.
type reversible struct{ effects }

var _ stage.Undoer = reversible{}

func (r reversible) Undo(ctx context.Context, t *stage.Task) error {
	for _, name := range slices.Backward(r.names) {
		token := t.Token() + "/" + name
		if !r.machine.world.stood(token) {
			continue
		}
		if err := r.machine.undo(t.Fence(), token); err != nil {
			return err
		}
	}
	return nil
}

// stood reports whether there ever was such an effect.
func (w *world) stood(token string) bool { return w.times(token) > 0 }
