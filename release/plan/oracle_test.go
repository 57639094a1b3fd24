package plan_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/calendar"
	"github.com/davit-sdk/davit/release/plan"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// When somebody works is what a clock on their wall shows, minute by minute, over days on which clocks change too. (Hours do not begin or end within an
// hour that a clock leaves out or shows twice; of those, package calendar says what becomes.)
func TestWorkingHoursAreThoseOfTheClockOnTheWall(t *testing.T) {
	week := []calendar.Weekday{calendar.Sunday, calendar.Monday, calendar.Tuesday, calendar.Wednesday, calendar.Thursday, calendar.Friday, calendar.Saturday}
	starts := []time.Time{time.Date(2026, 3, 6, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 27, 0, 0, 0, 0, time.UTC), time.Date(2026, 10, 23, 0, 0, 0, 0, time.UTC), time.Date(2026, 10, 30, 0, 0, 0, 0, time.UTC)}
	checked := 0
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := plan.Person{Name: "ada", Zone: []string{"Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"}[r.IntN(5)]}
		from, to := 4+r.IntN(20), 4+r.IntN(20) // in no hour in which a clock changes
		h := plan.Hours{From: fmt.Sprintf("%02d:%02d", from, r.IntN(60)), To: fmt.Sprintf("%02d:%02d", to, r.IntN(60))}
		for _, d := range week {
			if r.IntN(2) == 0 {
				h.Days = append(h.Days, d)
			}
		}
		if len(h.Days) == 0 {
			h.Days = week
		}
		p.Hours = []plan.Hours{h}
		in := plan.Span{From: starts[r.IntN(len(starts))].Add(time.Duration(r.IntN(600)) * time.Minute)}
		in.Until = in.From.Add(time.Duration(1+r.IntN(5*24*60)) * time.Minute)
		for range r.IntN(3) {
			away := in.From.Add(time.Duration(r.IntN(3*24*60)) * time.Minute)
			p.Away = append(p.Away, plan.Span{From: away, Until: away.Add(time.Duration(r.IntN(600)) * time.Minute)})
		}
		works, err := p.Working(time.LoadLocation, in)
		require.NoError(t, err)
		zone, err := time.LoadLocation(p.Zone)
		require.NoError(t, err)
		within := func(spans []plan.Span, m time.Time) bool {
			return slices.ContainsFunc(spans, func(s plan.Span) bool { return !m.Before(s.From) && m.Before(s.Until) })
		}
		for m := in.From; m.Before(in.Until); m = m.Add(time.Minute) {
			local := m.In(zone)
			clock := local.Format("15:04")
			today, yesterday := week[local.Weekday()], week[(local.Weekday()+6)%7]
			want := false
			if h.From < h.To {
				want = slices.Contains(h.Days, today) && h.From <= clock && clock < h.To
			} else {
				want = slices.Contains(h.Days, today) && h.From <= clock || slices.Contains(h.Days, yesterday) && clock < h.To
			}
			require.Equal(t, want && !within(p.Away, m), within(works, m), "seed %d: %v in %s at %s", seed, h, p.Zone, local)
			checked++
		}
	}
	assert.Greater(t, checked, 10000)
	round := plan.Person{Zone: "UTC", Hours: []plan.Hours{{Days: []calendar.Weekday{calendar.Tuesday}, From: "09:00", To: "09:00"}}}
	works, err := round.Working(nil, plan.Span{From: at(0, 0), Until: at(48, 0)})
	require.NoError(t, err)
	assert.Equal(t, []plan.Span{{From: at(9, 0), Until: at(33, 0)}}, works, "the same time is that of the next day")
	_, err = plan.Person{Zone: "Moon/Base"}.Working(time.LoadLocation, plan.Span{})
	assert.Error(t, err)
	_, err = plan.Person{Zone: "UTC", Hours: []plan.Hours{{From: "09:00", To: "10:00"}}}.Working(time.LoadLocation, plan.Span{})
	assert.ErrorContains(t, err, "Days: there is none")
}

