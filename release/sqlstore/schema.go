package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// current is the version of the tables that this program knows.
const current = 2

// statements are what the store says to its database.
type statements struct {
	exists, version    string // whether there is a table of versions, and which version the tables have
	create, begin, set string // make that table, put in a version 0 unless there is one, set it
	upgrades           [current][]string

	begins, extends string // how an entry is written to a new release, and to an old one
	insert          string // an event, where that is a statement of its own
	settle          string
	page            string
	releases, open  string
	changed         string

	lease, unlease, alive, prune string
	tick                         time.Duration // what the duration of a lease is counted in
}

// tables are the names of tables and indexes, as they are in statements.
type tables struct{ schema, releases, open, changed, events, leases string }

// grain is what the time of a release's last write is rounded down to, in milliseconds. As long as it
// stays the same, PostgreSQL need not touch the index when it updates a row.
const grain = 250

// shared are the statements that the databases have in common, with parameters as SQLite has them.
func shared(t tables, now string) statements {
	return statements{
		version: `SELECT coalesce(max(version), 0) FROM ` + t.schema,
		create:  `CREATE TABLE IF NOT EXISTS ` + t.schema + ` (version integer NOT NULL)`,
		// This writes in any case, and so waits for whoever is writing.
		begin: `INSERT INTO ` + t.schema + ` (version) SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM ` + t.schema + `)`,
		set:   `UPDATE ` + t.schema + ` SET version = ?1`,

		settle: `SELECT last, (SELECT batch FROM ` + t.events + ` AS e WHERE e.release = r.number AND e.seq = ?2) FROM ` +
			t.releases + ` AS r WHERE r.id = ?1`,
		page: `SELECT last, NULL FROM ` + t.releases + ` WHERE id = ?1 UNION ALL SELECT seq, body FROM (` +
			`SELECT seq, body FROM ` + t.events + ` WHERE release = (SELECT number FROM ` + t.releases + ` WHERE id = ?1)` +
			` AND seq >= ?2 ORDER BY seq LIMIT ?3) AS p`,
		releases: `SELECT number, id FROM ` + t.releases + ` WHERE number > ?1 ORDER BY number LIMIT ?2`,
		open:     `SELECT number, id FROM ` + t.releases + ` WHERE number > ?1 AND finished = 0 ORDER BY number LIMIT ?2`,

		unlease: `DELETE FROM ` + t.leases + ` WHERE host = ?1`,
		alive:   `SELECT 1 FROM ` + t.leases + ` WHERE host = ?1 AND until > ` + now,
	}
}

// upgrade brings the tables up to date.
func (s *Store) upgrade(ctx context.Context) error {
	// A host whose account may create nothing finds all there.
	version, err := s.version(ctx, s.db)
	if err != nil || version == current {
		return err
	}
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer conn.Close()
	return transact(ctx, conn, func(tx *sql.Tx) error { return s.upgradeIn(ctx, tx) })
}

func (s *Store) upgradeIn(ctx context.Context, tx *sql.Tx) error {
	if err := s.engine.own(ctx, tx); err != nil {
		return err
	}
	for _, statement := range []string{s.sql.create, s.sql.begin} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", head(statement), err)
		}
	}
	version, err := s.version(ctx, tx)
	if err != nil || version == current {
		return err
	}
	for n, statements := range s.sql.upgrades[version:] {
		for _, statement := range statements {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("upgrade to version %d: %s: %w", version+n+1, head(statement), err)
			}
		}
	}
	_, err = tx.ExecContext(ctx, s.sql.set, current)
	return err
}

// head is the beginning of a statement, to tell it from others.
func head(statement string) string {
	before, _, _ := strings.Cut(statement, "(")
	return strings.TrimSpace(before)
}

// version is the version of the tables, 0 if there are none.
func (s *Store) version(ctx context.Context, db interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}) (version int, err error) {
	found := 0
	if err := db.QueryRowContext(ctx, s.sql.exists).Scan(&found); err != nil || found == 0 {
		return 0, err
	}
	if err := db.QueryRowContext(ctx, s.sql.version).Scan(&version); err != nil {
		return 0, err
	}
	if version > current || version < 0 {
		return 0, fmt.Errorf("%w: they have version %d, it knows %d", ErrNewer, version, current)
	}
	return version, nil
}
