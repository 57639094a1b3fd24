package haproxy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-multierror"
)

// collector is what Run does: it follows each process of HAProxy until it has ended.
type collector struct {
	source    *Source
	following map[int]*follower
	compared  time.Time         // when lines were compared with their numbers last
	resume    map[int]time.Time // up to when the lines of a process were read whose stream broke
	left      map[int]time.Time // since when a process from before a reload has nothing to say
	counters  *counters
}

// look looks at HAProxy once.
func (c *collector) look(ctx context.Context) error {
	s := c.source
	answers, err := s.admin.ask(ctx, "show info")
	if err != nil {
		return err
	}
	p, err := parseInfo(answers[0])
	if err != nil {
		return refused("show info", answers[0], err)
	}
	if err := p.supported(); err != nil {
		return err
	}
	seats, pools, err := s.seats(ctx)
	if err != nil {
		return err
	}
	if s.ring == "" {
		return c.countOnly(ctx, p, seats, pools)
	}
	if p.stopped {
		return nil // a process that ends still had the socket: the next look meets the new one
	}
	s.mu.Lock()
	s.seat(seats, pools, time.Now())
	s.mu.Unlock()
	c.hearOut(ctx, p.pid)
	missing, err := c.attend(ctx, p)
	if err != nil {
		return err // and what is wrong with the process the next look finds
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if missing > 0 {
		s.lose(hole{now.Add(-2 * s.patience), now, missing, "HAProxy has answered them and not logged them in the format of LogFormat"})
	}
	if now.Sub(c.compared) >= s.patience {
		s.compare(now, c.compared)
		c.compared = now
	}
	s.forget(now)
	s.recover(now)
	return nil
}

// attend looks at the current process, and follows it if nobody does. HAProxy ends a conversation that rests for
// longer than its "stats timeout": then another one is begun, and the stream goes on where it still does.
func (c *collector) attend(ctx context.Context, p process) (missing uint64, err error) {
	f := c.following[p.pid]
	if f != nil {
		missing, err = f.check(ctx, c.source)
		if err != nil {
			if err = f.converse(ctx, c.source, p); err == nil {
				missing, err = f.check(ctx, c.source)
			}
		}
		switch {
		case err == nil:
			return missing, f.inTime()
		case !f.over():
			return 0, err // it is heard on
		}
		c.leave(f)
		c.resume[p.pid] = f.last
	}
	if f, err = c.follow(ctx, p); err != nil {
		return 0, err
	}
	c.following[p.pid] = f
	return f.check(ctx, c.source)
}

// follow begins to read what a process logs, and waits until what it had kept is read.
func (c *collector) follow(ctx context.Context, p process) (*follower, error) {
	s := c.source
	control, err := s.admin.open(ctx)
	if err != nil {
		return nil, err
	}
	f := &follower{pid: p.pid, control: control, ended: make(chan struct{}), heard: time.Now(), after: c.resume[p.pid], seen: map[uint64]bool{}}
	if err := f.begin(ctx, s, p); err != nil {
		return nil, errors.Join(err, control.close())
	}
	s.mu.Lock()
	switch {
	case !s.since.IsZero():
	case s.bySeat:
		s.since = time.Now().Truncate(time.Millisecond) // as lines have it
	default:
		s.since = time.Now().Add(-p.uptime)
	}
	s.mu.Unlock()
	go f.read(s)
	if err := f.caughtUp(ctx, s); err != nil {
		c.leave(f)
		return nil, err
	}
	s.log.Info("following what HAProxy logs", "pid", p.pid, "ring", s.ring)
	return f, nil
}

// hearOut leaves the processes that have ended, and those from before a reload that work on nothing any
// more and whose lines are read.
func (c *collector) hearOut(ctx context.Context, current int) {
	for pid, at := range c.left {
		if time.Since(at) > 3*c.source.patience { // its last lines are compared
			delete(c.left, pid)
			delete(c.resume, pid)
			c.source.drop(pid)
		}
	}
	for pid, f := range c.following {
		switch {
		case f.over():
			c.leave(f)
			if pid == current {
				c.resume[pid] = f.last // it is followed anew, and says again what it has kept
				continue
			}
			if f.silent == 0 || !f.former {
				now := time.Now()
				c.source.lost(hole{f.heard, now, 1, fmt.Sprintf("HAProxy's process %d ended, and what it logged last may be missing", pid)})
			}
		case pid != current:
			f.former = true
			heard := f.heard
			if _, err := f.check(ctx, c.source); err != nil {
				// Nobody can ask it any more when it has nothing left to log, and it lives for as long as it is heard.
				c.leave(f)
				c.source.lost(hole{heard, time.Now(), 1, fmt.Sprintf("HAProxy's process %d, from before a reload, does not answer any more, and what it logged last may be missing", pid)})
				break
			}
			if f.silent >= 2 {
				c.leave(f)
				c.left[pid] = f.heard
			}
			continue
		default:
			continue
		}
		c.source.drop(pid)
	}
}

// leave ends what follows a process, and waits for it.
func (c *collector) leave(f *follower) {
	errs := multierror.Append(nil, f.stream.Close(), f.control.close())
	<-f.ended
	delete(c.following, f.pid)
	c.source.log.Debug("left a process of HAProxy", "pid", f.pid, "error", errs.ErrorOrNil())
}

func (c *collector) close() {
	for _, f := range c.following {
		c.leave(f)
	}
}
