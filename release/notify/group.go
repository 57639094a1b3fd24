package notify

import (
	"slices"
	"time"
)

// Group are people who are told together.
type Group struct {
	// Name is what rules call it.
	Name string
	// Recipients are its members. Somebody with two channels is there twice.
	Recipients []Recipient
}

// Recipient is where messages go: to one address on one channel.
type Recipient struct {
	// Name is the person or the room, for people.
	Name string
	// Channel is the name of one of Options.Channels, and Address is whatever that channel calls one: an e-mail address. Empty: the channel has only
	// one.
	Channel string
	Address string
	// Zone is the IANA zone in which the recipient lives: "Europe/Berlin". It must be given with Hours, Quiet or DigestAt. Times in messages are
	// shown in it. Empty: UTC.
	Zone string
	// Hours are when the recipient works; escalations go to those who do. Empty: always.
	Hours []Hours
	// Quiet are when nothing is sent: messages wait for the end of it. Empty: never.
	Quiet []Hours
	// WakeForUrgent sends messages that are Urgent in quiet hours, too, and lets an escalation go to the recipient at any time, if nobody
	// is at work.
	WakeForUrgent bool
	// DigestEvery collects messages from the first one on for so long, and then sends them as one. DigestAt collects them until that time of day
	// in the zone, at the times given here, since midnight. At most one of both is set. Zero: messages are sent one by one.
	DigestEvery time.Duration
	DigestAt    []time.Duration
	// DigestBelow are the messages that are collected: those below that severity. Zero: those below Warning.
	DigestBelow Severity
}

// key tells recipients apart: who is in two groups is told once.
func (r Recipient) key() string { return r.Channel + "\x00" + r.Address + "\x00" + r.Name }

// member is a recipient whose zone is loaded.
type member struct {
	Recipient
	zone *time.Location
}

// calm is when a message may be sent: at once, or when quiet hours end. Zero: in no time that can be foreseen.
func (m *member) calm(now time.Time, s Severity) time.Time {
	if len(m.Quiet) == 0 || s >= Urgent && m.WakeForUrgent || !within(m.Quiet, now, m.zone) {
		return now
	}
	for _, t := range edges(m.Quiet, now, m.zone) {
		if !within(m.Quiet, t, m.zone) {
			return t
		}
	}
	return time.Time{}
}

// awake reports whether the recipient works then. Who may be woken is, where sleepers count.
func (m *member) awake(t time.Time, sleepers bool) bool {
	if sleepers && m.WakeForUrgent {
		return true
	}
	return (len(m.Hours) == 0 || within(m.Hours, t, m.zone)) && !within(m.Quiet, t, m.zone)
}

// collects reports whether a message of that severity goes into a digest.
func (m *member) collects(s Severity) bool {
	return (m.DigestEvery > 0 || len(m.DigestAt) > 0) && s < max(m.DigestBelow, Warning)
}

// closes is when a digest that begins now is sent.
func (m *member) closes(now time.Time) time.Time {
	if m.DigestEvery > 0 {
		return now.Add(m.DigestEvery)
	}
	var next time.Time
	y, mon, d := now.In(m.zone).Date()
	for n := range 3 {
		for _, at := range m.DigestAt {
			for _, t := range wall(y, mon, d+n, at, m.zone) { // twice, where clocks are turned back over it
				if t.After(now) && (next.IsZero() || t.Before(next)) {
					next = t
				}
			}
		}
	}
	return next
}

// crew is a group whose members are known by their zones.
type crew struct {
	name    string
	members []*member
}

// awake reports whether anybody of the group is.
func (g *crew) awake(t time.Time, sleepers bool) bool {
	return slices.ContainsFunc(g.members, func(m *member) bool { return m.awake(t, sleepers) })
}

// changes are the moments after t at which somebody of the group may begin or cease to be awake.
func (g *crew) changes(t time.Time) []time.Time {
	var all []time.Time
	for _, m := range g.members {
		all = append(all, edges(m.Hours, t, m.zone)...)
		all = append(all, edges(m.Quiet, t, m.zone)...)
	}
	return all
}
