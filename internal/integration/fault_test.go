package integration_test

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/sqlstore"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// notes are events with the numbers from first to last, and a text in each.
func notes(first, last uint64, text string) []ledger.Event {
	var all []ledger.Event
	for n := first; n <= last; n++ {
		data, err := json.Marshal(text)
		if err != nil {
			panic(err)
		}
		all = append(all, ledger.Event{
			Seq: n, Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Body: ledger.Noted{Name: "note", Data: data},
		})
	}
	return all
}

// texts reads the texts of the notes of a release.
func texts(t testing.TB, s release.Store, id string) []string {
	t.Helper()
	var all []string
	for e, err := range s.Events(context.Background(), id, 0) {
		require.NoError(t, err)
		var text string
		require.NoError(t, json.Unmarshal(e.Body.(ledger.Noted).Data, &text))
		all = append(all, text)
		require.Equal(t, uint64(len(all)), e.Seq)
	}
	return all
}

// faults are the ways in which a call fails: before and after it is made, with and without loss of the
// connection, alone and together with the next one.
func faults() (all []plan) {
	for _, err := range []error{errInjected, io.ErrUnexpectedEOF} {
		for _, after := range []bool{false, true} {
			for _, twice := range []bool{false, true} {
				all = append(all, plan{err: err, after: after, twice: twice})
			}
		}
	}
	return all
}

// TestEachCallFails makes each call to the driver fail in turn.
func TestEachCallFails(t *testing.T) {
	all(t, func(t *testing.T, p place) {
		sound := p.host(t)
		for _, how := range faults() {
			for _, first := range []uint64{1, 3} {
				t.Run(fmt.Sprintf("%v, after: %v, twice: %v, from event %d", how.err, how.after, how.twice, first), func(t *testing.T) {
					f, db := faultyAt(t, p)
					store := p.on(t, db)
					for at := 1; ; at++ {
						id := fmt.Sprintf("%v-%v-%v-%d-%d", how.err == errInjected, how.after, how.twice, first, at)
						if first > 1 {
							require.NoError(t, sound.Append(t.Context(), id, 0, notes(1, first-1, "old")...))
						}
						how.at = at
						f.set(how)
						err := store.Append(t.Context(), id, first-1, notes(first, first+2, "new")...)
						calls := f.made()
						f.set(plan{})
						if len(calls) < at {
							require.NoError(t, err)
							require.Greater(t, at, 1)
							break
						}
						afterFault(t, sound, store, id, first, err, how, calls)
					}
				})
			}
		}
	})
}

// afterFault asserts that a write that met a fault is whole or not there, as its error says, and that
// the store works on.
func afterFault(t *testing.T, sound, store *sqlstore.Store, id string, first uint64, err error, how plan, calls []string) {
	t.Helper()
	there := len(texts(t, sound, id)) - int(first-1)
	assert.NotErrorIs(t, err, release.ErrConflict, "at %q", calls)
	switch {
	case err == nil:
		assert.Equal(t, 3, there, "acknowledged, at %q", calls)
	case assert.ErrorIs(t, err, how.err, "at %q", calls):
		assert.Contains(t, []int{0, 3}, there, "at %q", calls)
	}
	if how.err == io.ErrUnexpectedEOF {
		assert.NoError(t, err, "at %q: a lost connection is made up for", calls)
	}
	// Whoever knows nothing reads, and goes on.
	have := uint64(len(texts(t, store, id)))
	require.NoError(t, store.Append(t.Context(), id, have, notes(have+1, have+1, "next")...))
	require.NoError(t, store.Lease(t.Context(), "host", time.Hour))
	on, err := store.Alive(t.Context(), "host")
	require.NoError(t, err)
	require.True(t, on)
}

// TestEachCallFailsForReaders does the same to reads and leases.
func TestEachCallFailsForReaders(t *testing.T) {
	all(t, func(t *testing.T, p place) {
		require.NoError(t, p.host(t).Append(t.Context(), "a", 0, notes(1, 3, "text")...))
		f, db := faultyAt(t, p)
		store := p.on(t, db)
		for name, do := range map[string]func() error{
			"events": func() (last error) {
				n := 0
				for _, err := range store.Events(t.Context(), "a", 0) {
					n, last = n+1, err
				}
				if last == nil {
					assert.Equal(t, 3, n)
				}
				return last
			},
			"open": func() (last error) {
				n := 0
				for _, err := range store.Open(t.Context()) {
					n, last = n+1, err
				}
				assert.Equal(t, 1, n)
				return last
			},
			"lease": func() error { return store.Lease(t.Context(), "h", time.Hour) },
			"alive": func() error { _, err := store.Alive(t.Context(), "h"); return err },
		} {
			for _, how := range faults() {
				for at := 1; ; at++ {
					how.at = at
					f.set(how)
					err := do()
					calls := f.made()
					f.set(plan{})
					if len(calls) < at {
						require.NoError(t, err, name)
						break
					}
					if err != nil {
						assert.ErrorIs(t, err, how.err, "%s at %q", name, calls)
						assert.ErrorContains(t, err, "sqlstore: ")
					}
					if how.err == io.ErrUnexpectedEOF {
						assert.NoError(t, err, "%s at %q", name, calls)
					}
				}
			}
		}
	})
}

// TestHostsClockDoesNotCount shows that nothing of the host's clock reaches the database: leases are told as
// durations, and looked up without a time.
func TestHostsClockDoesNotCount(t *testing.T) {
	all(t, func(t *testing.T, p place) {
		f, db := faultyAt(t, p)
		store := p.on(t, db)
		f.set(plan{})
		require.NoError(t, store.Lease(t.Context(), "h", time.Second))
		tick := map[sqlstore.Dialect]int64{sqlstore.SQLite: 1000, sqlstore.PostgreSQL: 1_000_000}[p.Dialect]
		assert.Equal(t, []driver.Value{"h", tick}, f.given())
		f.set(plan{})
		_, err := store.Alive(t.Context(), "h")
		require.NoError(t, err)
		require.NoError(t, store.Lease(t.Context(), "h", 0))
		assert.Equal(t, []driver.Value{"h", "h"}, f.given())
	})
}
