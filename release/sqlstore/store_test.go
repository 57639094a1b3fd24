package sqlstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release/sqlstore"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOptions(t *testing.T) {
	for name, c := range map[string]struct {
		dialect sqlstore.Dialect
		options sqlstore.Options
		wrong   []string
	}{
		"zero":            {sqlstore.PostgreSQL, sqlstore.Options{}, nil},
		"all":             {sqlstore.PostgreSQL, sqlstore.Options{Prefix: "a1_", Schema: "_b", Wait: -1, NoSync: true}, nil},
		"both wrong":      {sqlstore.PostgreSQL, sqlstore.Options{Prefix: `a";`, Schema: "a.b"}, []string{"Prefix", "Schema"}},
		"upper case":      {sqlstore.SQLite, sqlstore.Options{Prefix: "Davit"}, []string{"Prefix"}},
		"a digit first":   {sqlstore.SQLite, sqlstore.Options{Prefix: "1_"}, []string{"Prefix"}},
		"too long":        {sqlstore.SQLite, sqlstore.Options{Prefix: strings.Repeat("x", 33)}, []string{"at most 32"}},
		"nowhere to be":   {sqlstore.SQLite, sqlstore.Options{Schema: "a"}, []string{"SQLite has no schemas"}},
		"a line too many": {sqlstore.PostgreSQL, sqlstore.Options{Prefix: "a\n"}, []string{"Prefix"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.options.Validate(c.dialect)
			if c.wrong == nil {
				assert.NoError(t, err)
				return
			}
			for _, part := range c.wrong {
				assert.ErrorContains(t, err, part)
			}
			_, opened := sqlstore.Open(context.Background(), sql.OpenDB(&connector{}), c.dialect, c.options)
			assert.ErrorContains(t, opened, err.Error())
		})
	}
	_, err := sqlstore.Open(context.Background(), nil, sqlstore.SQLite, sqlstore.Options{})
	assert.ErrorContains(t, err, "no database")
	_, err = sqlstore.Open(context.Background(), sql.OpenDB(&connector{}), 7, sqlstore.Options{})
	assert.ErrorContains(t, err, "Dialect(7) is not a dialect")
	assert.Equal(t, "PostgreSQL and SQLite", sqlstore.PostgreSQL.String()+" and "+sqlstore.SQLite.String())
}

// connector is a database that cannot be reached.
type connector struct {
	err   error
	tries int
}

func (c *connector) Connect(context.Context) (driver.Conn, error) { c.tries++; return nil, c.err }
func (c *connector) Driver() driver.Driver                        { return nil }

func TestUnreachable(t *testing.T) {
	away := errors.New("password authentication failed")
	synctest.Test(t, func(t *testing.T) {
		for _, d := range []sqlstore.Dialect{sqlstore.PostgreSQL, sqlstore.SQLite} {
			// A connection that is lost is tried again, for as long as the options say.
			c := &connector{err: driver.ErrBadConn}
			began := time.Now()
			db := sql.OpenDB(c)
			_, err := sqlstore.Open(t.Context(), db, d, sqlstore.Options{})
			require.ErrorIs(t, err, driver.ErrBadConn)
			assert.GreaterOrEqual(t, time.Since(began), sqlstore.DefaultWait)
			assert.Less(t, time.Since(began), 2*sqlstore.DefaultWait)
			assert.Greater(t, c.tries, 10)
			require.NoError(t, db.Close())

			// One that is refused is not.
			c = &connector{err: away}
			db = sql.OpenDB(c)
			_, err = sqlstore.Open(t.Context(), db, d, sqlstore.Options{})
			require.ErrorIs(t, err, away)
			assert.ErrorContains(t, err, "sqlstore: looking at the database: ")
			assert.Equal(t, 1, c.tries)
			require.NoError(t, db.Close())

			// Nor is anything when the caller does not want to wait.
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			began = time.Now()
			db = sql.OpenDB(&connector{err: driver.ErrBadConn})
			_, err = sqlstore.Open(ctx, db, d, sqlstore.Options{})
			require.Error(t, err)
			assert.Equal(t, time.Second, time.Since(began))
			cancel()
			require.NoError(t, db.Close())
		}
	})
}
