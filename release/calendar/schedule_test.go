package calendar_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release/calendar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func once(name, start, end string) calendar.Window {
	return calendar.Window{Name: name, Start: local(start), End: local(end)}
}

// A schedule is a calendar of the gates, without glue.
var _ gate.Calendar = (*calendar.Schedule)(nil)

func TestAScheduleIsACalendarOfTheGates(t *testing.T) {
	s := compile(t, calendar.Options{}, calendar.Calendar{Name: "c", Zone: "UTC", Freeze: []calendar.Window{once("f", "2026-01-01T10:00", "2026-01-01T11:00")},
		Allow: []calendar.Window{once("a", "2026-01-01T08:00", "2026-01-01T12:00"), once("b", "2026-01-02T08:00", "2026-01-02T12:00")}})
	for at, want := range map[string]string{
		"2026-01-01T09:00Z": "allowed by c/a until 2026-01-01T12:00:00Z",
		"2026-01-01T10:00Z": "frozen by c/f until 2026-01-01T11:00:00Z; allowed by c/a until 2026-01-01T12:00:00Z",
		"2026-01-01T12:00Z": "outside the windows of c, the next of which begins 2026-01-02T08:00:00Z",
	} {
		open, why := s.Open(utc(at))
		assert.Equal(t, at == "2026-01-01T09:00Z", open)
		assert.Equal(t, want, why)
	}
	v, err := gate.InTime{Calendar: s}.Check(t.Context(), gate.Subject{Now: utc("2026-01-01T09:00Z")})
	require.NoError(t, err)
	assert.Equal(t, gate.Pass, v.Outcome)
}

// The rule of union, by all ways in which calendars and windows stand to each other.
func TestWhichCalendarsCount(t *testing.T) {
	allow := func(name string, windows ...calendar.Window) calendar.Calendar {
		return calendar.Calendar{Name: name, Zone: "UTC", Allow: windows}
	}
	freeze := func(name string, windows ...calendar.Window) calendar.Calendar {
		return calendar.Calendar{Name: name, Zone: "UTC", Freeze: windows}
	}
	morning, noon := once("morning", "2026-01-05T08:00", "2026-01-05T12:00"), once("noon", "2026-01-05T11:00", "2026-01-05T14:00")
	at := utc("2026-01-05T11:30Z")
	for _, c := range []struct {
		name string
		all  []calendar.Calendar
		want string
	}{
		{"nothing at all", nil, "open, closes not before the horizon"},
		{"one allows, and one does not hinder", []calendar.Calendar{allow("a", morning), freeze("b", once("past", "2026-01-01", "2026-01-02"))},
			"open, closes 2026-01-05T12:00:00Z: allowed by a/morning until 2026-01-05T12:00:00Z"},
		{"a freeze closes whatever is allowed", []calendar.Calendar{allow("a", morning), freeze("b", noon)},
			"closed, opens not before the horizon: frozen by b/noon until 2026-01-05T14:00:00Z; allowed by a/morning until 2026-01-05T12:00:00Z"},
		{"one of the windows of a calendar is enough", []calendar.Calendar{allow("a", once("later", "2026-01-06", "2026-01-07"), noon)},
			"open, closes 2026-01-05T14:00:00Z: allowed by a/noon until 2026-01-05T14:00:00Z"},
		{"windows that overlap are one", []calendar.Calendar{allow("a", noon, morning)},
			"open, closes 2026-01-05T14:00:00Z: allowed by a/noon until 2026-01-05T14:00:00Z; allowed by a/morning until 2026-01-05T12:00:00Z"},
		{"all calendars must be open", []calendar.Calendar{allow("a", morning, once("z", "2026-01-06", "2026-01-08")), allow("b", once("later", "2026-01-07", "2026-01-09"))},
			"closed, opens 2026-01-07T00:00:00Z: outside the windows of b, the next of which begins 2026-01-07T00:00:00Z; allowed by a/morning until 2026-01-05T12:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, compile(t, calendar.Options{}, c.all...).At(at).String())
		})
	}
}

