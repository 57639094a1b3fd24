package notify_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/notify"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// zones have different rules: both hemispheres, half an hour of summer time, none, and a country that has changed its mind.
var zones = []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca"}

// holds is what hours mean, told once more: by the minutes of the wall clock.
func holds(list []notify.Hours, t time.Time, zone *time.Location) bool {
	local := t.In(zone)
	minute := time.Duration(local.Hour()*60+local.Minute()) * time.Minute
	on := func(h notify.Hours, d time.Weekday) bool {
		if h.Days == nil {
			return true
		}
		for _, is := range h.Days {
			if is == d {
				return true
			}
		}
		return false
	}
	for _, h := range list {
		yesterday := local.AddDate(0, 0, -1).Weekday()
		switch {
		case h.To > h.From && minute >= h.From && minute < h.To && on(h, local.Weekday()),
			h.To < h.From && minute >= h.From && on(h, local.Weekday()),
			h.To < h.From && minute < h.To && on(h, yesterday):
			return true
		}
	}
	return false
}

func someHours(r *rand.Rand) []notify.Hours {
	var list []notify.Hours
	for range 1 + r.IntN(2) {
		h := notify.Hours{From: time.Duration(r.IntN(24*12)) * 5 * time.Minute, To: time.Duration(r.IntN(24*12+1)) * 5 * time.Minute}
		if h.From == h.To {
			h.To += 5 * time.Minute
		}
		if r.IntN(2) == 0 {
			h.Days = notify.Weekdays()[:1+r.IntN(5)]
		}
		list = append(list, h)
	}
	return list
}

// Quiet hours end when a walk minute by minute says so, also over the days on which clocks are put.
func TestQuietHoursAgreeWithAWalkByMinutes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	changes := []time.Time{
		time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC), time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 8, 0, 0, 0, 0, time.UTC),
		time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 4, 4, 0, 0, 0, 0, time.UTC), time.Date(2026, 10, 3, 0, 0, 0, 0, time.UTC),
		time.Date(2026, 2, 15, 0, 0, 0, 0, time.UTC), time.Date(2026, 6, 10, 0, 0, 0, 0, time.UTC),
	}
	for n := range 200 / stride {
		name := zones[n%len(zones)]
		zone, err := time.LoadLocation(name)
		require.NoError(t, err)
		quiet := someHours(r)
		now := changes[r.IntN(len(changes))].Add(time.Duration(r.IntN(48*60)-24*60) * time.Minute)
		want := now
		for holds(quiet, want, zone) && want.Sub(now) < 8*24*time.Hour {
			want = want.Add(time.Minute)
		}
		if want.Sub(now) >= 8*24*time.Hour {
			continue
		}
		got := notify.Calm(notify.Recipient{Zone: name, Quiet: quiet}, now, notify.Info)
		require.True(t, got.Equal(want), "%s: %v at %s: %s, not %s", name, quiet, now.In(zone), got.In(zone), want.In(zone))
		assert.Equal(t, !holds(quiet, now, zone), notify.Awake(notify.Recipient{Zone: name, Quiet: quiet}, now))
	}
}

func TestADigestClosesByTheClockOfTheRecipient(t *testing.T) {
	r := notify.Recipient{Zone: "Europe/Berlin", DigestAt: []time.Duration{9 * time.Hour, 17 * time.Hour}}
	for _, c := range []struct{ now, want string }{
		{"2026-11-23T07:59:00Z", "2026-11-23T08:00:00Z"},
		{"2026-11-23T08:00:00Z", "2026-11-23T16:00:00Z"},
		{"2026-11-23T20:00:00Z", "2026-11-24T08:00:00Z"},
		{"2026-10-24T20:00:00Z", "2026-10-25T08:00:00Z"}, // clocks are put back in that night
		{"2026-03-28T20:00:00Z", "2026-03-29T07:00:00Z"}, // and forward in that one
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		require.NoError(t, err)
		assert.Equal(t, c.want, notify.Closes(r, now).UTC().Format(time.RFC3339), c.now)
	}
	night := notify.Recipient{Zone: "Europe/Berlin", DigestAt: []time.Duration{2*time.Hour + 30*time.Minute}}
	gap := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	assert.Equal(t, "2026-03-29T01:00:00Z", notify.Closes(night, gap).UTC().Format(time.RFC3339), "02:30 is skipped: when clocks are put")
	for now, want := range map[string]string{ // 02:30 comes twice
		"2026-10-24T20:00:00Z": "2026-10-25T00:30:00Z", "2026-10-25T00:40:00Z": "2026-10-25T01:30:00Z", "2026-10-25T01:30:00Z": "2026-10-26T01:30:00Z",
	} {
		at, err := time.Parse(time.RFC3339, now)
		require.NoError(t, err)
		assert.Equal(t, want, notify.Closes(night, at).UTC().Format(time.RFC3339), now)
	}
}

