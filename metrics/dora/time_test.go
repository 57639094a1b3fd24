package dora_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	l, err := time.LoadLocation(name)
	require.NoError(t, err)
	return l
}

func TestWeeksBeginWhereClocksSaySo(t *testing.T) {
	h := history(t, []dora.Event{dora.Deployment{ID: "d", Time: time.Date(2025, 1, 6, 2, 30, 0, 0, time.UTC)}})
	for _, tt := range []struct {
		zone  string
		start dora.Weekday
		want  string // the week of the deployment
	}{
		{"UTC", "", "2025-01-06"},
		{"America/Los_Angeles", "", "2024-12-30"},
		{"America/Los_Angeles", "sunday", "2025-01-05"},
	} {
		l := zone(t, tt.zone)
		q := dora.Query{From: time.Date(2024, 12, 30, 0, 0, 0, 0, l), To: time.Date(2025, 1, 20, 0, 0, 0, 0, l), Location: l, WeekStart: tt.start, Weeks: dora.WeeksAll}
		report, err := h.Report(dora.Rules{}, q)
		require.NoError(t, err)
		for _, w := range report.Weeks {
			if w.N > 0 {
				assert.Equal(t, tt.want, w.From.Format(time.DateOnly), tt)
				assert.Equal(t, l.String(), w.From.Location().String())
			}
		}
	}
}

func TestDaysOfOtherLengths(t *testing.T) {
	ny := zone(t, "America/New_York")
	h := history(t, []dora.Event{
		dora.Outage{Service: "shop", From: time.Date(2025, 3, 9, 1, 30, 0, 0, ny), To: time.Date(2025, 3, 9, 3, 30, 0, 0, ny)},
		dora.Deployment{ID: "d", Service: "shop", Time: time.Date(2025, 3, 9, 12, 0, 0, 0, ny)},
	})
	report, err := h.Report(dora.Rules{}, dora.Query{Location: ny})
	require.NoError(t, err)
	assert.Equal(t, 23*time.Hour, report.To.Sub(report.From), "the day on which clocks go forward")
	assert.InDelta(t, 60, report.Availability.DownMinutes, 1e-9)
	assert.InDelta(t, 1-60.0/1380, report.Availability.Ratio, 1e-12)

	// A day that has no midnight, and one that has two.
	for _, tt := range []struct {
		zone  string
		day   time.Time
		hours int
		first string
	}{
		{"America/Sao_Paulo", time.Date(2018, 11, 4, 12, 0, 0, 0, time.UTC), 23, "01:00"},
		{"America/Havana", time.Date(2024, 11, 3, 12, 0, 0, 0, time.UTC), 25, "00:00"},
		{"Atlantic/Azores", time.Date(2024, 10, 27, 12, 0, 0, 0, time.UTC), 25, "00:00"},
		{"Asia/Amman", time.Date(2021, 10, 29, 12, 0, 0, 0, time.UTC), 25, "00:00"},
		{"America/Havana", time.Date(2024, 3, 10, 16, 0, 0, 0, time.UTC), 23, "01:00"},
	} {
		l := zone(t, tt.zone)
		h := history(t, []dora.Event{dora.Deployment{ID: "d", Time: tt.day}})
		report, err := h.Report(dora.Rules{}, dora.Query{Location: l})
		require.NoError(t, err)
		assert.Equal(t, time.Duration(tt.hours)*time.Hour, report.To.Sub(report.From), tt)
		assert.Equal(t, tt.first, report.From.Format("15:04"), tt)
		assert.Equal(t, 1, report.DeploymentFrequency.Days)
		assert.Equal(t, 1.0, report.DeploymentFrequency.PerDay.Or(0), "a day is a day")
	}
}

func TestCompleteWeeks(t *testing.T) {
	h := history(t, story(t, "d1 3T10:00\nd2 4T10:00\nd3 4T12:00\nd4 17T10:00"))
	q := days(15) // two weeks and a day
	for _, tt := range []struct {
		weeks dora.Weeks
		rules dora.Rules
		want  float64
	}{
		{"", dora.Rules{}, 1}, // 2, 0
		{dora.WeeksAll, dora.Rules{}, 1},
		{"", dora.Rules{Weeks: dora.WeeksAll}, 1}, // 2, 0, 1
		{dora.WeeksComplete, dora.Rules{Weeks: dora.WeeksAll, Quantile: dora.QuantileLower}, 0},
	} {
		q.Weeks = tt.weeks
		report, err := h.Report(tt.rules, q)
		require.NoError(t, err)
		assert.Equal(t, tt.want, report.DeploymentFrequency.PerWeekMedian.Or(-1), tt)
		require.Len(t, report.Weeks, 3)
		assert.Equal(t, []bool{true, true, false}, []bool{report.Weeks[0].Complete, report.Weeks[1].Complete, report.Weeks[2].Complete})
		assert.Equal(t, []int{3, 2}, []int{report.Weeks[0].N, report.Weeks[0].Days})
	}
	q = dora.Query{From: at(t, "4T00:00"), To: at(t, "24T00:00")} // a week without its Monday, and two whole ones: 0, 1
	report, err := h.Report(dora.Rules{}, q)
	require.NoError(t, err)
	assert.Equal(t, []float64{0.5, 0.5}, []float64{report.DeploymentFrequency.PerWeekMedian.Or(-1), report.DeploymentFrequency.DeploymentsPerWeekMedian.Or(-1)})
	q = dora.Query{From: at(t, "3T00:00"), To: at(t, "5T00:00")}
	report, err = h.Report(dora.Rules{}, q)
	require.NoError(t, err)
	assert.True(t, report.DeploymentFrequency.PerWeekMedian.IsZero(), "no week is complete")
	assert.InDelta(t, 26*3600/2.0, report.DeploymentFrequency.GapMedian.Or(-1), 1e-9)
}

