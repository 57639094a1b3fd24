package ledger

import (
	"slices"
	"time"
)

// alarms are the times at which something is to be decided about stages, the earliest first: a heap.
// Each stage has one at most.
type alarms []alarm

type alarm struct {
	at time.Time
	i  int // the stage
}

// ring gives a stage its alarm in place of the one it had. Zero: it has none.
func (b *book) ring(i int, at time.Time) {
	n, had := b.places[i].alarm, b.places[i].alarm >= 0
	switch {
	case at.IsZero() && !had:
		return
	case at.IsZero():
		last := len(b.alarms) - 1
		b.places[i].alarm = -1
		moved := b.alarms[last]
		b.alarms = b.alarms[:last]
		if n < last {
			b.alarms[n] = moved
			b.sift(n)
		}
		return
	case had:
		b.alarms[n].at = at
	default:
		n = len(b.alarms)
		b.alarms = append(b.alarms, alarm{at, i})
	}
	b.sift(n)
}

// sift moves an alarm to where it belongs in the heap.
func (b *book) sift(n int) {
	a := b.alarms
	moved := a[n]
	for n > 0 {
		above := (n - 1) / 2
		if !moved.at.Before(a[above].at) {
			break
		}
		a[n] = a[above]
		b.places[a[n].i].alarm = n
		n = above
	}
	for {
		below := 2*n + 1
		if below >= len(a) {
			break
		}
		if below+1 < len(a) && a[below+1].at.Before(a[below].at) {
			below++
		}
		if !a[below].at.Before(moved.at) {
			break
		}
		a[n] = a[below]
		b.places[a[n].i].alarm = n
		n = below
	}
	a[n] = moved
	b.places[moved.i].alarm = n
}

// due are the stages whose alarms have come by now, in order, and next is when the next one comes;
// zero: there is none.
func (a alarms) due(now time.Time) (due []int, next time.Time) {
	var look func(n int)
	look = func(n int) {
		if n >= len(a) {
			return
		}
		if at := a[n].at; at.After(now) {
			if next.IsZero() || at.Before(next) {
				next = at
			}
			return
		}
		due = append(due, a[n].i)
		look(2*n + 1)
		look(2*n + 2)
	}
	if len(a) > 0 && a[0].at.After(now) {
		return nil, a[0].at
	}
	look(0)
	slices.Sort(due)
	return due, next
}