// sun are three groups around the world.
var sun = []notify.Group{
	{Name: "berlin", Recipients: []notify.Recipient{{Name: "ada", Zone: "Europe/Berlin", Hours: office}}},
	{Name: "new-york", Recipients: []notify.Recipient{{Name: "grace", Zone: "America/New_York", Hours: office}}},
	{Name: "sydney", Recipients: []notify.Recipient{{Name: "linus", Zone: "Australia/Sydney", Hours: office}}},
}

var office = []notify.Hours{{From: 9 * time.Hour, To: 17 * time.Hour, Days: notify.Weekdays()}}

// An escalation is always to somebody who is awake, no later than anybody is, and to the next one in turn.
func TestAnEscalationFollowsTheSun(t *testing.T) {
	since := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC) // a Friday, 11:00 in Berlin
	var got []string
	for _, r := range notify.Climb(3*time.Hour, sun, since, nil, 6) {
		got = append(got, r.At.Format("Mon 15:04 ")+r.Group)
	}
	assert.Equal(t, []string{
		"Fri 13:00 berlin", "Fri 16:00 new-york", "Fri 19:00 new-york",
		"Sun 22:00 sydney", // Monday, 9:00 there
		"Mon 01:00 sydney", "Mon 04:00 sydney",
	}, got)
	answered := notify.Climb(3*time.Hour, sun, since, []time.Time{since.Add(2 * time.Hour)}, 1)
	assert.Equal(t, since.Add(5*time.Hour), answered[0].At, "an answer gives time")
}

func TestAnEscalationAgreesWithAWalkByMinutes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 30 / stride {
		since := time.Date(2026, 1, 1+r.IntN(365), r.IntN(24), r.IntN(60), 0, 0, time.UTC)
		after := time.Duration(1+r.IntN(600)) * time.Minute
		answer := since.Add(time.Duration(r.IntN(3000)) * time.Minute)
		last, from := -1, since
		for i, got := range notify.Climb(after, sun, since, []time.Time{answer}, 8) {
			at := from
			next := -1
			for ; next < 0; at = at.Add(time.Minute) {
				if at.Equal(answer) && at.After(from) {
					from = at
				}
				if at.Sub(from) < after {
					continue
				}
				for n := range sun {
					g := (last + 1 + n) % len(sun)
					if next < 0 && notify.Awake(sun[g].Recipients[0], at) {
						next = g
					}
				}
				if next >= 0 {
					break
				}
			}
			require.Equal(t, at, got.At.UTC(), "step %d since %s after %s, answer %s", i, since, after, answer)
			require.Equal(t, sun[next].Name, got.Group)
			last, from = next, at
		}
	}
}

func TestWhoMayBeWokenIsAskedWhenNobodyIsAwake(t *testing.T) {
	groups := []notify.Group{sun[0], {Name: "on-call", Recipients: []notify.Recipient{{Name: "eve", Zone: "Europe/Berlin", Hours: office, WakeForUrgent: true}}}}
	since := time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC) // a Saturday
	got := notify.Climb(time.Hour, groups, since, nil, 1)
	assert.Equal(t, []notify.Rung{{At: since.Add(time.Hour), Group: "on-call"}}, got)
}

// Clocks are turned back from 3:00 to 2:00: who works until 2:30 works once more from 2:00.
func TestAnHourThatComesTwice(t *testing.T) {
	early := []notify.Hours{{From: time.Hour, To: 2*time.Hour + 30*time.Minute}}
	since := time.Date(2026, 10, 25, 0, 40, 0, 0, time.UTC) // 2:40 for the first time
	group := []notify.Group{{Name: "early", Recipients: []notify.Recipient{{Zone: "Europe/Berlin", Hours: early}}}}
	got := notify.Climb(time.Minute, group, since, nil, 1)
	assert.Equal(t, time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC), got[0].At.UTC())
	late := []notify.Hours{{From: 2*time.Hour + 30*time.Minute, To: time.Hour}}
	calm := notify.Calm(notify.Recipient{Zone: "Europe/Berlin", Quiet: late}, since, notify.Info)
	assert.Equal(t, time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC), calm.UTC())
}
