package ical_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/calendar"
	"github.com/davit-sdk/davit/release/calendar/ical"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var stamp = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func file(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return data
}

func local(text string) calendar.Local {
	l, err := calendar.ParseLocal(text)
	if err != nil {
		panic(err)
	}
	return l
}

func rule(text string) calendar.Rule {
	r, err := calendar.ParseRule(text)
	if err != nil {
		panic(err)
	}
	return r
}

func Example() {
	data := strings.ReplaceAll(`BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//EN
BEGIN:VEVENT
UID:1
DTSTAMP:20260101T000000Z
SUMMARY:Black Friday
DTSTART;VALUE=DATE:20261126
DTEND;VALUE=DATE:20261201
END:VEVENT
END:VCALENDAR
`, "\n", "\r\n")
	reading, err := ical.Read([]byte(data), ical.Options{Name: "company", Zone: "Europe/London", Zones: time.LoadLocation})
	if err != nil {
		fmt.Println(err)
		return
	}
	schedule, err := calendar.Compile(calendar.Options{Zones: time.LoadLocation}, reading.Calendar)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(schedule.At(time.Date(2026, time.November, 27, 12, 0, 0, 0, time.UTC)))
	// Output:
	// closed, opens 2026-12-01T00:00:00Z: frozen by company/Black Friday until 2026-12-01T00:00:00Z
}

func TestGoogle(t *testing.T) {
	got, err := ical.Read(file(t, "google.ics"), ical.Options{Zones: time.LoadLocation})
	require.NoError(t, err)
	assert.Equal(t, calendar.Calendar{Name: "Release freezes", Zone: "Europe/Berlin", Freeze: []calendar.Window{
		{Name: "Weekend", Text: "Nobody is in, ask Ada.\nSee the wiki.", Start: local("2026-01-02T17:00"), End: local("2026-01-05T08:00"), Rule: rule("FREQ=WEEKLY;BYDAY=FR"),
			Except: []calendar.Local{local("2026-04-03T17:00"), local("2026-01-16T17:00")}},
		{Name: "Weekend (short)", Start: local("2026-01-17T12:00"), End: local("2026-01-18T12:00")},
		{Name: "Christmas", Start: local("2026-12-21"), End: local("2027-01-04")},
	}}, got.Calendar)
}

func TestOutlook(t *testing.T) {
	o := ical.Options{Zone: "America/New_York", Zones: time.LoadLocation}
	_, err := ical.Read(file(t, "outlook.ics"), o)
	var loss *ical.LossError
	require.True(t, errors.As(err, &loss), "%v", err)
	require.Len(t, loss.Left, 1)
	assert.Equal(t, ical.Left{UID: "040000008200E00074C5B7101A82E00800000002", Summary: "Stocktaking", Property: "DTSTART",
		Reason: `the zone "Customized Time Zone" is unknown: say in Options.Names which one it is`, Whole: true}, loss.Left[0])

	o.Names = map[string]string{"Customized Time Zone": "Africa/Lagos"}
	got, err := ical.Read(file(t, "outlook.ics"), o)
	require.NoError(t, err)
	assert.Equal(t, calendar.Calendar{Name: "Change windows", Zone: "America/New_York",
		Allow: []calendar.Window{{Name: "Change window", Text: "\n", Start: local("2026-01-06T20:00"), End: local("2026-01-06T22:00"), Rule: rule("FREQ=MONTHLY;UNTIL=20270106T010000Z;INTERVAL=1;BYDAY=1TU"),
			Except: []calendar.Local{local("2026-07-07T20:00"), local("2026-12-01T20:00")}}},
		Freeze: []calendar.Window{
			{Name: "Last working day", Start: local("2026-01-30"), End: local("2026-01-31"), Rule: rule("FREQ=MONTHLY;INTERVAL=1;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1")},
			{Name: "Stocktaking", Zone: "Africa/Lagos", Start: local("2026-03-01T09:00"), End: local("2026-03-01T17:00")},
		}}, got.Calendar)
}