func TestScope(t *testing.T) {
	of := func(name string, s calendar.Scope) calendar.Calendar {
		return calendar.Calendar{Name: name, Zone: "UTC", Scope: s}
	}
	all := []calendar.Calendar{
		of("company", calendar.Scope{}), of("shop", calendar.Scope{Services: []string{"shop-*", "till"}}), of("production", calendar.Scope{Environments: []string{"production"}}),
		of("both", calendar.Scope{Services: []string{"till"}, Environments: []string{"staging"}}), of("team", calendar.Scope{Teams: []string{"blue"}}),
		of("any", calendar.Scope{Services: []string{"*"}}), of("api", calendar.Scope{Services: []string{"api/*"}}),
	}
	for _, c := range []struct {
		subject calendar.Subject
		want    string
	}{
		{calendar.Subject{}, "company shop production both team any api"},
		{calendar.Subject{Team: "red", Service: "till", Environment: "staging"}, "company shop both any"},
		{calendar.Subject{Team: "red", Service: "shop-api", Environment: "production"}, "company shop production any"},
		{calendar.Subject{Team: "blue", Service: "blog", Environment: "dev"}, "company team any"},
		{calendar.Subject{Service: "blog"}, "company production team any"},
		{calendar.Subject{Team: "red", Service: "api/shop", Environment: "dev"}, "company any api"},
		{calendar.Subject{Team: "red", Service: "api/shop/v2", Environment: "dev"}, "company any"},
	} {
		assert.Equal(t, c.want, strings.Join(compile(t, calendar.Options{Subject: c.subject}, all...).Calendars(), " "), "%v", c.subject)
	}
	assert.ErrorContains(t, calendar.Scope{Services: []string{"api/**"}}.Validate(), "there is no **")
	for subject, want := range map[calendar.Subject]string{
		{Team: "red", Service: "Till", Environment: "dev"}:           `calendar 1 (shop): Scope: Services: the subject has "Till", which is spelled otherwise here`,
		{Team: "red", Service: "blog", Environment: " production"}:   `calendar 2 (production): Scope: Environments: the subject has " production"`,
		{Team: "red", Service: "SHOP-api", Environment: "dev"}:       "calendar 1 (shop): Scope: Services",
		{Team: "Blue", Service: "blog", Environment: "dev"}:          "calendar 4 (team): Scope: Teams",
		{Team: "red", Service: "till", Environment: "Staging"}:       "calendar 3 (both): Scope: Environments",
		{Team: "red", Service: "blog", Environment: "Staging"}:       "", // it is not for blog anyhow
		{Team: "red", Service: "api/shop/V2", Environment: "PRODUC"}: "",
	} {
		_, err := calendar.Compile(calendar.Options{Subject: subject}, all...)
		if want == "" {
			assert.NoError(t, err)
			continue
		}
		assert.ErrorContains(t, err, want)
	}
}

