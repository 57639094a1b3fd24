package releasetest_test

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/releasetest"
	"github.com/stretchr/testify/assert"
)

// inBubble makes a test of one that waits for leases: there, waiting takes no time.
func inBubble(test func(t *testing.T)) func(t *testing.T) {
	return func(t *testing.T) { synctest.Test(t, test) }
}

// plain is a store without abilities.
type plain struct{ release.Store }

func TestAbsentAbilitiesAreSkipped(t *testing.T) {
	assert.NoError(t, releasetest.Check(func() release.Store { return plain{new(release.MemoryStore)} }))
	// A wrong lease is nobody's business where no ability is told of.
	assert.NoError(t, releasetest.Check(func() release.Store {
		return plain{&mutant{abilities: abilityMutants()["alive for ever"]}}
	}))
	t.Run("kit", func(t *testing.T) {
		releasetest.Run(t, func() release.Store { return plain{new(release.MemoryStore)} })
	})
}

// past is what a host has leased before.
type past struct {
	had   bool
	last  time.Duration
	hosts int // how many have ever leased, this one included
}

// abilities replaces what a mutant leases and lists.
type abilities struct {
	lease func(m *mutant, ctx context.Context, host string, d time.Duration, p past) error
	alive func(m *mutant, ctx context.Context, host string, p past) (bool, error)
	open  func(m *mutant, ctx context.Context) iter.Seq2[string, error]
	told  func(m *mutant, ctx context.Context, d time.Duration) iter.Seq2[string, error]
	wait  func(ctx context.Context, host string) // before a lease

	leased map[string]time.Duration
}

func (m *mutant) past(host string) past {
	last, had := m.leased[host]
	return past{had, last, len(m.leased)}
}

func (m *mutant) Lease(ctx context.Context, host string, d time.Duration) error {
	if m.wait != nil {
		m.wait(ctx, host)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.past(host)
	if m.leased == nil {
		m.leased = make(map[string]time.Duration)
	}
	m.leased[host] = d
	p.hosts = len(m.leased)
	if m.lease != nil {
		return m.lease(m, ctx, host, d, p)
	}
	return m.MemoryStore.Lease(ctx, host, d)
}

func (m *mutant) Alive(ctx context.Context, host string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.alive != nil {
		return m.alive(m, ctx, host, m.past(host))
	}
	return m.MemoryStore.Alive(ctx, host)
}

func (m *mutant) Open(ctx context.Context) iter.Seq2[string, error] {
	if m.open != nil {
		return m.open(m, ctx)
	}
	return m.MemoryStore.Open(ctx)
}

func (m *mutant) Changed(ctx context.Context, d time.Duration) iter.Seq2[string, error] {
	if m.told != nil {
		return m.told(m, ctx, d)
	}
	return m.MemoryStore.Changed(ctx, d)
}

// opening is a mutant that changes which releases are open.
func opening(change func(m *mutant, ids []string) []string) abilities {
	return abilities{open: func(m *mutant, ctx context.Context) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			var ids []string
			for id, err := range m.MemoryStore.Open(ctx) {
				if err != nil {
					yield("", err)
					return
				}
				ids = append(ids, id)
			}
			for _, id := range change(m, ids) {
				if !yield(id, nil) {
					return
				}
			}
		}
	}}
}

// abilityMutants are stores that break the law that their name begins with.
func abilityMutants() map[string]abilities {
	all := map[string]abilities{
		"alive for ever": {alive: func(m *mutant, ctx context.Context, host string, p past) (bool, error) {
			if !p.had && ctx.Err() == nil {
				return true, nil
			}
			return m.MemoryStore.Alive(ctx, host)
		}},
		"lapse": {lease: func(m *mutant, ctx context.Context, host string, d time.Duration, p past) error {
			if p.hosts == 1 && !p.had && d > 0 {
				d = max(d, time.Hour)
			}
			return m.MemoryStore.Lease(ctx, host, d)
		}},
		"renew too little": {lease: func(m *mutant, ctx context.Context, host string, d time.Duration, p past) error {
			if on, _ := m.MemoryStore.Alive(ctx, host); on && d > 0 {
				return nil // the first lease counts
			}
			return m.MemoryStore.Lease(ctx, host, d)
		}},
		"renew too much": {lease: func(m *mutant, ctx context.Context, host string, d time.Duration, p past) error {
			if p.last > d && d > 0 {
				return nil // a lease only ever grows
			}
			return m.MemoryStore.Lease(ctx, host, d)
		}},
		"end not at all": {lease: func(m *mutant, ctx context.Context, host string, d time.Duration, p past) error {
			if d <= 0 && host != "north" {
				return ctx.Err()
			}
			return m.MemoryStore.Lease(ctx, host, d)
		}},
		"end only at zero": {lease: func(m *mutant, ctx context.Context, host string, d time.Duration, p past) error {
			if d < 0 {
				d = -d
			}
			return m.MemoryStore.Lease(ctx, host, d)
		}},
		"end of all": {lease: func(m *mutant, ctx context.Context, host string, d time.Duration, p past) error {
			for other := range maps.Clone(m.leased) {
				if d <= 0 && p.had && ctx.Err() == nil {
					_ = m.MemoryStore.Lease(ctx, other, 0)
				}
			}
			return m.MemoryStore.Lease(ctx, host, d)
		}},
		"end only of what there is": {lease: func(m *mutant, ctx context.Context, host string, d time.Duration, p past) error {
			if d <= 0 && !p.had {
				return errors.New("no such host")
			}
			return m.MemoryStore.Lease(ctx, host, d)
		}},
		"hosts in one case": {
			lease: func(m *mutant, ctx context.Context, host string, d time.Duration, p past) error {
				return m.MemoryStore.Lease(ctx, strings.ToLower(host), d)
			},
			alive: func(m *mutant, ctx context.Context, host string, p past) (bool, error) {
				return m.MemoryStore.Alive(ctx, strings.ToLower(host))
			},
		},
		"crowd": {lease: func(m *mutant, ctx context.Context, host string, d time.Duration, p past) error {
			if p.hosts > 6 {
				return errors.New("database is locked")
			}
			return m.MemoryStore.Lease(ctx, host, d)
		}},
		"impatient to lease": {lease: func(m *mutant, ctx context.Context, host string, d time.Duration, p past) error {
			return m.MemoryStore.Lease(context.WithoutCancel(ctx), host, d)
		}},
		"impatient to look": {alive: func(m *mutant, ctx context.Context, host string, p past) (bool, error) {
			return m.MemoryStore.Alive(context.WithoutCancel(ctx), host)
		}},
	}
	// Waits for the lock of the database, and listens to nobody meanwhile.
	all["impatient in the middle"] = abilities{wait: func(ctx context.Context, host string) {
		if n, ok := strings.CutPrefix(host, "i"); ok && !inTime(ctx, n) {
			time.Sleep(time.Hour)
		}
	}}
	maps.Copy(all, openMutants())
	maps.Copy(all, changeMutants())
	return all
}