// with is a file with an event that has those lines.
func with(lines ...string) []byte {
	all := append([]string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VEVENT", "UID:u", "DTSTAMP:20260101T000000Z", "SUMMARY:s"}, lines...)
	return []byte(strings.Join(append(all, "END:VEVENT", "END:VCALENDAR", ""), "\r\n"))
}

func TestWhatIsRead(t *testing.T) {
	o := ical.Options{Name: "c", Zone: "Europe/London", Zones: time.LoadLocation}
	for name, c := range map[string]struct {
		lines []string
		want  []calendar.Window
	}{
		"UTC, and a length":    {[]string{"DTSTART:20260101T100000Z", "DURATION:PT90M"}, []calendar.Window{{Name: "s", Zone: "UTC", Start: local("2026-01-01T10:00"), Length: 90 * time.Minute}}},
		"days by the clock":    {[]string{"DTSTART:20260101T100000", "DURATION:P1W2D"}, []calendar.Window{{Name: "s", Start: local("2026-01-01T10:00"), End: local("2026-01-10T10:00")}}},
		"a day without an end": {[]string{"DTSTART;VALUE=DATE:20260228"}, []calendar.Window{{Name: "s", Start: local("2026-02-28"), End: local("2026-03-01")}}},
		"a zone behind a prefix": {[]string{"DTSTART;TZID=/freeassociation.sourceforge.net/Europe/Paris:20260101T100000", "DURATION:PT1H"},
			[]calendar.Window{{Name: "s", Zone: "Europe/Paris", Start: local("2026-01-01T10:00"), Length: time.Hour}}},
		"a first time that the rule does not know": {[]string{"DTSTART:20260101T100000", "DTEND:20260101T110000", "RRULE:FREQ=WEEKLY;BYDAY=MO"}, []calendar.Window{
			{Name: "s", Start: local("2026-01-05T10:00"), End: local("2026-01-05T11:00"), Rule: rule("FREQ=WEEKLY;BYDAY=MO")},
			{Name: "s 2", Start: local("2026-01-01T10:00"), End: local("2026-01-01T11:00")}}},
		"further dates": {[]string{"DTSTART:20260101T100000", "DTEND:20260101T110000", "RDATE:20260105T120000,20260106T120000", "EXDATE:20260106T120000"}, []calendar.Window{
			{Name: "s", Start: local("2026-01-01T10:00"), End: local("2026-01-01T11:00")},
			{Name: "s 2", Start: local("2026-01-05T12:00"), End: local("2026-01-05T13:00")}}},
		"an exception in UTC, and one by day": {[]string{"DTSTART:20260601T100000", "DTEND:20260601T110000", "RRULE:FREQ=DAILY", "EXDATE:20260603T090000Z", "EXDATE;VALUE=DATE:20260604"}, []calendar.Window{
			{Name: "s", Start: local("2026-06-01T10:00"), End: local("2026-06-01T11:00"), Rule: rule("FREQ=DAILY"), Except: []calendar.Local{local("2026-06-03T10:00"), local("2026-06-04T10:00")}}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ical.Read(with(c.lines...), o)
			require.NoError(t, err)
			assert.Equal(t, c.want, got.Calendar.Freeze)
		})
	}
}

// What cannot be expressed is listed.
func TestWhatIsLeft(t *testing.T) {
	o := ical.Options{Name: "c", Zone: "Europe/London", Zones: time.LoadLocation}
	for name, c := range map[string]struct {
		lines []string
		want  string
		whole bool
	}{
		"by hour":              {[]string{"DTSTART:20260101T100000", "DURATION:PT1H", "RRULE:FREQ=DAILY;BYHOUR=9,17"}, `"s": RRULE: rule: at byte 11: BYHOUR: is not supported`, true},
		"no start":             {[]string{"DURATION:PT1H"}, "DTSTART: is missing", true},
		"no length":            {[]string{"DTSTART:20260101T100000"}, "lasts no time", true},
		"backwards":            {[]string{"DTSTART:20260101T100000", "DTEND:20260101T090000"}, "ends before it begins", true},
		"two zones":            {[]string{"DTSTART:20260101T100000", "DTEND;TZID=Europe/Paris:20260101T120000"}, "it begins in the zone Europe/London and ends in Europe/Paris", true},
		"a length of both":     {[]string{"DTSTART:20260101T100000", "DURATION:P1DT2H"}, "are not one length", true},
		"a negative length":    {[]string{"DTSTART:20260101T100000", "DURATION:-PT2H"}, "no duration above zero", true},
		"two rules":            {[]string{"DTSTART:20260101T100000", "DURATION:PT1H", "RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"}, "RRULE: is there more than once", true},
		"a rule of exceptions": {[]string{"DTSTART:20260101T100000", "DURATION:PT1H", "RRULE:FREQ=DAILY", "EXRULE:FREQ=WEEKLY"}, "EXRULE: is not supported", true},
		"a period":             {[]string{"DTSTART:20260101T100000", "DURATION:PT1H", "RDATE;VALUE=PERIOD:20260101T100000Z/PT1H"}, "a PERIOD is not supported", true},
		"from here on":         {[]string{"DTSTART:20260101T100000", "DURATION:PT1H", "RECURRENCE-ID;RANGE=THISANDFUTURE:20260101T100000"}, "RANGE is not supported", true},
		"an unknown zone":      {[]string{"DTSTART;TZID=Nowhere:20260101T100000", "DURATION:PT1H"}, `the zone "Nowhere" is unknown`, true},
		"no exception":         {[]string{"DTSTART:20260101T100000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY", "EXDATE:20260102T100000"}, "EXDATE: none begins at 2026-01-02T10:00", false},
		"a long text":          {[]string{"DTSTART:20260101T100000", "DURATION:PT1H", "DESCRIPTION:" + strings.Repeat("x", 2500)}, "DESCRIPTION: is longer than 2000 bytes", false},
		"counted":              {[]string{"DTSTART:20260101T100000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=3"}, "it counts from a first time on which it does not hold", true},
		"too old":              {[]string{"DTSTART:16010101T100000", "DURATION:PT1H"}, "the years go from 1970", true},
		"cancelled elsewhere":  {[]string{"DTSTART:20260101T100000", "DURATION:PT1H", "RECURRENCE-ID:20260101T100000", "STATUS:CANCELLED"}, "not in the file", true},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ical.Read(with(c.lines...), o)
			var loss *ical.LossError
			require.True(t, errors.As(err, &loss), "%v", err)
			require.Len(t, loss.Left, 1)
			assert.Contains(t, loss.Left[0].String(), c.want)
			assert.Equal(t, c.whole, loss.Left[0].Whole)
			partial := o
			partial.Partial = true
			got, err := ical.Read(with(c.lines...), partial)
			require.NoError(t, err)
			assert.Equal(t, loss.Left, got.Left)
			assert.Equal(t, c.whole, len(got.Calendar.Freeze) == 0)
		})
	}
	todo := strings.ReplaceAll(string(with("DTSTART:20260101T100000")), "VEVENT", "VTODO")
	_, err := ical.Read([]byte(todo), o)
	assert.ErrorContains(t, err, "a VTODO is no event")
	for text, want := range map[string]string{"": "there is no VCALENDAR", "hello": "", "BEGIN:VCALENDAR\r\nX;Y=\"\x01:z\r\nEND:VCALENDAR\r\n": ""} {
		_, err := ical.Read([]byte(text), o)
		assert.ErrorContains(t, err, want)
	}
	_, err = ical.Read(with(), ical.Options{Name: "c"})
	assert.ErrorContains(t, err, "the calendar has no zone")
	for own, want := range map[string]string{
		`{"name":"c"\,"zone":"UTC"\,"scopes":{}}`:                                                  `unknown field "scopes"`,
		`{"name":"c"\,"zone":"UTC"\,"Scope":{}}`:                                                   `unknown field "Scope"`,
		`{"name":"c"\,"zone":"UTC"\,"scope":{"services":["["]}}`:                                   "Services[0]",
		`{"name":"c"\,"zone":"UTC"\,"freeze":[{"name":"w"\,"start":"2026-01-01"\,"length":"1h"}]}`: "without its windows",
		`[]`: "is not one calendar",
		`{"name":"c"\,"zone":"UTC"}` + "\r\n" + `X-DAVIT-CALENDAR:{"name":"d"\,"zone":"UTC"}`: "is there more than once",
	} {
		text := strings.Replace(string(with("DTSTART:20260101T100000Z", "DURATION:PT1H")), "BEGIN:VEVENT", "X-DAVIT-CALENDAR:"+own+"\r\nBEGIN:VEVENT", 1)
		_, err := ical.Read([]byte(text), o)
		assert.ErrorContains(t, err, want, own)
	}
}

