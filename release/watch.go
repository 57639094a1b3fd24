package release

import (
	"context"
	"fmt"
	"iter"

	"github.com/davit-sdk/davit/release/ledger"
)

// Watch gives the events of a release in order and as they come, from the number on (0 and 1 mean
// all), each one once. A release that has not begun is waited for. The sequence ends after the last
// event of a release that is over, or that was interrupted and is not under way in this runner; with
// an error when ctx is done, when the store fails, or when the runner stops before the release
// begins. Any number of watchers may look on; a slow one holds up nobody.
func (r *Runner) Watch(ctx context.Context, id string, from uint64) iter.Seq2[ledger.Event, error] {
	return func(yield func(ledger.Event, error) bool) {
		next := max(from, 1)
		begun := false
		for {
			s, arrival := r.session(id)
			var changed, gone <-chan struct{}
			if s != nil {
				changed, gone = s.watched(), s.gone
			}
			// All that will ever come is there to be read when the release had begun before
			// it was seen to have no session.
			last := s == nil && begun
			for e, err := range r.store.Events(ctx, id, next) {
				if !yield(e, err) || err != nil {
					return
				}
				next, begun = e.Seq+1, true
			}
			if last {
				return
			}
			if begun = begun || r.knows(ctx, id); s == nil && begun {
				continue
			}
			select {
			case <-changed:
			case <-gone:
			case <-arrival:
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

// watched is closed when something of the release changes.
func (s *session) watched() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}
