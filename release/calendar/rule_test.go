package calendar_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/calendar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseRule(t *testing.T) {
	for text, want := range map[string]calendar.Rule{
		"FREQ=DAILY":                    {Freq: calendar.Daily},
		"rrule:freq=weekly;byday=mo,Fr": {Freq: calendar.Weekly, ByDay: []calendar.Day{{On: calendar.Monday}, {On: calendar.Friday}}},
		"FREQ=MONTHLY;BYDAY=-1FR,+2TU;INTERVAL=2;WKST=SU": {
			Freq: calendar.Monthly, Interval: 2, ByDay: []calendar.Day{{N: -1, On: calendar.Friday}, {N: 2, On: calendar.Tuesday}}, WeekStart: calendar.Sunday,
		},
		"FREQ=YEARLY;BYMONTH=1,12;BYMONTHDAY=-1,15;COUNT=3": {
			Freq: calendar.Yearly, Count: 3, ByMonth: []time.Month{1, 12}, ByMonthDay: []int{-1, 15},
		},
		"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;UNTIL=20261231T235959Z": {
			Freq: calendar.Monthly, BySetPos: []int{-1}, Until: calendar.Local{Year: 2026, Month: 12, Day: 31, Hour: 23, Minute: 59, Second: 59}, UntilUTC: true,
			ByDay: []calendar.Day{{On: "MO"}, {On: "TU"}, {On: "WE"}, {On: "TH"}, {On: "FR"}},
		},
		"FREQ=DAILY;UNTIL=20261231": {Freq: calendar.Daily, Until: calendar.Local{Year: 2026, Month: 12, Day: 31, Hour: 23, Minute: 59, Second: 59}},
	} {
		got, err := calendar.ParseRule(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
}

func TestRulesThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		"":                                         `rule: at byte 0: "" is not of the form NAME=VALUE`,
		"INTERVAL=2":                               "rule: at byte 10: FREQ: is missing",
		"FREQ=HOURLY":                              `rule: at byte 5: FREQ: "HOURLY" is not supported: it is one of DAILY, WEEKLY, MONTHLY, YEARLY`,
		"FREQ=SOMETIMES":                           `rule: at byte 5: FREQ: "SOMETIMES" is none of DAILY, WEEKLY, MONTHLY, YEARLY`,
		"FREQ=DAILY;FREQ=DAILY":                    "rule: at byte 11: FREQ: is there twice",
		"FREQ=DAILY;BYHOUR=3":                      "rule: at byte 11: BYHOUR: is not supported",
		"FREQ=DAILY;FOO=3":                         `rule: at byte 11: "FOO" is unknown`,
		"FREQ=DAILY;":                              `rule: at byte 11: "" is not of the form NAME=VALUE`,
		"FREQ=DAILY;COUNT=0":                       `rule: at byte 17: COUNT: "0" is no number other than zero`,
		"FREQ=DAILY;COUNT=-1":                      "rule: at byte 17: COUNT: -1 is below 1",
		"FREQ=DAILY;INTERVAL=10001":                "rule: at byte 20: INTERVAL: 10001 is not between 1 and 10000",
		"FREQ=DAILY;COUNT=1;UNTIL=20260101":        "rule: at byte 25: UNTIL: does not go with COUNT",
		"FREQ=DAILY;UNTIL=20260230":                `rule: at byte 17: UNTIL: "20260230" is no time such as 20261231T170000, 20261231T170000Z or 20261231`,
		"FREQ=DAILY;UNTIL=19000101T000000":         "rule: at byte 17: UNTIL: 1900-01-01T00:00: the years go from 1970 to 2199",
		"RRULE:FREQ=WEEKLY;BYDAY=MO,XX":            `rule: at byte 27: BYDAY: "XX" is no day such as FR or -1FR`,
		"FREQ=WEEKLY;BYDAY=1MO":                    "rule: at byte 18: BYDAY: nth days do not go with FREQ=WEEKLY",
		"FREQ=MONTHLY;BYDAY=6MO":                   "rule: at byte 19: BYDAY: 6MO: a month has no more than five of them",
		"FREQ=MONTHLY;BYDAY=MO,MO":                 "rule: at byte 19: BYDAY: MO is there twice",
		"FREQ=YEARLY;BYDAY=20MO":                   "rule: at byte 18: BYDAY: 20MO: a month has no more than five of them",
		"FREQ=YEARLY;BYDAY=2MO":                    "rule: at byte 18: BYDAY: nth days of a whole year are not supported: add BYMONTH",
		"FREQ=WEEKLY;BYMONTHDAY=1":                 "rule: at byte 23: BYMONTHDAY: does not go with FREQ=WEEKLY",
		"FREQ=MONTHLY;BYMONTHDAY=32":               "rule: at byte 24: BYMONTHDAY: 32 is out of bounds",
		"FREQ=MONTHLY;BYMONTH=-1":                  "rule: at byte 21: BYMONTH: -1 is out of bounds",
		"FREQ=MONTHLY;BYSETPOS=1":                  "rule: at byte 22: BYSETPOS: goes with FREQ=MONTHLY and BYDAY or BYMONTHDAY alone",
		"FREQ=WEEKLY;WKST=XX":                      `rule: at byte 17: WKST: "XX" is none of MO, TU, WE, TH, FR, SA, SU`,
		"FREQ=MONTHLY;BYMONTHDAY=1,,2":             `rule: at byte 26: BYMONTHDAY: "" is no number other than zero`,
		"FREQ=MONTHLY;BYMONTHDAY=99999999999999":   `rule: at byte 24: BYMONTHDAY: "99999999999999" is no number other than zero`,
		"FREQ=MONTHLY;BYMONTHDAY=+-1;BYMONTH=\x00": `rule: at byte 24: BYMONTHDAY: "+-1" is no number other than zero`,
	} {
		_, err := calendar.ParseRule(text)
		assert.EqualError(t, err, want, text)
		var wrong *calendar.RuleError
		assert.True(t, errors.As(err, &wrong), text)
	}
}

