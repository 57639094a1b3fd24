package integration_test

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/releasetest"
	"github.com/davit-sdk/davit/release/sqlstore"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNewerTables(t *testing.T) {
	all(t, func(t *testing.T, p place) {
		p.host(t)
		db := p.database(t)
		_, err := db.Exec(`UPDATE ` + p.table("schema") + ` SET version = 99`)
		require.NoError(t, err)
		_, err = sqlstore.Open(t.Context(), db, p.Dialect, p.Options)
		require.ErrorIs(t, err, sqlstore.ErrNewer)
		assert.ErrorContains(t, err, "they have version 99, it knows 2")
	})
}

// TestOlderTables opens what an upgrade has left that came no further than the table of versions.
func TestOlderTables(t *testing.T) {
	all(t, func(t *testing.T, p place) {
		_, err := p.database(t).Exec(`CREATE TABLE ` + p.table("schema") + ` (version integer NOT NULL)`)
		require.NoError(t, err)
		require.NoError(t, p.host(t).Append(t.Context(), "a", 0, notes(1, 1, "note")...))
	})
}

// TestFailedUpgrade meets a table that is in the way: nothing of the upgrade stays.
func TestFailedUpgrade(t *testing.T) {
	all(t, func(t *testing.T, p place) {
		db := p.database(t)
		_, err := db.Exec(`CREATE TABLE ` + p.table("leases") + ` (n integer)`)
		require.NoError(t, err)
		_, err = sqlstore.Open(t.Context(), db, p.Dialect, p.Options)
		require.ErrorContains(t, err, "upgrade to version 1: CREATE TABLE")
		_, err = db.Exec(`DROP TABLE ` + p.table("leases"))
		require.NoError(t, err)
		_, err = db.Exec(`SELECT * FROM ` + p.table("schema"))
		require.Error(t, err)
		p.host(t)
	})
}

func TestPrefixesAndSchemas(t *testing.T) {
	all(t, func(t *testing.T, p place) {
		other := p
		other.Options.Prefix = strings.Repeat("x", 32-len(p.Options.Prefix)) + p.Options.Prefix
		require.NoError(t, p.host(t).Append(t.Context(), "a", 0, notes(1, 2, "one")...))
		require.NoError(t, other.host(t).Append(t.Context(), "a", 0, notes(1, 1, "other")...))
		assert.Len(t, texts(t, p.host(t), "a"), 2)
		assert.Len(t, texts(t, other.host(t), "a"), 1)
	})
	t.Run("a schema", func(t *testing.T) {
		p := postgresPlace(t)
		db := p.database(t)
		p.Options.Schema = p.table("elsewhere")
		_, err := db.Exec(`CREATE SCHEMA ` + p.Options.Schema)
		require.NoError(t, err)
		releasetest.Run(t, func() release.Store {
			p.Options.Prefix = postgresPlace(t).Options.Prefix
			return p.host(t)
		})
		p.Options.Schema = "nowhere"
		_, err = sqlstore.Open(t.Context(), db, p.Dialect, p.Options)
		require.ErrorContains(t, err, "nowhere")
	})
}

// TestFewRights opens tables that are there, as somebody who may not make any.
func TestFewRights(t *testing.T) {
	p := postgresPlace(t)
	p.host(t)
	db, clerk := p.database(t), p.table("clerk")
	for _, statement := range []string{
		`CREATE ROLE ` + clerk + ` LOGIN`, `REVOKE CREATE ON SCHEMA public FROM PUBLIC`,
		`GRANT SELECT, INSERT, UPDATE, DELETE ON ` + p.table("schema") + `, ` + p.table("releases") + `, ` + p.table("events") + `, ` + p.table("leases") + ` TO ` + clerk,
	} {
		_, err := db.Exec(statement)
		require.NoError(t, err)
	}
	p.Source = strings.Replace(p.Source, "user=davit", "user="+clerk, 1)
	store := p.host(t)
	require.NoError(t, store.Append(t.Context(), "a", 0, notes(1, 1, "note")...))
	require.NoError(t, store.Lease(t.Context(), "h", 1))
	p.Options.Prefix += "none_"
	_, err := sqlstore.Open(t.Context(), p.database(t), p.Dialect, p.Options)
	require.ErrorContains(t, err, "permission denied")
}

// TestStrictIsolation proves the store where all transactions are serializable unless told otherwise.
func TestStrictIsolation(t *testing.T) {
	strict := func(t testing.TB) place {
		p := postgresPlace(t)
		p.Source += " default_transaction_isolation=serializable"
		return p
	}
	suite(t, strict, 0).Run(t)
}

// TestOpenIsIndexed shows that what is open is found without looking at what is not.
func TestOpenIsIndexed(t *testing.T) {
	all(t, func(t *testing.T, p place) {
		p.host(t)
		db := p.database(t)
		const rows = 5000
		fill := `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO %s (id, last, finished) SELECT 'r' || i, 1, CASE WHEN i %% 500 = 0 THEN 0 ELSE 1 END FROM n`
		_, err := db.Exec(fmt.Sprintf(fill, rows, p.table("releases")))
		require.NoError(t, err)
		_, err = db.Exec(`ANALYZE ` + p.table("releases"))
		require.NoError(t, err)
		plan := explained(t, p, db, `SELECT number, id FROM `+p.table("releases")+` WHERE number > 0 AND finished = 0 ORDER BY number LIMIT 256`)
		assert.Contains(t, plan, p.table("open"))
		n := 0
		for _, err := range p.host(t).Open(context.Background()) {
			require.NoError(t, err)
			n++
		}
		assert.Equal(t, rows/500, n)
	})
}

// explained is how a database would answer a query.
func explained(t *testing.T, p place, db *sql.DB, query string) string {
	t.Helper()
	explain := map[sqlstore.Dialect]string{sqlstore.SQLite: `EXPLAIN QUERY PLAN `, sqlstore.PostgreSQL: `EXPLAIN `}[p.Dialect]
	found, err := db.Query(explain + query)
	require.NoError(t, err)
	defer found.Close()
	columns, err := found.Columns()
	require.NoError(t, err)
	var plan []string
	for found.Next() {
		row := make([]any, len(columns))
		for i := range row {
			row[i] = new(any)
		}
		require.NoError(t, found.Scan(row...))
		plan = append(plan, fmt.Sprint(*row[len(row)-1].(*any)))
	}
	require.NoError(t, found.Err())
	return strings.Join(plan, "\n")
}

// ids are all that a sequence has.
func ids(t *testing.T, all iter.Seq2[string, error]) (list []string) {
	t.Helper()
	for id, err := range all {
		require.NoError(t, err)
		list = append(list, id)
	}
	return list
}
