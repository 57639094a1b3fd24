package haproxy

import (
	"context"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/strategy"
)

// Read gives what a group answered in a stretch of time, to whichever requests: by share, rule or
// cookie. An answer counts when it is complete, and takes as long as HAProxy worked on it (Ta in its
// logs); an error is an answer of 5xx, HAProxy's own included, and a request without a complete answer.
// What its client gave up is the count "gone" alone.
//
// Single seconds are kept for 15 minutes and whole minutes for 24 hours: a stretch that begins within
// the last 15 minutes is widened to whole seconds, an older one to whole minutes. It is cut to what was
// measured without a hole: where lines were lost it begins after them (see SourceOptions.MaxLost), and
// From and To of the answer tell. A group of the table that got nothing has Requests 0, which is a
// measurement; metrics.ErrNoData is for a stretch of which nothing is kept, or not all.
//
// Once Run has ended, and while HAProxy is out of reach, Read is an error. Before that it waits, as long
// as ctx lasts, until Run has looked for the first time.
func (s *Source) Read(ctx context.Context, q metrics.Query) (metrics.Window, error) {
	parts, err := s.read(ctx, q, false)
	if err != nil {
		return metrics.Window{}, err
	}
	return parts[0], nil
}

// Parts is Read for each of two halves of the group's servers, or for the only one of a group that has
// never had more than one server. A server that comes new to its group joins the other half than the
// one before it, and stays there. So both halves meet alike what the group meets, and what differs
// between them is noise.
func (s *Source) Parts(ctx context.Context, q metrics.Query) ([]metrics.Window, error) {
	return s.read(ctx, q, true)
}

func (s *Source) read(ctx context.Context, q metrics.Query, parted bool) ([]metrics.Window, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !q.From.Before(q.To) {
		return nil, fmt.Errorf("reading group %q: the stretch from %s to %s is empty", q.Group, q.From, q.To)
	}
	if err := s.awaitFirst(ctx); err != nil {
		return nil, fmt.Errorf("reading group %q: %w", q.Group, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down != nil {
		return nil, fmt.Errorf("reading group %q: %w", q.Group, s.down)
	}
	t, ok := s.tallies[q.Group]
	if !ok {
		return nil, fmt.Errorf("reading group %q: %w", q.Group, metrics.ErrUnknownGroup)
	}
	windows, err := s.windows(t, q.From, q.To, time.Now(), parted)
	if err != nil {
		return nil, fmt.Errorf("reading group %q from %s to %s: %w", q.Group, q.From, q.To, err)
	}
	return windows, nil
}

// awaitFirst waits for the first look.
func (s *Source) awaitFirst(ctx context.Context) error {
	s.mu.Lock()
	ended := s.ended
	s.mu.Unlock()
	if ended {
		return ErrNotRunning
	}
	select {
	case <-s.ready:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.running {
		return fmt.Errorf("%w: %w", ErrNotRunning, context.Cause(ctx))
	}
	return fmt.Errorf("HAProxy has not answered yet: %w", context.Cause(ctx))
}

// windows adds up what is kept of a stretch, of the group or of each of its halves. The caller holds
// s.mu.
func (s *Source) windows(t *tally, from, to, now time.Time, parted bool) ([]metrics.Window, error) {
	since := latest(t.since, s.since)
	kept := time.Unix((floorDiv(now.Unix()-coarseKept, coarseWidth)+1)*coarseWidth, 0)
	from = latest(from, latest(since, kept))
	if to.After(now) {
		to = now
	}
	if !from.Before(to) {
		return nil, metrics.ErrNoData
	}
	clear, why := s.clear(from, to)
	fine := from.Unix() > now.Unix()-fineKept
	if !fine && clear.After(from) {
		clear = clear.Add((coarseWidth - 1) * time.Second).Truncate(coarseWidth * time.Second)
	}
	from = latest(from, clear)
	if !from.Before(to) {
		return nil, fmt.Errorf("%w: %s", metrics.ErrNoData, why)
	}
	whole := t.halves[0].cells(fine).covering(from, to)
	whole.From = latest(whole.From, latest(since, clear))
	if whole.To.After(now) {
		whole.To = now
	}
	if parted && t.split {
		return []metrics.Window{s.sum(whole, fine, from, to, &t.halves[0]), s.sum(whole, fine, from, to, &t.halves[1])}, nil
	}
	return []metrics.Window{s.sum(whole, fine, from, to, &t.halves[0], &t.halves[1])}, nil
}

func (s *Source) sum(w metrics.Window, fine bool, from, to time.Time, halves ...*half) metrics.Window {
	w.Counts = map[string]uint64{goneCount: 0}
	if s.ring != "" {
		w.Latency = metrics.NewHistogram(LatencyBounds())
	}
	for _, h := range halves {
		h.cells(fine).addTo(&w, from, to, s.ring != "")
	}
	return w
}

func (h *half) cells(fine bool) *cells {
	if fine {
		return &h.fine
	}
	return &h.coarse
}

// clear is from when on the stretch has lost no more lines than it may, and why not before. The caller
// holds s.mu.
func (s *Source) clear(from, to time.Time) (time.Time, string) {
	for i := len(s.holes) - 1; i >= 0; i-- {
		h := s.holes[i]
		if !h.to.After(from) || !h.from.Before(to) {
			continue
		}
		if s.opts.MaxLost.IsZero() || s.missing(from, to) > s.opts.MaxLost.Fraction() {
			// Whole seconds, so that nothing is added up of the second of the hole.
			return h.to.Truncate(time.Second).Add(time.Second), fmt.Sprintf("%d log lines or more were lost at %s: %s", h.lines, h.to.Format(time.TimeOnly), h.why)
		}
		break
	}
	return from, ""
}

// missing is the part of the stretch's lines that are lost. The caller holds s.mu.
func (s *Source) missing(from, to time.Time) float64 {
	w := metrics.Window{Counts: map[string]uint64{}}
	s.lines.addTo(&w, from, to, false)
	var lost uint64
	for _, h := range s.holes {
		if h.to.After(from) && h.from.Before(to) {
			lost += h.lines
		}
	}
	return float64(lost) / float64(lost+w.Requests)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// seat notes who is where, and the groups of the table. The caller holds s.mu.
func (s *Source) seat(tenants map[place]tenant, pools []strategy.Pool, now time.Time) {
	s.seated, s.table = tenants, pools
	waiting := s.pending
	s.pending = nil
	for _, l := range waiting {
		if _, known := tenants[l.place]; known {
			s.count(l)
		} // and otherwise it is of a server that is none of the router's
	}
	for _, p := range pools {
		s.tally(p, now)
	}
}
