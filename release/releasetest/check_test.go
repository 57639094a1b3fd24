package releasetest_test

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/releasetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// itself is how a store is opened again whose only handle is its value.
func itself(s release.Store) release.Store { return s }

func TestMemoryStore(t *testing.T) {
	releasetest.Suite{New: func() release.Store { return new(release.MemoryStore) }, Reopen: itself, Share: itself}.Run(t)
}

// mutant is a sound store, in which one thing is replaced.
type mutant struct {
	release.MemoryStore
	mu       sync.Mutex
	append   func(m *mutant, ctx context.Context, id string, expected uint64, events []ledger.Event) error
	read     func(m *mutant, ctx context.Context, id string, from uint64) iter.Seq2[ledger.Event, error]
	releases func(m *mutant, ctx context.Context) iter.Seq2[string, error]
	abilities
}

func (m *mutant) Append(ctx context.Context, id string, expected uint64, events ...ledger.Event) error {
	if m.append != nil {
		return m.append(m, ctx, id, expected, events)
	}
	return m.MemoryStore.Append(ctx, id, expected, events...)
}

func (m *mutant) Events(ctx context.Context, id string, from uint64) iter.Seq2[ledger.Event, error] {
	if m.read != nil {
		return m.read(m, ctx, id, from)
	}
	return m.MemoryStore.Events(ctx, id, from)
}

func (m *mutant) Releases(ctx context.Context) iter.Seq2[string, error] {
	if m.releases != nil {
		return m.releases(m, ctx)
	}
	return m.MemoryStore.Releases(ctx)
}

func (m *mutant) len(id string) (n uint64) {
	for range m.MemoryStore.Events(context.Background(), id, 0) {
		n++
	}
	return n
}

func TestEachMutantBreaksItsLaw(t *testing.T) {
	mutants := map[string]*mutant{
		// Loses the fraction of a second.
		"order": {read: func(m *mutant, ctx context.Context, id string, from uint64) iter.Seq2[ledger.Event, error] {
			return func(yield func(ledger.Event, error) bool) {
				for e, err := range m.MemoryStore.Events(ctx, id, from) {
					if e.Seq == 7 && m.len(id) == 8 {
						e.Time = e.Time.Truncate(time.Second)
					}
					if !yield(e, err) {
						return
					}
				}
			}
		}},
		// Takes the number to begin at for the number of events to leave out.
		"from": {read: func(m *mutant, ctx context.Context, id string, from uint64) iter.Seq2[ledger.Event, error] {
			if from > 1 {
				from++
			}
			return m.MemoryStore.Events(ctx, id, from)
		}},
		// Appends behind the last event, whatever was expected.
		"fence": {append: func(m *mutant, ctx context.Context, id string, expected uint64, events []ledger.Event) error {
			if have := m.len(id); have == 3 && expected == 2 {
				events[0].Seq, expected = have+1, have
			}
			return m.MemoryStore.Append(ctx, id, expected, events...)
		}},
		// Writes one event after the other.
		"whole": {append: func(m *mutant, ctx context.Context, id string, expected uint64, events []ledger.Event) error {
			if len(events) != 3 || expected != 1 {
				return m.MemoryStore.Append(ctx, id, expected, events...)
			}
			for i, e := range events {
				if err := m.MemoryStore.Append(ctx, id, expected+uint64(i), e); err != nil {
					return err
				}
			}
			return nil
		}},
		// Shows the events of one release in another.
		"apart": {read: func(m *mutant, ctx context.Context, id string, from uint64) iter.Seq2[ledger.Event, error] {
			if id == "b" && m.len("b") == 4 {
				id = "a"
			}
			return m.MemoryStore.Events(ctx, id, from)
		}},
		// Lists by name.
		"listed": {releases: func(m *mutant, ctx context.Context) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				var ids []string
				for id := range m.MemoryStore.Releases(ctx) {
					ids = append(ids, id)
				}
				if m.len("c") == 2 {
					slices.Sort(ids)
				}
				for _, id := range ids {
					if !yield(id, nil) {
						return
					}
				}
			}
		}},
		// Reports what is not there as an error.
		"unknown": {read: func(m *mutant, ctx context.Context, id string, from uint64) iter.Seq2[ledger.Event, error] {
			if id == "nobody" {
				return func(yield func(ledger.Event, error) bool) { yield(ledger.Event{}, release.ErrUnknown) }
			}
			return m.MemoryStore.Events(ctx, id, from)
		}},
		// Writes in spite of a context that is over.
		"cancelled": {append: func(m *mutant, ctx context.Context, id string, expected uint64, events []ledger.Event) error {
			return m.MemoryStore.Append(context.WithoutCancel(ctx), id, expected, events...)
		}},
		// Reads on into what is written meanwhile.
		"snapshot": {read: func(m *mutant, ctx context.Context, id string, from uint64) iter.Seq2[ledger.Event, error] {
			return func(yield func(ledger.Event, error) bool) {
				for next := max(from, 1); ; next++ {
					if ctx.Err() != nil {
						yield(ledger.Event{}, ctx.Err())
						return
					}
					found := false
					for e := range m.MemoryStore.Events(ctx, id, next) {
						if found = true; !yield(e, nil) {
							return
						}
						break
					}
					if !found {
						return
					}
				}
			}
		}},
		// Looks first and writes later, and lets a late writer believe that it won.
		"contest": {append: func(m *mutant, ctx context.Context, id string, expected uint64, events []ledger.Event) error {
			m.mu.Lock()
			defer m.mu.Unlock()
			if have := m.len(id); id == "a" && have == 50 && expected == 48 {
				return nil
			}
			return m.MemoryStore.Append(ctx, id, expected, events...)
		}},
	}
	maps.Copy(mutants, contentMutants())
	maps.Copy(mutants, hastyMutants())
	for name, wrong := range abilityMutants() {
		mutants[name] = &mutant{abilities: wrong}
	}
	suites := handleMutants()
	for name, m := range mutants {
		suites[name] = releasetest.Suite{New: func() release.Store { return m.fresh() }, Reopen: itself, Share: itself}
	}
	broken := make(map[string]bool)
	for i, name := range slices.Sorted(maps.Keys(suites)) {
		suite := suites[name]
		law, _, _ := strings.Cut(name, " ")
		broken[law] = true
		if i%raced > 0 {
			continue
		}
		t.Run(name, inBubble(func(t *testing.T) {
			err := suite.Check()
			time.Sleep(2 * time.Hour) // for calls that the kit has given up
			require.Error(t, err)
			for _, err := range err.(interface{ Unwrap() []error }).Unwrap() {
				var v *releasetest.Violation
				require.ErrorAs(t, err, &v)
				assert.Equal(t, law, v.Law, "%v", v)
			}
		}))
	}
	for _, law := range releasetest.Laws() {
		assert.True(t, broken[law], "no mutant breaks law %s", law)
	}
}

// fresh is an empty store that is wrong in the same way.
func (m *mutant) fresh() *mutant {
	return &mutant{append: m.append, read: m.read, releases: m.releases, abilities: m.abilities}
}