func openMutants() map[string]abilities {
	return map[string]abilities{
		// Leaves out what has ever finished.
		"open but for any end": opening(func(m *mutant, ids []string) []string {
			return slices.DeleteFunc(ids, func(id string) bool {
				for e := range m.MemoryStore.Events(context.Background(), id, 0) {
					if _, over := e.Body.(ledger.Finished); over {
						return true
					}
				}
				return false
			})
		}),
		// Does not see an end that is written together with what leads to it.
		"open in spite of its end": opening(func(m *mutant, ids []string) []string {
			if len(ids) == 2 && ids[0] == "a" && m.len("c") == 3 {
				return append(ids, "c")
			}
			return ids
		}),
		"open whatever the context": {open: func(m *mutant, ctx context.Context) iter.Seq2[string, error] {
			return m.MemoryStore.Open(context.WithoutCancel(ctx))
		}},
		"queue by name": opening(func(m *mutant, ids []string) []string {
			if m.len("d") == 1 {
				slices.Sort(ids)
			}
			return ids
		}),
		"queue for one reader": {open: func(m *mutant, ctx context.Context) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				for id, err := range m.MemoryStore.Open(ctx) {
					if m.len("d") == 1 {
						yield(id, err)
					} else if !yield(id, err) {
						return
					}
				}
			}
		}},
		"queue read once": {open: func(m *mutant, ctx context.Context) iter.Seq2[string, error] {
			used := false
			return func(yield func(string, error) bool) {
				if !used {
					used = true
					m.MemoryStore.Open(ctx)(yield)
				}
			}
		}},
		"agree on the first hundred": opening(func(m *mutant, ids []string) []string {
			if m.len("r149") == 0 {
				return ids
			}
			return ids[:min(len(ids), 100)]
		}),
		"pages of what is open": opening(func(m *mutant, ids []string) []string { return ids[:min(len(ids), 200)] }),
		"pages of what is open in their own order": opening(func(m *mutant, ids []string) []string {
			if len(ids) > 1000 {
				slices.Reverse(ids)
			}
			return ids
		}),
	}
}

// telling is a mutant that changes which releases have changed.
func telling(change func(m *mutant, d time.Duration, ids []string) []string) abilities {
	return abilities{told: func(m *mutant, ctx context.Context, d time.Duration) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			var ids []string
			for id, err := range m.MemoryStore.Changed(ctx, d) {
				if err != nil {
					yield("", err)
					return
				}
				ids = append(ids, id)
			}
			for _, id := range change(m, d, ids) {
				if !yield(id, nil) {
					return
				}
			}
		}
	}}
}

func changeMutants() map[string]abilities {
	return map[string]abilities{
		// Has a row for each event.
		"changed for each event": telling(func(m *mutant, d time.Duration, ids []string) (all []string) {
			for _, id := range ids {
				for range m.len(id) {
					all = append(all, id)
				}
			}
			if len(ids) < 2 {
				return ids
			}
			return all
		}),
		// Names what is open only, and so never the end of a release.
		"changed but not over": telling(func(m *mutant, d time.Duration, ids []string) []string {
			return slices.DeleteFunc(ids, func(id string) bool {
				over := false
				for e := range m.MemoryStore.Events(context.Background(), id, 0) {
					_, over = e.Body.(ledger.Finished)
				}
				return over
			})
		}),
		"pages of changes": telling(func(m *mutant, d time.Duration, ids []string) []string {
			return ids[:min(len(ids), 256)]
		}),
		// Names what somebody has tried to write to.
		"changed in vain": telling(func(m *mutant, d time.Duration, ids []string) []string {
			if len(ids) == 2 {
				return append(ids, "ghost")
			}
			return ids
		}),
		"changed whatever the context": {told: func(m *mutant, ctx context.Context, d time.Duration) iter.Seq2[string, error] {
			return m.MemoryStore.Changed(context.WithoutCancel(ctx), d)
		}},
		"changed for one reader": {told: func(m *mutant, ctx context.Context, d time.Duration) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				for id, err := range m.MemoryStore.Changed(ctx, d) {
					if m.len("a") == 4 {
						yield(id, err)
					} else if !yield(id, err) {
						return
					}
				}
			}
		}},
		// Counts from when the release was begun.
		"again or for the first time": telling(func(m *mutant, d time.Duration, ids []string) []string {
			if d < time.Minute && m.len("a") > 1 {
				return nil
			}
			return ids
		}),
	}
}
