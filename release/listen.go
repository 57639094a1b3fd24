package release

import (
	"context"
	"time"
)

// listen takes in what others have recorded for releases that are carried here: signals, above all.
func (r *Runner) listen() {
	ctx, cancel := context.WithTimeout(r.working, r.patience)
	defer cancel()
	changer, ok := r.store.(Changer)
	if !ok {
		for _, s := range r.sessions() {
			s.hear(ctx)
		}
		return
	}
	r.mu.Lock()
	last, began := r.heart.heard, time.Now()
	r.mu.Unlock()
	// Whatever came between, be it that the store was away or that this host was asleep, what was
	// written since the last look is named.
	since := max(began.Sub(last), began.Round(0).Sub(last.Round(0)), 0)
	for id, err := range changer.Changed(ctx, r.lease+since) {
		if err != nil {
			r.logger.Warn("cannot see what other hosts have done", "error", err)
			return
		}
		if s, _ := r.session(id); s != nil {
			s.hear(ctx)
		}
	}
	r.mu.Lock()
	if !r.heart.heard.IsZero() {
		r.heart.heard = began
	}
	r.mu.Unlock()
	if len(r.heart.round) == 0 {
		r.heart.round = r.sessions()
		r.heart.share = len(r.heart.round)/rounds + 1
	}
	n := min(r.heart.share, len(r.heart.round))
	for _, s := range r.heart.round[:n] {
		s.hear(ctx)
	}
	r.heart.round = r.heart.round[n:]
}

// hear looks for events that this host did not write. A session that is busy is left alone: what it
// writes is refused where others have written, and it is looked at again at the next beat.
func (s *session) hear(ctx context.Context) {
	select {
	case s.mu <- struct{}{}:
	default:
		return
	}
	defer s.mu.Unlock()
	seq := s.seq
	if s.state != nil {
		seq = s.state.Seq
	}
	if s.closed || s.failure != nil || s.lost != nil || !s.runner.beyond(ctx, s.id, seq) {
		return
	}
	if s.state == nil {
		s.look()
		return
	}
	err := s.catchUp()
	switch {
	case err == nil:
		s.look()
		return
	case s.lost == nil && s.patient(err):
		return // what runs can run on: it is looked at again at the next beat
	case s.lost == nil:
		_ = s.fail(err)
	}
	s.settle()
}

// beyond reports whether the store has an event of the release behind that number.
func (r *Runner) beyond(ctx context.Context, id string, seq uint64) bool {
	for _, err := range r.store.Events(ctx, id, seq+1) {
		return err == nil
	}
	return false
}
