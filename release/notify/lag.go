package notify

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// The bounds of what a channel holds; beyond them, what is to be told waits in the event log.
const (
	maxReady   = 1024    // letters to one recipient that are to be sent one by one
	maxLetters = 1 << 14 // letters of a channel, of which each recipient has the same share
	minShare   = 8       // the least share, on a channel of very many recipients
	maxLags    = 1 << 16 // releases in which a recipient is behind, counted for each
	maxAhead   = 64      // urgent messages of one release that overtake others to one recipient
	maxDead    = 100     // dead letters that are shown
)

// lag says that a recipient is behind the channel in a release: the recipient's share of the box was full, of messages for whose time it waits,
// and the channel went on without. What was left out is read again once there is room.
type lag struct {
	// Seq is the number of the first event that the recipient has not been told of, and Ahead are those after it that have overtaken it.
	Seq   uint64   `json:"seq"`
	Ahead []uint64 `json:"ahead,omitempty"`
}

// held is what a box holds for one recipient.
type held struct {
	ready     int  // letters that are not collected
	collected int  // letters that wait for a digest
	full      bool // no more is taken in until half of it is sent
}

// shares are how many letters one recipient may have that are not collected, and in all.
func (b *box) shares() (ready, all int) {
	all = max(maxLetters/max(len(b.members), 1), minShare)
	return min(maxReady, all), all
}

// free reports whether the box takes more for a recipient. The mutex is held.
func (b *box) free(key string) bool {
	h := b.held[key]
	if h == nil {
		return true
	}
	if ready, all := b.shares(); h.ready >= ready || h.ready+h.collected >= all {
		h.full = true
	}
	return !h.full
}

// room reports whether the box takes more for anybody. The mutex is held.
func (b *box) room() bool {
	if len(b.members) == 0 {
		return true
	}
	if b.lags >= maxLags {
		return false
	}
	for key := range b.members { // whichever is found first
		if b.free(key) {
			return true
		}
	}
	return false
}

// count notes that letters to a recipient have come or gone. The mutex is held.
func (b *box) count(l *letter, by int) {
	h := b.held[l.Key]
	if h == nil {
		h = &held{}
		b.held[l.Key] = h
	}
	if l.Collected {
		h.collected += by
	} else {
		h.ready += by
	}
	if ready, all := b.shares(); h.full && h.ready <= ready/2 && h.ready+h.collected <= all/2 {
		h.full, b.relieved = false, true
	}
}

// taking is one event on its way into the box.
type taking struct {
	*box
	id    string
	seq   uint64
	fresh bool            // it is new to the channel, and not only to recipients that are behind
	left  map[string]bool // recipients who are told of it later
}

// takes reports whether a letter of the event to that recipient is to be written now. The mutex is held.
func (t *taking) takes(key string, o *Occurrence) bool {
	l := t.rec.Lags[t.id][key]
	switch {
	case l == nil && !t.fresh, l != nil && l.Seq > t.seq, l != nil && l.Seq < t.seq && !t.fresh:
		return false // it was told, or comes later
	case l != nil && slices.Contains(l.Ahead, t.seq):
		return false // it was told before its turn
	case (l == nil || l.Seq == t.seq) && t.free(key):
		return true
	case l == nil:
		l = &lag{Seq: t.seq}
		if t.rec.Lags == nil {
			t.rec.Lags = map[string]map[string]*lag{}
		}
		if t.rec.Lags[t.id] == nil {
			t.rec.Lags[t.id] = map[string]*lag{}
		}
		t.rec.Lags[t.id][key] = l
		t.lags++
	}
	if l.Seq == t.seq {
		if t.left == nil {
			t.left = map[string]bool{}
		}
		t.left[key] = true
	}
	if t.fresh && (o.Severity >= Urgent || o.Kind.Asks()) && len(l.Ahead) < maxAhead {
		l.Ahead = append(l.Ahead, t.seq)
		return true
	}
	return false
}

// settle moves on those who were behind and have got the event now, and forgets those who are not behind any more. The mutex is held.
func (t *taking) settle(through uint64) {
	for key, l := range t.rec.Lags[t.id] { // each is looked at by itself: their order does not matter
		if l.Seq != t.seq || t.left[key] {
			continue
		}
		l.Seq++
		l.Ahead = slices.DeleteFunc(l.Ahead, func(seq uint64) bool { return seq < l.Seq })
		if l.Seq > through {
			delete(t.rec.Lags[t.id], key)
			t.lags--
		}
	}
	if len(t.rec.Lags[t.id]) == 0 {
		delete(t.rec.Lags, t.id)
	}
}

// behind reports whether a recipient who is behind is at that event of the release.
func (b *box) behind(id string, seq uint64) bool {
	for _, l := range b.rec.Lags[id] { // whichever is found first
		if l.Seq == seq {
			return true
		}
	}
	return false
}

// forget drops those who are behind of whom gone says so. The mutex is held.
func (b *box) forget(gone func(id, key string) bool) (some bool) {
	for id, list := range b.rec.Lags { // each is looked at by itself: their order does not matter
		was := len(list)
		maps.DeleteFunc(list, func(key string, _ *lag) bool { return gone(id, key) })
		b.lags -= was - len(list)
		some = some || was > len(list)
		if len(list) == 0 {
			delete(b.rec.Lags, id)
		}
	}
	return some
}

// Held is a recipient for whom messages are held: in quiet hours, or as they were not taken.
type Held struct {
	To      string `json:"to"`
	Address string `json:"address,omitempty"`
	// Waiting are the messages that wait, those for a digest apart, and Until is when the first of them may be sent. Zero: at once.
	Waiting int       `json:"waiting"`
	Until   time.Time `json:"until,omitzero"`
	// Behind counts the releases of which more is in the event log that does not fit.
	Behind int `json:"behind,omitempty"`
	// Failing is how the last try of one of them failed. Empty: none was tried.
	Failing string `json:"failing,omitempty"`
}

// holding are the recipients for whom something is held, by name. The mutex is held.
func (b *box) holding(now time.Time) []Held {
	all := map[string]*Held{}
	of := func(key string) *Held {
		if all[key] == nil {
			all[key] = &Held{}
			if m := b.members[key]; m != nil {
				all[key].To, all[key].Address = m.Name, m.Address
			}
		}
		return all[key]
	}
	for _, l := range b.rec.Letters {
		if l.Collected {
			continue
		}
		h := of(l.Key)
		h.To, h.Address = l.Message.To, l.Message.Address
		h.Waiting++
		if l.Error != "" {
			h.Failing = l.Error
		}
		if h.Until.IsZero() || l.Due.Before(h.Until) {
			h.Until = l.Due.UTC()
		}
	}
	for _, list := range b.rec.Lags { // they are counted
		for key := range list {
			of(key).Behind++
		}
	}
	var list []Held
	for _, h := range all { // sorted below
		if !h.Until.After(now) {
			h.Until = time.Time{}
		}
		if h.Until.IsZero() && h.Failing == "" && h.Behind == 0 {
			continue // they are on their way
		}
		list = append(list, *h)
	}
	slices.SortFunc(list, func(a, b Held) int { return cmp.Or(cmp.Compare(a.To, b.To), cmp.Compare(a.Address, b.Address)) })
	return list
}
