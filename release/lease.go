package release

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// heart keeps the runner's lease alive while it carries releases.
type heart struct {
	mu    sync.Mutex
	until time.Time // when the lease runs out, by this host's clock, counted from before it was asked for
	timer *time.Timer

	// Used by one beat after the other.
	known   map[string]string // releases that other hosts carry, and which
	alien   map[string]int    // those of pipelines that are not known here, by how many were known by then
	adopted time.Time         // when the last look for such as nobody carries was taken
}

// beats is how many beats there are in a lease: so often a host looks after what others have done.
const beats = 15

// liven takes or renews the lease where less than two thirds of it are left.
func (r *Runner) liven(ctx context.Context) error {
	if r.leaser == nil {
		return nil
	}
	r.heart.mu.Lock()
	defer r.heart.mu.Unlock()
	if time.Until(r.heart.until) > r.lease*2/3 {
		return nil
	}
	before := time.Now()
	if err := r.leaser.Lease(ctx, r.host, r.lease); err != nil {
		return fmt.Errorf("lease: %w", err)
	}
	r.heart.until = before.Add(r.lease)
	return nil
}

// leased reports that the lease has run out: others may carry this host's releases by now.
func (r *Runner) leased() error {
	if r.leaser == nil {
		return nil
	}
	r.heart.mu.Lock()
	defer r.heart.mu.Unlock()
	if time.Now().After(r.heart.until) {
		return fmt.Errorf("%w, maybe: the lease of this one has run out", ErrLost)
	}
	return nil
}

// alive reports whether another host is alive. This one is not, in that sense: what it does not carry
// now it has left. In a store that nobody shares, nobody is.
func (r *Runner) alive(ctx context.Context, host string) (bool, error) {
	if r.leaser == nil || host == r.host || host == "" {
		return false, nil
	}
	alive, err := r.leaser.Alive(ctx, host)
	if err != nil {
		return false, fmt.Errorf("lease of %s: %w", host, err)
	}
	return alive, nil
}

// beat sets the timer of the next beat. The runner's mutex is held.
func (r *Runner) beat() {
	if r.leaser == nil || r.heart.timer != nil {
		return
	}
	r.running.Add(1)
	r.heart.timer = time.AfterFunc(r.lease/beats, func() {
		defer r.running.Done()
		r.pulse()
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.heart.timer = nil; len(r.active) > 0 || len(r.pipelines) > 0 {
			r.beat()
		}
	})
}

// still stops the timer. The runner's mutex is held.
func (r *Runner) still() {
	if r.heart.timer != nil && r.heart.timer.Stop() {
		r.running.Done()
		r.heart.timer = nil
	}
}

// pulse renews the lease, and looks after what other hosts have done meanwhile.
func (r *Runner) pulse() {
	ctx, cancel := context.WithTimeout(context.Background(), max(r.lease/3, time.Millisecond))
	defer cancel()
	err := r.liven(ctx)
	if err != nil {
		r.logger.Warn("the lease was not renewed", "error", err)
	}
	if lapsed := r.leased(); lapsed != nil {
		for _, s := range r.sessions() {
			s.lapse(lapsed)
		}
		return
	}
	if err := r.listen(ctx); err != nil {
		r.logger.Warn("cannot see what other hosts have done", "error", err)
	}
	r.adopt(ctx)
}

// lapse gives up a release whose stages run, since another host may have taken it.
func (s *session) lapse(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed && s.lost == nil && s.failure == nil && len(s.desks) > 0 {
		_ = s.lose(err)
		s.settle()
	}
}

// listen takes in what others have recorded for releases that are carried here: signals, above all.
func (r *Runner) listen(ctx context.Context) error {
	changer, ok := r.store.(Changer)
	if !ok {
		for _, s := range r.sessions() {
			s.hear(ctx)
		}
		return nil
	}
	for id, err := range changer.Changed(ctx, r.lease) {
		if err != nil {
			return err
		}
		if s, _ := r.session(id); s != nil {
			s.hear(ctx)
		}
	}
	return nil
}

// hear looks for events that this host did not write.
func (s *session) hear(ctx context.Context) {
	if s.mu.lock(ctx) != nil {
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
	if err := s.catchUp(); err != nil {
		s.settle()
		return
	}
	s.look()
}

// beyond reports whether the store has an event of the release behind that number.
func (r *Runner) beyond(ctx context.Context, id string, seq uint64) bool {
	for _, err := range r.store.Events(ctx, id, seq+1) {
		return err == nil
	}
	return false
}

// resign gives the lease up once nothing runs any more.
func (r *Runner) resign() {
	if r.leaser == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), min(writeGrace, r.patience))
	defer cancel()
	r.heart.mu.Lock()
	defer r.heart.mu.Unlock()
	if r.heart.until.IsZero() {
		return
	}
	r.heart.until = time.Time{}
	if err := r.leaser.Lease(ctx, r.host, 0); err != nil {
		r.logger.Warn("the lease was not given up", "error", err)
	}
}