func TestOverrides(t *testing.T) {
	c := calendar.Calendar{Name: "company", Zone: "UTC", Freeze: []calendar.Window{once("xmas", "2026-12-20", "2027-01-05"), once("audit", "2026-12-24", "2026-12-26")},
		Allow: []calendar.Window{once("work", "2026-12-01T08:00", "2026-12-22T20:00")}}
	lift := func(what, from, until string) calendar.Options {
		return calendar.Options{Overrides: []calendar.Override{{By: "ada", Why: "the shop is down", Lifts: []string{what}, From: utc(from), Until: utc(until)}}}
	}
	open := func(o calendar.Options) (all []string) {
		for span := range compile(t, o, c).Spans(utc("2026-12-19T00:00Z"), utc("2027-01-10T00:00Z")) {
			all = append(all, span.From.Format("01-02T15:04")+" "+span.To.Format("01-02T15:04"))
		}
		return all
	}
	assert.Equal(t, []string{"12-19T00:00 12-20T00:00"}, open(calendar.Options{}))
	assert.Equal(t, []string{"12-19T00:00 12-20T00:00", "12-21T10:00 12-21T12:00"}, open(lift("company/xmas", "2026-12-21T10:00Z", "2026-12-21T12:00Z")))
	assert.Equal(t, []string{"12-19T00:00 12-20T00:00", "12-22T10:00 12-22T20:00"}, open(lift("company/xmas", "2026-12-22T10:00Z", "2026-12-24T12:00Z")), "an allow window is not lifted by that")
	assert.Equal(t, []string{"12-19T00:00 12-20T00:00", "12-23T10:00 12-25T12:00"}, open(lift("company", "2026-12-23T10:00Z", "2026-12-25T12:00Z")), "all of a calendar is")
	assert.Equal(t, []string{"12-19T00:00 12-20T00:00", "12-25T10:00 12-25T12:00"}, open(lift("*", "2026-12-25T10:00Z", "2026-12-25T12:00Z")))
	two := lift("company/xmas", "2026-12-20T10:00Z", "2026-12-20T12:00Z")
	two.Overrides = append(two.Overrides, lift("company/xmas", "2026-12-20T11:00Z", "2026-12-20T13:00Z").Overrides...)
	assert.Equal(t, []string{"12-19T00:00 12-20T00:00", "12-20T10:00 12-20T13:00"}, open(two), "overrides add up")

	st := compile(t, lift("*", "2026-12-25T10:00Z", "2026-12-25T12:00Z"), c).At(utc("2026-12-25T11:00Z"))
	assert.True(t, st.Open)
	require.Len(t, st.Why, 3, "both freezes and the windows: %s", st)
	for _, r := range st.Why {
		assert.Equal(t, calendar.Lifted, r.Cause)
		assert.Equal(t, "ada", r.Override.By)
	}
	assert.Equal(t, utc("2026-12-25T12:00Z"), st.NextClosing)

	_, err := calendar.Compile(calendar.Options{Overrides: []calendar.Override{{From: utc("2026-01-02T00:00Z"), Until: utc("2026-01-01T00:00Z")}, {By: "a", Why: "b", Lifts: []string{"company/work"}}}}, c)
	for _, want := range []string{"Overrides[0]: By: is missing", "Overrides[0]: Why: is missing", "Overrides[0]: Lifts: is empty", "Overrides[0]: Until: 2026-01-01T00:00:00Z is not after From",
		`Overrides[1]: Lifts[0]: there is no freeze and no calendar "company/work"`, "Overrides[1]: Until: is missing"} {
		assert.ErrorContains(t, err, want)
	}
}

func TestAllThatIsWrongAtOnce(t *testing.T) {
	bad := calendar.Calendar{Name: "a/b", Zone: "UTC", Gap: "x", Fold: "y", Scope: calendar.Scope{Services: []string{"[", ""}},
		Allow: []calendar.Window{
			{Name: "w", Start: calendar.Clock(2026, 2, 30, 1, 0), End: local("2026-03-01"), Length: time.Hour, Gap: "z"},
			{Name: "w", Start: local("2026-03-02"), End: local("2026-03-01"), Rule: calendar.Rule{Freq: "X"}},
		},
		Freeze: []calendar.Window{
			{Name: "long", Start: local("2026-03-02"), Length: 367 * 24 * time.Hour, Rule: calendar.Rule{Freq: calendar.Yearly}},
			{Name: "never", Start: local("2026-03-02"), Length: time.Hour, Rule: calendar.Rule{Freq: calendar.Yearly, ByMonth: []time.Month{2}, ByMonthDay: []int{30}}},
			{Name: "except", Start: local("2026-03-02T10:00"), Length: time.Hour, Rule: calendar.Rule{Freq: calendar.Weekly}, Except: []calendar.Local{local("2026-03-09T09:00"), local("2026-03-10T10:00")}},
			{Name: "", Start: calendar.Local{}, Length: time.Millisecond},
		}}
	_, err := calendar.Compile(calendar.Options{Horizon: -1}, bad, calendar.Calendar{Name: "a/b", Zone: "UTC"})
	for _, want := range []string{
		"Options.Horizon: -1ns", `calendar 0 (a/b): Name: "a/b": a name has no slash`, "calendar 1 (a/b): Name: another calendar has it", "Gap: \"x\"", "Fold: \"y\"", "Scope: Services[0]", "Scope: Services[1]",
		"Allow[0]: Start: 2026-02-30T01:00: there is no such day", "Allow[0]: Length: does not go with End", "Allow[0]: Gap: \"z\"", `Allow[1]: Name: "w" is the name of Allow[0], too`,
		"Allow[1]: End: 2026-03-01T00:00 is not after Start", "Allow[1]: Rule: rule: FREQ:", "Freeze[0]: Length: 8808h0m0s: what comes again lasts 366 days at most",
		"Freeze[1]: Rule: \"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\" never holds", "Freeze[2]: Except[0]: none begins at 2026-03-09T09:00", "Freeze[2]: Except[1]: none begins at 2026-03-10T10:00",
		"Freeze[3]: Name: is missing", "Freeze[3]: Start: is missing", "Freeze[3]: Length: 1ms is not above zero, or not of whole seconds",
	} {
		assert.ErrorContains(t, err, want)
	}
}

