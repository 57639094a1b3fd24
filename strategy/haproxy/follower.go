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
)

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

// converse begins another conversation with the process.
func (f *follower) converse(ctx context.Context, s *Source, p process) error {
	control, err := s.admin.open(ctx)
	if err != nil {
		return err
	}
	if err := control.meets(ctx, p); err != nil {
		return errors.Join(err, control.close())
	}
	f.control, control = control, f.control
	_ = control.close() // it is broken
	return nil
}

// begin makes sure that it is this process which answers, and opens the stream.
func (f *follower) begin(ctx context.Context, s *Source, p process) error {
	err := f.control.meets(ctx, p)
	if err != nil {
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