func TestWorkingHours(t *testing.T) {
	ny := zone(t, "America/New_York")
	friday := time.Date(2026, 3, 6, 17, 0, 0, 0, ny)
	monday := time.Date(2026, 3, 9, 9, 30, 0, 0, ny) // clocks went forward on Sunday
	h := history(t, []dora.Event{
		dora.Change{ID: "c", Time: friday},
		dora.Deployment{ID: "d", Time: monday, Changes: []string{"c"}},
		dora.Incident{ID: "i", Opened: monday, Resolved: monday.Add(24 * time.Hour), CausedBy: []string{"d"}},
	})
	always := dora.Calendar{}
	for _, d := range []dora.Weekday{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"} {
		always.Hours = append(always.Hours, dora.Hours{Day: d, From: "00:00", To: "24:00"})
	}
	for _, tt := range []struct {
		name     string
		rules    dora.Rules
		calendar dora.Calendar
		lead     time.Duration
		recovery time.Duration
	}{
		{"never", dora.Rules{}, dora.Calendar{}, monday.Sub(friday), 24 * time.Hour},
		{"lead", dora.Rules{BusinessTime: dora.BusinessLead}, dora.Calendar{}, time.Hour + 90*time.Minute, 24 * time.Hour},
		{"always", dora.Rules{BusinessTime: dora.BusinessAlways}, dora.Calendar{}, time.Hour + 90*time.Minute, 10 * time.Hour},
		{"a holiday", dora.Rules{BusinessTime: dora.BusinessAlways}, dora.Calendar{Holidays: []string{"2026-03-09"}}, time.Hour, 90 * time.Minute},
		{"open all day", dora.Rules{BusinessTime: dora.BusinessAlways}, always, monday.Sub(friday), 24 * time.Hour},
	} {
		report, err := h.Report(tt.rules, dora.Query{From: friday.Add(-17 * time.Hour), Location: ny, Calendar: tt.calendar})
		require.NoError(t, err)
		assert.Equal(t, tt.lead.Seconds(), report.LeadTime.P50.Or(-1), tt.name)
		assert.Equal(t, tt.recovery.Seconds(), report.FailedDeploymentRecovery.P50.Or(-1), tt.name)
	}
	report, err := h.Report(dora.Rules{}, dora.Query{From: friday.Add(-17 * time.Hour), Location: ny})
	require.NoError(t, err)
	assert.Equal(t, []int{0, 2}, []int{report.OutsideHours.K, report.OutsideHours.N})
	report, err = h.Report(dora.Rules{}, dora.Query{From: friday.Add(-17 * time.Hour), Location: time.UTC}) // 22:00 and 13:30
	require.NoError(t, err)
	assert.Equal(t, []int{1, 2}, []int{report.OutsideHours.K, report.OutsideHours.N})
	report, err = h.Report(dora.Rules{}, dora.Query{From: friday.Add(-17 * time.Hour), Location: ny, Calendar: dora.Calendar{Hours: []dora.Hours{{Day: "monday", From: "09:30", To: "10:00"}, {Day: "friday", From: "16:00", To: "17:00"}}}})
	require.NoError(t, err)
	assert.Equal(t, []int{1, 2}, []int{report.OutsideHours.K, report.OutsideHours.N}, "the end is outside, the beginning within")
}

func TestCalendarValidate(t *testing.T) {
	err := dora.Calendar{
		Hours:    []dora.Hours{{Day: "montag", From: "9", To: "17:00"}, {Day: "monday", From: "10:00", To: "09:00"}, {Day: "friday", From: "08:00", To: "12:00"}, {Day: "friday", From: "11:00", To: "13:00"}},
		Holidays: []string{"25.12."},
	}.Validate()
	for _, field := range []string{"hours[0].day", "hours[0].from", "hours[1].to", "hours[3]: overlaps hours[2]", "holidays[0]"} {
		assert.ErrorContains(t, err, field)
	}
	assert.NoError(t, dora.Calendar{}.Validate())
}

