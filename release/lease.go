package release

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// heart keeps the runner's lease alive while it carries releases. Renewing it waits for nothing else:
// what other hosts have done is looked at, and their releases are taken up, beside it.
type heart struct {
	renewing mutex // held by whoever renews the lease

	mu     sync.Mutex
	asked  time.Time // when the lease was asked for that this host has; zero: it has none
	lapsed bool      // it has run out, and what runs was told

	// Guarded by the runner's mutex.
	timer     *time.Timer
	listening bool
	adopting  bool
	scans     int       // calls of TakeUp
	heard     time.Time // up to when it was looked at what others have written; zero: it was not

	// Used by one look after the other.
	round   []*session        // those that are looked at though nobody has named them
	share   int               // how many at once
	known   map[string]string // releases that other hosts carry, and which
	alien   map[string]int    // those of pipelines that are not known here, by how many were known by then
	adopted time.Time         // when the last look for such as nobody carries was taken
}

const (
	// beats is how many beats there are in a lease: so often a host looks after what others have done.
	beats = 15
	// margin is how many beats before its end a host gives its lease up, so that what runs is told in
	// time.
	margin = 2
	// rounds is in how many beats each session is looked at once, in case the store has not named it.
	rounds = 40 * beats
)

// until is when the lease runs out, by this host's clock, counted from before it was asked for.
func (r *Runner) until() time.Time {
	r.heart.mu.Lock()
	defer r.heart.mu.Unlock()
	if r.heart.asked.IsZero() {
		return time.Time{}
	}
	return r.heart.asked.Add(r.lease - r.lease*margin/beats)
}

// leased reports that the lease has run out: others may carry this host's releases by now.
func (r *Runner) leased() error {
	if r.leaser == nil || time.Now().Before(r.until()) {
		return nil
	}
	return fmt.Errorf("%w, maybe: the lease of this one has run out", ErrLost)
}

// fresh reports whether less than a third of the lease has gone by.
func (r *Runner) fresh() bool {
	r.heart.mu.Lock()
	defer r.heart.mu.Unlock()
	return !r.heart.asked.IsZero() && time.Since(r.heart.asked) < r.lease/3
}

// liven takes the lease, or renews it where a third of it has gone by.
func (r *Runner) liven(ctx context.Context) error {
	if r.leaser == nil || r.fresh() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, r.lease)
	defer cancel()
	if err := r.heart.renewing.lock(ctx); err != nil {
		return fmt.Errorf("lease: %w", err)
	}
	defer r.heart.renewing.Unlock()
	if r.fresh() {
		return nil
	}
	r.lapse() // a new lease does not give back what was lost with the old one
	before := time.Now()
	if err := r.leaser.Lease(ctx, r.host, r.lease); err != nil {
		return fmt.Errorf("lease: %w", err)
	}
	r.heart.mu.Lock()
	defer r.heart.mu.Unlock()
	r.heart.asked, r.heart.lapsed = before, false
	return nil
}

// lapse tells all sessions once that the lease has run out, if it has.
func (r *Runner) lapse() {
	lapsed := r.leased()
	r.heart.mu.Lock()
	told := r.heart.lapsed || r.heart.asked.IsZero()
	r.heart.lapsed = r.heart.lapsed || lapsed != nil
	r.heart.mu.Unlock()
	if lapsed == nil || told {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.active {
		r.running.Add(1)
		go func() { // one may wait for a slow store
			defer r.running.Done()
			s.lapse(lapsed)
		}()
	}
}

// lapse gives up a release whose stages run, since another host may have taken it.
func (s *session) lapse(err error) {
	soon, cancel := context.WithTimeout(context.Background(), s.runner.lease/beats)
	defer cancel()
	if s.mu.lock(soon) != nil {
		s.pen.cut(err) // the write that is under way must not keep the stages from being told
		s.mu.Lock()
	}
	defer s.mu.Unlock()
	if !s.closed && s.lost == nil && s.failure == nil && len(s.desks) > 0 {
		s.logger.Warn("what runs is cancelled, as another host may carry the release", "error", err)
		_ = s.lose(err)
		s.settle()
	}
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
	if r.heart.heard.IsZero() {
		r.heart.heard = time.Now()
	}
	r.running.Add(1)
	r.heart.timer = time.AfterFunc(r.lease/beats, func() {
		defer r.running.Done()
		r.pulse()
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.heart.timer = nil; len(r.active) > 0 || len(r.pipelines) > 0 {
			r.beat()
		} else {
			r.heart.heard = time.Time{}
		}
	})
}

// still stops the timer. The runner's mutex is held.
func (r *Runner) still() {
	if r.heart.timer != nil && r.heart.timer.Stop() {
		r.running.Done()
		r.heart.timer, r.heart.heard = nil, time.Time{}
	}
}

// pulse renews the lease, and sees to it that somebody looks after what other hosts have done meanwhile.
func (r *Runner) pulse() {
	r.lapse()
	patience := r.lease / 3
	if left := time.Until(r.until()); left > 0 {
		patience = min(patience, left)
	}
	ctx, cancel := context.WithTimeout(context.Background(), max(patience, time.Millisecond))
	defer cancel()
	if err := r.liven(ctx); err != nil {
		r.logger.Warn("the lease was not renewed", "error", err)
	}
	r.lapse()
	r.beside(&r.heart.listening, r.listen)
	r.beside(&r.heart.adopting, r.adopt)
}

// beside does something in a goroutine of its own, unless it is being done already.
func (r *Runner) beside(busy *bool, do func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if *busy {
		return
	}
	*busy = true
	r.running.Add(1)
	go func() {
		defer r.running.Done()
		do()
		r.mu.Lock()
		defer r.mu.Unlock()
		*busy = false
	}()
}

// resign gives the lease up once nothing runs any more.
func (r *Runner) resign() {
	if r.leaser == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), min(writeGrace, r.patience))
	defer cancel()
	if err := r.heart.renewing.lock(ctx); err != nil {
		return
	}
	defer r.heart.renewing.Unlock()
	r.heart.mu.Lock()
	had := !r.heart.asked.IsZero()
	r.heart.asked = time.Time{}
	r.heart.mu.Unlock()
	if !had {
		return
	}
	if err := r.leaser.Lease(ctx, r.host, 0); err != nil {
		r.logger.Warn("the lease was not given up", "error", err)
	}
}
