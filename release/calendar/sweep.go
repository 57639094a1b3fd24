package calendar

// sweep goes through time from opening to closing to opening. It looks at no course more often than it must, since
// there may be thousands: each stands in a heap by when its next piece begins, so that those that lie ahead are not
// touched.
type sweep struct {
	t, limit int64 // where it is, and how far it goes
	courses  []course
	cursors  []cursor
	freezes  heap
	allows   []union // one for each calendar that has allow windows
	hot      []int32 // freezes that were in the way of late, and so may be again
}

// union are the allow windows of one calendar.
type union struct {
	calendar int
	heap     heap
}

func (s *Schedule) sweep(t, limit int64) *sweep {
	w := &sweep{t: t, limit: limit, courses: s.courses, cursors: make([]cursor, len(s.courses))}
	sets := make([]int, len(s.calendars))
	for i, c := range s.calendars {
		if len(c.Allow) > 0 {
			w.allows = append(w.allows, union{calendar: i})
			sets[i] = len(w.allows) - 1
		}
	}
	w.room(s)
	var near *zone
	part := 0
	for i := range s.courses {
		k := &s.courses[i]
		if k.zone != near {
			near, part = k.zone, k.zone.part(t)
		}
		c := &w.cursors[i]
		c.part = int32(part)
		if c.advance(k, t, limit); c.from >= limit {
			continue
		}
		h := &w.freezes
		if !k.freeze {
			h = &w.allows[sets[k.calendar]].heap
		}
		*h = append(*h, entry{c.from, int32(i)})
	}
	w.freezes.order()
	for i := range w.allows {
		w.allows[i].heap.order()
	}
	return w
}

// room makes the heaps as large as they get.
func (w *sweep) room(s *Schedule) {
	freezes := len(s.courses)
	for i := range w.allows {
		n := len(s.calendars[w.allows[i].calendar].Allow)
		w.allows[i].heap = make(heap, 0, n)
		freezes -= n
	}
	w.freezes = make(heap, 0, freezes)
}

// open goes on to the first moment that is open, from where it is; false where there is none before the limit.
func (w *sweep) open() bool {
	for w.t < w.limit {
		if w.thaw(); w.t >= w.limit {
			return false
		}
		at := w.t
		for i := range w.allows {
			w.t = max(w.t, w.allowed(&w.allows[i]))
		}
		if at == w.t {
			return true
		}
	}
	return false
}

// thaw goes on to the first moment without a freeze.
func (w *sweep) thaw() {
	for w.t < w.limit {
		w.cool()
		i, ok := w.freezes.top(w, w.t)
		if !ok || w.cursors[i].from > w.t {
			return
		}
		w.t = w.cursors[i].to
		if w.hot = append(w.hot, i); len(w.hot) > 8 {
			w.hot = append(w.hot[:0], w.hot[1:]...)
		}
	}
}

// cool goes on past the freezes that were in the way of late, as long as they are.
func (w *sweep) cool() {
	for moved := true; moved && w.t < w.limit; {
		moved = false
		for _, i := range w.hot {
			c := &w.cursors[i]
			if c.to <= w.t {
				c.advance(&w.courses[i], w.t, w.limit)
			}
			if c.from <= w.t {
				w.t, moved = c.to, true
			}
		}
	}
}

// allowed is the first moment, from where the sweep is, at which one of the windows is active.
func (w *sweep) allowed(u *union) int64 {
	i, ok := u.heap.top(w, w.t)
	if !ok {
		return w.limit
	}
	return max(w.t, w.cursors[i].from)
}

// close goes on, from a moment that is open, to the next one that is not; the limit, where there is none before.
func (w *sweep) close() {
	end := w.limit
	if i, ok := w.freezes.top(w, w.t); ok {
		end = min(end, w.cursors[i].from)
	}
	for i := range w.allows {
		end = min(end, w.cover(&w.allows[i], end))
	}
	w.t = end
}

// cover is when the windows, one of which is active, cease to be, or some moment behind end. The window that lasts
// to there stays where it is, so that it is still found when the sweep goes on before.
func (w *sweep) cover(u *union, end int64) int64 {
	covered := w.t
	for covered < end {
		i, ok := u.heap.top(w, covered)
		if !ok || w.cursors[i].from > covered {
			break
		}
		covered = w.cursors[i].to
	}
	return covered
}

// heap has the course on top whose piece begins first. What it knows of a beginning may be too early, never too
// late: top mends it.
type heap []entry

type entry struct {
	from int64
	i    int32
}

// top is the course whose piece begins first, of those that end after t; false where there is none.
func (h *heap) top(w *sweep, t int64) (int32, bool) {
	for len(*h) > 0 {
		e := &(*h)[0]
		c := &w.cursors[e.i]
		if c.to <= t {
			c.advance(&w.courses[e.i], t, w.limit)
		}
		switch {
		case c.from >= w.limit:
			last := len(*h) - 1
			(*h)[0] = (*h)[last]
			*h = (*h)[:last]
		case c.from == e.from:
			return e.i, true
		default:
			e.from = c.from
		}
		h.sink(0)
	}
	return 0, false
}

func (h heap) order() {
	for i := len(h)/2 - 1; i >= 0; i-- {
		h.sink(i)
	}
}

func (h heap) sink(i int) {
	for {
		least := 2*i + 1
		if least >= len(h) {
			return
		}
		if right := least + 1; right < len(h) && h[right].from < h[least].from {
			least = right
		}
		if h[i].from <= h[least].from {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}
