package releasetest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"strings"
	"unicode/utf8"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/releasetest"
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
		"names cut": renaming(func(id string) string {
			if strings.HasPrefix(id, "nn") {
				id = id[:min(len(id), 127)]
			}
			return id
		}),
		"large": refusing(isLarge),
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
	for _, body := range releasetest.Bodies() {
		all["bodies without "+body.Type()] = refusing(func(e ledger.Event) bool {
			return e.Body.Type() == body.Type() && e.Attempt == 3
		})
	}
	maps.Copy(all, cutMutants())
	return all
}

// rereading is a store that gives events back otherwise than they were written.
func rereading(change func(id string, e ledger.Event) ledger.Event) *mutant {
	return &mutant{read: func(m *mutant, ctx context.Context, id string, from uint64) iter.Seq2[ledger.Event, error] {
		return func(yield func(ledger.Event, error) bool) {
			for e, err := range m.MemoryStore.Events(ctx, id, from) {
				if !yield(change(id, e), err) {
					return
				}
			}
		}
	}}
}

// cutMutants are stores with columns that are too narrow, and pages that are never turned.
func cutMutants() map[string]*mutant {
	return map[string]*mutant{
		"wide stage": rereading(func(_ string, e ledger.Event) ledger.Event {
			e.Stage = e.Stage[:min(len(e.Stage), 62)]
			return e
		}),
		"wide why": rereading(func(_ string, e ledger.Event) ledger.Event {
			if b, ok := e.Body.(ledger.Signalled); ok {
				b.Signal.Why = b.Signal.Why[:min(len(b.Signal.Why), 255)]
				e.Body = b
			}
			return e
		}),
		"wide signal": rereading(func(_ string, e ledger.Event) ledger.Event {
			if b, ok := e.Body.(ledger.Signalled); ok {
				b.Signal.ID = b.Signal.ID[:min(len(b.Signal.ID), 255)]
				e.Body = b
			}
			return e
		}),
		"wide reason": refusing(func(e ledger.Event) bool {
			b, ok := e.Body.(ledger.Ended)
			return ok && utf8.RuneCountInString(b.Reason) > 4000
		}),
		"wide in all": refusing(func(e ledger.Event) bool {
			raw, err := json.Marshal(e)
			return !isLarge(e) && (err != nil || len(raw) > 4<<10)
		}),
		"wide id": renaming(func(id string) string {
			if strings.HasPrefix(id, "wide") {
				id = id[:127]
			}
			return id
		}),
		"pages of releases": {releases: func(m *mutant, ctx context.Context) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				n := 0
				m.MemoryStore.Releases(ctx)(func(id string, err error) bool { n++; return n <= 1000 && yield(id, err) })
			}
		}},
		"pages of events": {read: func(m *mutant, ctx context.Context, id string, from uint64) iter.Seq2[ledger.Event, error] {
			return func(yield func(ledger.Event, error) bool) {
				n := 0
				m.MemoryStore.Events(ctx, id, from)(func(e ledger.Event, err error) bool { n++; return n <= 1000 && yield(e, err) })
			}
		}},
	}
}

func isLarge(e ledger.Event) bool {
	b, saved := e.Body.(ledger.Saved)
	return saved && len(b.Checkpoint) > 4<<10
}
