package ical_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/calendar"
	"github.com/davit-sdk/davit/release/calendar/ical"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// events is a file of events, each of which has those lines.
func events(all ...string) []byte {
	text := "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n"
	for _, lines := range all {
		text += "BEGIN:VEVENT\nUID:u\nDTSTAMP:20260101T000000Z\n" + lines + "\nEND:VEVENT\n"
	}
	return []byte(strings.ReplaceAll(text+"END:VCALENDAR\n", "\n", "\r\n"))
}

// openings are when a calendar opens in a week.
func openings(t *testing.T, c calendar.Calendar) (all []string) {
	t.Helper()
	schedule, err := calendar.Compile(calendar.Options{Zones: time.LoadLocation}, c)
	require.NoError(t, err)
	from := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for span := range schedule.Spans(from, from.AddDate(0, 0, 7)) {
		all = append(all, span.From.Format("Mon 15:04"))
	}
	return all
}

// An instance is an exception of its master whatever becomes of itself: what was moved away does not stay open.
func TestInstancesAreExceptions(t *testing.T) {
	master := "SUMMARY:slot\nCATEGORIES:ALLOW\nDTSTART;TZID=Europe/Berlin:20261123T090000\nDTEND;TZID=Europe/Berlin:20261123T100000\nRRULE:FREQ=DAILY;COUNT=3"
	named := func(summary string, _ []string) ical.Kind {
		return map[string]ical.Kind{"slot": ical.Allow, "freeze": ical.Freeze}[summary]
	}
	nothing := func(summary string, _ []string) ical.Kind {
		if summary == "slot" {
			return ical.Allow
		}
		return ical.Nothing
	}
	for name, c := range map[string]struct {
		instance string
		kind     func(string, []string) ical.Kind
		want     []string
		left     int
	}{
		"moved":                        {"SUMMARY:slot\nCATEGORIES:ALLOW\nRECURRENCE-ID:20261124T080000Z\nDTSTART:20261124T120000Z\nDTEND:20261124T130000Z", nil, []string{"Mon 08:00", "Tue 12:00", "Wed 08:00"}, 0},
		"cancelled, without an end":    {"SUMMARY:slot\nSTATUS:CANCELLED\nRECURRENCE-ID:20261124T080000Z\nDTSTART:20261124T080000Z", nil, []string{"Mon 08:00", "Wed 08:00"}, 0},
		"cancelled, without a start":   {"SUMMARY:slot\nSTATUS:CANCELLED\nRECURRENCE-ID:20261124T080000Z", nil, []string{"Mon 08:00", "Wed 08:00"}, 0},
		"means nothing any more":       {"SUMMARY:private\nRECURRENCE-ID:20261124T080000Z\nDTSTART:20261124T120000Z\nDTEND:20261124T130000Z", nothing, []string{"Mon 08:00", "Wed 08:00"}, 0},
		"of no kind":                   {"SUMMARY:private\nRECURRENCE-ID:20261124T080000Z\nDTSTART:20261124T120000Z\nDTEND:20261124T130000Z", named, []string{"Mon 08:00", "Wed 08:00"}, 1},
		"moved to a zone of nowhere":   {"SUMMARY:slot\nRECURRENCE-ID:20261124T080000Z\nDTSTART;TZID=Nowhere:20261124T120000\nDTEND;TZID=Nowhere:20261124T130000", nil, []string{"Mon 08:00", "Wed 08:00"}, 1},
		"moved twice":                  {"SUMMARY:slot\nCATEGORIES:ALLOW\nSEQUENCE:2\nRECURRENCE-ID:20261124T080000Z\nDTSTART:20261124T120000Z\nDTEND:20261124T130000Z\nEND:VEVENT\nBEGIN:VEVENT\nUID:u\nDTSTAMP:20260101T000000Z\nSUMMARY:slot\nCATEGORIES:ALLOW\nSEQUENCE:1\nRECURRENCE-ID;TZID=Europe/Berlin:20261124T090000\nDTSTART:20261124T180000Z\nDTEND:20261124T190000Z", nil, []string{"Mon 08:00", "Tue 12:00", "Wed 08:00"}, 0},
		"a later version of the whole": {"SUMMARY:slot\nCATEGORIES:ALLOW\nSEQUENCE:1\nDTSTART:20261126T120000Z\nDTEND:20261126T130000Z", nil, []string{"Thu 12:00"}, 0},
		"an earlier version":           {"SUMMARY:slot\nCATEGORIES:ALLOW\nSEQUENCE:-1\nDTSTART:20261126T120000Z\nDTEND:20261126T130000Z", nil, []string{"Mon 08:00", "Tue 08:00", "Wed 08:00"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			for _, data := range [][]byte{events(master, c.instance), events(c.instance, master)} {
				got, err := ical.Read(data, ical.Options{Name: "c", Zone: "UTC", Zones: time.LoadLocation, Kind: c.kind, Partial: true})
				require.NoError(t, err)
				assert.Equal(t, c.want, openings(t, got.Calendar))
				assert.Len(t, got.Left, c.left)
			}
		})
	}
}

