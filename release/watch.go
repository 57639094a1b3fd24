package release

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
)

// Watch gives the events of a release in order and as they come, from the number on (0 and 1 mean
// all), each one once. A release that has not begun is waited for. The sequence ends after the last
// event of a release that is over; with an error when ctx is done, when the store fails, or when the
// runner stops before the release begins or while another host carries it. Any number of watchers may
// look on; a slow one holds up nobody.
//
// In a store that this host has for itself, the sequence also ends when the release was interrupted and
// is not under way in this runner. In one that hosts share, the next host goes on with it, and what that
// records comes within a second: there, the sequence ends with an interruption only where this runner is
// stopped.
func (r *Runner) Watch(ctx context.Context, id string, from uint64) iter.Seq2[ledger.Event, error] {
	return func(yield func(ledger.Event, error) bool) {
		next := max(from, 1)
		begun := false
		for {
			s, arrival := r.session(id)
			var changed, gone <-chan struct{}
			if s != nil {
				changed, gone = s.changes(), s.gone
			}
			// All that will ever come is there to be read when the release had begun before
			// it was seen to have no session.
			last := s == nil && begun && !r.elsewhere(ctx, id)
			for e, err := range r.store.Events(ctx, id, next) {
				if !yield(e, err) || err != nil {
					return
				}
				next, begun = e.Seq+1, true
			}
			if last {
				return
			}
			if begun = begun || r.knows(ctx, id); s == nil && begun && !r.elsewhere(ctx, id) {
				continue
			}
			var others <-chan time.Time
			if r.leaser != nil {
				others = time.After(time.Second)
			}
			select {
			case <-changed:
			case <-gone:
			case <-arrival:
			case <-others:
			case <-ctx.Done():
				yield(ledger.Event{}, context.Cause(ctx))
				return
			case <-r.unless(s):
				yield(ledger.Event{}, fmt.Errorf("release %s: %w", id, ErrStopped))
				return
			}
		}
	}
}

// elsewhere reports whether somebody else may carry the release, or will: in a store that hosts share,
// one whose host has died or stopped waits for the next one. When this host stops, it waits for nobody.
func (r *Runner) elsewhere(ctx context.Context, id string) bool {
	if r.leaser == nil {
		return false
	}
	state, err := r.state(ctx, id)
	if err != nil {
		return true // reading the events tells
	}
	return !state.Over() && (r.taking.Err() == nil || !state.Idle())
}

// knows reports whether the store has a first event of the release.
func (r *Runner) knows(ctx context.Context, id string) bool {
	for _, err := range r.store.Events(ctx, id, 1) {
		return err == nil
	}
	return false
}

// unless is closed when the runner stops, where there is no session to wait for.
func (r *Runner) unless(s *session) <-chan struct{} {
	if s != nil {
		return nil
	}
	return r.soft
}

// changes is closed when something of the release changes.
func (s *session) changes() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.watched()
}
