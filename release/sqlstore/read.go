package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
)

// A page is read at once, and a connection held for no longer.
const (
	pageRows  = 256
	pageBytes = 4 << 20
)

// page is a part of a release.
type page struct {
	last   uint64 // the number of the release's last event, when the page was read
	bodies []string
	bytes  int
	full   bool // there may be more
}

// Events are the release's events, as release.Store asks for.
func (s *Store) Events(ctx context.Context, id string, from uint64) iter.Seq2[ledger.Event, error] {
	return func(yield func(ledger.Event, error) bool) {
		if !kept(id) && ctx.Err() == nil {
			return // there is no such release, and PostgreSQL would not even look for it
		}
		fail := func(err error) {
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			yield(ledger.Event{}, fmt.Errorf("sqlstore: reading release %s: %w", id, err))
		}
		next, end, rows := max(from, 1), uint64(0), pageRows
		for begun := false; !begun || next <= end; begun = true {
			p, err := s.page(ctx, id, next, rows)
			if err != nil {
				fail(err)
				return
			}
			if !begun {
				end = p.last
			}
			for _, body := range p.bodies {
				if next > end {
					return
				}
				e, err := event(body, next)
				if err == nil {
					err = ctx.Err()
				}
				if err != nil {
					fail(err)
					return
				}
				if !yield(e, nil) {
					return
				}
				next++
			}
			if !p.full && next <= end {
				fail(fmt.Errorf("%w: event %d is missing, of %d", ledger.ErrBroken, next, end))
				return
			}
			rows = p.rows(rows)
		}
	}
}

// rows is how many rows the next page should have, for pages that are neither too large nor too many.
func (p *page) rows(now int) int {
	if p.bytes < pageBytes {
		return min(2*now, pageRows)
	}
	return max(1, len(p.bodies))
}

// event reads the event that should be the n-th.
func event(body string, n uint64) (ledger.Event, error) {
	var e ledger.Event
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		if errors.Is(err, ledger.ErrBroken) {
			return e, err // it names the event
		}
		return e, fmt.Errorf("event %d: %w: %w", n, ledger.ErrBroken, err)
	}
	if e.Seq != n {
		return e, fmt.Errorf("%w: event %d comes where %d should", ledger.ErrBroken, e.Seq, n)
	}
	return e, nil
}

// page reads at most so many rows of a release.
func (s *Store) page(ctx context.Context, id string, from uint64, rows int) (*page, error) {
	from = min(from, math.MaxInt64)
	var p *page
	return p, s.patiently(ctx, func() error {
		found, err := s.db.QueryContext(ctx, s.sql.page, id, int64(from), rows)
		if err != nil {
			return err
		}
		p, err = scan(found, rows)
		return err
	})
}

// scan reads a page: a row with the end of the release, and a row for each event.
func scan(found *sql.Rows, rows int) (*page, error) {
	defer found.Close()
	p, headed := &page{}, false
	for found.Next() {
		var n int64
		var body sql.NullString
		if err := found.Scan(&n, &body); err != nil {
			return nil, err
		}
		if !body.Valid {
			p.last, headed = uint64(n), true
			continue
		}
		p.bodies = append(p.bodies, body.String)
		p.bytes += len(body.String)
		if headed && p.bytes >= pageBytes {
			p.full = true
			return p, nil
		}
	}
	p.full = len(p.bodies) == rows
	return p, found.Err()
}

// Releases are the IDs of all releases, as release.Store asks for.
func (s *Store) Releases(ctx context.Context) iter.Seq2[string, error] {
	return s.list(ctx, s.sql.releases, "listing releases")
}

// Open are the IDs of the releases that are not over, as release.Opener asks for.
func (s *Store) Open(ctx context.Context) iter.Seq2[string, error] {
	return s.list(ctx, s.sql.open, "listing open releases")
}

// Changed are the IDs of the releases that were written to of late, as release.Changer asks for, by the
// database's clock.
func (s *Store) Changed(ctx context.Context, d time.Duration) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		var rows []row
		err := s.patiently(ctx, func() (err error) {
			rows, err = s.rows(ctx, s.sql.changed, d.Milliseconds()+grain+1)
			return err
		})
		for _, r := range rows {
			if err = ctx.Err(); err != nil {
				break
			}
			if !yield(r.id, nil) {
				return
			}
		}
		if err != nil {
			yield("", fmt.Errorf("sqlstore: listing changed releases: %w", err))
		}
	}
}

// row is a release in a list.
type row struct {
	number int64
	id     string
}

func (s *Store) list(ctx context.Context, query, doing string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for after, more := int64(0), true; more; {
			var rows []row
			err := s.patiently(ctx, func() (err error) {
				rows, err = s.rows(ctx, query, after, pageRows)
				return err
			})
			for _, r := range rows {
				if err = ctx.Err(); err != nil {
					break
				}
				if !yield(r.id, nil) {
					return
				}
				after = r.number
			}
			if err != nil {
				yield("", fmt.Errorf("sqlstore: %s: %w", doing, err))
				return
			}
			more = len(rows) == pageRows
		}
	}
}

func (s *Store) rows(ctx context.Context, query string, args ...any) ([]row, error) {
	found, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var rows []row
	for found.Next() {
		var r row
		if err := found.Scan(&r.number, &r.id); err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, found.Err()
}
