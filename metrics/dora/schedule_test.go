package dora_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
)

func daily(hours ...string) dora.Calendar {
	var c dora.Calendar
	for day := time.Sunday; day <= time.Saturday; day++ {
		for i := 0; i < len(hours); i += 2 {
			c.Hours = append(c.Hours, dora.Hours{Day: weekday(day), From: hours[i], To: hours[i+1]})
		}
	}
	return c
}

func weekday(d time.Weekday) dora.Weekday {
	return []dora.Weekday{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}[d]
}

// An hour that clocks skip is no working time, and one that they show twice is two.
func TestWorkingHoursWhenClocksChange(t *testing.T) {
	for _, tt := range []struct {
		zone, day, from, to string
		minutes             int
	}{
		{"America/New_York", "2026-03-08", "02:00", "03:00", 0},
		{"America/New_York", "2026-03-08", "02:30", "05:00", 120},
		{"America/New_York", "2026-03-08", "01:00", "02:30", 60},
		{"America/New_York", "2026-03-08", "00:00", "24:00", 1380},
		{"America/New_York", "2026-11-01", "01:30", "05:00", 240},
		{"America/New_York", "2026-11-01", "00:00", "01:30", 120},
		{"America/New_York", "2026-11-01", "00:00", "24:00", 1500},
		{"Europe/London", "2026-03-29", "01:30", "05:00", 180},
		{"Europe/London", "2026-03-29", "00:00", "01:30", 60},
		{"Europe/London", "2026-10-25", "01:30", "05:00", 240},
		{"Europe/London", "2026-10-25", "00:00", "01:30", 120},
		{"Australia/Lord_Howe", "2026-04-05", "01:30", "02:00", 60},
		{"Pacific/Apia", "2011-12-30", "00:00", "24:00", 0},
		{"America/St_Johns", "2006-10-28", "23:00", "24:00", 119}, // 00:01 of the next day is 23:01 of this one
		{"America/St_Johns", "2006-10-29", "00:00", "01:00", 61},
	} {
		l := zone(t, tt.zone)
		day, err := time.ParseInLocation(time.DateOnly, tt.day, l)
		require.NoError(t, err)
		c := dora.Calendar{Hours: []dora.Hours{{Day: weekday(mustDay(t, tt.day).Weekday()), From: tt.from, To: tt.to}}}
		var sum time.Duration
		for from, to := range c.Working(l, day.Add(-48*time.Hour), day.Add(72*time.Hour)) {
			sum += to.Sub(from)
		}
		assert.Equal(t, float64(tt.minutes), sum.Minutes(), tt)
	}
}

func mustDay(t *testing.T, day string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, day)
	require.NoError(t, err)
	return d
}

// TestWorkingHoursMinuteByMinute: working time is what one counts who looks at the clock each minute.
func TestWorkingHoursMinuteByMinute(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	changes := []struct{ zone, at string }{
		{"America/New_York", "2026-03-08T07:00"}, {"America/New_York", "2026-11-01T06:00"}, {"Europe/London", "2026-03-29T01:00"}, {"Europe/London", "2026-10-25T01:00"},
		{"Australia/Lord_Howe", "2026-04-04T15:00"}, {"Australia/Lord_Howe", "2026-10-03T15:30"}, {"Pacific/Apia", "2011-12-30T10:00"}, {"America/Havana", "2024-11-03T05:00"},
		{"America/Havana", "2024-03-10T05:00"}, {"Asia/Amman", "2021-10-28T22:00"}, {"America/St_Johns", "2006-10-29T02:31"}, {"America/Sao_Paulo", "2018-11-04T03:00"},
		{"Pacific/Kwajalein", "1993-08-21T12:00"}, {"UTC", "2026-01-01T00:00"},
	}
	shown := func(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }
	for _, change := range changes {
		l := zone(t, change.zone)
		at, err := time.Parse("2006-01-02T15:04", change.at)
		require.NoError(t, err)
		for range 12 / raced {
			cut := [4]int{r.IntN(6 * 60), 6 * 60, 12 * 60, 12*60 + 1 + r.IntN(12*60)}
			c := daily(shown(cut[0]), shown(cut[1]), shown(cut[2]), shown(cut[3]))
			if r.IntN(2) == 0 {
				c = daily("00:00", shown(1+r.IntN(180)), "23:00", "24:00")
			}
			holiday := at.AddDate(0, 0, r.IntN(3)-1).Format(time.DateOnly)
			if r.IntN(3) == 0 {
				c.Holidays = []string{holiday}
			}
			from := at.Add(-time.Duration(r.IntN(40*60)) * time.Minute)
			to := from.Add(time.Duration(r.IntN(80*60)) * time.Minute)
			want := 0
			for x := from; x.Before(to); x = x.Add(time.Minute) {
				clock := x.In(l)
				for _, h := range c.Hours {
					if h.Day == weekday(clock.Weekday()) && clock.Format("15:04") >= h.From && clock.Format("15:04") < h.To && (len(c.Holidays) == 0 || clock.Format(time.DateOnly) != holiday) {
						want++
					}
				}
			}
			var sum time.Duration
			last := from.Add(-time.Minute)
			for a, b := range c.Working(l, from, to) {
				require.True(t, a.After(last) && b.After(a) && !a.Before(from) && !b.After(to), "in order, within, apart")
				sum, last = sum+b.Sub(a), b
			}
			require.Equal(t, float64(want), sum.Minutes(), "%v %v from %v to %v", change, c, from, to)

			// A lead time in working hours, and what is outside of them.
			if want == 0 {
				continue
			}
			h := history(t, []dora.Event{dora.Change{ID: "c", Time: from}, dora.Deployment{ID: "d", Time: to, Changes: []string{"c"}}})
			report, err := h.Report(dora.Rules{BusinessTime: dora.BusinessLead}, dora.Query{From: from.Add(-time.Hour), Location: l, Calendar: c})
			require.NoError(t, err)
			require.NotNil(t, report.LeadTime, "%v %v %v: %v %v", change, from.In(l), to.In(l), report.From, report.To)
			require.Equal(t, float64(60*want), report.LeadTime.P50.Or(-1))
			outside := 0
			for _, x := range []time.Time{from, to} {
				working := false
				for a, b := range c.Working(l, x, x.Add(time.Minute)) {
					working = working || !a.After(x) && b.After(x)
				}
				if !working {
					outside++
				}
			}
			require.Equal(t, outside, report.OutsideHours.K)
		}
	}
	for range (dora.Calendar{}).Working(nil, mustDay(t, "2026-03-09"), mustDay(t, "2026-03-02")) {
		t.Fatal("nothing is between a time and one before it")
	}
	for from := range (dora.Calendar{}).Working(nil, mustDay(t, "2026-03-02"), mustDay(t, "2026-03-09")) {
		assert.Equal(t, "2026-03-02 08:00", from.Format("2006-01-02 15:04"))
		break
	}
}
