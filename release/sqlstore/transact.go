package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
)

// transact does something in a transaction. The error of a commit is a lostError: nobody knows whether
// it was one.
func transact(ctx context.Context, conn *sql.Conn, do func(*sql.Tx) error) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		discard(conn)
		return err
	}
	if err := do(tx); err != nil {
		if tx.Rollback() != nil {
			discard(conn)
		}
		return err
	}
	if err := tx.Commit(); err != nil {
		discard(conn)
		return lostError{err}
	}
	return nil
}

// discard closes a connection for good instead of giving it back to the pool, so that nobody writes
// on in what may be left of a transaction.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
}
