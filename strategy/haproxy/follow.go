package haproxy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
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

// follower reads the ring of one process. HAProxy keeps an old process alive for as long as somebody
// listens to it, so that after a reload it is heard out, and then left.
type follower struct {
	pid      int
	control  *session
	stream   net.Conn
	ended    chan struct{} // closed when the stream has
	silent   int           // looks in a row at which the process worked on nothing
	former   bool          // it was still there when another one had taken over
	heard    time.Time     // when it was looked at last
	balance  balance
	balanced time.Time // when the balance was drawn last

	after time.Time // lines up to then were read by a follower before it

	mu     sync.Mutex
	seen   map[uint64]bool // requests whose lines have come, until it has caught up
	last   time.Time       // of the lines that have come
	live   int             // lines since the last look
	lag    time.Duration   // how old the youngest of them was
	skewed error           // why their time is not ours
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
// longer than its "stats timeout": then it is begun anew.
func (c *collector) attend(ctx context.Context, p process) (missing uint64, err error) {
	if f := c.following[p.pid]; f != nil {
		missing, err = f.check(ctx, c.source)
		if err == nil {
			return missing, f.inTime()
		}
		c.leave(f)
		c.resume[p.pid] = f.last
	}
	f, err := c.follow(ctx, p)
	if err != nil {
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

// caughtUp waits until the stream has come to the last line that the ring has now.
func (f *follower) caughtUp(ctx context.Context, s *Source) error {
	kept, err := f.control.ask(ctx, "show events "+s.ring)
	if err != nil {
		return err
	}
	if first, _, _ := strings.Cut(kept, "\n"); strings.HasPrefix(first, "No such event sink") || strings.HasPrefix(first, "Permission denied") || strings.HasPrefix(first, "Unknown command") {
		return &CommandError{"show events " + s.ring, first}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.admin.timeout, fmt.Errorf("HAProxy's process %d does not give what the ring %s keeps", f.pid, s.ring))
	defer cancel()
	last, found := lastLine(kept)
	for found && !f.reached(last.request) {
		if f.over() {
			return fmt.Errorf("HAProxy's process %d broke off what it logs", f.pid)
		}
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = nil
	return nil
}

// reached reports whether the line of a request has come.
func (f *follower) reached(request uint64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen[request]
}

// lastLine is the last line of a log that can be read.
func lastLine(log string) (line, bool) {
	for log != "" {
		i := strings.LastIndexByte(log, '\n')
		if l, err := parseLine(log[i+1:]); err == nil {
			return l, true
		}
		log = log[:max(i, 0)]
	}
	return line{}, false
}

// begin makes sure that it is this process which answers, and opens the stream.
func (f *follower) begin(ctx context.Context, s *Source, p process) error {
	info, err := f.control.ask(ctx, "show info")
	if err != nil {
		return err
	}
	if now, err := parseInfo(info); err != nil || now.pid != p.pid {
		return errors.Join(err, errReloaded)
	}
	if f.stream, err = s.admin.dial(ctx); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(f.stream, "show events %s -w\n", s.ring); err != nil {
		return errors.Join(err, f.stream.Close())
	}
	return nil
}

// maxSkew is how far HAProxy's clock may be from ours: its lines carry its time.
const maxSkew = 3 * time.Second

// inTime reports whether the lines that have come since the last look are of the time at which they came: HAProxy
// writes into a line when it logs it. (What "show activity" and the uptime tell is an inner clock of HAProxy's,
// which falls behind whenever its machine is busy or stands still.) Where nothing came it is as it was.
func (f *follower) inTime() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.live > 0 {
		f.skewed = skewed(f.lag)
	}
	f.live = 0
	return f.skewed
}

// skewed tells what is wrong where all lines come so long after their time, or the first before it.
func skewed(lag time.Duration) error {
	switch {
	case lag < -maxSkew:
		return fmt.Errorf("HAProxy's clock is %s ahead of this machine's: no stretch of time is the same to both", (-lag).Truncate(time.Millisecond))
	case lag > maxSkew:
		return fmt.Errorf("what HAProxy logs comes %s late, or its clock is so far behind this machine's: no stretch of time is the same to both", lag.Truncate(time.Millisecond))
	}
	return nil
}

// read takes in the stream until it ends.
func (f *follower) read(s *Source) {
	defer close(f.ended)
	lines := bufio.NewScanner(f.stream)
	lines.Buffer(make([]byte, 0, 1<<14), 1<<20)
	for lines.Scan() {
		text := lines.Text()
		l, err := parseLine(text)
		if err != nil || l.at.After(f.after) {
			s.mu.Lock()
			s.take(text, time.Now())
			s.mu.Unlock()
		}
		if err == nil {
			f.mu.Lock()
			f.last = latest(f.last, l.at)
			if f.seen != nil {
				f.seen[l.request] = true
			} else {
				f.came(l, time.Now())
			}
			f.mu.Unlock()
		}
	}
}

// came notes how old a line is that was not kept before. The caller holds f.mu.
func (f *follower) came(l line, now time.Time) {
	lag := now.Sub(l.at)
	if f.live++; f.live == 1 || lag < f.lag {
		f.lag = lag
	}
}

func (f *follower) over() bool {
	select {
	case <-f.ended:
		return true
	default:
		return false
	}
}

// check asks the process what it works on, and compares its counters with the lines: how many lines
// are missing.
func (f *follower) check(ctx context.Context, s *Source) (missing uint64, err error) {
	answer, err := f.control.ask(ctx, "show stat")
	if err != nil {
		return 0, fmt.Errorf("HAProxy's process %d: %w", f.pid, err)
	}
	stats, err := parseStat(answer)
	if err != nil {
		return 0, refused("show stat", answer, err)
	}
	var begun, done uint64
	current := 0
	for _, one := range stats {
		if one.server == backendRow && slices.Contains(s.backends, one.backend) {
			begun += one.total
			done += one.total - min(one.total, uint64(one.current))
			current += one.current
		}
	}
	if f.silent++; current > 0 {
		f.silent = 0
	}
	f.heard = time.Now()
	if f.balance.begun && f.heard.Sub(f.balanced) < s.patience {
		return 0, nil
	}
	f.balanced = f.heard
	s.mu.Lock()
	defer s.mu.Unlock()
	return f.balance.check(begun, done, s.counted[f.pid]), nil
}

// balance compares what HAProxy has done with the lines that say so. A line is logged before its
// request counts as done, and may come a while later.
type balance struct {
	begun  bool
	first  uint64 // requests that had begun at the first look
	lines  uint64 // that had come by then
	before uint64 // requests that were done at the last look
	told   uint64 // missing lines that were told already
}

// check tells how many lines are missing, in addition to those that were told before.
func (b *balance) check(begun, done, lines uint64) (missing uint64) {
	if !b.begun || done < b.before || begun < b.first { // somebody cleared the counters
		*b = balance{begun: true, first: begun, lines: lines, before: done}
		return 0
	}
	due, got := b.before-min(b.before, b.first), lines-b.lines+b.told
	if due > got {
		missing = due - got
		b.told += missing
	}
	b.before = done
	return missing
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
