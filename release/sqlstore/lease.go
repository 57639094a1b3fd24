package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Lease says that a host lives, as release.Leaser asks for, by the database's clock.
func (s *Store) Lease(ctx context.Context, host string, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	statement, args := s.sql.unlease, []any{host}
	if d > 0 {
		statement, args = s.sql.lease, append(args, ticks(d, s.sql.tick))
	}
	if err := s.execute(ctx, statement, args...); err != nil {
		return fmt.Errorf("sqlstore: lease of host %s: %w", host, err)
	}
	return nil
}

// ticks is how many of them a lease has, rounded up: a short one is a lease, too, and the longest that there is does not overflow.
func ticks(d, tick time.Duration) int64 {
	n := int64(d / tick)
	if d%tick > 0 {
		n++
	}
	return n
}

// execute runs a statement that does no harm when it is run twice.
func (s *Store) execute(ctx context.Context, statement string, args ...any) error {
	return s.patiently(ctx, func() error { return s.engine.execute(ctx, statement, args...) })
}

// Alive reports whether a host lives, as release.Leaser asks for, by the database's clock.
func (s *Store) Alive(ctx context.Context, host string) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	var on int
	err := s.patiently(ctx, func() error {
		return s.db.QueryRowContext(ctx, s.sql.alive, host).Scan(&on)
	})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, fmt.Errorf("sqlstore: lease of host %s: %w", host, err)
	}
	return err == nil, nil
}
