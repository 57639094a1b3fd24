package haproxy

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/strategy"
)

// counters are HAProxy's own, as they were at the last look.
type counters struct {
	pid    int
	uptime time.Duration
	at     map[place]stat
}

// countOnly adds what the counters have grown by since the last look.
func (c *collector) countOnly(ctx context.Context, p process, seats map[place]tenant, pools []strategy.Pool) error {
	s := c.source
	answers, err := s.admin.ask(ctx, "show stat")
	if err != nil {
		return err
	}
	stats, err := parseStat(answers[0])
	if err != nil {
		return refused("show stat", answers[0], err)
	}
	now := time.Now()
	next := &counters{pid: p.pid, uptime: p.uptime, at: map[place]stat{}}
	for _, one := range stats {
		next.at[one.place] = one
		if one.server == backendRow && one.mode == tcpMode && slices.Contains(s.backends, one.backend) {
			return fmt.Errorf("the backend %s is in mode tcp, in which HAProxy counts no answers", one.backend)
		}
	}
	before := c.counters
	c.counters = next
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seat(seats, pools, now)
	s.forget(now)
	switch {
	case before == nil:
		s.since = now
	case before.pid != p.pid:
		// What the old process answers from now on nobody counts.
		s.lose(hole{now.Add(-2 * s.opts.Poll), now, 1, "HAProxy was reloaded, and its counters began anew"})
	case now.Sub(s.looked) > 5*s.opts.Poll+maxSkew:
		s.lose(hole{s.looked, now, 1, "nobody could look at HAProxy's counters for too long to say when they grew"})
	default:
		for at, who := range seats {
			was := before.at[at] // nothing, where the server was added since
			is, there := next.at[at]
			if !there {
				continue
			}
			n, ok := is.since(was)
			if !ok {
				s.lose(hole{now.Add(-s.opts.Poll), now, 1, "somebody cleared HAProxy's counters"})
				break
			}
			s.tally(who.pool, now).add(at, now, n)
		}
	}
	s.recover(now)
	return nil
}

// since is what a server has answered since an earlier look. It is false where a counter has fallen.
func (s stat) since(was stat) (n answered, ok bool) {
	ok = s.lost >= was.lost
	for i, count := range s.answers {
		if count < was.answers[i] {
			return n, false
		}
		n.requests += count - was.answers[i]
	}
	n.errors = s.answers[5] - was.answers[5]
	if ok {
		n.requests += s.lost - was.lost
		n.errors += s.lost - was.lost
	}
	return n, ok
}
