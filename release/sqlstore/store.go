package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/hashicorp/go-multierror"
)

var (
	// ErrUnsettled says that a connection broke while events were written, and that the database did not
	// come back in time, or the caller's context was over, so that nobody knows whether they are
	// there. They are there whole or not at all: read the release before writing to it again.
	ErrUnsettled = errors.New("it is not known whether the events were written")

	// ErrNewer says that the tables were made by a newer version of this package.
	ErrNewer = errors.New("the tables are newer than this program")
)

// Dialect is a kind of database.
type Dialect int

const (
	// PostgreSQL is PostgreSQL 12 or later.
	PostgreSQL Dialect = iota + 1
	// SQLite is SQLite 3.35 or later.
	SQLite
)

// String is the name of the database.
func (d Dialect) String() string {
	switch d {
	case PostgreSQL:
		return "PostgreSQL"
	case SQLite:
		return "SQLite"
	}
	return fmt.Sprintf("Dialect(%d)", int(d))
}

// DefaultPrefix and DefaultWait are what the zero Options mean.
const (
	DefaultPrefix = "davit_"
	DefaultWait   = 10 * time.Second
)

// Options are the settings of a Store. The zero value is for use.
type Options struct {
	// Prefix is what the names of the tables begin with: lower-case letters, digits and underscores, at
	// most 32. Empty: DefaultPrefix. Stores with different prefixes share nothing.
	Prefix string

	// Schema is the schema of PostgreSQL that has the tables. It must exist; its name is made of the same
	// letters as Prefix. Empty: the first one on the search_path of the connection. SQLite has none.
	Schema string

	// Wait is how long a call goes on trying when it meets contention or a lost connection, unless its
	// context ends before. Zero: DefaultWait. Negative: each call is tried once.
	Wait time.Duration

	// NoSync takes a database that may lose what it has acknowledged when the power goes, and leaves its
	// settings alone. It is for tests.
	NoSync bool
}

var name = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

const maxName = 32

// Validate reports all that is wrong with the options.
func (o Options) Validate(d Dialect) error {
	var errs *multierror.Error
	if o.Prefix != "" && (!name.MatchString(o.Prefix) || len(o.Prefix) > maxName) {
		errs = multierror.Append(errs, fmt.Errorf("Prefix %q: lower-case letters, digits and _ only, no digit in front, at most %d", o.Prefix, maxName))
	}
	switch {
	case o.Schema == "":
	case d == SQLite:
		errs = multierror.Append(errs, fmt.Errorf("Schema %q: SQLite has no schemas", o.Schema))
	case !name.MatchString(o.Schema) || len(o.Schema) > maxName:
		errs = multierror.Append(errs, fmt.Errorf("Schema %q: lower-case letters, digits and _ only, no digit in front, at most %d", o.Schema, maxName))
	}
	return errs.ErrorOrNil()
}

// Store keeps releases in a database.
type Store struct {
	db     *sql.DB
	sql    statements
	wait   time.Duration
	engine engine
}

var (
	_ release.Store   = (*Store)(nil)
	_ release.Leaser  = (*Store)(nil)
	_ release.Opener  = (*Store)(nil)
	_ release.Changer = (*Store)(nil)
)

// engine is what the databases do each in its own way.
type engine interface {
	// check refuses a database that cannot keep what it acknowledges, and prepares one that can.
	check(ctx context.Context) error
	// own makes a transaction the only one that changes the schema. It is called first in it.
	own(ctx context.Context, tx *sql.Tx) error
	// write writes an entry. The error is errRefused if the release's last event is not the expected one,
	// and a lostError if the entry may be written in spite of the error.
	write(ctx context.Context, e *entry) error
	// execute runs a statement that writes to one row.
	execute(ctx context.Context, statement string, args ...any) error
	// fault says what an error of the driver means.
	fault(err error) fault
}

// Open makes a store of a database that the caller has opened, and creates its tables or brings them up
// to date. Several hosts may do so at once. The errors are those of Validate, ErrNewer, those of
// a database that does not keep what it acknowledges, and those of the driver.
func Open(ctx context.Context, db *sql.DB, d Dialect, o Options) (*Store, error) {
	s := &Store{db: db, wait: o.Wait}
	if db == nil {
		return nil, errors.New("sqlstore: no database")
	}
	if err := o.Validate(d); err != nil {
		return nil, fmt.Errorf("sqlstore: options: %w", err)
	}
	if s.wait == 0 {
		s.wait = DefaultWait
	}
	if o.Prefix == "" {
		o.Prefix = DefaultPrefix
	}
	switch d {
	case PostgreSQL:
		s.sql = postgresStatements(o)
		s.engine = &postgres{db: db, sql: s.sql, noSync: o.NoSync}
	case SQLite:
		s.sql = sqliteStatements(o)
		s.engine = newSQLite(s, o.NoSync)
	default:
		return nil, fmt.Errorf("sqlstore: %v is not a dialect that is known", d)
	}
	if err := s.patiently(ctx, func() error { return s.engine.check(ctx) }); err != nil {
		return nil, fmt.Errorf("sqlstore: looking at the database: %w", err)
	}
	if err := s.patiently(ctx, func() error { return s.upgrade(ctx) }); err != nil {
		return nil, fmt.Errorf("sqlstore: tables %s*: %w", o.Prefix, err)
	}
	if err := s.execute(ctx, s.sql.prune); err != nil {
		return nil, fmt.Errorf("sqlstore: deleting old leases: %w", err)
	}
	return s, nil
}
