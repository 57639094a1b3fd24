package sqlstore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
)

// entry is what one Append writes.
type entry struct {
	release  string
	expected int64
	last     int64 // the number of the last event, when it is written
	finished int   // 1 if that is the release's end
	batch    string
	bodies   []string
}

// kept reports whether a release can have that ID.
func kept(id string) bool {
	return id != "" && utf8.ValidString(id) && !strings.ContainsRune(id, 0)
}

// newEntry makes the entry of an Append. The token tells this very write from any other one, be it of
// the same events.
func newEntry(id string, expected uint64, events []ledger.Event) (*entry, error) {
	if !kept(id) {
		return nil, fmt.Errorf("%q cannot be kept as an ID", id)
	}
	if expected > math.MaxInt64-uint64(len(events)) {
		return nil, fmt.Errorf("%w: no release has %d events", release.ErrConflict, expected)
	}
	e := &entry{release: id, expected: int64(expected), last: int64(expected) + int64(len(events)), batch: rand.Text()}
	for i, event := range events {
		if want := expected + uint64(i) + 1; event.Seq != want {
			return nil, fmt.Errorf("event %d comes where %d should", event.Seq, want)
		}
		body, err := json.Marshal(event)
		if err != nil {
			return nil, err
		}
		if !utf8.Valid(body) {
			return nil, fmt.Errorf("event %d is not valid UTF-8", event.Seq)
		}
		e.bodies = append(e.bodies, string(body))
		if _, over := event.Body.(ledger.Finished); over && i == len(events)-1 {
			e.finished = 1
		}
	}
	return e, nil
}

// Append adds events, as release.Store asks for. The error is ErrUnsettled where it cannot be known
// whether they were written.
func (s *Store) Append(ctx context.Context, id string, expected uint64, events ...ledger.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e, err := newEntry(id, expected, events)
	if err == nil {
		err = s.append(ctx, e)
	}
	if err != nil {
		return fmt.Errorf("sqlstore: release %s: appending after event %d: %w", id, expected, err)
	}
	return nil
}

func (s *Store) append(ctx context.Context, e *entry) error {
	unsettled := false
	err := s.patiently(ctx, func() error {
		err := errRefused
		if len(e.bodies) > 0 {
			err = s.engine.write(ctx, e)
		}
		if errors.Is(err, errRefused) {
			return s.settle(ctx, e)
		}
		var l lostError
		unsettled = unsettled || errors.As(err, &l)
		return err
	})
	if err == nil || !unsettled || errors.Is(err, release.ErrConflict) {
		return err
	}
	if s.settle(ctx, e) == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrUnsettled, err)
}

// settle finds out why an entry was refused: because it has been written already, or because the
// release is somewhere else.
func (s *Store) settle(ctx context.Context, e *entry) error {
	var last int64
	var batch sql.NullString
	err := s.db.QueryRowContext(ctx, s.sql.settle, e.release, e.expected+1).Scan(&last, &batch)
	switch {
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("looking for its last event: %w", err)
	case batch.Valid && batch.String == e.batch:
		return nil
	case last != e.expected:
		return fmt.Errorf("%w: there are %d events, %d were expected", release.ErrConflict, last, e.expected)
	case len(e.bodies) == 0:
		return nil
	}
	return errAgain
}