// Where nobody can tell which instance was changed, an allow window is out and a freeze stays; and where no allow window is
// left, there is no calendar, which would be open.
func TestInstancesThatNobodyCanTell(t *testing.T) {
	master := "SUMMARY:slot\nDTSTART:20261123T090000Z\nDTEND:20261123T100000Z\nRRULE:FREQ=DAILY"
	instance := "SUMMARY:slot\nRECURRENCE-ID;RANGE=THISANDFUTURE:20261124T090000Z\nDTSTART:20261124T120000Z\nDTEND:20261124T130000Z"
	o := ical.Options{Name: "c", Zone: "UTC", Partial: true}
	got, err := ical.Read(events(master, instance), o)
	require.NoError(t, err)
	assert.Len(t, got.Calendar.Freeze, 1)
	assert.Len(t, got.Left, 1)
	allow := "\nCATEGORIES:ALLOW"
	_, err = ical.Read(events(master+allow, instance), o)
	assert.ErrorContains(t, err, "no allow window is left")
	other := strings.Replace(string(events(master+allow, instance)), "END:VCALENDAR", "BEGIN:VEVENT\r\nUID:v\r\nDTSTAMP:20260101T000000Z\r\nCATEGORIES:ALLOW\r\nDTSTART:20261125T200000Z\r\nDURATION:PT1H\r\nEND:VEVENT\r\nEND:VCALENDAR", 1)
	got, err = ical.Read([]byte(other), o)
	require.NoError(t, err)
	assert.Equal(t, []string{"Wed 20:00"}, openings(t, got.Calendar))
	assert.Len(t, got.Left, 2)
	cancelled := strings.Replace(other, "RRULE:FREQ=DAILY", "RRULE:FREQ=DAILY\r\nSTATUS:CANCELLED\r\nSEQUENCE:3", 1)
	cancelled = strings.Replace(cancelled, ";RANGE=THISANDFUTURE", "", 1)
	got, err = ical.Read([]byte(cancelled), o)
	require.NoError(t, err)
	assert.Equal(t, []string{"Wed 20:00"}, openings(t, got.Calendar))
	assert.Empty(t, got.Calendar.Freeze, "what was moved before the whole was cancelled is cancelled, too")
}