func TestWindow(t *testing.T) {
	h := history(t, story(t, "d1 3T10:00\nd2 4T10:00"))
	report, err := h.Report(dora.Rules{}, dora.Query{})
	require.NoError(t, err)
	assert.Equal(t, []string{"2025-03-03T00:00:00Z", "2025-03-05T00:00:00Z"}, []string{report.From.Format(time.RFC3339), report.To.Format(time.RFC3339)})
	report, err = h.Report(dora.Rules{}, dora.Query{From: at(t, "3T10:00"), To: at(t, "4T10:00")})
	require.NoError(t, err)
	assert.Equal(t, 1, report.DeploymentFrequency.N, "windows are half-open")

	h = history(t, append(story(t, "c1 3T10:00\nd1 4T10:00 {c1}"), dora.Change{ID: "old", Time: time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)}, dora.Work{ID: "w", Started: at(t, "1T10:00")}))
	report, err = h.Report(dora.Rules{}, dora.Query{})
	require.NoError(t, err)
	assert.Equal(t, []string{"2025-03-04T00:00:00Z", "2025-03-05T00:00:00Z"}, []string{report.From.Format(time.RFC3339), report.To.Format(time.RFC3339)}, "an old commit makes no window")
	report, err = history(t, story(t, "c1 3T10:00")).Report(dora.Rules{}, dora.Query{})
	require.NoError(t, err)
	assert.Equal(t, "2025-03-03", report.From.Format(time.DateOnly), "where there is nothing else")

	_, err = (&dora.History{}).Report(dora.Rules{}, dora.Query{})
	assert.ErrorIs(t, err, dora.ErrNoWindow)
	_, err = h.Report(dora.Rules{}, dora.Query{Services: []string{"shpo"}})
	assert.ErrorIs(t, err, dora.ErrUnknownService)
	_, err = h.Report(dora.Rules{}, dora.Query{Environments: []string{"prduction"}})
	assert.ErrorIs(t, err, dora.ErrUnknownEnvironment)
	_, err = h.Report(dora.Rules{}, dora.Query{From: at(t, "9T00:00")})
	assert.ErrorContains(t, err, "before it begins")
	_, err = h.Report(dora.Rules{Blame: "x", Confidence: 2, Tiers: "1999", WeekStart: "Mo", QuickCheck: 2026, Severities: map[string]float64{"a": 2}}, dora.Query{})
	for _, field := range []string{"blame", "confidence", "tiers", "week_start", "quick_check", "severities.a"} {
		assert.ErrorContains(t, err, field)
	}
	_, err = h.Report(dora.Rules{}, dora.Query{From: at(t, "4T00:00"), To: at(t, "4T00:00"), WeekStart: "x", Weeks: "some", Objective: -1, DowntimeCost: -1})
	for _, field := range []string{"To", "WeekStart", "Weeks", "Objective", "DowntimeCost"} {
		assert.ErrorContains(t, err, field)
	}
}

func TestDaily(t *testing.T) {
	h := history(t, story(t, "c1 3T08:00\nc2 4T08:00\nc3 4T06:00\nd1 3T10:00 {c1}\nd2 4T10:00 {c2} service=pay\nd3 4T12:00 {c3}\nd4 4T13:00 status=failure"))
	q := dora.Query{From: at(t, "3T06:00"), To: at(t, "5T06:00"), Daily: true}
	report, err := h.Report(dora.Rules{}, q)
	require.NoError(t, err)
	require.Len(t, report.Daily, 3)
	assert.Equal(t, []int{1, 2, 0}, []int{report.Daily[0].N, report.Daily[1].N, report.Daily[2].N})
	assert.Equal(t, []string{"3T06", "4T00", "5T00"}, []string{report.Daily[0].From.Format("2T15"), report.Daily[1].From.Format("2T15"), report.Daily[2].From.Format("2T15")})
	assert.Equal(t, 4*3600.0, report.Daily[1].LeadTime.P50.Or(0))
	assert.Nil(t, report.Daily[2].LeadTime)
	assert.InDelta(t, 1.5, report.DeploymentFrequency.PerDay.Or(0), 1e-12)
	_, err = h.Meter(dora.Rules{}, q)
	assert.ErrorContains(t, err, "Daily")

	// Samoa had no 30th of December in 2011.
	apia := zone(t, "Pacific/Apia")
	h = history(t, []dora.Event{dora.Deployment{ID: "d", Time: time.Date(2011, 12, 29, 12, 0, 0, 0, apia)}, dora.Deployment{ID: "e", Time: time.Date(2011, 12, 31, 12, 0, 0, 0, apia)}})
	report, err = h.Report(dora.Rules{}, dora.Query{Location: apia, Daily: true})
	require.NoError(t, err)
	require.Len(t, report.Daily, 2)
	assert.Equal(t, []string{"2011-12-29", "2011-12-31"}, []string{report.Daily[0].From.Format(time.DateOnly), report.Daily[1].From.Format(time.DateOnly)})
	assert.Equal(t, 1.0, report.DeploymentFrequency.PerDay.Or(0))
}
