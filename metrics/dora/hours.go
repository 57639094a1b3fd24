package dora

// hours are the working hours of a window. Whether an instant lies within them is looked up by slots of about a quarter
// of an hour; only in the slots in which working hours begin or end it is worked out.
type hours struct {
	w     *window
	spans [][2]int64
	slots []slotKind
	shift int
	n, k  int // how many were counted, and how many of them outside
}

type slotKind uint8

const (
	slotFree slotKind = iota
	slotWorking
	slotMixed
)

func (w *window) hours() *hours {
	at := &hours{w: w, shift: 40}
	for (w.to-w.from)>>at.shift > 1<<18 {
		at.shift++
	}
	at.slots = make([]slotKind, (w.to-w.from)>>at.shift+1)
	at.spans = w.calendar.stretches(w.from, w.to)
	for _, s := range at.spans {
		first, last := (s[0]-w.from)>>at.shift, (s[1]-w.from)>>at.shift
		for i := first + 1; i < last; i++ {
			at.slots[i] = slotWorking
		}
		at.slots[first], at.slots[last] = slotMixed, slotMixed
	}
	return at
}

// working says whether an instant of the window lies in working hours.
func (at *hours) working(t int64) bool {
	if kind := at.slots[(t-at.w.from)>>at.shift]; kind != slotMixed {
		return kind == slotWorking
	}
	i := search(len(at.spans), func(i int) bool { return at.spans[i][1] > t })
	return i < len(at.spans) && at.spans[i][0] <= t
}

// count counts an instant of the window.
func (at *hours) count(t int64) {
	if t < at.w.from || t >= at.w.to {
		return
	}
	at.n++
	if !at.working(t) {
		at.k++
	}
}

// countAll counts many instants.
func (at *hours) countAll(instants []int64) {
	from, to, shift, slots := at.w.from, at.w.to, at.shift&63, at.slots
	n, k := 0, 0
	for _, t := range instants {
		if t < from || t >= to {
			continue
		}
		n++
		switch slots[(t-from)>>shift] {
		case slotFree:
			k++
		case slotMixed:
			if !at.working(t) {
				k++
			}
		}
	}
	at.n, at.k = at.n+n, at.k+k
}

// share is how many of those counted were outside of working hours; nil where none was counted.
func (at *hours) share(z float64) *Rate {
	if at.n == 0 {
		return nil
	}
	r := rateOf(at.k, at.n, z)
	return &r
}