func TestYearsThatNobodyKnows(t *testing.T) {
	s := compile(t, calendar.Options{})
	for _, at := range []time.Time{time.Date(1969, 12, 31, 23, 0, 0, 0, time.UTC), time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC), {}, time.Unix(1<<60, 0)} {
		st := s.At(at)
		assert.False(t, st.Open)
		assert.Equal(t, calendar.OutOfTime, st.Why[0].Cause)
		assert.False(t, isOpen(s, at))
		assert.False(t, s.Fits(at, 0).Fits)
	}
	n := 0
	for span := range s.Spans(time.Time{}, time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC)) {
		assert.Equal(t, 1970, span.From.Year())
		assert.Equal(t, 2200, span.To.Year())
		n++
	}
	assert.Equal(t, 1, n)
}

// Moments between two seconds.
func TestFractions(t *testing.T) {
	s := compile(t, calendar.Options{}, calendar.Calendar{Name: "c", Zone: "UTC", Freeze: []calendar.Window{once("f", "2026-01-01T10:00", "2026-01-01T11:00")}})
	assert.True(t, isOpen(s, utc("2026-01-01T10:00Z").Add(-1)))
	assert.False(t, isOpen(s, utc("2026-01-01T10:00Z")))
	assert.False(t, isOpen(s, utc("2026-01-01T11:00Z").Add(-1)))
	assert.True(t, isOpen(s, utc("2026-01-01T11:00Z")))
	late := utc("2026-01-01T09:59Z").Add(59*time.Second + 1)
	r := s.Fits(late, time.Second)
	assert.False(t, r.Fits)
	assert.Equal(t, utc("2026-01-01T11:00Z"), r.Start)
	assert.True(t, s.Fits(late, time.Second-1).Fits)
}

