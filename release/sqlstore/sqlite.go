package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// busyTimeout is how long SQLite itself waits for a lock: a caller cannot be heard meanwhile.
const busyTimeout = 100 * time.Millisecond

// sqlite is the engine of SQLite. It has one writer at a time, so that writes of one process queue up
// here, where they can share a transaction.
type sqlite struct {
	db     *sql.DB
	sql    statements
	noSync bool
	queue  *queue
}

func newSQLite(s *Store, noSync bool) *sqlite {
	l := &sqlite{db: s.db, sql: s.sql, noSync: noSync}
	l.queue = newQueue(l.commit, func(err error) bool { return l.fault(err) == final })
	return l
}

func sqliteStatements(o Options) statements {
	quoted := func(name string) string { return `"` + o.Prefix + name + `"` }
	t := tables{quoted("schema"), quoted("releases"), quoted("open"), quoted("changed"), quoted("events"), quoted("leases")}
	const now = `CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)` // in milliseconds since 1970
	s := shared(t, now)
	s.exists = `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '` + o.Prefix + `schema'`
	s.upgrades[0] = []string{
		`CREATE TABLE ` + t.releases + ` (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, last INTEGER NOT NULL, finished INTEGER NOT NULL)`,
		`CREATE INDEX ` + t.open + ` ON ` + t.releases + ` (number) WHERE finished = 0`,
		`CREATE TABLE ` + t.events + ` (release INTEGER NOT NULL, seq INTEGER NOT NULL, batch TEXT, body TEXT NOT NULL, PRIMARY KEY (release, seq))`,
		`CREATE TABLE ` + t.leases + ` (host TEXT NOT NULL PRIMARY KEY, until INTEGER NOT NULL)`,
	}
	written := fmt.Sprintf(`%s / %d * %d`, now, grain, grain)
	s.upgrades[1] = []string{
		`ALTER TABLE ` + t.releases + ` ADD COLUMN written INTEGER NOT NULL DEFAULT 0`,
		`UPDATE ` + t.releases + ` SET written = ` + written + ` WHERE finished = 0`,
		`CREATE INDEX ` + t.changed + ` ON ` + t.releases + ` (written)`,
	}
	s.changed = `SELECT number, id FROM ` + t.releases + ` WHERE written >= ` + now + ` - ?1`
	s.begins = `INSERT INTO ` + t.releases + ` (id, last, finished, written) VALUES (?1, ?2, ?3, ` + written + `) ON CONFLICT (id) DO NOTHING RETURNING number`
	s.extends = `UPDATE ` + t.releases + ` SET last = ?2, finished = ?3, written = ` + written + ` WHERE id = ?1 AND last = ?4 RETURNING number`
	s.insert = `INSERT INTO ` + t.events + ` (release, seq, batch, body) VALUES (?1, ?2, ?3, ?4)`
	s.lease = `INSERT INTO ` + t.leases + ` (host, until) VALUES (?1, ` + now + ` + ?2) ON CONFLICT (host) DO UPDATE SET until = excluded.until`
	s.prune = `DELETE FROM ` + t.leases + ` WHERE until < ` + now + ` - 86400000`
	s.tick = time.Millisecond
	return s
}

func (l *sqlite) check(ctx context.Context) error {
	if l.noSync {
		return nil
	}
	mode := ""
	if err := l.db.QueryRowContext(ctx, `PRAGMA journal_mode = WAL`).Scan(&mode); err != nil {
		return fmt.Errorf("turning on the write-ahead log: %w", err)
	}
	return logged(mode)
}

func logged(mode string) error {
	if mode != "wal" {
		return fmt.Errorf("journal_mode is %s, not wal: the database is in memory, or on something that SQLite cannot keep safe", mode)
	}
	return nil
}

// own needs nothing: the first statement of an upgrade writes, and nobody else does until it ends.
func (l *sqlite) own(context.Context, *sql.Tx) error { return nil }

func (l *sqlite) write(ctx context.Context, e *entry) error {
	refused := false
	err := l.queue.do(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		refused, err = l.writeIn(ctx, tx, e)
		return err
	})
	if err == nil && refused {
		return errRefused
	}
	return err
}

// writeIn writes an entry in a transaction. Its first statement is a write, so that SQLite takes its lock
// at once, and never finds in the middle that somebody else was quicker.
func (l *sqlite) writeIn(ctx context.Context, tx *sql.Tx, e *entry) (refused bool, err error) {
	var number int64
	if e.expected == 0 {
		err = tx.QueryRowContext(ctx, l.sql.begins, e.release, e.last, e.finished).Scan(&number)
	} else {
		err = tx.QueryRowContext(ctx, l.sql.extends, e.release, e.last, e.finished, e.expected).Scan(&number)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return true, nil
	}
	batch := sql.NullString{String: e.batch, Valid: true} // in the first row only
	for i, body := range e.bodies {
		if err != nil {
			break
		}
		_, err = tx.ExecContext(ctx, l.sql.insert, number, e.expected+int64(i)+1, batch, body)
		batch = sql.NullString{}
	}
	return false, err
}

func (l *sqlite) execute(ctx context.Context, statement string, args ...any) error {
	return l.queue.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, statement, args...)
		return err
	})
}

// commit runs work in one transaction. Only getting a connection takes long enough to be cancelled;
// what follows is as quick as the disk.
func (l *sqlite) commit(ctx context.Context, work []*work) error {
	conn, err := l.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer conn.Close()
	ctx = context.WithoutCancel(ctx)
	if err := l.ready(ctx, conn); err != nil {
		return err
	}
	return transact(ctx, conn, func(tx *sql.Tx) error {
		for _, w := range work {
			if err := w.do(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// ready makes sure that what is committed on a connection is kept. These are settings of each single
// connection, and connections come and go.
func (l *sqlite) ready(ctx context.Context, conn *sql.Conn) error {
	var mode string
	var synchronous, full, timeout int64
	err := conn.QueryRowContext(ctx, `SELECT (SELECT journal_mode FROM pragma_journal_mode), (SELECT synchronous FROM pragma_synchronous),`+
		` (SELECT fullfsync FROM pragma_fullfsync), (SELECT timeout FROM pragma_busy_timeout)`).Scan(&mode, &synchronous, &full, &timeout)
	if err != nil {
		return fmt.Errorf("looking at the connection: %w", err)
	}
	var set []string
	if timeout != busyTimeout.Milliseconds() {
		set = append(set, fmt.Sprintf(`PRAGMA busy_timeout = %d`, busyTimeout.Milliseconds()))
	}
	if !l.noSync {
		if err := logged(mode); err != nil {
			return err
		}
		if synchronous < 2 {
			set = append(set, `PRAGMA synchronous = FULL`)
		}
		if full == 0 {
			set = append(set, `PRAGMA fullfsync = ON`)
		}
	}
	for _, statement := range set {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// fault knows SQLite's own codes, as far as a driver gives them, and its own words.
func (l *sqlite) fault(err error) fault {
	const busy, locked = 5, 6
	var c interface{ Code() int }
	if errors.As(err, &c) {
		switch c.Code() & 0xff {
		case busy, locked:
			return contended
		}
		return final
	}
	for _, words := range []string{"database is locked", "database table is locked", "database schema is locked", "SQLITE_BUSY"} {
		if strings.Contains(err.Error(), words) {
			return contended
		}
	}
	if broken(err) {
		return lost
	}
	return final
}
