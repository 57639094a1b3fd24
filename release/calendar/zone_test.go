package calendar_test

import (
	"errors"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/calendar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func utc(text string) time.Time {
	t, err := time.Parse("2006-01-02T15:04Z07:00", text)
	if err != nil {
		panic(err)
	}
	return t
}

func local(text string) calendar.Local {
	l, err := calendar.ParseLocal(text)
	if err != nil {
		panic(err)
	}
	return l
}

func compile(t *testing.T, o calendar.Options, all ...calendar.Calendar) *calendar.Schedule {
	t.Helper()
	if o.Zones == nil {
		o.Zones = time.LoadLocation
	}
	s, err := calendar.Compile(o, all...)
	require.NoError(t, err)
	return s
}

// spans are the stretches in which a window is active.
func spans(t *testing.T, zone string, w calendar.Window, from, to string) (all []string) {
	t.Helper()
	w.Name = "w"
	s := compile(t, calendar.Options{}, calendar.Calendar{Name: "c", Zone: zone, Allow: []calendar.Window{w}})
	for span := range s.Spans(utc(from), utc(to)) {
		all = append(all, span.From.Format("01-02T15:04Z")+" "+span.Length().String())
	}
	return all
}

// A freeze from Friday 17:00 to Monday 08:00 lasts so by the clock, whatever becomes of that.
func TestAWeekendFreezeOverAChange(t *testing.T) {
	for start, want := range map[string][]string{
		"2026-03-06T17:00": {"03-06T22:00Z 62h0m0s"},
		"2026-10-30T17:00": {"10-30T21:00Z 64h0m0s"},
		"2026-06-05T17:00": {"06-05T21:00Z 63h0m0s"},
	} {
		s := local(start)
		e := utc(start + "Z").Add(63 * time.Hour)
		w := calendar.Window{Start: s, End: calendar.Clock(e.Year(), e.Month(), e.Day(), 8, 0), Rule: calendar.Rule{Freq: calendar.Weekly}}
		assert.Equal(t, want, spans(t, "America/New_York", w, start+"Z", e.Format("2006-01-02")+"T23:00Z"))
	}
}

// What libraries of recurrence get wrong: 02:30 where it does not exist, 01:30 where it comes twice.
func TestLocalTimesThatDoNotExistOrComeTwice(t *testing.T) {
	daily := func(clock string, gap calendar.Gap, fold calendar.Fold) calendar.Window {
		return calendar.Window{Start: local("2026-01-01T" + clock), Length: 10 * time.Minute, Rule: calendar.Rule{Freq: calendar.Daily}, Gap: gap, Fold: fold}
	}
	for _, c := range []struct {
		name, zone string
		window     calendar.Window
		on         string // the day in UTC
		want       []string
	}{
		{"the default is after", "America/New_York", daily("02:30", "", ""), "2026-03-08", []string{"03-08T07:30Z 10m0s"}},
		{"after", "America/New_York", daily("02:30", calendar.GapAfter, ""), "2026-03-08", []string{"03-08T07:30Z 10m0s"}},
		{"before", "America/New_York", daily("02:30", calendar.GapBefore, ""), "2026-03-08", []string{"03-08T06:30Z 10m0s"}},
		{"skip", "America/New_York", daily("02:30", calendar.GapSkip, ""), "2026-03-08", nil},
		{"the day after is as ever", "America/New_York", daily("02:30", calendar.GapBefore, ""), "2026-03-09", []string{"03-09T06:30Z 10m0s"}},
		{"London, after", "Europe/London", daily("01:30", "", ""), "2026-03-29", []string{"03-29T01:30Z 10m0s"}},
		{"London, before", "Europe/London", daily("01:30", calendar.GapBefore, ""), "2026-03-29", []string{"03-29T00:30Z 10m0s"}},
		{"Sydney, after", "Australia/Sydney", daily("02:30", "", ""), "2026-10-03", []string{"10-03T16:30Z 10m0s"}},
		{"Lord Howe goes by half an hour", "Australia/Lord_Howe", daily("02:15", "", ""), "2026-10-03", []string{"10-03T15:45Z 10m0s"}},
		{"the default is the first", "America/New_York", daily("01:30", "", ""), "2026-11-01", []string{"11-01T05:30Z 10m0s"}},
		{"second", "America/New_York", daily("01:30", "", calendar.FoldSecond), "2026-11-01", []string{"11-01T06:30Z 10m0s"}},
		{"both", "America/New_York", daily("01:30", "", calendar.FoldBoth), "2026-11-01", []string{"11-01T05:30Z 10m0s", "11-01T06:30Z 10m0s"}},
		{"London, first", "Europe/London", daily("01:30", "", ""), "2026-10-25", []string{"10-25T00:30Z 10m0s"}},
		{"London, second", "Europe/London", daily("01:30", "", calendar.FoldSecond), "2026-10-25", []string{"10-25T01:30Z 10m0s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, spans(t, c.zone, c.window, c.on+"T00:00Z", c.on+"T23:59Z"))
		})
	}
}

// A freeze whose end does not exist, or comes twice, ends all the same.
func TestEndsThatDoNotExistOrComeTwice(t *testing.T) {
	for _, c := range []struct {
		name, start, end string
		gap              calendar.Gap
		fold             calendar.Fold
		want             []string
	}{
		{"after", "2026-03-08T01:00", "2026-03-08T02:30", calendar.GapAfter, "", []string{"03-08T06:00Z 1h30m0s"}},
		{"before", "2026-03-08T01:00", "2026-03-08T02:30", calendar.GapBefore, "", []string{"03-08T06:00Z 30m0s"}},
		{"skip: at the change", "2026-03-08T01:00", "2026-03-08T02:30", calendar.GapSkip, "", []string{"03-08T06:00Z 1h0m0s"}},
		{"both ends in the gap", "2026-03-08T02:10", "2026-03-08T02:50", calendar.GapAfter, "", []string{"03-08T07:10Z 40m0s"}},
		{"moved past its end: keeps its length", "2026-03-08T02:50", "2026-03-08T03:10", calendar.GapAfter, "", []string{"03-08T07:50Z 20m0s"}},
		{"first", "2026-11-01T00:30", "2026-11-01T01:30", "", calendar.FoldFirst, []string{"11-01T04:30Z 1h0m0s"}},
		{"second", "2026-11-01T00:30", "2026-11-01T01:30", "", calendar.FoldSecond, []string{"11-01T04:30Z 2h0m0s"}},
		{"both", "2026-11-01T00:30", "2026-11-01T01:30", "", calendar.FoldBoth, []string{"11-01T04:30Z 2h0m0s"}},
		{"both, apart", "2026-11-01T01:10", "2026-11-01T01:30", "", calendar.FoldBoth, []string{"11-01T05:10Z 20m0s", "11-01T06:10Z 20m0s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := calendar.Window{Start: local(c.start), End: local(c.end), Gap: c.gap, Fold: c.fold}
			assert.Equal(t, c.want, spans(t, "America/New_York", w, "2026-01-01T00:00Z", "2026-12-31T00:00Z"))
		})
	}
}

// A window that is longer than it looks, as clocks were put back since it began, is found on its last minutes.
func TestALongWindowOverAChange(t *testing.T) {
	for start, last := range map[string]string{"2026-10-31T23:30": "2026-11-02T04:29Z", "2026-03-07T23:30": "2026-03-09T03:29Z"} {
		w := calendar.Window{Name: "w", Start: local(start), Rule: calendar.Rule{Freq: calendar.Weekly}}
		e := utc(start + "Z").Add(24 * time.Hour)
		w.End = calendar.Clock(e.Year(), e.Month(), e.Day(), e.Hour(), e.Minute())
		s := compile(t, calendar.Options{}, calendar.Calendar{Name: "c", Zone: "America/New_York", Freeze: []calendar.Window{w}})
		assert.False(t, isOpen(s, utc(last)), start)
		assert.True(t, isOpen(s, utc(last).Add(time.Minute)), start)
	}
}

// Samoa had no 30 December 2011.
func TestADayThatNeverWas(t *testing.T) {
	w := calendar.Window{Start: local("2011-12-28T10:00"), Length: time.Hour, Rule: calendar.Rule{Freq: calendar.Daily, Count: 4}}
	assert.Equal(t, []string{"12-28T20:00Z 1h0m0s", "12-29T20:00Z 1h0m0s", "12-30T20:00Z 1h0m0s"},
		spans(t, "Pacific/Apia", w, "2011-12-01T00:00Z", "2012-02-01T00:00Z"), "the 30th falls on the 31st, which is the fourth")
	w.Gap = calendar.GapSkip
	assert.Equal(t, []string{"12-28T20:00Z 1h0m0s", "12-29T20:00Z 1h0m0s", "12-30T20:00Z 1h0m0s", "12-31T20:00Z 1h0m0s"},
		spans(t, "Pacific/Apia", w, "2011-12-01T00:00Z", "2012-02-01T00:00Z"), "what is skipped does not count")
}

func TestZonesThatAreNone(t *testing.T) {
	c := calendar.Calendar{Name: "c", Zone: "Europe/Atlantis", Freeze: []calendar.Window{{Name: "w", Zone: "Local", Start: local("2026-01-01"), Length: time.Hour}}}
	_, err := calendar.Compile(calendar.Options{Zones: time.LoadLocation}, c)
	assert.ErrorContains(t, err, `calendar 0 (c): Zone: "Europe/Atlantis": unknown time zone Europe/Atlantis (where the machine has no database of zones, the program imports time/tzdata)`)
	assert.ErrorContains(t, err, `calendar 0 (c): Freeze[0]: Zone: "Local" is a different zone on each machine`)
	_, err = calendar.Compile(calendar.Options{}, c)
	assert.ErrorContains(t, err, "Options.Zones is nil; give it time.LoadLocation")
	none := func(string) (*time.Location, error) { return nil, nil }
	_, err = calendar.Compile(calendar.Options{Zones: none}, c)
	assert.ErrorContains(t, err, "Options.Zones has returned nothing")
	broken := errors.New("the disk is gone")
	_, err = calendar.Compile(calendar.Options{Zones: func(string) (*time.Location, error) { return nil, broken }}, c)
	assert.ErrorIs(t, err, broken)
	c.Zone = ""
	_, err = calendar.Compile(calendar.Options{}, c)
	assert.ErrorContains(t, err, "Zone: is missing: name one of the IANA database")
}

func isOpen(s *calendar.Schedule, at time.Time) bool {
	open, _ := s.Open(at)
	return open
}
