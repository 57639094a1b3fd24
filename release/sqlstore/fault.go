package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"time"
)

// fault is what an error of a driver means.
type fault int

const (
	// final: trying again does not help.
	final fault = iota
	// contended: the database has done nothing, because others were in the way.
	contended
	// lost: the connection is gone.
	lost
)

// errRefused says that an entry was not written, because the release is not where it should be.
var errRefused = errors.New("refused")

// errAgain says that what was found has changed while it was looked at.
var errAgain = errors.New("the release changes all the time")

// lostError is an error after which an entry may or may not be written.
type lostError struct{ error }

func (l lostError) Unwrap() error { return l.error }

// broken reports whether an error says that the connection is gone, in the terms of the standard library.
func broken(err error) bool {
	var n net.Error
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.As(err, &n)
}

const (
	firstPause = time.Millisecond
	mostPause  = 100 * time.Millisecond
)

// patiently calls f until it works, fails for good, or has been tried for as long as the store waits.
func (s *Store) patiently(ctx context.Context, f func() error) error {
	began := time.Now()
	for most := firstPause; ; most = min(2*most, mostPause) {
		err := f()
		if err == nil || ctx.Err() != nil || !s.passing(err) || time.Since(began) >= s.wait {
			return err
		}
		if pause(ctx, most) != nil {
			return err
		}
	}
}

// passing reports whether it makes sense to try again after an error.
func (s *Store) passing(err error) bool {
	return errors.Is(err, errAgain) || s.engine.fault(err) != final
}

// pause waits for a random time, so that those who were in each other's way are not again.
func pause(ctx context.Context, most time.Duration) error {
	t := time.NewTimer(most/2 + rand.N(most/2+1))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
