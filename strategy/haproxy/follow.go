package haproxy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
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

	mu   sync.Mutex
	seen map[uint64]bool // requests whose lines have come, until it has caught up
	last time.Time       // of the lines that have come
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
	f := c.following[p.pid]
	if f == nil {
		if f, err = c.follow(ctx, p); err != nil {
			return err
		}
		c.following[p.pid] = f
	}
	missing, err := f.check(ctx, s)
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
	last, found := lastLine(kept)
	for found {
		f.mu.Lock()
		reached := f.seen[last.request]
		if reached {
			f.seen = nil
		}
		f.mu.Unlock()
		if reached {
			break
		}
		if f.over() {
			return fmt.Errorf("HAProxy's process %d broke off what it logs", f.pid)
		}
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
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

// begin makes sure that it is this process which answers, that its clock is ours, and opens the stream.
func (f *follower) begin(ctx context.Context, s *Source, p process) error {
	info, err := f.control.ask(ctx, "show info")
	if err != nil {
		return err
	}
	if now, err := parseInfo(info); err != nil || now.pid != p.pid {
		return errors.Join(err, errReloaded)
	}
	activity, err := f.control.ask(ctx, "show activity")
	if err != nil {
		return err
	}
	if err := sameClock(activity, time.Now()); err != nil {
		return err
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
const maxSkew = 2 * time.Second

// sameClock reads the time from the answer to "show activity".
func sameClock(activity string, now time.Time) error {
	for line := range strings.SplitSeq(activity, "\n") {
		text, ok := strings.CutPrefix(line, "date_now: ")
		if !ok {
			continue
		}
		seconds, _, _ := strings.Cut(text, ".")
		n, err := strconv.ParseInt(seconds, 10, 63)
		if err != nil {
			return fmt.Errorf("show activity: the date is %.40q", text)
		}
		if skew := now.Sub(time.Unix(n, 0)); skew > maxSkew+time.Second || skew < -maxSkew {
			return fmt.Errorf("HAProxy's clock and this machine's are %s apart: no stretch of time is the same to both", skew.Truncate(time.Second))
		}
		return nil
	}
	return nil // not told by this version
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
			if f.last = latest(f.last, l.at); f.seen != nil {
				f.seen[l.request] = true
			}
			f.mu.Unlock()
		}
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
			if _, err := f.check(ctx, c.source); err == nil && f.silent >= 2 {
				c.leave(f)
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
