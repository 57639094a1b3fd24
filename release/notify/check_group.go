package notify

import (
	"fmt"
	"time"
)

func (c *check) group(where string, g Group) {
	if g.Name == "" || c.crews[g.Name] != nil {
		c.bad("%s.Name: %q is empty, or there are two of that name", where, g.Name)
	}
	if len(g.Recipients) == 0 {
		c.bad("%s.Recipients: there is none", where)
	}
	made := &crew{name: g.Name}
	for i, r := range g.Recipients {
		m := c.recipient(c.under(fmt.Sprintf("%s.Recipients[%d]", where, i)), r)
		b := c.boxes[r.Channel]
		if b == nil {
			c.bad("%s.Recipients[%d].Channel: there is no channel %q", where, i, r.Channel)
			continue
		}
		if known := b.members[m.key()]; known != nil && !alikeRecipients(known.Recipient, r) {
			c.bad("%s.Recipients[%d]: %q at %q is in another group with other settings", where, i, r.Name, r.Address)
		}
		b.members[m.key()] = m
		made.members = append(made.members, m)
	}
	c.crews[g.Name] = made
}

// alikeRecipients reports whether somebody who is in two groups is described alike in both.
func alikeRecipients(a, b Recipient) bool { return fmt.Sprintf("%+v", a) == fmt.Sprintf("%+v", b) }

func (c *check) recipient(bad func(string, ...any), r Recipient) *member {
	m := &member{Recipient: r, zone: time.UTC}
	if r.Name == "" {
		bad("Name: it is empty")
	}
	zone, err := zoneOf(r.Zone)
	if err != nil {
		bad("Zone: %q cannot be loaded: %w", r.Zone, err)
	} else {
		m.zone = zone
	}
	if r.Zone == "" && len(r.Hours)+len(r.Quiet)+len(r.DigestAt) > 0 {
		bad("Zone: it is empty, and times of day mean nothing without one: UTC, or Europe/Berlin")
	}
	sound := true
	for _, list := range []struct {
		field string
		hours []Hours
	}{{"Hours", r.Hours}, {"Quiet", r.Quiet}} {
		for i, h := range list.hours {
			h.check(func(format string, args ...any) {
				sound = false
				bad(fmt.Sprintf("%s[%d].", list.field, i)+format, args...)
			})
		}
	}
	if sound && len(r.Quiet) > 0 && m.calm(someday(), Info).IsZero() {
		bad("Quiet: it never ends")
	}
	if r.DigestEvery < 0 {
		bad("DigestEvery: %s is below zero", r.DigestEvery)
	}
	if r.DigestEvery > 0 && len(r.DigestAt) > 0 {
		bad("DigestEvery, DigestAt: both are set")
	}
	for i, at := range r.DigestAt {
		if at < 0 || at >= day {
			bad("DigestAt[%d]: %s is no time of day", i, at)
		}
	}
	if !r.DigestBelow.valid() {
		bad("DigestBelow: %s is none", r.DigestBelow)
	}
	return m
}

// someday is a moment like any other, to try things out.
func someday() time.Time { return time.Date(2026, 1, 7, 12, 0, 0, 0, time.UTC) }