// Conflicts are the minutes at which more is booked than there is, and no others.
func TestConflictsAreThoseOfEachMinute(t *testing.T) {
	found := 0
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 2))
		begin := at(0, 0)
		span := func() plan.Span {
			from := begin.Add(time.Duration(r.IntN(60)) * time.Minute)
			return plan.Span{From: from, Until: from.Add(time.Duration(r.IntN(30)) * time.Minute)}
		}
		var plans []plan.Plan
		for i := range 1 + r.IntN(3) {
			p := plan.Plan{Name: fmt.Sprint("p", i), Resources: []plan.Resource{{Name: "a", Capacity: 1 + r.IntN(5)}, {Name: "b"}}}
			if r.IntN(5) == 0 {
				p.Mode = plan.Completed
			}
			for range r.IntN(4) {
				p.Bookings = append(p.Bookings, plan.Booking{Resource: []string{"a", "b"}[r.IntN(2)], Amount: r.IntN(4), Span: span()})
			}
			for range r.IntN(3) {
				p.Phases = append(p.Phases, plan.Phase{Owner: []string{"ada", "grace"}[r.IntN(2)], Span: span()})
			}
			plans = append(plans, p)
		}
		conflicts := plan.Conflicts(plans...)
		found += len(conflicts)
		has := func(s plan.Span, m time.Time) bool { return !m.Before(s.From) && m.Before(s.Until) }
		for m := begin; m.Before(begin.Add(2 * time.Hour)); m = m.Add(time.Minute) {
			for _, name := range []string{"a", "b"} {
				booked, capacity := 0, 1000
				for _, p := range plans {
					if p.Mode == plan.Completed {
						continue
					}
					for _, res := range p.Resources {
						if res.Name == name {
							capacity = min(capacity, max(1, res.Capacity))
						}
					}
					for _, b := range p.Bookings {
						if b.Resource == name && has(b.Span, m) {
							booked += max(1, b.Amount)
						}
					}
				}
				i := slices.IndexFunc(conflicts, func(c plan.Conflict) bool { return c.Resource == name && has(c.Span, m) })
				require.Equal(t, booked > capacity, i >= 0, "seed %d, %s at %s", seed, name, m)
				if i >= 0 {
					require.Equal(t, booked, conflicts[i].Booked)
				}
			}
			for _, who := range []string{"ada", "grace"} {
				busy := 0
				for _, p := range plans {
					if p.Mode != plan.Completed && slices.ContainsFunc(p.Phases, func(ph plan.Phase) bool { return ph.Owner == who && has(ph.Span, m) }) {
						busy++
					}
				}
				require.Equal(t, busy > 1, slices.ContainsFunc(conflicts, func(c plan.Conflict) bool { return c.Person == who && has(c.Span, m) }), "seed %d, %s at %s", seed, who, m)
			}
		}
	}
	assert.Greater(t, found, 200)
}

// What was spent are the minutes of the window at which the service was down.
func TestSpentIsThatOfEachMinute(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		p := plan.Plan{Window: span(8, 10), Downtime: plan.Downtime{Budget: 20 * time.Minute}}
		now := at(7, 0).Add(time.Duration(r.IntN(240)) * time.Minute)
		var outages []plan.Outage
		for range r.IntN(5) {
			o := plan.Outage{From: at(7, 0).Add(time.Duration(r.IntN(240)) * time.Minute)}
			if r.IntN(4) > 0 {
				o.Until = o.From.Add(time.Duration(r.IntN(60)) * time.Minute)
			}
			outages = append(outages, o)
		}
		down := time.Duration(0)
		for m := at(8, 0); m.Before(at(10, 0)) && m.Before(now); m = m.Add(time.Minute) {
			if slices.ContainsFunc(outages, func(o plan.Outage) bool { return !m.Before(o.From) && (o.Until.IsZero() || m.Before(o.Until)) }) {
				down += time.Minute
			}
		}
		s := p.Spent(outages, now)
		require.Equal(t, down, s.Down, "seed %d", seed)
		require.Equal(t, 20*time.Minute-down, s.Left)
		require.Equal(t, down > 20*time.Minute, s.Exceeded())
	}
	day := plan.Plan{Window: plan.Span{From: at(0, 0), Until: at(24, 0)}, Downtime: plan.Downtime{Budget: time.Hour}, Phases: []plan.Phase{{Span: span(23, 24), Downtime: time.Minute}}}
	s := day.Spent([]plan.Outage{{at(10, 0), at(10, 30)}, {at(10, 20), at(11, 0)}, {at(23, 50), at(24, 20)}}, at(30, 0))
	assert.Equal(t, "down for 1h10m0s, 10m0s more than the budget", s.String(), "overlapping outages once, and those beyond the window not")
	s = day.Spent([]plan.Outage{{From: at(10, 0)}}, at(11, 0))
	assert.Equal(t, "down for 1h0m0s, 0s of the budget left, which is less than the 1m0s that is still planned; it is down now", s.String())
	assert.True(t, s.Short() && s.Open && !s.Exceeded())
}
