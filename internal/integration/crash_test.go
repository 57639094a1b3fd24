package integration_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/davit-sdk/davit/internal/integration/pgserver"
	"github.com/davit-sdk/davit/internal/integration/process"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/sqlstore"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// own is a server of the test's own, which it may harm, and a place on it.
func own(t *testing.T, settings ...string) (*pgserver.Server, place) {
	t.Helper()
	s, err := pgserver.Start(settings...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s, place{Driver: "pgx", Source: s.URL("postgres"), Dialect: sqlstore.PostgreSQL}
}

// lossy are settings with which PostgreSQL forgets in a crash what it has acknowledged in the last seconds,
// unless a transaction asks for more.
func lossy() []string { return []string{"synchronous_commit=off", "wal_writer_delay=10s"} }

// TestServerKilled kills the server again and again while releases are written. Nothing that was
// acknowledged is lost, nothing is there twice, and the store goes on by itself when the server is back.
func TestServerKilled(t *testing.T) {
	const writers, kills = 4, 3
	s, p := own(t, lossy()...)
	p.Options.Wait = time.Minute
	store := p.host(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	acknowledged := make([]uint64, writers)
	progress := make(chan struct{}, 1)
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for id := fmt.Sprintf("r%d", w); ctx.Err() == nil; {
				have := acknowledged[w]
				if errs[w] = store.Append(context.Background(), id, have, notes(have+1, have+2, "note")...); errs[w] != nil {
					return
				}
				acknowledged[w] = have + 2
				select {
				case progress <- struct{}{}:
				default:
				}
			}
		})
	}
	for range kills {
		for range 50 {
			select {
			case <-progress:
			case <-time.After(time.Minute):
				t.Fatal("nothing is written any more")
			}
		}
		require.NoError(t, s.Kill())
		require.NoError(t, s.Up())
	}
	stop()
	wg.Wait()
	for w := range writers {
		require.NoError(t, errs[w])
		// The last writes were on no dying server: what is there is exactly what was acknowledged.
		assert.Len(t, texts(t, store, fmt.Sprintf("r%d", w)), int(acknowledged[w]))
	}
}

// TestAcknowledgedIsOnDisk kills the server right after a write that it was told not to hurry with.
func TestAcknowledgedIsOnDisk(t *testing.T) {
	s, p := own(t, lossy()...)
	store := p.host(t)
	for n := uint64(0); n < 3; n++ {
		require.NoError(t, store.Append(t.Context(), "old", n*2, notes(n*2+1, n*2+2, "note")...))
		require.NoError(t, store.Append(t.Context(), fmt.Sprintf("new%d", n), 0, notes(1, 1, "note")...))
		require.NoError(t, s.Kill())
		require.NoError(t, s.Up())
		assert.Len(t, texts(t, store, "old"), int(n*2+2))
		assert.Len(t, texts(t, store, fmt.Sprintf("new%d", n)), 1)
	}
}

// TestServerGone shows what callers see while there is no server, and that all is well when it is back.
func TestServerGone(t *testing.T) {
	s, p := own(t)
	p.Options.Wait = 50 * time.Millisecond
	db := p.database(t)
	store := p.on(t, db)
	p.Options.Wait = 0
	patient := p.on(t, db) // on the same connections, which are all broken when the server is back
	require.NoError(t, store.Append(t.Context(), "a", 0, notes(1, 2, "note")...))
	for range 2 {
		require.NoError(t, s.Down())
		err := store.Append(t.Context(), "a", 2, notes(3, 3, "note")...)
		require.ErrorContains(t, err, "sqlstore: release a: appending after event 2: ")
		require.NotErrorIs(t, err, release.ErrConflict)
		for _, err := range store.Events(t.Context(), "a", 0) {
			require.ErrorContains(t, err, "sqlstore: reading release a: ")
		}
		for _, err := range store.Open(t.Context()) {
			require.ErrorContains(t, err, "sqlstore: listing open releases: ")
		}
		require.ErrorContains(t, store.Lease(t.Context(), "h", time.Hour), "sqlstore: lease of host h: ")
		_, err = store.Alive(t.Context(), "h")
		require.ErrorContains(t, err, "sqlstore: lease of host h: ")
		_, err = sqlstore.Open(t.Context(), p.database(t), p.Dialect, sqlstore.Options{Wait: -1})
		require.ErrorContains(t, err, "sqlstore: looking at the database: ")

		require.NoError(t, s.Up())
		require.Len(t, texts(t, patient, "a"), 2)
	}
	require.NoError(t, patient.Append(t.Context(), "a", 2, notes(3, 3, "note")...))
	require.Len(t, texts(t, store, "a"), 3)
}

