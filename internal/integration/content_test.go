package integration_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDamage reads releases from which somebody has taken something away.
func TestDamage(t *testing.T) {
	for what, statement := range map[string]string{
		"event 3 comes where 2 should":     `DELETE FROM %s WHERE seq = 2`,
		"event 2 comes where 1 should":     `DELETE FROM %s WHERE seq = 1`,
		"event 600 is missing, of 600":     `DELETE FROM %s WHERE seq = 600`,
		"event 257 comes where 256 should": `DELETE FROM %s WHERE seq = 256`,
		"event 257 is missing, of 600":     `DELETE FROM %s WHERE seq > 256`,
		"event 1 is missing, of 600":       `DELETE FROM %s`,
		"event 8 comes where 300 should":   `UPDATE %s SET body = '{"seq":8,"time":"2026-01-01T00:00:00Z","type":"stage.began"}' WHERE seq = 300`,
		"event 300: broken history: unexp": `UPDATE %s SET body = '{' WHERE seq = 300`,
		`event 300: broken history: type`:  `UPDATE %s SET body = '{"seq":300,"time":"2026-01-01T00:00:00Z","type":"x"}' WHERE seq = 300`,
	} {
		t.Run(what, func(t *testing.T) {
			all(t, func(t *testing.T, p place) {
				store := p.host(t)
				require.NoError(t, store.Append(t.Context(), "a", 0, notes(1, 600, "note")...))
				_, err := p.database(t).Exec(fmt.Sprintf(statement, p.table("events")))
				require.NoError(t, err)
				var last error
				for _, err := range store.Events(t.Context(), "a", 0) {
					last = err
				}
				require.ErrorIs(t, last, ledger.ErrBroken)
				require.ErrorContains(t, last, what)
			})
		})
	}
}

// TestPages reads releases that are long, large, or many.
func TestPages(t *testing.T) {
	all(t, func(t *testing.T, p place) {
		store := p.host(t)
		sizes := []int{10, stage.MaxCheckpoint - 2, 10}
		var list []ledger.Event
		for n := range uint64(60) {
			data, err := json.Marshal(strings.Repeat("x", sizes[n/20]))
			require.NoError(t, err)
			e := notes(n+1, n+1, "")[0]
			e.Body = ledger.Saved{Checkpoint: data}
			list = append(list, e)
		}
		require.NoError(t, store.Append(t.Context(), "large", 0, list...))
		require.NoError(t, store.Append(t.Context(), "large", 60, notes(61, 900, "note")...))
		for _, from := range []uint64{0, 21, 60, 255, 256, 257, 645, 900, 901} {
			next := max(from, 1)
			for e, err := range store.Events(t.Context(), "large", from) {
				require.NoError(t, err)
				require.Equal(t, next, e.Seq)
				if next <= 60 {
					require.True(t, bytes.Equal(list[next-1].Body.(ledger.Saved).Checkpoint, e.Body.(ledger.Saved).Checkpoint))
				}
				next++
			}
			require.Equal(t, uint64(901), next, "from %d", from)
		}
		for n := range 600 {
			require.NoError(t, store.Append(t.Context(), fmt.Sprintf("r%03d", n), 0, notes(1, 1, "note")...))
		}
		n := 0
		for id, err := range store.Releases(t.Context()) {
			require.NoError(t, err)
			if n > 0 {
				require.Equal(t, fmt.Sprintf("r%03d", n-1), id)
			}
			n++
		}
		require.Equal(t, 601, n)
	})
}

// TestReaderHoldsNothing does everything else while a read is open, on a single connection.
func TestReaderHoldsNothing(t *testing.T) {
	all(t, func(t *testing.T, p place) {
		db := p.database(t)
		db.SetMaxOpenConns(1)
		store := p.on(t, db)
		require.NoError(t, store.Append(t.Context(), "a", 0, notes(1, 300, "note")...))
		have := uint64(300)
		for e, err := range store.Events(t.Context(), "a", 0) {
			require.NoError(t, err)
			if e.Seq%100 != 1 {
				continue
			}
			for _, err := range store.Releases(t.Context()) {
				require.NoError(t, err)
				for range store.Open(t.Context()) {
					require.NoError(t, store.Append(t.Context(), "a", have, notes(have+1, have+1, "note")...))
					have++
				}
			}
			require.NoError(t, store.Lease(t.Context(), "h", 1))
		}
		require.Equal(t, uint64(303), have)
	})
}

// TestOddContent keeps what databases are known to stumble over.
func TestOddContent(t *testing.T) {
	deep := strings.Repeat(`[`, 3000) + strings.Repeat(`]`, 3000)
	all(t, func(t *testing.T, p place) {
		store := p.host(t)
		var list []ledger.Event
		for n, data := range []string{
			`"\u0000"`, `"\ud800"`, `{"a":1,"a":2}`, `1e400`, `-0`, `123456789012345678901234567890`, `"'; DROP TABLE x; --"`, `"$1 ?1 \\"`, deep, `"` + "\u2028😀" + `"`,
		} {
			e := notes(uint64(n)+1, uint64(n)+1, "")[0]
			e.Body = ledger.Noted{Name: "note", Data: json.RawMessage(data)}
			list = append(list, e)
		}
		require.NoError(t, store.Append(t.Context(), "a", 0, list...))
		for e, err := range store.Events(t.Context(), "a", 0) {
			require.NoError(t, err)
			want, err := json.Marshal(list[e.Seq-1])
			require.NoError(t, err)
			got, err := json.Marshal(e)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got))
		}
		kinds := map[string]string{"pgx": `SELECT body::json->>'type' FROM %s WHERE seq = 3`, "sqlite": `SELECT json_extract(body, '$.type') FROM %s WHERE seq = 3`}
		kind := ""
		require.NoError(t, p.database(t).QueryRow(fmt.Sprintf(kinds[p.Driver], p.table("events"))).Scan(&kind))
		assert.Equal(t, "detail.noted", kind, "an administrator can look into events")

		bad := notes(11, 11, "")[0]
		bad.Body = ledger.Noted{Name: "note", Data: json.RawMessage("\"\xff\"")}
		err := store.Append(t.Context(), "a", 10, bad)
		require.ErrorContains(t, err, "not valid UTF-8")
		for _, id := range []string{"", "a\x00b", "\xff"} {
			require.ErrorContains(t, store.Append(t.Context(), id, 0, notes(1, 1, "")...), "cannot be kept as an ID")
		}
		require.ErrorIs(t, store.Append(t.Context(), "a", 1<<63, notes(1<<63+1, 1<<63+1, "")...), release.ErrConflict)
		require.NoError(t, store.Append(t.Context(), "a", 10))
		require.ErrorIs(t, store.Append(t.Context(), "a", 9), release.ErrConflict)
		for range store.Events(t.Context(), "a", 1<<64-1) {
			t.Error("there is no such event")
		}
	})
}

// TestNothingRuns shows that a store has no goroutine of its own.
func TestNothingRuns(t *testing.T) {
	all(t, func(t *testing.T, p place) {
		db := p.database(t)
		require.NoError(t, db.Ping())
		before := runtime.NumGoroutine()
		store := p.on(t, db)
		require.NoError(t, store.Append(t.Context(), "a", 0, notes(1, 300, "note")...))
		for range store.Events(t.Context(), "a", 0) {
			break
		}
		require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+1 }, 30e9, 1e7)
	})
}
