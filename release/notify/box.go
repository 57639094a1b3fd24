package notify

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// box is what one channel has taken in from the log, and how far it has come. All methods may be called from any goroutine.
type box struct {
	name    string
	members map[string]*member // by their keys
	wake    chan struct{}      // something is to be looked at

	saving      sync.Mutex // one save at a time; it is taken before mu
	mu          sync.Mutex
	rec         *record             // nil until it is loaded
	version     uint64              // of the record, raised by each change
	saved       uint64              // the version that was saved last
	sealed      uint64              // the version at which a digest was sealed last
	ids         map[string]struct{} // of the letters
	through     int                 // the place of rec.Through in the order of the store; -1: unknown
	held        map[string]*held    // what is held for each recipient
	lags        int                 // in rec.Lags
	relieved    bool                // there is room again for somebody, and the reader is to be told
	early       []*letter           // that came before it was loaded
	failing     string              // how the last try ended; empty: well
	since       time.Time
	hangs       bool
	unkept      string // how the last save failed; empty: it did not
	unkeptSince time.Time
}

func newBox(name string) *box {
	return &box{name: name, members: map[string]*member{}, wake: make(chan struct{}, 1), ids: map[string]struct{}{}, held: map[string]*held{}, through: -1}
}

// nudge wakes the channel's goroutine.
func nudge(wake chan struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}

// open gives the box its record.
func (b *box) open(r *record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rec, b.version = r, 1
	letters := r.Letters
	r.Letters = nil
	for _, list := range r.Lags { // they are counted
		b.lags += len(list)
	}
	b.forget(func(id, key string) bool { return b.members[key] == nil || r.Releases[id] == nil }) // nobody tells them any more
	b.put(letters...)
	b.put(b.early...)
	b.early = nil
}

// next is the number of the event that the box wants next of a release, which has that place in the order of the store; -1: it is new. ok is false where
// it wants none: the release is over, or there is no room, or the box is not open; starved says that there is no room, for anybody or for somebody.
func (b *box) next(id string, place int) (seq uint64, ok, starved bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rec == nil {
		return 0, false, false
	}
	s := b.rec.Releases[id]
	switch {
	case s == nil && place >= 0 && place <= b.through, s != nil && s.Over:
	case !b.room():
		starved = true
	case s == nil:
		seq, ok = 1, true
	default:
		seq, ok = s.Seq+1, true
	}
	for key, l := range b.rec.Lags[id] { // the least of all
		if !b.free(key) {
			starved = true
		} else if !ok || l.Seq < seq {
			seq, ok = l.Seq, true
		}
	}
	return seq, ok, starved
}

// take takes in an event, with the letters that are made of it. It reports false for one that comes next for nobody, or where the box is full. write
// asks for each recipient whether it takes a letter.
func (b *box) take(id string, seq uint64, at time.Time, over bool, write func(takes func(key string, o *Occurrence) bool) []*letter) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.rec.Releases[id]
	if s == nil {
		s = &stand{Floor: b.rec.Floor}
	}
	t := &taking{box: b, id: id, seq: seq}
	t.fresh = !s.Over && s.Seq+1 == seq && b.room()
	if !t.fresh && !b.behind(id, seq) {
		return false
	}
	var letters []*letter
	if (b.rec.Since.IsZero() || !at.Before(b.rec.Since)) && (s.Floor.IsZero() || at.After(s.Floor)) {
		letters = write(t.takes)
	}
	if t.fresh {
		b.rec.Releases[id] = s
		s.Seq, s.Over = seq, over
		if over {
			s.Last, s.Climbed = at, nil
		}
	}
	t.settle(s.Seq)
	b.version++
	b.put(letters...)
	return true
}

// put adds letters, unless one of that ID is there. The mutex is held.
func (b *box) put(letters ...*letter) {
	for _, l := range letters {
		if _, known := b.ids[l.Message.ID]; known {
			continue
		}
		b.ids[l.Message.ID] = struct{}{}
		b.rec.Letters = append(b.rec.Letters, l)
		b.version++
		b.count(l, 1)
	}
	if len(letters) > 0 {
		nudge(b.wake)
	}
}

// drop removes a letter. The mutex is held.
func (b *box) drop(i int) {
	l := b.rec.Letters[i]
	delete(b.ids, l.Message.ID)
	b.count(l, -1)
	if i == 0 {
		b.rec.Letters[0] = nil
		b.rec.Letters = b.rec.Letters[1:]
	} else {
		b.rec.Letters = slices.Delete(b.rec.Letters, i, i+1)
	}
	b.version++
}

// add adds an alarm. A box that is not open yet keeps it until it is.
func (b *box) add(l *letter) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rec != nil {
		l.Due = b.closes(l, func() time.Time { return l.Due })
		b.put(l)
	} else if len(b.early) < maxDead {
		b.early = append(b.early, l)
	}
}

// repeated reports whether something like that was told too short a time before; left is how many were left out before this one.
// The mutex is held, by take.
func (b *box) repeated(key string, at time.Time, span time.Duration) (again bool, left int) {
	t := b.rec.Alike[key]
	if t != nil && at.Sub(t.At).Abs() < span {
		t.Left++
		return true, 0
	}
	if t != nil {
		left = t.Left
	}
	b.rec.Alike[key] = &told{At: at, Span: span}
	return false, left
}

// compact forgets what nobody asks for any more: releases that are over, in the order of the store up to the first that is not, and what was told
// long ago. lost says that the store has lost the release up to which all were forgotten, or one of which somebody was to be told more.
func (b *box) compact(order []string, places map[string]int, now time.Time) (lost bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rec == nil {
		return false
	}
	b.through = -1
	if b.rec.Through != "" {
		place, known := places[b.rec.Through]
		if !known {
			b.rec.Through, b.rec.Floor, lost = "", b.rec.Told, true
			b.version++
		} else {
			b.through = place
		}
	}
	for _, id := range order[b.through+1:] {
		s := b.rec.Releases[id]
		if s == nil || !s.Over || b.rec.Lags[id] != nil {
			break
		}
		b.rec.Through = id
		b.through++
		if s.Last.After(b.rec.Told) {
			b.rec.Told = s.Last
		}
		delete(b.rec.Releases, id)
		b.version++
	}
	lost = b.forget(func(id, _ string) bool { _, known := places[id]; return !known }) || lost
	maps.DeleteFunc(b.rec.Alike, func(_ string, t *told) bool { return now.Sub(t.At) > 2*t.Span+day })
	return lost
}
