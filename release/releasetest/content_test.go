package releasetest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"

	"github.com/davit-sdk/davit/release/ledger"
)

// renaming is a store that keeps IDs in another form.
func renaming(form func(string) string) *mutant {
	return &mutant{
		append: func(m *mutant, ctx context.Context, id string, expected uint64, events []ledger.Event) error {
			return m.MemoryStore.Append(ctx, form(id), expected, events...)
		},
		read: func(m *mutant, ctx context.Context, id string, from uint64) iter.Seq2[ledger.Event, error] {
			return m.MemoryStore.Events(ctx, form(id), from)
		},
	}
}

// refusing is a store that does not take some events.
func refusing(refused func(ledger.Event) bool) *mutant {
	return &mutant{append: func(m *mutant, ctx context.Context, id string, expected uint64, events []ledger.Event) error {
		for _, e := range events {
			if refused(e) {
				return fmt.Errorf("%T is not supported", e.Body)
			}
		}
		return m.MemoryStore.Append(ctx, id, expected, events...)
	}}
}

// contentMutants are stores that break the law that their name begins with.
func contentMutants() map[string]*mutant {
	all := map[string]*mutant{
		"names in one case": renaming(strings.ToLower),
		"names cut":         renaming(func(id string) string { return id[:min(len(id), 127)] }),
		"large": refusing(func(e ledger.Event) bool {
			raw, err := json.Marshal(e)
			return err != nil || len(raw) > 4<<10
		}),
		"repeat": {read: func(m *mutant, ctx context.Context, id string, from uint64) iter.Seq2[ledger.Event, error] {
			used := false
			return func(yield func(ledger.Event, error) bool) {
				if !used {
					used = true
					m.MemoryStore.Events(ctx, id, from)(yield)
				}
			}
		}},
		"break": {releases: func(m *mutant, ctx context.Context) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				for id, err := range m.MemoryStore.Releases(ctx) {
					yield(id, err)
				}
			}
		}},
		"break of events": {read: func(m *mutant, ctx context.Context, id string, from uint64) iter.Seq2[ledger.Event, error] {
			return func(yield func(ledger.Event, error) bool) {
				for e, err := range m.MemoryStore.Events(ctx, id, from) {
					yield(e, err)
				}
			}
		}},
	}
	for _, kind := range []string{
		"release.requested", "value.written", "checkpoint.saved", "stage.progressed", "gate.judged", "release.interrupted", "release.finished",
	} {
		all["bodies without "+kind] = refusing(func(e ledger.Event) bool {
			// A large checkpoint is the business of another law.
			return e.Body.Type() == kind && e.Time.Nanosecond() > 0 && !isLarge(e)
		})
	}
	return all
}

func isLarge(e ledger.Event) bool {
	b, saved := e.Body.(ledger.Saved)
	return saved && len(b.Checkpoint) > 4<<10
}
