package notify

import (
	"slices"
	"time"
)

// Escalation asks further people when nobody answers.
type Escalation struct {
	// After is for how long an answer is waited for, each time anew: from the question, from the last escalation, and from the last time that
	// anybody said something about it. At least a minute.
	After time.Duration
	// To are the groups that are asked, by name: in turn, each time the next one in which somebody is awake. Where nobody is, the next one with
	// somebody who may be woken (Recipient.WakeForUrgent); where there is none either, whoever is awake first. It goes on in a circle until the
	// question is answered.
	To []string
}

// climb is how far the escalation of a question has come. Each step follows from the times of the question and of the answers alone, so that it
// is the same after a restart, and in each channel.
type climb struct {
	after   time.Duration
	groups  []*crew
	since   time.Time
	answers []time.Time

	from  time.Time // from when on the next answer is waited for
	last  int       // the group that was asked last; -1: none was
	count int
	next  *rung // that is to come; nil: not known
}

// rung is one step of an escalation.
type rung struct {
	n     int // from 1
	at    time.Time
	group *crew
}

func newClimb(after time.Duration, groups []*crew, since time.Time) *climb {
	return &climb{after: after, groups: groups, since: since, from: since, last: -1}
}

// hear takes in all answers that there are by now. It reports whether there are new ones: then all steps are made anew.
func (c *climb) hear(answers []time.Time) bool {
	if len(answers) == len(c.answers) {
		return false
	}
	*c = climb{after: c.after, groups: c.groups, since: c.since, answers: slices.Clone(answers), from: c.since, last: -1}
	return true
}

// step is the next step; its time may lie in the future. ok is false where none can be foreseen, as nobody will be awake.
func (c *climb) step() (r rung, ok bool) {
	for c.next == nil {
		at, group, found := c.look(c.from.Add(c.after))
		if !found {
			return rung{}, false
		}
		if heard := c.heard(at); heard.After(c.from) {
			c.from = heard
			continue
		}
		c.next = &rung{c.count + 1, at, c.groups[group]}
	}
	return *c.next, true
}

// done takes the step as made.
func (c *climb) done() {
	c.from, c.last, c.count = c.next.at, slices.Index(c.groups, c.next.group), c.next.n
	c.next = nil
}

// heard is the last answer up to a moment; zero: there is none.
func (c *climb) heard(until time.Time) time.Time {
	var last time.Time
	for _, a := range c.answers {
		if !a.After(until) && a.After(last) {
			last = a
		}
	}
	return last
}

// look finds who is asked at t, or as soon after it as anybody can be.
func (c *climb) look(t time.Time) (time.Time, int, bool) {
	for _, sleepers := range []bool{false, true} {
		if g := c.turn(t, sleepers); g >= 0 {
			return t, g, true
		}
	}
	var later []time.Time
	for _, g := range c.groups {
		later = append(later, g.changes(t)...)
	}
	slices.SortFunc(later, time.Time.Compare)
	for _, at := range later {
		if g := c.turn(at, false); g >= 0 {
			return at, g, true
		}
	}
	return time.Time{}, 0, false
}

// turn is the next group after the last one in which somebody is awake; -1: there is none.
func (c *climb) turn(t time.Time, sleepers bool) int {
	for n := range c.groups {
		g := (c.last + 1 + n) % len(c.groups)
		if c.groups[g].awake(t, sleepers) {
			return g
		}
	}
	return -1
}