func TestCodec(t *testing.T) {
	all := []calendar.Calendar{{
		Name: "company", Text: "ask ada", Zone: "Europe/London", Gap: calendar.GapSkip, Fold: calendar.FoldBoth, Scope: calendar.Scope{Services: []string{"shop-*"}},
		Allow: []calendar.Window{{Name: "work", Start: local("2026-01-05T09:00"), End: local("2026-01-05T17:00"), Rule: calendar.Rule{Freq: calendar.Weekly, ByDay: []calendar.Day{{On: "MO"}}},
			Except: []calendar.Local{local("2026-01-12T09:00")}}},
		Freeze: []calendar.Window{{Name: "xmas", Text: "nobody", Zone: "UTC", Start: local("2026-12-20T00:00:30"), Length: 90 * time.Minute, Fold: calendar.FoldSecond}},
	}, {Name: "b", Zone: "UTC"}}
	data, err := calendar.Encode(all...)
	require.NoError(t, err)
	got, err := calendar.Decode(data)
	require.NoError(t, err)
	assert.Equal(t, all, got)
	one, err := calendar.Decode([]byte(`{"name":"b","zone":"UTC"}`))
	require.NoError(t, err)
	assert.Equal(t, all[1:], one)
	for text, want := range map[string]string{
		`{"name":"b","zone":"UTC","freezes":[]}`:                                                                    `unknown field "freezes"`,
		`{"name":"b","zone":"UTC","freeze":[{"name":"w","start":"2026-01-01","length":"1h","rul":"x"}]}`:            `unknown field "rul"`,
		`{"name":"b","zone":"UTC","Freeze":[{"name":"w","start":"2026-01-01","length":"1h"}],"freeze":[]}`:          `unknown field "Freeze"`,
		`{"name":"b","zone":"UTC","\u017fcope":{}}`:                                                                 "names are of small letters",
		`{"name":"b","zone":"UTC","freeze":[{"name":"w","Start":"2026-01-01","start":"2027-01-01","length":"1h"}]}`: `unknown field "Start"`,
		`{"name":"b","zone":"UTC","zone":"UTC"}`:                                                                    ".zone is there twice",
		`{"name":"b","zone":"UTC"} {}`:                                                                              "there is text after the end",
		`{"name":"b","zone":"UTC","freeze":[{"name":"w","start":"2026-01-01","length":"long"}]}`:                    `length: "long" is no duration`,
		`{"name":"b","zone":"UTC","freeze":[{"name":"w","start":"2026-01-01","length":"1h","rule":"FREQ=DAYLY"}]}`:  `rule: at byte 5: FREQ: "DAYLY" is none of`,
		`{"name":"b","zone":"UTC","freeze":[{"name":"w","start":"2026-13-01","length":"1h"}]}`:                      `"2026-13-01" is no local time such as`,
		`{"zone":"UTC"}`: "Name: is missing",
		``:               "EOF",
		`[`:              "EOF",
	} {
		_, err := calendar.Decode([]byte(text))
		assert.ErrorContains(t, err, want, text)
	}
	_, err = calendar.Encode(calendar.Calendar{})
	assert.ErrorContains(t, err, "Name: is missing")
	status, err := json.Marshal(compile(t, calendar.Options{}, all[0]).At(utc("2026-01-05T10:00Z")))
	require.NoError(t, err)
	assert.Contains(t, string(status), `"open":true,"why":[{"cause":"allowed","calendar":"company","window":"work"`)
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"name":"b","zone":"UTC","freeze":[{"name":"w","start":"2026-01-01","length":"1h","rule":"FREQ=DAILY"}]}`))
	f.Add([]byte(`[{"name":"b","zone":"UTC","allow":[{"name":"w","start":"2026-01-01T10:00","end":"2026-01-01T11:00:01","except":["2026-01-01T10:00"]}]}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := calendar.Decode(data)
		if err != nil {
			return
		}
		text, err := calendar.Encode(all...)
		require.NoError(t, err)
		again, err := calendar.Decode(text)
		require.NoError(t, err)
		more, err := calendar.Encode(again...)
		require.NoError(t, err)
		require.Equal(t, string(text), string(more))
		if s, err := calendar.Compile(calendar.Options{}, all...); err == nil {
			s.Fits(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Hour)
		}
	})
}

// A need that reaches to the horizon is not known to fit; one that ends with it is.
func TestTheHorizon(t *testing.T) {
	at := utc("2026-01-01T00:00Z")
	s := compile(t, calendar.Options{Horizon: 10 * time.Hour}, calendar.Calendar{Name: "c", Zone: "UTC", Freeze: []calendar.Window{once("f", "2026-01-01T11:00", "2026-01-01T12:00")}})
	assert.True(t, s.Fits(at, 10*time.Hour).Fits)
	assert.Zero(t, s.Fits(at, 10*time.Hour+time.Second).Start)
	assert.Zero(t, s.At(at).NextClosing, "it lies behind the horizon")
	assert.Equal(t, utc("2026-01-01T11:00Z"), s.At(at.Add(2*time.Hour)).NextClosing)
	assert.Equal(t, utc("2026-01-01T10:00Z"), s.At(at).Horizon)
}
