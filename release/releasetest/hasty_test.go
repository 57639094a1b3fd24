package releasetest_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
)

// inTime takes some time, which depends on the number, and reports whether it came to its end before the
// context did. It is for a bubble.
func inTime(ctx context.Context, number string) bool {
	n, _ := strconv.Atoi(number)
	select {
	case <-ctx.Done():
		return false
	case <-time.After(time.Duration(n+1) * time.Second):
		return true
	}
}

// hurried is a store whose appends take their time, and that does something wrong when their context ends
// meanwhile.
func hurried(wrong func(m *mutant, ctx context.Context, id string, expected uint64, events []ledger.Event) error) *mutant {
	return &mutant{append: func(m *mutant, ctx context.Context, id string, expected uint64, events []ledger.Event) error {
		if strings.HasPrefix(id, "hasty") && ctx.Done() != nil && !inTime(ctx, id[len(id)-2:]) {
			return wrong(m, context.WithoutCancel(ctx), id, expected, events)
		}
		return m.MemoryStore.Append(ctx, id, expected, events...)
	}}
}

// hastyMutants are stores that break the law that their name begins with.
func hastyMutants() map[string]*mutant {
	type ctx = context.Context
	return map[string]*mutant{
		"hasty but slow": hurried(func(m *mutant, _ ctx, id string, expected uint64, events []ledger.Event) error {
			time.Sleep(time.Hour)
			return context.Canceled
		}),
		"hasty by halves": hurried(func(m *mutant, ctx ctx, id string, expected uint64, events []ledger.Event) error {
			_ = m.MemoryStore.Append(ctx, id, expected, events[0])
			return context.Canceled
		}),
		"hasty with what is not there": hurried(func(m *mutant, _ ctx, id string, expected uint64, events []ledger.Event) error {
			return nil
		}),
		"hasty with a conflict": hurried(func(m *mutant, ctx ctx, id string, expected uint64, events []ledger.Event) error {
			_ = m.MemoryStore.Append(ctx, id, expected, events...)
			return m.MemoryStore.Append(ctx, id, expected, events...) // tries again, and meets itself
		}),
		// Writes after all, when somebody else has.
		"hasty and late": hurried(func(m *mutant, ctx ctx, id string, expected uint64, events []ledger.Event) error {
			time.AfterFunc(time.Nanosecond, func() {
				last := m.len(id)
				for i := range events {
					events[i].Seq = last + uint64(i) + 1
				}
				_ = m.MemoryStore.Append(ctx, id, last, events...)
			})
			return errors.New("the connection is lost")
		}),
		"hasty and out of order": brokenAfterwards(),
		"hasty and busy": {append: func(m *mutant, ctx ctx, id string, expected uint64, events []ledger.Event) error {
			if strings.HasPrefix(id, "hasty") {
				if !m.mu.TryLock() {
					return errors.New("database is locked")
				}
				defer m.mu.Unlock()
				inTime(ctx, "0")
			}
			return m.MemoryStore.Append(ctx, id, expected, events...)
		}},
	}
}

// brokenAfterwards does not go on with a release when a write of it was cut off.
func brokenAfterwards() *mutant {
	const mark = "cut off "
	m := hurried(func(m *mutant, ctx context.Context, id string, expected uint64, events []ledger.Event) error {
		_ = m.MemoryStore.Lease(ctx, mark+id, time.Hour)
		return context.Canceled
	})
	sound := m.append
	m.append = func(m *mutant, ctx context.Context, id string, expected uint64, events []ledger.Event) error {
		if cut, _ := m.MemoryStore.Alive(context.Background(), mark+id); cut {
			return errors.New("a transaction is open")
		}
		return sound(m, ctx, id, expected, events)
	}
	return m
}