// TestUnsettled lets a caller's time run out while a write waits for a lock in the database.
func TestUnsettled(t *testing.T) {
	p := postgresPlace(t)
	store, db := p.host(t), p.database(t)
	require.NoError(t, store.Append(t.Context(), "a", 0, notes(1, 1, "note")...))
	lock, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = lock.Exec(`UPDATE ` + p.table("releases") + ` SET last = last`)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err = store.Append(ctx, "a", 1, notes(2, 3, "note")...)
	require.ErrorIs(t, err, sqlstore.ErrUnsettled)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, lock.Rollback())
	have := uint64(len(texts(t, store, "a")))
	assert.Contains(t, []uint64{1, 3}, have)
	// The fence holds against the write that may still be under way.
	for {
		err := store.Append(t.Context(), "a", have, notes(have+1, have+1, "next")...)
		if err == nil {
			break
		}
		require.ErrorIs(t, err, release.ErrConflict)
		have = uint64(len(texts(t, store, "a")))
	}
	assert.Equal(t, "next", texts(t, store, "a")[have])
}

// TestBusySQLite lets another program hold the lock of the file.
func TestBusySQLite(t *testing.T) {
	p := sqlitePlace(t)
	store := p.host(t)
	p.Options.Wait = -1
	hasty := p.host(t)
	require.NoError(t, store.Append(t.Context(), "a", 0, notes(1, 1, "note")...))
	other, err := p.database(t).Conn(t.Context())
	require.NoError(t, err)
	lock := func(statement string) {
		_, err := other.ExecContext(context.Background(), statement)
		require.NoError(t, err)
	}
	lock(`BEGIN IMMEDIATE`)
	err = hasty.Append(t.Context(), "a", 1, notes(2, 2, "note")...)
	require.ErrorContains(t, err, "locked")
	require.NotErrorIs(t, err, release.ErrConflict)
	require.NotErrorIs(t, err, sqlstore.ErrUnsettled, "SQLite has said that it did nothing")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	require.Error(t, store.Append(ctx, "a", 1, notes(2, 2, "note")...))
	assert.Less(t, time.Since(began), sqlstore.DefaultWait, "the caller's time counts")
	require.Len(t, texts(t, store, "a"), 1, "readers do not wait")
	done := make(chan error)
	go func() { done <- store.Append(context.Background(), "a", 1, notes(2, 2, "note")...) }()
	time.Sleep(250 * time.Millisecond) // longer than SQLite itself waits
	lock(`ROLLBACK`)
	require.NoError(t, <-done)
	require.NoError(t, other.Close())
}

// TestWriterKilled kills processes that write to SQLite, which leaves the file to whoever comes next.
func TestWriterKilled(t *testing.T) {
	p := sqlitePlace(t)
	store := p.host(t)
	told := 0
	for range 5 {
		w := process.Start(t, "writer", task{Place: p, Release: "a", Host: "victim", Many: 1 << 30})
		require.Equal(t, "ready", w.Line(), "%v", w.Said())
		w.Tell("go")
		for range 20 {
			require.NotEmpty(t, w.Line(), "%v", w.Said())
			told++
		}
		w.Shoot()
		for w.Line() != "" {
			told++
		}
		have := len(texts(t, store, "a"))
		require.Contains(t, []int{told, told + 1}, have)
		told = have
	}
}
