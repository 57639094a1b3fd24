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
		// A short lease is a lease, too.
		statement, args = s.sql.lease, append(args, int64((d+s.sql.tick-1)/s.sql.tick))
	}
	if err := s.execute(ctx, statement, args...); err != nil {
		return fmt.Errorf("sqlstore: lease of host %s: %w", host, err)
	}
	return nil
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