// What is written is read as the same calendar.
func TestRoundTrip(t *testing.T) {
	c := calendar.Calendar{
		Name: "company", Text: "ask ada; or, grace\nplease", Zone: "America/New_York", Gap: calendar.GapSkip, Fold: calendar.FoldBoth, Scope: calendar.Scope{Services: []string{"shop-*"}, Environments: []string{"production"}},
		Allow: []calendar.Window{
			{Name: "work", Text: "a, b; c\\d\ne", Start: local("2026-01-05T09:00"), End: local("2026-01-05T17:00"), Rule: rule("FREQ=WEEKLY;BYDAY=MO,TU;WKST=SU"), Except: []calendar.Local{local("2026-01-12T09:00"), local("2026-01-13T09:00")}},
			{Name: "utc", Zone: "UTC", Start: local("2026-01-05T09:00:30"), Length: 61 * time.Second, Rule: rule("FREQ=DAILY;COUNT=4;INTERVAL=2"), Gap: calendar.GapBefore},
		},
		Freeze: []calendar.Window{
			{Name: "xmas", Zone: "Australia/Lord_Howe", Start: local("2026-12-20"), End: local("2027-01-05"), Fold: calendar.FoldSecond},
			{Name: "close", Start: local("2026-01-31T02:30"), Length: 100 * time.Hour, Rule: rule("FREQ=MONTHLY;UNTIL=20270101T000000Z;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1")},
		},
	}
	c.Freeze[1].Start = local("2026-01-30T02:30")
	data, err := ical.Write(c, time.LoadLocation, stamp)
	require.NoError(t, err)
	got, err := ical.Read(data, ical.Options{Zones: time.LoadLocation})
	require.NoError(t, err, "%s", data)
	assert.Equal(t, c, got.Calendar)
	again, err := ical.Write(got.Calendar, time.LoadLocation, stamp)
	require.NoError(t, err)
	assert.Equal(t, string(data), string(again), "the same bytes each time")
	text := string(data)
	for _, want := range []string{
		"BEGIN:VTIMEZONE\r\nTZID:America/New_York\r\n", "DTSTART:20260308T020000\r\nTZNAME:EDT\r\nTZOFFSETFROM:-0500\r\nTZOFFSETTO:-0400\r\n", "TZOFFSETFROM:+1030\r\nTZOFFSETTO:+1100\r\n",
		"DTSTART;TZID=America/New_York:20260105T090000\r\n", "DTSTART:20260105T090030Z\r\n", "DURATION:PT61S\r\n", "UID:xmas@company\r\n",
	} {
		assert.Contains(t, text, want)
	}
	_, err = ical.Write(calendar.Calendar{Name: "c", Zone: "UTC"}, nil, stamp)
	assert.ErrorContains(t, err, "has no windows")
	_, err = ical.Write(calendar.Calendar{}, nil, stamp)
	assert.ErrorContains(t, err, "Name: is missing")
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"google.ics", "outlook.ics"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add(with("DTSTART:20260101T100000", "DURATION:P1DT2H", "RRULE:FREQ=DAILY", "EXDATE:20260102T100000"))
	f.Fuzz(func(t *testing.T, data []byte) {
		o := ical.Options{Name: "c", Zone: "Europe/London", Zones: time.LoadLocation, Partial: true}
		got, err := ical.Read(data, o)
		if err != nil || len(got.Calendar.Allow)+len(got.Calendar.Freeze) == 0 {
			return
		}
		text, err := ical.Write(got.Calendar, time.LoadLocation, stamp)
		require.NoError(t, err)
		again, err := ical.Read(text, ical.Options{Zones: time.LoadLocation})
		require.NoError(t, err, "%s", text)
		require.Equal(t, got.Calendar, again.Calendar)
	})
}
