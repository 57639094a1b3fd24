package integration_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/davit-sdk/davit/release/sqlstore"
	"github.com/stretchr/testify/require"
)

// place is where an empty store is that hosts share. It is plain data, so that it can be told to
// another process.
type place struct {
	Driver, Source string
	Dialect        sqlstore.Dialect
	Options        sqlstore.Options
}

// places are a new and empty place for each kind of store that several hosts can share.
func places(t testing.TB) map[string]place {
	return map[string]place{"SQLite": sqlitePlace(t), "PostgreSQL": postgresPlace(t)}
}

func sqlitePlace(t testing.TB) place {
	return place{Driver: "sqlite", Source: filepath.Join(t.TempDir(), "releases.db"), Dialect: sqlstore.SQLite}
}

var prefixes atomic.Int64

// postgresPlace is a new set of tables in a database that all tests share.
func postgresPlace(testing.TB) place {
	prefix := fmt.Sprintf("t%d_", prefixes.Add(1))
	return place{Driver: "pgx", Source: server.URL("postgres"), Dialect: sqlstore.PostgreSQL, Options: sqlstore.Options{Prefix: prefix}}
}

// database opens the place's database for as long as the test runs.
func (p place) database(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open(p.Driver, p.Source)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// host opens the store as one more host does.
func (p place) host(t testing.TB) *sqlstore.Store {
	t.Helper()
	return p.on(t, p.database(t))
}

func (p place) on(t testing.TB, db *sql.DB) *sqlstore.Store {
	t.Helper()
	store, err := sqlstore.Open(context.Background(), db, p.Dialect, p.Options)
	require.NoError(t, err)
	return store
}

// table is a table's name at the place.
func (p place) table(name string) string {
	if p.Options.Prefix == "" {
		return sqlstore.DefaultPrefix + name
	}
	return p.Options.Prefix + name
}

// all makes a test of each place.
func all(t *testing.T, test func(t *testing.T, p place)) {
	for name, p := range places(t) {
		t.Run(name, func(t *testing.T) { test(t, p) })
	}
}
