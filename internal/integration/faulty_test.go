package integration_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// errInjected is a failure of a call that leaves the connection as it is.
var errInjected = errors.New("injected")

// plan says which call of a driver fails, and how.
type plan struct {
	at    int   // the number of the call, from 1; 0 for none
	err   error // errInjected, or io.ErrUnexpectedEOF: then the connection is gone
	after bool  // the call is made, but what comes of it is not told
	twice bool  // the next call fails, too
}

// faulty is a driver that makes the calls of another one, and of which each one can be made to fail.
type faulty struct {
	driver driver.Driver
	source string

	mu    sync.Mutex
	plan  plan
	calls []string // since the plan was set
	args  []driver.Value
}

// faultyAt opens a place's database through a driver that fails as it is told.
func faultyAt(t testing.TB, p place) (*faulty, *sql.DB) {
	t.Helper()
	f := &faulty{driver: p.database(t).Driver(), source: p.Source}
	db := sql.OpenDB(f)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return f, db
}

// set sets what fails from now on.
func (f *faulty) set(p plan) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plan, f.calls, f.args = p, nil, nil
}

// made are the calls that were made since the plan was set.
func (f *faulty) made() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// given are the arguments of statements since the plan was set.
func (f *faulty) given() []driver.Value {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.args
}

func (f *faulty) note(args []driver.NamedValue) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range args {
		f.args = append(f.args, a.Value)
	}
}

// turn counts a call, and tells what is to become of it.
func (f *faulty) turn(name string) (fail error, after bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, name)
	if n := len(f.calls); n == f.plan.at || f.plan.twice && n == f.plan.at+1 {
		return f.plan.err, f.plan.after
	}
	return nil, false
}

func (f *faulty) Driver() driver.Driver { return f.driver }

func (f *faulty) Connect(context.Context) (driver.Conn, error) {
	if fail, _ := f.turn("connect"); fail != nil {
		return nil, fail
	}
	inner, err := f.driver.Open(f.source)
	if err != nil {
		return nil, err
	}
	return &faultyConn{Conn: inner, f: f}, nil
}

// faultyConn is one connection.
type faultyConn struct {
	driver.Conn
	f    *faulty
	dead bool
}

// call makes a call, unless it is its turn to fail.
func call[T any](c *faultyConn, name string, make func() (T, error)) (T, error) {
	var none T
	if c.dead {
		return none, driver.ErrBadConn
	}
	fail, after := c.f.turn(name)
	if fail == nil {
		return make()
	}
	if after {
		if made, err := make(); err == nil {
			if rows, ok := any(made).(driver.Rows); ok {
				_ = rows.Close()
			}
		}
	}
	if errors.Is(fail, io.ErrUnexpectedEOF) {
		c.dead = true
		_ = c.Conn.Close()
	}
	return none, fail
}

func (c *faultyConn) Close() error {
	if c.dead {
		return nil
	}
	return c.Conn.Close()
}

func (c *faultyConn) IsValid() bool { return !c.dead }

func (c *faultyConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	tx, err := call(c, "begin", func() (driver.Tx, error) { return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o) })
	if err != nil {
		return nil, err
	}
	return &faultyTx{c, tx}, nil
}

func (c *faultyConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.f.note(args)
	return call(c, query, func() (driver.Result, error) { return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args) })
}

func (c *faultyConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.f.note(args)
	return call(c, query, func() (driver.Rows, error) { return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args) })
}

type faultyTx struct {
	c  *faultyConn
	tx driver.Tx
}

func (t *faultyTx) Commit() error {
	_, err := call(t.c, "commit", func() (struct{}, error) { return struct{}{}, t.tx.Commit() })
	return err
}

func (t *faultyTx) Rollback() error {
	_, err := call(t.c, "rollback", func() (struct{}, error) { return struct{}{}, t.tx.Rollback() })
	return err
}
