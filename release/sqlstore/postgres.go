package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// postgres is the engine of PostgreSQL. An entry is one statement, and so one transaction and one
// round trip; the database groups those that come at once by itself.
type postgres struct {
	db     *sql.DB
	sql    statements
	noSync bool
}

func postgresStatements(o Options) statements {
	in := ""
	if o.Schema != "" {
		in = `"` + o.Schema + `".`
	}
	quoted := func(name string) string { return `"` + o.Prefix + name + `"` }
	t := tables{in + quoted("schema"), in + quoted("releases"), quoted("open"), quoted("changed"), in + quoted("events"), in + quoted("leases")}
	s := shared(t, `clock_timestamp()`)
	s.exists = `SELECT count(to_regclass('` + t.schema + `'))`
	s.upgrades[0] = []string{
		`CREATE TABLE ` + t.releases + ` (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text COLLATE "C" NOT NULL UNIQUE,` +
			` last bigint NOT NULL, finished smallint NOT NULL) WITH (fillfactor = 70)`,
		`CREATE INDEX ` + t.open + ` ON ` + t.releases + ` (number) WHERE finished = 0`,
		`CREATE TABLE ` + t.events + ` (release bigint NOT NULL, seq bigint NOT NULL, batch text, body text NOT NULL, PRIMARY KEY (release, seq))`,
		`CREATE TABLE ` + t.leases + ` (host text COLLATE "C" PRIMARY KEY, until timestamptz NOT NULL)`,
	}
	millis := func(clock string) string { return `floor(extract(epoch FROM ` + clock + `) * 1000)::bigint` }
	written := fmt.Sprintf(`%s / %d * %d`, millis(`clock_timestamp()`), grain, grain)
	s.upgrades[1] = []string{
		`ALTER TABLE ` + t.releases + ` ADD COLUMN written bigint NOT NULL DEFAULT 0`,
		`UPDATE ` + t.releases + ` SET written = ` + written + ` WHERE finished = 0`,
		`CREATE INDEX ` + t.changed + ` ON ` + t.releases + ` (written)`,
	}
	// The index is of use for a clock only that stands still while a statement runs.
	s.changed = `SELECT number, id FROM ` + t.releases + ` WHERE written >= ` + millis(`statement_timestamp()`) + ` - ?1::bigint`
	// What is acknowledged is on the disk, even where the session has it otherwise; who wants more than
	// that keeps it.
	safe := `SELECT CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', true) END`
	if o.NoSync {
		safe = `SELECT NULL`
	}
	entry := func(head string) string {
		return `WITH safe AS (` + safe + ` AS word), head AS (` + head + ` RETURNING number)` +
			` INSERT INTO ` + t.events + ` (release, seq, batch, body)` +
			` SELECT head.number, ?4::bigint + e.n, CASE WHEN e.n = 1 THEN ?5::text END, e.body::text` +
			` FROM head, json_array_elements(?6::text::json) WITH ORDINALITY AS e (body, n)`
	}
	s.begins = entry(`INSERT INTO ` + t.releases + ` (id, last, finished, written) SELECT ?1::text, ?2::bigint, ?3::smallint, ` + written + ` FROM safe` +
		` ON CONFLICT (id) DO NOTHING`)
	s.extends = entry(`UPDATE ` + t.releases + ` SET last = ?2::bigint, finished = ?3::smallint, written = ` + written + ` FROM safe` +
		` WHERE id = ?1::text AND last = ?4::bigint`)
	s.lease = `INSERT INTO ` + t.leases + ` (host, until) VALUES (?1, clock_timestamp() + ?2::bigint * interval '1 microsecond')` +
		` ON CONFLICT (host) DO UPDATE SET until = excluded.until`
	s.prune = `DELETE FROM ` + t.leases + ` WHERE until < clock_timestamp() - interval '1 day'`
	s.tick = time.Microsecond
	for _, text := range []*string{&s.set, &s.begins, &s.extends, &s.settle, &s.page, &s.releases, &s.open, &s.changed, &s.lease, &s.unlease, &s.alive} {
		*text = strings.ReplaceAll(*text, "?", "$")
	}
	return s
}

func (p *postgres) check(ctx context.Context) error {
	var version int
	var encoding, fsync string
	err := p.db.QueryRowContext(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_encoding'), current_setting('fsync')`).
		Scan(&version, &encoding, &fsync)
	switch {
	case err != nil:
		return err
	case version < 12_00_00:
		return fmt.Errorf("PostgreSQL 12 is the oldest that will do, this is %d.%d", version/1_00_00, version%1_00_00)
	case encoding != "UTF8":
		return fmt.Errorf("its encoding is %s, not UTF8", encoding)
	case fsync == "off" && !p.noSync:
		return errors.New("fsync is off on the server, so that nothing is safe from a loss of power")
	}
	return nil
}

// own waits until nobody else is changing a schema. The lock ends with the transaction.
func (p *postgres) own(ctx context.Context, tx *sql.Tx) error {
	const davit = 0x6461_7669
	_, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1::bigint)`, davit)
	return err
}

func (p *postgres) write(ctx context.Context, e *entry) error {
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer conn.Close()
	statement := p.sql.extends
	if e.expected == 0 {
		statement = p.sql.begins
	}
	bodies := "[" + strings.Join(e.bodies, ",") + "]"
	result, err := conn.ExecContext(ctx, statement, e.release, e.last, e.finished, e.expected, e.batch, bodies)
	if err != nil {
		if p.fault(err) == lost || state(err) == "" {
			return lostError{err}
		}
		return err
	}
	switch n, err := result.RowsAffected(); {
	case err != nil:
		return lostError{err}
	case n == 0:
		return errRefused
	}
	return nil
}

func (p *postgres) execute(ctx context.Context, statement string, args ...any) error {
	_, err := p.db.ExecContext(ctx, statement, args...)
	return err
}

// state is what the database itself says about an error, in the code that all drivers give; "" when it
// has not said anything.
func state(err error) string {
	var s interface{ SQLState() string }
	if errors.As(err, &s) {
		return s.SQLState()
	}
	return ""
}

func (p *postgres) fault(err error) fault {
	switch code := state(err); {
	case code == "40001", // serialization_failure
		code == "40P01", // deadlock_detected
		code == "55P03", // lock_not_available
		code == "53300": // too_many_connections
		return contended
	case strings.HasPrefix(code, "08"), // connection_exception
		strings.HasPrefix(code, "57P"), // the server stops, has crashed, or starts
		code == "40003":                // statement_completion_unknown
		return lost
	case code != "":
		return final
	}
	if broken(err) {
		return lost
	}
	return final
}
