package integration_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/sqlstore"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// firstTables are the tables as the first version of the store made them, with names to be filled in.
func firstTables(d sqlstore.Dialect) []string {
	schema := []string{`CREATE TABLE %[1]sschema (version integer NOT NULL)`, `INSERT INTO %[1]sschema (version) VALUES (1)`}
	if d == sqlstore.SQLite {
		return append(schema,
			`CREATE TABLE "%[1]sreleases" (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, last INTEGER NOT NULL, finished INTEGER NOT NULL)`,
			`CREATE INDEX "%[1]sopen" ON "%[1]sreleases" (number) WHERE finished = 0`,
			`CREATE TABLE "%[1]sevents" (release INTEGER NOT NULL, seq INTEGER NOT NULL, batch TEXT, body TEXT NOT NULL, PRIMARY KEY (release, seq))`,
			`CREATE TABLE "%[1]sleases" (host TEXT NOT NULL PRIMARY KEY, until INTEGER NOT NULL)`)
	}
	return append(schema,
		`CREATE TABLE "%[1]sreleases" (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text COLLATE "C" NOT NULL UNIQUE, last bigint NOT NULL, finished smallint NOT NULL) WITH (fillfactor = 70)`,
		`CREATE INDEX "%[1]sopen" ON "%[1]sreleases" (number) WHERE finished = 0`,
		`CREATE TABLE "%[1]sevents" (release bigint NOT NULL, seq bigint NOT NULL, batch text, body text NOT NULL, PRIMARY KEY (release, seq))`,
		`CREATE TABLE "%[1]sleases" (host text COLLATE "C" PRIMARY KEY, until timestamptz NOT NULL)`)
}

// TestUpgrade opens a database of the first version, with releases in it, by many hosts at once: all is
// there afterwards, and a program of the first version that is at work still works.
func TestUpgrade(t *testing.T) {
	all(t, func(t *testing.T, p place) {
		db, prefix := p.database(t), p.table("")
		for _, statement := range firstTables(p.Dialect) {
			_, err := db.Exec(fmt.Sprintf(statement, prefix))
			require.NoError(t, err)
		}
		old := func(id string, finished int) {
			_, err := db.Exec(fmt.Sprintf(`INSERT INTO %sreleases (id, last, finished) VALUES ('%s', 3, %d)`, prefix, id, finished))
			require.NoError(t, err)
			for _, e := range notes(1, 3, "old "+id) {
				body, err := json.Marshal(e)
				require.NoError(t, err)
				_, err = db.Exec(fmt.Sprintf(`INSERT INTO %[1]sevents (release, seq, body) SELECT number, %[2]d, '%[3]s' FROM %[1]sreleases WHERE id = '%[4]s'`, prefix, e.Seq, body, id))
				require.NoError(t, err)
			}
		}
		old("a", 0)
		old("b", 1)
		errs := make(chan error)
		for range 4 {
			go func() {
				db, _, err := task{Place: p}.open()
				if err == nil {
					err = db.Close()
				}
				errs <- err
			}()
		}
		for range 4 {
			require.NoError(t, <-errs)
		}
		version := 0
		require.NoError(t, db.QueryRow(`SELECT version FROM `+p.table("schema")).Scan(&version))
		assert.Equal(t, 2, version)
		store := p.host(t)
		assert.Equal(t, []string{"old a", "old a", "old a"}, texts(t, store, "a"))
		require.NoError(t, store.Append(t.Context(), "a", 3, notes(4, 4, "new")...))
		require.NoError(t, store.Append(t.Context(), "c", 0, notes(1, 1, "new")...))
		old("d", 0) // by the old program
		assert.Equal(t, []string{"old d", "old d", "old d"}, texts(t, store, "d"))
		assert.Equal(t, []string{"a", "b", "c", "d"}, ids(t, store.Releases(t.Context())))
		assert.Equal(t, []string{"a", "c", "d"}, ids(t, store.Open(t.Context())))
		assert.Equal(t, []string{"a", "c"}, slices.Sorted(slices.Values(ids(t, store.Changed(t.Context(), time.Hour)))))
	})
}

// TestChangedIsIndexed shows that what has changed is found without looking at what has not.
func TestChangedIsIndexed(t *testing.T) {
	all(t, func(t *testing.T, p place) {
		p.host(t)
		db := p.database(t)
		const rows = 5000
		fill := `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO %s (id, last, finished, written) SELECT 'r' || i, 1, 1, i FROM n`
		_, err := db.Exec(fmt.Sprintf(fill, rows, p.table("releases")))
		require.NoError(t, err)
		_, err = db.Exec(`ANALYZE ` + p.table("releases"))
		require.NoError(t, err)
		clock := map[sqlstore.Dialect]string{
			sqlstore.SQLite:     `CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) - 15000`,
			sqlstore.PostgreSQL: `floor(extract(epoch FROM statement_timestamp()) * 1000)::bigint - 15000`,
		}[p.Dialect]
		assert.Contains(t, explained(t, p, db, `SELECT number, id FROM `+p.table("releases")+` WHERE written >= `+clock), p.table("changed"))
		assert.Empty(t, ids(t, p.host(t).Changed(t.Context(), time.Hour)))
	})
}
