package notify

import (
	"fmt"
	"strings"
	"time"
)

// maxParts is how many messages one digest holds at most; of more, several are made.
const maxParts = 200

// sealPatience is how long a digest waits to be recorded before it is sent. Then it is better that it may come twice than that it never comes.
const sealPatience = 5 * time.Minute

// forever is how long a channel sleeps that has nothing to wait for.
const forever = 365 * day

// sores are the recipients whose last message was not taken, by their keys: each is left alone for a while, and others come first.
type sores map[string]sore

// sore says how many messages to a recipient were not taken in a row, and until when the recipient is left alone.
type sore struct {
	failures int
	until    time.Time
}

// pick is the next letter that may be sent now; nil where there is none, and wait is how long until there may be. Of several it is the one that has
// waited longest, and what is for a sore recipient comes last.
func (b *box) pick(now time.Time, sore sores) (next *letter, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	wait = forever
	worse := false // next is for a sore recipient
	for _, l := range b.rec.Letters {
		l.rebase(now)
	}
	for i := 0; i < len(b.rec.Letters); i++ { // sealing makes it shorter
		l := b.rec.Letters[i]
		if l.Due.After(now) {
			wait = min(wait, l.Due.Sub(now))
			continue
		}
		if l.Collected {
			l = b.seal(i, now)
		}
		if rest := sealPatience - now.Sub(l.Set); l.sealed > b.saved && rest > 0 {
			wait = min(wait, rest, time.Second)
			continue
		}
		last, is := sore[l.Key]
		if rest := last.until.Sub(now); is && rest > 0 {
			wait = min(wait, rest)
			continue
		}
		if next != nil && (is && !worse || is == worse && !l.Due.Before(next.Due)) {
			continue
		}
		if m := b.members[l.Key]; m != nil {
			if until := m.calm(now, l.Message.Severity); until.After(now) {
				l.Due, l.Set = until, now
				b.version++
				wait = min(wait, until.Sub(now))
				continue
			}
		}
		next, worse = l, is
	}
	return next, wait
}

// rebase keeps the rest of a wait as it was when the clock was put back.
func (l *letter) rebase(now time.Time) {
	if back := l.Set.Sub(now); back > 0 {
		l.Set, l.Due = now, l.Due.Add(-back)
		if l.Due.Before(now) {
			l.Due = now
		}
		if !l.First.IsZero() {
			l.First = l.First.Add(-back)
		}
	}
}

// seal makes one letter of all that are collected for a recipient, in place of the first one. It is sent once it is saved, so that it is the same after a
// restart, or when that was waited for in vain. The mutex is held.
func (b *box) seal(i int, now time.Time) *letter {
	first := b.rec.Letters[i]
	parts := []Message{first.Message}
	kept := b.rec.Letters[:i+1]
	for _, l := range b.rec.Letters[i+1:] {
		if l.Collected && l.goesWith(first) && !l.Due.After(now) && len(parts) < maxParts {
			parts = append(parts, l.Message)
			delete(b.ids, l.Message.ID)
			b.count(l, -1)
			continue
		}
		kept = append(kept, l)
	}
	clear(b.rec.Letters[len(kept):])
	b.rec.Letters = kept
	sealed := &letter{Message: parts[0], Key: first.Key, Due: now, Set: now}
	if len(parts) > 1 {
		sealed.Message = digest(parts, b.members[first.Key])
		sealed.sealed, b.sealed = b.version+1, b.version+1
	}
	delete(b.ids, first.Message.ID)
	b.ids[sealed.Message.ID] = struct{}{}
	b.rec.Letters[i] = sealed
	b.count(first, -1)
	b.count(sealed, 1)
	b.version++
	return sealed
}

// goesWith reports whether both may become parts of one digest: those of one recipient do, alarms apart.
func (l *letter) goesWith(o *letter) bool {
	return l.Key == o.Key && (l.Message.Kind == Alarm) == (o.Message.Kind == Alarm)
}

// digest is one message of several, which are for one recipient.
func digest(parts []Message, m *member) Message {
	last := parts[len(parts)-1]
	d := Message{Occurrence: Occurrence{Kind: Digest, Time: last.Time}, Group: last.Group, To: last.To, Address: last.Address, Parts: parts}
	if m != nil {
		d.zone = m.zone
	}
	if last.Kind == Alarm {
		d.Kind = Alarm // and so it raises none
	}
	ids := []string{"digest"}
	var text strings.Builder
	for _, p := range parts {
		ids = append(ids, p.ID)
		d.Severity = max(d.Severity, p.Severity)
		fmt.Fprintf(&text, "%s  %s\n", d.Local(p.Time), p.Subject)
	}
	d.ID = idOf(ids...)
	d.Subject = line(fmt.Sprintf("%d messages, the last one: %s", len(parts), last.Subject), maxSubject)
	d.Text = plain(text.String(), maxText)
	return d
}
