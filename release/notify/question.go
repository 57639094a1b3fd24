package notify

import (
	"fmt"
	"slices"
	"time"
)

// question is an ask whose escalation is followed.
type question struct {
	occurrence Occurrence
	rule       *rule
	climb      *climb
	made       []rung // steps that are over
}

// publish makes known what is open of a release that was read to its end; nil: nothing is.
func (n *Notifier) publish(id string, c *course) {
	n.mu.Lock()
	defer n.mu.Unlock()
	was := n.asks[id]
	delete(n.asks, id)
	if c == nil || c.state.Over() {
		return
	}
	for key, a := range c.asks { // each is looked at by itself: their order does not matter
		q := was[key]
		if q == nil || q.occurrence.Seq != a.occurrence.Seq {
			if q = n.ask(a.occurrence); q == nil {
				continue
			}
		}
		q.occurrence = a.occurrence
		if q.climb.hear(a.answers) {
			q.made = nil
		}
		if n.asks[id] == nil {
			n.asks[id] = map[string]*question{}
		}
		n.asks[id][key] = q
	}
	if len(n.asks[id]) > 0 {
		for _, b := range n.boxes {
			nudge(b.wake)
		}
	}
}

// ask is a question that escalates; nil for one that does not. The first rule that matches it and escalates says how.
func (n *Notifier) ask(o Occurrence) *question {
	for _, r := range n.rules {
		if len(r.escalate) > 0 && r.matches(&o) {
			return &question{occurrence: o, rule: r, climb: newClimb(r.Escalate.After, r.escalate, o.Time)}
		}
	}
	return nil
}

// escalate puts into the box what the escalation of open questions asks of the recipients of its channel by now, and says how long it is until the
// next step. Of several steps that nobody made, as no host was up, the last one alone is made up for.
func (n *Notifier) escalate(b *box, now time.Time) time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	wait := forever
	for id, questions := range n.asks { // each is looked at by itself: their order does not matter
		s := b.rec.Releases[id]
		for key, q := range questions {
			last, next := q.until(now)
			if !next.IsZero() {
				wait = min(wait, next.Sub(now))
			}
			if last == nil || s == nil || s.Over || s.Seq < q.occurrence.Seq {
				continue
			}
			key = fmt.Sprintf("%s@%d", key, q.occurrence.Seq)
			if !last.at.After(s.Climbed[key]) {
				continue
			}
			if s.Climbed == nil {
				s.Climbed = map[string]time.Time{}
			}
			s.Climbed[key] = last.at
			b.version++
			if !last.at.Before(b.rec.Begun) {
				b.put(n.step(b, q, *last, now)...)
			}
		}
	}
	return wait
}

// until makes the steps up to now. last is the last one, nil where there is none, and next is when the next one is to be made; zero: never.
func (q *question) until(now time.Time) (last *rung, next time.Time) {
	for {
		r, ok := q.climb.step()
		if ok && r.at.After(now) {
			next = r.at
		}
		if !ok || r.at.After(now) {
			break
		}
		q.made = append(q.made[:0], r)
		q.climb.done()
	}
	if len(q.made) == 0 {
		return nil, next
	}
	return &q.made[0], next
}

// step are the letters of one step of an escalation.
func (n *Notifier) step(b *box, q *question, r rung, now time.Time) []*letter {
	sleepers := !r.group.awake(r.at, false)
	o := q.occurrence
	o.Kind, o.Severity, o.Since, o.Step, o.Time = ApprovalEscalated, Urgent, q.occurrence.Time, r.n, r.at.UTC()
	var all []*letter
	said := spoken{}
	for _, m := range r.group.members {
		if m.Channel != b.name || !m.awake(r.at, sleepers) || slices.ContainsFunc(all, func(l *letter) bool { return l.Key == m.key() }) {
			continue
		}
		id := idOf("escalation", o.Release.ID, fmt.Sprint(o.Seq), r.at.UTC().Format(time.RFC3339Nano), m.key())
		all = append(all, &letter{Message: n.message(q.rule, r.group, m, o, id, 0, said), Key: m.key(), Due: now, Set: now})
	}
	return all
}