// Other programs take DTSTART for the first instance: what is written has it on a day on which the rule holds.
func TestWhatIsWrittenBeginsWithItsRule(t *testing.T) {
	for text, want := range map[string]string{
		"FREQ=WEEKLY;BYDAY=FR":                           "DTSTART:20261127T090000Z",
		"FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;COUNT=3":        "DTSTART:20261124T090000Z",
		"FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=1":           "DTSTART:20270201T090000Z",
		"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;INTERVAL=2": "DTSTART:20280229T090000Z",
		"FREQ=DAILY;INTERVAL=3;BYMONTH=12":               "DTSTART:20261202T090000Z",
	} {
		c := calendar.Calendar{Name: "c", Zone: "UTC", Allow: []calendar.Window{{Name: "w", Start: local("2026-11-23T09:00"), End: local("2026-11-24T08:00"), Rule: rule(text)}}}
		data, err := ical.Write(c, nil, stamp)
		require.NoError(t, err)
		assert.Contains(t, string(data), want, text)
		got, err := ical.Read(data, ical.Options{})
		require.NoError(t, err, text)
		require.Len(t, got.Calendar.Allow, 1)
		spans := func(c calendar.Calendar) (all []calendar.Span) {
			schedule, err := calendar.Compile(calendar.Options{}, c)
			require.NoError(t, err)
			for span := range schedule.Spans(stamp.AddDate(-1, 0, 0), stamp.AddDate(20, 0, 0)) {
				all = append(all, span)
			}
			return all
		}
		assert.Equal(t, spans(c), spans(got.Calendar), text)
		assert.NotEmpty(t, spans(c))
	}
}

// What began before the years of calendars, or ends behind them, comes as it does.
func TestYearsOutOfBounds(t *testing.T) {
	for lines, want := range map[string]calendar.Window{
		"DTSTART;VALUE=DATE:19500311\nRRULE:FREQ=YEARLY":                                                                       {Start: local("1970-03-11"), End: local("1970-03-12"), Rule: rule("FREQ=YEARLY")},
		"DTSTART;VALUE=DATE:16040229\nDTEND;VALUE=DATE:16040302\nRRULE:FREQ=YEARLY":                                            {Start: local("1972-02-29"), End: local("1972-03-02"), Rule: rule("FREQ=YEARLY")},
		"DTSTART:19691229T100000\nDTEND:19691230T100000\nRRULE:FREQ=WEEKLY;INTERVAL=2\nEXDATE:19691229T100000,19700112T100000": {Start: local("1970-01-12T10:00"), End: local("1970-01-13T10:00"), Rule: rule("FREQ=WEEKLY;INTERVAL=2"), Except: []calendar.Local{local("1970-01-12T10:00")}},
		"DTSTART:19010131T100000\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;INTERVAL=3":                                                {Start: local("1970-01-31T10:00"), Length: time.Hour, Rule: rule("FREQ=MONTHLY;INTERVAL=3")},
		"DTSTART:16010101T100000\nDURATION:PT1H\nRRULE:FREQ=DAILY;INTERVAL=5;BYDAY=MO":                                         {Start: local("1970-01-12T10:00"), Length: time.Hour, Rule: rule("FREQ=DAILY;INTERVAL=5;BYDAY=MO")},
		"DTSTART:20260101T100000\nDURATION:PT1H\nRRULE:FREQ=YEARLY;UNTIL=99991231T235959Z":                                     {Start: local("2026-01-01T10:00"), Length: time.Hour, Rule: rule("FREQ=YEARLY")},
	} {
		got, err := ical.Read(events("SUMMARY:s\n"+lines), ical.Options{Name: "c", Zone: "UTC"})
		require.NoError(t, err, lines)
		want.Name = "s"
		assert.Equal(t, []calendar.Window{want}, got.Calendar.Freeze, lines)
	}
	for _, lines := range []string{"DTSTART:19600101T100000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=9", "DTSTART:19600101T100000\nDURATION:PT1H", "DTSTART:22010101T100000\nDURATION:PT1H"} {
		_, err := ical.Read(events("SUMMARY:s\n"+lines), ical.Options{Name: "c", Zone: "UTC"})
		assert.ErrorContains(t, err, "the years go from 1970", lines)
	}
}

// A name may be as long as a calendar lets it, also where another window has it.
func TestLongNames(t *testing.T) {
	long := strings.Repeat("ü", 50)
	c := calendar.Calendar{Name: long, Zone: "UTC", Freeze: []calendar.Window{{Name: long, Start: local("2026-01-01"), Length: time.Hour}, {Name: long[:90] + "abcdefghij", Start: local("2026-01-01"), Length: time.Hour}}}
	data, err := ical.Write(c, nil, stamp)
	require.NoError(t, err)
	got, err := ical.Read(data, ical.Options{})
	require.NoError(t, err)
	assert.Equal(t, c, got.Calendar)
	got, err = ical.Read(events("SUMMARY:"+long+"\nDTSTART:20260101\nRDATE:20260105,20260106"), ical.Options{Name: "c", Zone: "UTC"})
	require.NoError(t, err)
	require.Len(t, got.Calendar.Freeze, 3)
	assert.Equal(t, long[:98]+" 3", got.Calendar.Freeze[2].Name)
}

