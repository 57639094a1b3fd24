package main

import (
	"container/heap"
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics/trace"
)

// reorder puts the lines of several groups in the order of time. It holds so many of them as its limit
// allows, and gives the earliest one when there are more: a recording that fits may be in any order.
type reorder struct {
	limit  int // bytes
	bytes  int
	groups map[string]*queue
	heap   heads // of the groups that have a line
	given  time.Time
	start  time.Time // no line counts from before it; zero: it is not known
}

// stretch is a line with what it covers.
type stretch struct {
	trace.Line
	from, to time.Time
}

// queue are the lines of one group that were not given yet.
type queue struct {
	group string
	lines []stretch
	begun bool      // a line was given
	end   time.Time // of the last line that was taken
	place int       // in the heap; -1: it has no line
}

func newReorder(limit int, start time.Time) *reorder {
	return &reorder{limit: limit, groups: map[string]*queue{}, start: start}
}

// size is about what a line takes in memory.
func (s stretch) size() int { return 256 + 16*len(s.Latency.Counts) }

// put takes a line, of whose group it is the next one.
func (r *reorder) put(l trace.Line, at time.Time) error {
	if at.Before(r.given) {
		return fmt.Errorf("t: of group %q, but %s of others come before it and have been judged: sort the recording by time", l.Group, r.given.Sub(at))
	}
	q, known := r.groups[l.Group]
	if !known {
		q = &queue{group: l.Group, end: at, place: -1}
		r.groups[l.Group] = q
	}
	if n := len(q.lines); n > 0 && slices.Equal(q.lines[n-1].Latency.Bounds, l.Latency.Bounds) {
		l.Latency.Bounds = q.lines[n-1].Latency.Bounds // one copy for all
	}
	s := stretch{l, q.end, at}
	q.lines, q.end = append(q.lines, s), at
	r.bytes += s.size()
	if q.place < 0 {
		heap.Push(&r.heap, q)
	}
	return nil
}

// full reports whether a line must be taken before the next one is put.
func (r *reorder) full() bool { return r.bytes > r.limit }

// next is the earliest line, of those at the same time the one of the first group by name.
func (r *reorder) next() (stretch, bool) {
	if len(r.heap) == 0 {
		return stretch{}, false
	}
	q := r.heap[0]
	s := q.lines[0]
	s.from = r.begin(q)
	q.lines, q.begun = q.lines[1:], true
	r.bytes -= s.size()
	r.given = s.to
	if len(q.lines) == 0 {
		heap.Pop(&r.heap)
	} else {
		heap.Fix(&r.heap, 0)
	}
	return s, true
}

// begin is since when the earliest line of the queue counts. Of the first line of a group nobody knows: it is
// taken to be as long as the next one, and where there is none, to count from the start.
func (r *reorder) begin(q *queue) time.Time {
	first := q.lines[0]
	if q.begun {
		return first.from
	}
	for _, s := range q.lines[1:] {
		if begin := first.to.Add(-s.to.Sub(first.to)); s.to.After(first.to) {
			return latest(begin, r.start)
		}
	}
	if r.start.IsZero() {
		return first.to
	}
	return r.start
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// open is since when a line of the group counts that covers the time at, and ends after it.
func (r *reorder) open(group string, at time.Time) (since time.Time, is bool) {
	q, known := r.groups[group]
	if !known || len(q.lines) == 0 {
		return time.Time{}, false
	}
	since = r.begin(q)
	return since, since.Before(at)
}

// upcoming is when the next line ends.
func (r *reorder) upcoming() (time.Time, bool) {
	if len(r.heap) == 0 {
		return time.Time{}, false
	}
	return r.heap[0].lines[0].to, true
}

// names are the groups so far, sorted.
func (r *reorder) names() []string {
	names := make([]string, 0, len(r.groups))
	for name := range r.groups {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// heads is a heap of queues by their first lines.
type heads []*queue

func (h heads) Len() int { return len(h) }
func (h heads) Less(i, j int) bool {
	a, b := h[i], h[j]
	if !a.lines[0].to.Equal(b.lines[0].to) {
		return a.lines[0].to.Before(b.lines[0].to)
	}
	return a.group < b.group
}
func (h heads) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}
func (h *heads) Push(x any) {
	q := x.(*queue)
	q.place = len(*h)
	*h = append(*h, q)
}
func (h *heads) Pop() any {
	q := (*h)[len(*h)-1]
	q.place = -1
	*h = (*h)[:len(*h)-1]
	return q
}
