package integration_test

import (
	"testing"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/releasetest"
	"github.com/davit-sdk/davit/release/sqlstore"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSQLiteSettings opens the file with settings that would lose what is acknowledged when the power
// goes: each connection that the store writes on is set right.
func TestSQLiteSettings(t *testing.T) {
	for setting, want := range map[string]int{"off": 2, "normal": 2, "full": 2, "extra": 3} {
		t.Run(setting, func(t *testing.T) {
			p := sqlitePlace(t)
			p.Source += "?_pragma=synchronous(" + setting + ")"
			db := p.database(t)
			db.SetMaxOpenConns(1)
			store := p.on(t, db)
			for n := range uint64(2) {
				require.NoError(t, store.Append(t.Context(), "a", n, notes(n+1, n+1, "note")...))
				var synchronous int
				require.NoError(t, db.QueryRow(`PRAGMA synchronous`).Scan(&synchronous))
				assert.Equal(t, want, synchronous, "on connection %d", n)
				db.SetMaxIdleConns(-1) // the next one is on a new connection
				db.SetMaxIdleConns(1)
			}
		})
	}
}

// TestSQLiteWithoutLog turns the write-ahead log off behind the store's back.
func TestSQLiteWithoutLog(t *testing.T) {
	p := sqlitePlace(t)
	db := p.database(t)
	db.SetMaxOpenConns(1)
	store := p.on(t, db)
	require.NoError(t, store.Append(t.Context(), "a", 0, notes(1, 1, "note")...))
	_, err := db.Exec(`PRAGMA journal_mode = DELETE`)
	require.NoError(t, err)
	err = store.Append(t.Context(), "a", 1, notes(2, 2, "note")...)
	require.ErrorContains(t, err, "journal_mode is delete, not wal")
	assert.Len(t, texts(t, store, "a"), 1)
}

func TestSQLiteInMemory(t *testing.T) {
	p := place{Driver: "sqlite", Source: ":memory:", Dialect: sqlstore.SQLite}
	db := p.database(t)
	db.SetMaxOpenConns(1)
	_, err := sqlstore.Open(t.Context(), db, p.Dialect, p.Options)
	require.ErrorContains(t, err, "journal_mode is memory, not wal")
	p.Options.NoSync = true
	releasetest.Run(t, func() release.Store {
		db := p.database(t)
		db.SetMaxOpenConns(1)
		return p.on(t, db)
	})
}

// TestServerWithoutSync refuses a server that keeps nothing safe.
func TestServerWithoutSync(t *testing.T) {
	_, p := own(t, "fsync=off")
	_, err := sqlstore.Open(t.Context(), p.database(t), p.Dialect, p.Options)
	require.ErrorContains(t, err, "fsync is off")
	p.Options.NoSync = true
	require.NoError(t, p.host(t).Append(t.Context(), "a", 0, notes(1, 1, "note")...))
}

// TestEncoding refuses a database that cannot hold every text.
func TestEncoding(t *testing.T) {
	p := postgresPlace(t)
	name := p.table("narrow")
	_, err := p.database(t).Exec(`CREATE DATABASE ` + name + ` ENCODING 'LATIN1' TEMPLATE template0`)
	require.NoError(t, err)
	narrow := place{Driver: "pgx", Source: server.URL(name)}.database(t)
	_, err = sqlstore.Open(t.Context(), narrow, sqlstore.PostgreSQL, sqlstore.Options{})
	require.ErrorContains(t, err, "its encoding is LATIN1, not UTF8")
}
