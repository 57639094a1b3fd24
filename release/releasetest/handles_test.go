package releasetest_test

import (
	"context"
	"iter"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/releasetest"
)

// handle is one of several on the same store. What it does not do itself is sound.
type handle struct {
	*mutant
	turn chan struct{}
	own  release.MemoryStore
}

func newHandle(on *mutant) *handle { return &handle{mutant: on, turn: make(chan struct{}, 1)} }

// locked looks first and writes then, under a lock that no other handle knows.
type locked struct{ *handle }

func (h locked) Append(ctx context.Context, id string, expected uint64, events ...ledger.Event) error {
	h.turn <- struct{}{}
	defer func() { <-h.turn }()
	if last := h.len(id); last != expected {
		return release.ErrConflict
	}
	if id == "rivals" {
		time.Sleep(time.Nanosecond)
	}
	return h.force(ctx, id, expected, events)
}

// force writes behind the last event, wherever that is: it loses a write to another one.
func (h *handle) force(ctx context.Context, id string, expected uint64, events []ledger.Event) error {
	if err := h.MemoryStore.Append(ctx, id, expected, events...); h.len(id) < expected+uint64(len(events)) {
		return err
	}
	return ctx.Err()
}

// leaser keeps its leases to itself, and deaf does not tell of what others write.
type (
	leaser struct{ *handle }
	deaf   struct{ *handle }
)

func (h leaser) Lease(ctx context.Context, host string, d time.Duration) error {
	return h.own.Lease(ctx, host, d)
}

func (h leaser) Alive(ctx context.Context, host string) (bool, error) {
	return h.own.Alive(ctx, host)
}

func (h deaf) Append(ctx context.Context, id string, expected uint64, events ...ledger.Event) error {
	err := h.MemoryStore.Append(ctx, id, expected, events...)
	if err == nil {
		_ = h.own.Lease(context.WithoutCancel(ctx), id, time.Hour)
	}
	return err
}

func (h deaf) Changed(ctx context.Context, d time.Duration) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for id, err := range h.MemoryStore.Changed(ctx, d) {
			if mine, _ := h.own.Alive(ctx, id); err == nil && !mine {
				continue
			}
			if !yield(id, err) {
				return
			}
		}
	}
}

// caching lists what there was when it was opened, and what it has written itself.
type caching struct{ *handle }

func (h caching) Append(ctx context.Context, id string, expected uint64, events ...ledger.Event) error {
	err := h.MemoryStore.Append(ctx, id, expected, events...)
	if err == nil && expected == 0 {
		_ = h.own.Append(context.WithoutCancel(ctx), id, 0, events...)
	}
	return err
}

func (h caching) Releases(ctx context.Context) iter.Seq2[string, error] {
	if h.len("a") == 0 {
		return h.MemoryStore.Releases(ctx) // in the order of the store, if many write at once
	}
	return h.own.Releases(ctx)
}

// stale remembers what is over by what it has written itself.
type stale struct{ *handle }

func (h stale) Append(ctx context.Context, id string, expected uint64, events ...ledger.Event) error {
	err := h.MemoryStore.Append(ctx, id, expected, events...)
	if err == nil {
		_ = h.own.Lease(context.WithoutCancel(ctx), id, time.Hour)
	}
	return err
}

func (h stale) Open(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for id, err := range h.MemoryStore.Open(ctx) {
			if mine, _ := h.own.Alive(ctx, id); err == nil && !mine {
				continue
			}
			if !yield(id, err) {
				return
			}
		}
	}
}

// handleMutants are stores that are wrong only where they are opened again.
func handleMutants() map[string]releasetest.Suite {
	empty := func() release.Store { return new(release.MemoryStore) }
	// suite has stores of one type, each of which is a handle on one that may have others.
	suite := func(wrap func(*handle) release.Store, on func(release.Store) *handle) releasetest.Suite {
		return releasetest.Suite{
			New: func() release.Store { return wrap(newHandle(new(mutant))) }, Reopen: itself,
			Share: func(s release.Store) release.Store { return wrap(newHandle(on(s).mutant)) },
		}
	}
	return map[string]releasetest.Suite{
		"reopened empty": {New: empty, Reopen: func(release.Store) release.Store { return empty() }, Share: itself},
		"reopened without the last write": {New: empty, Share: itself, Reopen: func(s release.Store) release.Store {
			return rewritten(s, func(list []ledger.Event) []ledger.Event { return list[:max(1, len(list)-1)] })
		}},
		"rivals":                      suite(func(h *handle) release.Store { return locked{h} }, func(s release.Store) *handle { return s.(locked).handle }),
		"abroad":                      suite(func(h *handle) release.Store { return leaser{h} }, func(s release.Store) *handle { return s.(leaser).handle }),
		"heard":                       suite(func(h *handle) release.Store { return deaf{h} }, func(s release.Store) *handle { return s.(deaf).handle }),
		"shared but for what is open": suite(func(h *handle) release.Store { return stale{h} }, func(s release.Store) *handle { return s.(stale).handle }),
		"shared":                      suite(func(h *handle) release.Store { return caching{h} }, func(s release.Store) *handle { return s.(caching).handle }),
	}
}

// rewritten is a store with what is left of another one.
func rewritten(s release.Store, left func([]ledger.Event) []ledger.Event) release.Store {
	ctx, out := context.Background(), new(release.MemoryStore)
	for id := range s.Releases(ctx) {
		var list []ledger.Event
		for e := range s.Events(ctx, id, 0) {
			list = append(list, e)
		}
		_ = out.Append(ctx, id, 0, left(list)...)
	}
	return out
}
