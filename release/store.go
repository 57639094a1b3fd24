package release

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
)

// ErrConflict says that somebody else has written to the release in between.
var ErrConflict = errors.New("conflict")

// Store keeps the events of releases. All methods are called from any number of goroutines at once.
// Package releasetest proves an implementation.
type Store interface {
	// Append adds events behind the last one of a release: all of them or none. expected is the
	// number of the last event that the writer knows, 0 for a new release; the events are numbered
	// from expected+1. When the release has gone on in the meantime, or is not that far, the error
	// is ErrConflict. This is the only write, and so the fence between two writers. When Append
	// has returned nil, the events are kept as safely as the store can. It returns soon after ctx
	// is done: nothing else of the release can happen meanwhile.
	Append(ctx context.Context, release string, expected uint64, events ...ledger.Event) error

	// Events are the release's events in order, from the number on (0 and 1 mean all), up to
	// those that were appended before the call. A release that is not known has none. An error
	// ends the sequence.
	Events(ctx context.Context, release string, from uint64) iter.Seq2[ledger.Event, error]

	// Releases are the IDs of all releases, in the order in which they were begun.
	Releases(ctx context.Context) iter.Seq2[string, error]
}

// The optional abilities of a Store. A runner asks for them once, when it is made.
type (
	// Leaser is a Store that several hosts share, and that knows by its own clock which of them live.
	// The clocks of the hosts do not count. A release belongs to the host that its events name last;
	// another one takes it over when that host's lease has run out, by an append, so that the fence
	// decides between two that try. A store that only one process can have open at a time needs no
	// leases: whatever it finds unfinished when it opens belongs to nobody.
	Leaser interface {
		// Lease says that the host lives, for d from now on. A running host calls it about every third of d.
		// With d at zero or below, the lease ends at once. Hosts never share a name, and a host that
		// starts anew has a new one. It returns soon after ctx is done: a host that gets no answer gives up
		// what it runs before its lease ends.
		Lease(ctx context.Context, host string, d time.Duration) error
		// Alive reports whether the host's lease has not run out. A host that is not known is not
		// alive. It returns soon after ctx is done.
		Alive(ctx context.Context, host string) (bool, error)
	}

	// Opener is a Store that can tell which releases are not over without reading all events of all
	// releases, so that a host starts quickly beside a long history.
	Opener interface {
		// Open are the IDs of the releases whose last event is not ledger.Finished, in the order in
		// which they were begun.
		Open(ctx context.Context) iter.Seq2[string, error]
	}

	// Changer is a Store that can tell which releases were written to of late, so that a host sees
	// soon what others have recorded without reading each of its releases again and again.
	Changer interface {
		// Changed are the IDs of the releases that got an event within d before now, by the
		// store's clock, each once, in any order. It may name more than those. An event may be
		// dated from before it can be read, by as long as its write took: a host asks at every
		// beat, and each time for all that was written since long before the last one.
		Changed(ctx context.Context, d time.Duration) iter.Seq2[string, error]
	}
)

// MemoryStore keeps events in memory. It is for tests, and for hosts that want no history. The zero
// value is an empty store.
type MemoryStore struct {
	mu      sync.RWMutex
	ids     []string
	events  map[string][]ledger.Event
	written map[string]time.Time // when each was written to last
	leases  map[string]time.Time
}

var (
	_ Store   = (*MemoryStore)(nil)
	_ Leaser  = (*MemoryStore)(nil)
	_ Opener  = (*MemoryStore)(nil)
	_ Changer = (*MemoryStore)(nil)
)

// Append adds events, as Store asks for.
func (m *MemoryStore) Append(ctx context.Context, release string, expected uint64, events ...ledger.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	old := m.events[release]
	if uint64(len(old)) != expected {
		return fmt.Errorf("%w: release %s has %d events, %d were expected", ErrConflict, release, len(old), expected)
	}
	for i, e := range events {
		if want := expected + uint64(i) + 1; e.Seq != want {
			return fmt.Errorf("release %s: event %d comes where %d should", release, e.Seq, want)
		}
	}
	if len(events) == 0 {
		return nil
	}
	if len(old) == 0 {
		m.ids = append(m.ids, release)
	}
	if m.events == nil {
		m.events, m.written = make(map[string][]ledger.Event), make(map[string]time.Time)
	}
	m.events[release], m.written[release] = append(old, events...), time.Now()
	return nil
}

// Events are the release's events, as Store asks for.
func (m *MemoryStore) Events(ctx context.Context, release string, from uint64) iter.Seq2[ledger.Event, error] {
	return func(yield func(ledger.Event, error) bool) {
		m.mu.RLock()
		events := m.events[release]
		m.mu.RUnlock()
		for _, e := range events[min(max(from, 1)-1, uint64(len(events))):] {
			if err := ctx.Err(); err != nil {
				yield(ledger.Event{}, err)
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// Releases are the IDs of all releases, as Store asks for.
func (m *MemoryStore) Releases(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		m.mu.RLock()
		ids := slices.Clone(m.ids)
		m.mu.RUnlock()
		list(ctx, ids, yield)
	}
}

// Open are the releases that are not over, as Opener asks for.
func (m *MemoryStore) Open(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		var ids []string
		m.mu.RLock()
		for _, id := range m.ids {
			events := m.events[id]
			if _, over := events[len(events)-1].Body.(ledger.Finished); !over {
				ids = append(ids, id)
			}
		}
		m.mu.RUnlock()
		list(ctx, ids, yield)
	}
}

// Changed are the releases that were written to of late, as Changer asks for.
func (m *MemoryStore) Changed(ctx context.Context, d time.Duration) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		var ids []string
		m.mu.RLock()
		since := time.Now().Add(-d)
		for id, at := range m.written {
			if !at.Before(since) {
				ids = append(ids, id)
			}
		}
		m.mu.RUnlock()
		list(ctx, ids, yield)
	}
}

// list yields IDs for as long as they are wanted.
func list(ctx context.Context, ids []string, yield func(string, error) bool) {
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			yield("", err)
			return
		}
		if !yield(id, nil) {
			return
		}
	}
}

// Lease says that a host lives, as Leaser asks for. The clock is that of this process.
func (m *MemoryStore) Lease(ctx context.Context, host string, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if d <= 0 {
		delete(m.leases, host)
		return nil
	}
	if m.leases == nil {
		m.leases = make(map[string]time.Time)
	}
	m.leases[host] = time.Now().Add(d)
	return nil
}

// Alive reports whether a host lives, as Leaser asks for.
func (m *MemoryStore) Alive(ctx context.Context, host string) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	return time.Now().Before(m.leases[host]), nil
}