// A rule that never holds leaves nothing of its event, and says so once.
func TestARuleThatNeverHolds(t *testing.T) {
	_, err := ical.Read(events("SUMMARY:s\nDTSTART:20260601T100000\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20260101T000000Z"), ical.Options{Name: "c", Zone: "UTC"})
	var loss *ical.LossError
	require.True(t, errors.As(err, &loss))
	require.Len(t, loss.Left, 1)
	assert.True(t, loss.Left[0].Whole)
	got, err := ical.Read(events("SUMMARY:s\nDTSTART:20260601T100000\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20260101T000000Z"), ical.Options{Name: "c", Zone: "UTC", Partial: true})
	require.NoError(t, err)
	assert.Empty(t, got.Calendar.Freeze)
}

// Each zone is looked for once or twice, however many questions there are about it.
func TestZonesAreOpenedOnce(t *testing.T) {
	calls := map[string]int{}
	zones := func(name string) (*time.Location, error) {
		calls[name]++
		return time.LoadLocation(name)
	}
	var all []string
	for i := range 100 {
		all = append(all, "SUMMARY:s\nSEQUENCE:0\nDTSTART;TZID=Europe/Berlin:2026010"+string(rune('1'+i%9))+"T100000\nDURATION:PT1H\nRRULE:FREQ=DAILY\nEXDATE;TZID=Europe/Berlin:20260201T100000,20260202T100000")
	}
	got, err := ical.Read(events(all...), ical.Options{Name: "c", Zone: "Europe/London", Zones: zones})
	require.NoError(t, err)
	require.Len(t, got.Calendar.Freeze, 100)
	assert.Equal(t, "s 100", got.Calendar.Freeze[99].Name)
	assert.Equal(t, map[string]int{"Europe/Berlin": 2, "Europe/London": 2}, calls)
}

// The names that Outlook writes, in whatever case.
func TestNamesOfOutlook(t *testing.T) {
	for name, want := range map[string]string{
		"Dateline Standard Time": "Etc/GMT+12", "UTC-11": "Etc/GMT+11", "Pacific Standard Time (Mexico)": "America/Tijuana", "Russia Time Zone 3": "Europe/Samara",
		"UTC+12": "Etc/GMT-12", "Line Islands Standard Time": "Pacific/Kiritimati", "Aus Central W. Standard Time": "Australia/Eucla", "UTC": "UTC",
		"West Asia Standard Time": "Asia/Tashkent", "W. Europe Standard Time": "Europe/Berlin", "Turks And Caicos Standard Time": "America/Grand_Turk",
	} {
		got, err := ical.Read(events("SUMMARY:s\nDTSTART;TZID="+name+":20260101T100000\nDURATION:PT1H"), ical.Options{Name: "c", Zone: "Europe/Rome", Zones: time.LoadLocation})
		require.NoError(t, err, name)
		assert.Equal(t, want, got.Calendar.Freeze[0].Zone)
	}
}

// A carriage return within a text is left out, so that what was read can be written.
func TestTextsWithoutCarriageReturns(t *testing.T) {
	data := strings.Replace(string(events("SUMMARY:s\nDESCRIPTION:a?b\nDTSTART:20260101T100000\nDURATION:PT1H")), "?", "\r", 1)
	got, err := ical.Read([]byte(data), ical.Options{Name: "c", Zone: "UTC"})
	require.NoError(t, err)
	assert.Equal(t, "ab", got.Calendar.Freeze[0].Text)
	_, err = ical.Write(got.Calendar, nil, stamp)
	require.NoError(t, err)
}