func TestARuleReportsAllThatIsWrong(t *testing.T) {
	err := calendar.Rule{Interval: -1, Count: -1, ByMonth: []time.Month{13}, ByDay: []calendar.Day{{On: "XX"}}, WeekStart: "YY", UntilUTC: true}.Validate()
	for _, want := range []string{"FREQ: is missing", "INTERVAL: -1", "COUNT: -1", "BYMONTH: 13", `BYDAY: "XX"`, `WKST: "YY"`, "UNTIL: is missing"} {
		assert.ErrorContains(t, err, want)
	}
	assert.NoError(t, calendar.Rule{}.Validate())
	assert.Empty(t, calendar.Rule{}.String())
}

// What is written is read as the same rule.
func TestParseAndStringAreInverses(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 5000 / raced {
		rule := anyRule(r)
		got, err := calendar.ParseRule(rule.String())
		require.NoError(t, err, rule.String())
		require.Equal(t, rule, got, rule.String())
	}
}

func FuzzParseRule(f *testing.F) {
	for _, text := range []string{
		"FREQ=DAILY", "RRULE:FREQ=WEEKLY;BYDAY=MO,FR;WKST=SU;UNTIL=20261231T170000Z", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;INTERVAL=3",
		"freq=monthly;byday=+1mo,-1su;count=12", "FREQ=DAILY;UNTIL=20261231", "FREQ=DAILY;COUNT=-0", "FREQ=", ";;;", "FREQ=DAILY;BYDAY=\xff\xff",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rule, err := calendar.ParseRule(text)
		if err != nil {
			var wrong *calendar.RuleError
			require.ErrorAs(t, err, &wrong)
			require.LessOrEqual(t, wrong.Offset, len(text))
			require.GreaterOrEqual(t, wrong.Offset, 0)
			return
		}
		require.NoError(t, rule.Validate())
		again, err := calendar.ParseRule(rule.String())
		require.NoError(t, err, rule.String())
		require.Equal(t, rule, again)
		w := calendar.Window{Name: "w", Start: calendar.Clock(2026, 1, 1, 2, 30), Length: time.Hour, Rule: rule}
		s, err := calendar.Compile(calendar.Options{Zones: time.LoadLocation}, calendar.Calendar{Name: "c", Zone: "Europe/London", Freeze: []calendar.Window{w}})
		if err != nil {
			require.ErrorContains(t, err, "never holds")
			return
		}
		at := time.Date(2027, 3, 28, 1, 30, 0, 0, time.UTC)
		st := s.At(at)
		require.Equal(t, st.Open, isOpen(s, at))
	})
}
