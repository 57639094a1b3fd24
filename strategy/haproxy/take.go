package haproxy

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/strategy"
)

// origin is where the numbers of lines are counted.
type origin struct {
	pid      int
	frontend string
}

// take takes in one line of the log. The caller holds s.mu.
func (s *Source) take(text string, now time.Time) {
	l, err := parseLine(text)
	if n, ok := dropped(text); ok && err != nil {
		s.lose(hole{s.heard, now, n, fmt.Sprintf("the ring %s was full before they were read: make it larger", s.ring)})
		return
	}
	switch {
	case errors.Is(err, errNotOurs) && len(text) < cutOff:
		return // of another frontend, or what HAProxy says of itself
	case err != nil:
		s.lose(hole{s.heard, now, 1, fmt.Sprintf("%.200q is cut off, or its log-format does not end in LogFormat: %v", text, err)})
		return
	}
	s.heard = now
	from := origin{l.pid, l.frontend}
	q := s.sequences[from]
	if q == nil {
		q = &sequence{}
		s.sequences[from] = q
		if l.logged > 0 {
			s.forgotten(l)
		}
	}
	q.take(l.logged)
	if slices.Contains(s.backends, l.place.backend) {
		s.counted[l.pid]++
	}
	if c := s.lines.at(l.at.Unix()); c != nil {
		c.requests++
	}
	s.count(l)
}

// count counts a line for its groups. The caller holds s.mu.
func (s *Source) count(l line) {
	n := answered{requests: 1, took: l.took, timed: true}
	switch {
	case l.gone():
		n = answered{gone: 1}
	case l.failed():
		n.errors = 1
	}
	for _, pool := range s.poolsOf(l) {
		s.tally(pool, l.at).add(l.place, l.at, n)
	}
}

// maxPending bounds the lines that wait to be told whose they are.
const maxPending = 1 << 16

// poolsOf are the groups that a line is of. The caller holds s.mu.
func (s *Source) poolsOf(l line) []strategy.Pool {
	if !l.pool.Revision.IsZero() {
		return []strategy.Pool{l.pool}
	}
	if !s.bySeat || l.at.Before(s.since) || !slices.Contains(s.backends, l.place.backend) {
		return nil
	}
	if l.place.server == "" {
		return s.table
	}
	if who, ok := s.seated[l.place]; ok {
		return []strategy.Pool{who.pool}
	}
	if len(s.pending) == maxPending {
		s.lose(hole{l.at, l.at, 1, "nobody could say in time which group was at " + l.place.String()})
		return nil
	}
	s.pending = append(s.pending, l) // somebody who came since the last look
	return nil
}

// cutOff is how long a line is at least that the ring has cut off, so that its end is missing.
const cutOff = 500

// forgotten notes that a ring begins with a line that is not the first. The caller holds s.mu.
func (s *Source) forgotten(l line) {
	if s.looked.IsZero() {
		s.since = latest(s.since, l.at)
		return
	}
	s.lose(hole{s.looked, l.at, l.logged, fmt.Sprintf("the ring %s of HAProxy's process %d was overwritten before it was read: make it larger", s.ring, l.pid)})
}

// compare tells of the lines that should have come and did not. The caller holds s.mu.
func (s *Source) compare(now, before time.Time) {
	for from, q := range s.sequences {
		if n := q.look(); n > 0 {
			s.lose(hole{before, now, n, fmt.Sprintf("the frontend %s of HAProxy's process %d has logged them, and the ring %s did not give them", from.frontend, from.pid, s.ring)})
		}
	}
}

// tally is what is counted of a pool that was heard of at that time. The caller holds s.mu.
func (s *Source) tally(p strategy.Pool, at time.Time) *tally {
	t, ok := s.tallies[p.String()]
	if !ok {
		t = newTally(at)
		s.tallies[p.String()] = t
	}
	if at.Before(t.since) {
		t.since = at
	}
	if at.After(t.seen) {
		t.seen = at
	}
	return t
}

// forget drops the groups that hold nothing any more that could be asked for. The caller holds s.mu.
func (s *Source) forget(now time.Time) {
	for label, t := range s.tallies {
		if now.Sub(t.seen) > coarseKept*time.Second {
			delete(s.tallies, label)
		}
	}
}
