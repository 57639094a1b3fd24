package train_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/calendar"
	"github.com/davit-sdk/davit/release/plan"
	"github.com/davit-sdk/davit/release/train"
	"github.com/hashicorp/go-multierror"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write what is expected anew")

func utc(month time.Month, day, hour int) time.Time {
	return time.Date(2026, month, day, hour, 0, 0, 0, time.UTC)
}

// weekly leaves on Tuesdays at ten in Berlin.
func weekly() train.Train {
	return train.Train{
		Name: "weekly", Zone: "Europe/Berlin", First: calendar.Clock(2026, time.November, 3, 10, 0), Rule: calendar.Rule{Freq: calendar.Weekly},
		CutOff: train.CutOff{Days: 1, Clock: "18:00"}, Length: 2 * time.Hour,
		Members: []train.Member{{Service: "shop", Plan: "shop-5", Required: true, Before: []string{"payment"}}, {Service: "payment"}, {Service: "blog"}},
	}
}

// frozen is a schedule that is closed for some hours of UTC.
func frozen(t *testing.T, spans ...[2]time.Time) *calendar.Schedule {
	t.Helper()
	c := calendar.Calendar{Name: "company", Zone: "UTC"}
	for i, s := range spans {
		local := func(t time.Time) calendar.Local {
			return calendar.Clock(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute())
		}
		c.Freeze = append(c.Freeze, calendar.Window{Name: fmt.Sprint("freeze-", i), Start: local(s[0]), End: local(s[1])})
	}
	s, err := calendar.Compile(calendar.Options{}, c)
	require.NoError(t, err)
	return s
}

func timetable(t *testing.T, windows *calendar.Schedule, trains ...train.Train) *train.Timetable {
	t.Helper()
	table, err := train.New(train.Options{Zones: time.LoadLocation, Windows: func(string) *calendar.Schedule { return windows }}, trains...)
	require.NoError(t, err)
	return table
}

func lines(ds []train.Departure) []string {
	var all []string
	for _, d := range ds {
		all = append(all, d.String())
	}
	return all
}

func TestATrainThatCannotLeave(t *testing.T) {
	freeze := frozen(t, [2]time.Time{utc(11, 10, 10), utc(11, 10, 15)}, [2]time.Time{utc(11, 17, 0), utc(11, 25, 0)})
	assert.Equal(t, []string{
		"weekly 1, planned 2026-11-03T09:00:00Z, cut-off 2026-11-02T17:00:00Z",
		"weekly 2, planned 2026-11-10T09:00:00Z, cut-off 2026-11-09T17:00:00Z: does not leave: 2h0m0s fits from 2026-11-10T15:00:00Z on: open, closes 2026-11-10T10:00:00Z",
		"weekly 3, planned 2026-11-17T09:00:00Z, cut-off 2026-11-16T17:00:00Z: does not leave: 2h0m0s fits from 2026-11-25T00:00:00Z on: closed, opens 2026-11-25T00:00:00Z: frozen by company/freeze-1 until 2026-11-25T00:00:00Z",
		"weekly 4, planned 2026-11-24T09:00:00Z, cut-off 2026-11-23T17:00:00Z: does not leave: 2h0m0s fits from 2026-11-25T00:00:00Z on: closed, opens 2026-11-25T00:00:00Z: frozen by company/freeze-1 until 2026-11-25T00:00:00Z",
		"weekly 5, planned 2026-12-01T09:00:00Z, cut-off 2026-11-30T17:00:00Z",
	}, lines(timetable(t, freeze, weekly()).Departures(utc(11, 1, 0), utc(12, 7, 0))), "by default, its changes go with the next one")

	waits := weekly()
	waits.Closed = train.Waits
	table := timetable(t, freeze, waits)
	assert.Equal(t, []string{
		"weekly 2, planned 2026-11-10T09:00:00Z, cut-off 2026-11-09T17:00:00Z: leaves 2026-11-10T15:00:00Z, 6h0m0s late: 2h0m0s fits from 2026-11-10T15:00:00Z on: open, closes 2026-11-10T10:00:00Z",
		"weekly 3, planned 2026-11-17T09:00:00Z, cut-off 2026-11-16T17:00:00Z: does not leave: 2h0m0s fits from 2026-11-25T00:00:00Z on: closed, opens 2026-11-25T00:00:00Z: frozen by company/freeze-1 until 2026-11-25T00:00:00Z; the next one is due by then",
		"weekly 4, planned 2026-11-24T09:00:00Z, cut-off 2026-11-23T17:00:00Z: leaves 2026-11-25T00:00:00Z, 15h0m0s late: 2h0m0s fits from 2026-11-25T00:00:00Z on: closed, opens 2026-11-25T00:00:00Z: frozen by company/freeze-1 until 2026-11-25T00:00:00Z",
	}, lines(table.Departures(utc(11, 4, 0), utc(11, 30, 0))))

	next := func(ready time.Time) int {
		d, ok := table.Next("weekly", ready)
		require.True(t, ok)
		return d.Number
	}
	assert.Equal(t, 1, next(utc(11, 2, 16)))
	assert.Equal(t, 2, next(utc(11, 2, 17)), "the cut-off is too late")
	assert.Equal(t, 4, next(utc(11, 10, 9)), "what would have gone with the third goes with the fourth")
	assert.Equal(t, 5, next(utc(11, 24, 20)), "though the fourth has not left yet")
	_, ok := table.Next("monthly", utc(11, 1, 0))
	assert.False(t, ok)
}

func TestClocksThatChange(t *testing.T) {
	sunday := train.Train{
		Name: "sunday", Zone: "America/New_York", First: calendar.Clock(2026, time.March, 1, 12, 0), Rule: calendar.Rule{Freq: calendar.Weekly},
		CutOff: train.CutOff{Days: 1, Clock: "12:00"}, Length: time.Hour, Members: []train.Member{{Service: "shop"}},
	}
	exact := sunday
	exact.Name, exact.CutOff = "exact", train.CutOff{Before: 24 * time.Hour}
	table := timetable(t, nil, sunday, exact)
	assert.Equal(t, []string{
		"sunday 1, planned 2026-03-01T17:00:00Z, cut-off 2026-02-28T17:00:00Z", "exact 1, planned 2026-03-01T17:00:00Z, cut-off 2026-02-28T17:00:00Z",
		"sunday 2, planned 2026-03-08T16:00:00Z, cut-off 2026-03-07T17:00:00Z", "exact 2, planned 2026-03-08T16:00:00Z, cut-off 2026-03-07T16:00:00Z",
		"sunday 3, planned 2026-03-15T16:00:00Z, cut-off 2026-03-14T16:00:00Z", "exact 3, planned 2026-03-15T16:00:00Z, cut-off 2026-03-14T16:00:00Z",
	}, lines(table.Departures(utc(3, 1, 0), utc(3, 20, 0))), "noon is noon, and 24 hours are 24 hours")

	night := sunday
	night.First, night.Rule, night.CutOff = calendar.Clock(2026, time.March, 7, 2, 30), calendar.Rule{Freq: calendar.Daily}, train.CutOff{Clock: "02:10"}
	at := func(gap calendar.Gap, day int) train.Departure {
		night.Gap = gap
		ds := timetable(t, nil, night).Departures(utc(3, day, 0), utc(3, day+1, 0))
		if len(ds) == 0 {
			return train.Departure{}
		}
		return ds[0]
	}
	assert.Equal(t, time.Date(2026, 3, 8, 7, 30, 0, 0, time.UTC), at("", 8).Planned, "half past two does not exist: it is half past three")
	assert.Equal(t, time.Date(2026, 3, 8, 7, 10, 0, 0, time.UTC), at("", 8).CutOff)
	assert.True(t, at(calendar.GapSkip, 8).Planned.IsZero())
	assert.Equal(t, time.Date(2026, 3, 9, 6, 30, 0, 0, time.UTC), at(calendar.GapSkip, 9).Planned)
}

func TestTrainsOfANameLeaveOneAfterTheOther(t *testing.T) {
	daily := train.Train{
		Name: "daily", Zone: "UTC", First: calendar.Clock(2026, time.November, 2, 10, 0), Rule: calendar.Rule{Freq: calendar.Daily, Count: 4},
		Length: 30 * time.Hour, Members: []train.Member{{Service: "shop"}},
	}
	leaves := func(d train.Train) []string {
		var all []string
		for _, d := range timetable(t, nil, d).Departures(utc(11, 1, 0), utc(12, 1, 0)) {
			all = append(all, fmt.Sprint(d.Number, " ", d.Late()))
			if d.Dropped() {
				all[len(all)-1] = fmt.Sprint(d.Number, " dropped")
			}
		}
		return all
	}
	assert.Equal(t, []string{"1 0s", "2 6h0m0s", "3 12h0m0s", "4 18h0m0s"}, leaves(daily))
	daily.Length = 50 * time.Hour
	assert.Equal(t, []string{"1 0s", "2 dropped", "3 2h0m0s", "4 28h0m0s"}, leaves(daily), "behind the last one, none is due")
	daily.SideBySide = true
	assert.Equal(t, []string{"1 0s", "2 0s", "3 0s", "4 0s"}, leaves(daily))

	other := daily
	other.Name, other.Members, other.Rule = "other", []train.Member{{Service: "blog"}, {Service: "shop"}}, calendar.Rule{}
	other.First, other.Length = calendar.Clock(2026, time.November, 2, 11, 0), time.Hour
	overlaps := timetable(t, nil, daily, other).Overlaps(utc(11, 2, 0), utc(11, 3, 0))
	require.Len(t, overlaps, 1)
	assert.Equal(t, "daily 1 and other 1 both carry [shop] from 2026-11-02T11:00:00Z to 2026-11-02T12:00:00Z", overlaps[0].String())
	other.Members = other.Members[:1]
	assert.Empty(t, timetable(t, nil, daily, other).Overlaps(utc(11, 2, 0), utc(11, 3, 0)), "they carry nothing together")
}

// What leaves when, and what goes with it, is what a walk finds that goes hour by hour and remembers everything.
func TestTheTimetableIsThatOfAWalk(t *testing.T) {
	left, dropped, waited, loaded := 0, 0, 0, 0
	for seed := range uint64(250) {
		r := rand.New(rand.NewPCG(seed, 1))
		begin := utc(11, 2, 0)
		var spans [][2]time.Time
		for range r.IntN(5) {
			from := begin.Add(time.Duration(r.IntN(20*24)) * time.Hour)
			spans = append(spans, [2]time.Time{from, from.Add(time.Duration(1+r.IntN(60)) * time.Hour)})
		}
		one := train.Train{
			Name: "t", Zone: "UTC", First: calendar.Clock(2026, time.November, 2, r.IntN(24), 0),
			Rule: calendar.Rule{Freq: calendar.Daily, Interval: 1 + r.IntN(3), Count: 3 + r.IntN(6)}, CutOff: train.CutOff{Before: time.Duration(r.IntN(30)) * time.Hour},
			Length: time.Duration(1+r.IntN(60)) * time.Hour, SideBySide: r.IntN(3) == 0, Members: []train.Member{{Service: "shop"}},
		}
		if r.IntN(2) == 0 {
			one.Closed = train.Waits
		}
		table := timetable(t, frozen(t, spans...), one)
		got := table.Departures(begin, begin.AddDate(0, 2, 0))

		// The walk.
		openAt := func(m time.Time) bool {
			return !slices.ContainsFunc(spans, func(s [2]time.Time) bool { return !m.Before(s[0]) && m.Before(s[1]) })
		}
		fits := func(m time.Time) bool {
			for h := range int(one.Length / time.Hour) {
				if !openAt(m.Add(time.Duration(h) * time.Hour)) {
					return false
				}
			}
			return true
		}
		var busy time.Time
		require.Len(t, got, one.Rule.Count)
		for n, d := range got {
			planned := begin.Add(time.Duration(one.First.Hour)*time.Hour + time.Duration(n*one.Rule.Interval)*24*time.Hour)
			next := planned.Add(time.Duration(one.Rule.Interval) * 24 * time.Hour)
			if n == one.Rule.Count-1 {
				next = planned.AddDate(1, 0, 0)
			}
			require.Equal(t, planned, d.Planned, "seed %d", seed)
			require.Equal(t, planned.Add(-one.CutOff.Before), d.CutOff)
			var want time.Time
			tried := false
			for m := planned; m.Before(next); m = m.Add(time.Hour) {
				if !one.SideBySide && m.Before(busy) {
					continue
				}
				if fits(m) {
					want = m
					break
				}
				if tried = true; one.Closed != train.Waits {
					break
				}
			}
			require.Equal(t, want, d.Leaves, "seed %d: %s", seed, d)
			switch {
			case want.IsZero():
				dropped++
			default:
				left++
				busy = want.Add(one.Length)
				if tried {
					waited++
				}
			}
		}

		var changes []train.Change
		for i := range 20 {
			changes = append(changes, train.Change{ID: fmt.Sprint(i), Service: "shop", Version: fmt.Sprintf("1.%d.0", i), Ready: begin.Add(time.Duration(r.IntN(12*24)-48) * time.Hour)})
		}
		for _, c := range changes {
			want := slices.IndexFunc(got, func(d train.Departure) bool { return !d.Leaves.IsZero() && d.CutOff.After(c.Ready) })
			next, ok := table.Next("t", c.Ready)
			require.Equal(t, want >= 0, ok)
			if ok {
				require.Equal(t, got[want], next)
			}
			back := lowers(got, changes)
			for n, d := range got {
				m, err := table.Load(d, changes)
				require.NoError(t, err)
				require.Equal(t, n == want && back[c.ID], slices.ContainsFunc(m.Lower, func(l train.Change) bool { return l.ID == c.ID }))
				goes := len(m.Waves) > 0 && slices.Contains(m.Waves[0][0].Changes, c.ID)
				require.Equal(t, n == want && !back[c.ID], goes, "seed %d: change %s at %s with %s", seed, c.ID, c.Ready, d)
				if goes {
					loaded++
				}
			}
		}
	}
	t.Logf("%d left, %d dropped, %d waited, %d changes", left, dropped, waited, loaded)
	assert.Greater(t, min(left, dropped, loaded), 100)
	assert.Greater(t, waited, 20)
}

// lowers are the changes that would take the shop back, train by train: version 1.i.0 is that of change i.
func lowers(ds []train.Departure, changes []train.Change) map[string]bool {
	back, gone, has := make(map[string]bool), make(map[string]bool), -1
	for _, d := range ds {
		next := has
		for i, c := range changes {
			if d.Dropped() || gone[c.ID] || !c.Ready.Before(d.CutOff) {
				continue
			}
			gone[c.ID] = true
			if back[c.ID] = i < has; !back[c.ID] {
				next = max(next, i)
			}
		}
		has = next
	}
	return back
}

// A hotfix of an old line does not take back what an earlier train brought, unless it is to.
func TestNothingIsTakenBackWithoutAWord(t *testing.T) {
	table := timetable(t, nil, weekly())
	ds := table.Departures(utc(11, 1, 0), utc(11, 30, 0))
	changes := []train.Change{
		{ID: "old", Service: "shop", Version: "0.9.0", Ready: utc(11, 1, 0)}, {ID: "new", Service: "shop", Version: "1.0.0", Ready: utc(11, 5, 0)},
		{ID: "hotfix", Service: "shop", Version: "0.9.1", Ready: utc(11, 12, 0)}, {ID: "again", Service: "shop", Version: "0.9.2", Ready: utc(11, 19, 0)},
	}
	load := func(i int) train.Manifest {
		m, err := table.Load(ds[i], changes)
		require.NoError(t, err)
		return m
	}
	assert.Equal(t, "1.0.0", load(1).Waves[0][0].Version)
	m := load(2)
	assert.Empty(t, m.Waves)
	assert.Equal(t, changes[2:3], m.Lower)
	assert.Equal(t, []string{"shop"}, m.Missing)
	assert.Contains(t, m.Text(), "does not go: hotfix of shop 0.9.1 is lower than what an earlier train carried")
	assert.Equal(t, changes[3:], load(3).Lower)

	changes[2].Lower = true
	assert.Equal(t, "0.9.1", load(2).Waves[0][0].Version, "it is asked for")
	assert.Equal(t, "0.9.2", load(3).Waves[0][0].Version, "and is what the shop has from then on")
}

// Cut-offs of each day's train are those by the clock, through two years and their changes of clocks, and a train that is twenty years old is told at once.
func TestCutOffsOfALongTime(t *testing.T) {
	daily := train.Train{
		Name: "daily", Zone: "Europe/Berlin", First: calendar.Clock(2006, time.June, 1, 10, 0), Rule: calendar.Rule{Freq: calendar.Daily},
		CutOff: train.CutOff{Days: 2, Clock: "02:30"}, Length: time.Hour, Members: []train.Member{{Service: "shop"}},
	}
	table := timetable(t, nil, daily)
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	ds := table.Departures(utc(1, 1, 0), utc(1, 1, 0).AddDate(2, 0, 0))
	require.Len(t, ds, 730)
	for _, d := range ds {
		y, m, day := d.Planned.In(berlin).Date()
		want := time.Date(y, m, day-2, 2, 30, 0, 0, berlin)
		if early := want.Add(-time.Hour); early.In(berlin).Format("15:04") == "02:30" {
			want = early // it comes twice, and the first counts
		}
		require.Equal(t, want.UTC(), d.CutOff.UTC(), d.String())
	}
}

func TestManifest(t *testing.T) {
	table := timetable(t, nil, weekly())
	second := table.Departures(utc(11, 9, 0), utc(11, 11, 0))[0]
	changes := []train.Change{
		{ID: "d", Service: "shop", Version: "v1.10.0", Ready: utc(11, 9, 16)}, {ID: "c", Service: "shop", Version: "1.9.0", Ready: utc(11, 5, 0)},
		{ID: "a", Service: "payment", Version: "2.0.0", Ready: utc(11, 1, 0)}, {ID: "b", Service: "payment", Version: "2.1.0-rc.1", Ready: utc(11, 3, 0)},
		{ID: "e", Service: "blog", Version: "3.0.0", Ready: utc(11, 9, 17)}, {ID: "f", Service: "wiki", Version: "?", Ready: utc(11, 9, 0)},
	}
	m, err := table.Load(second, changes)
	require.NoError(t, err)
	assert.True(t, m.Complete())
	golden(t, "manifest.txt", m.Text())
	text, err := json.MarshalIndent(m, "", "  ")
	require.NoError(t, err)
	golden(t, "manifest.json", string(text)+"\n")
	assert.Equal(t, []string{"c", "d"}, m.Waves[1][0].Changes)
	assert.Equal(t, "v1.10.0", m.Waves[1][0].Version, "versions are no texts")

	m, err = table.Load(second, changes[2:])
	require.NoError(t, err)
	assert.False(t, m.Complete())
	assert.Contains(t, m.Text(), "shop is missing, and required")

	_, err = table.Load(second, []train.Change{{ID: "a", Service: "shop", Version: "1.0"}})
	assert.ErrorContains(t, err, `change 0 (a of shop): Version: "1.0"`)
	assert.ErrorContains(t, err, "change 0 (a of shop): Ready: it is not set")
	second.Number = 7
	_, err = table.Load(second, nil)
	assert.ErrorContains(t, err, "train weekly has no departure 7")
	_, err = table.Load(train.Departure{Train: "nightly"}, nil)
	assert.ErrorContains(t, err, `there is no train "nightly"`)

	freeze := timetable(t, frozen(t, [2]time.Time{utc(11, 10, 0), utc(11, 11, 0)}), weekly())
	m, err = freeze.Load(freeze.Departures(utc(11, 9, 0), utc(11, 11, 0))[0], changes)
	require.NoError(t, err)
	assert.Empty(t, m.Waves)
	assert.False(t, m.Complete())
	golden(t, "timetable.txt", freeze.Text(utc(11, 1, 0), utc(12, 1, 0)))
}

func TestMembersHavePlansOfTheirOwn(t *testing.T) {
	one := weekly()
	one.Members[1].Plan, one.Members[2].Plan = "payment-2", "blog-1"
	table := timetable(t, nil, one)
	var changes []train.Change
	for _, name := range []string{"shop", "payment", "blog"} {
		changes = append(changes, train.Change{ID: name, Service: name, Version: "1.0.0", Ready: utc(11, 1, 0)})
	}
	m, err := table.Load(table.Departures(utc(11, 1, 0), utc(11, 4, 0))[0], changes)
	require.NoError(t, err)
	window := plan.Span{From: utc(11, 3, 8), Until: utc(11, 3, 12)}
	shop := plan.Plan{
		Name: "shop-5", Service: "shop", Owner: "ada", Window: window, Resources: []plan.Resource{{Name: "production"}}, Bookings: []plan.Booking{{Resource: "production", Span: window}},
		People: []plan.Person{{Name: "ada", Zone: "UTC"}, {Name: "grace", Zone: "UTC"}}, Groups: []plan.Group{{Name: "board", Role: plan.Approves, People: []string{"grace"}}},
		Rollback: plan.Rollback{How: "back", Within: time.Minute, Decides: "ada"},
	}
	shop, err = shop.Move(plan.Moved{To: plan.Approved, By: "grace", At: utc(11, 1, 0)}, shop.Review(plan.Against{}))
	require.NoError(t, err)
	payment := plan.Plan{Name: "payment-2", Service: "payments", Window: plan.Span{From: utc(11, 3, 10), Until: utc(11, 3, 12)}, Bookings: []plan.Booking{{Resource: "production", Span: plan.Span{From: utc(11, 3, 10), Until: utc(11, 3, 12)}}}}
	golden(t, "plans.txt", m.CheckPlans(shop, payment).Text())
	for i := range m.Waves {
		m.Waves[i] = slices.DeleteFunc(m.Waves[i], func(item train.Item) bool { return item.Service != "shop" })
	}
	assert.Empty(t, m.CheckPlans(shop, payment))
	changed := shop
	changed.Rollback.How = "not at all"
	assert.Contains(t, m.CheckPlans(changed).Text(), "the plan was changed since grace approved it")
	m.Waves[1][0].Plan = ""
	assert.Contains(t, m.CheckPlans().Text(), "it goes without a plan")
}

func TestWhatIsWrong(t *testing.T) {
	wrong := train.Train{
		Zone: "Moon/Base", Rule: calendar.Rule{Freq: "HOURLY"}, CutOff: train.CutOff{Before: time.Hour, Clock: "18:00"}, Closed: "flies",
		Members: []train.Member{{}, {Service: "a", Before: []string{"b", "q"}}, {Service: "b", Before: []string{"a"}}, {Service: "b"}},
	}
	_, err := train.New(train.Options{Zones: time.LoadLocation}, wrong, train.Train{CutOff: train.CutOff{Days: 1}}, train.Train{Name: "c", CutOff: train.CutOff{Clock: "18", Days: -1}}, train.Train{Name: "d", CutOff: train.CutOff{Clock: "18"}},
		train.Train{Name: "e", CutOff: train.CutOff{Before: -1}}, train.Train{Name: "f", First: calendar.Clock(2026, time.June, 1, 10, 0), CutOff: train.CutOff{Clock: "18:00"}})
	for _, want := range []string{
		"train 0 (): Name: it is empty", "train 0 (): Length: 0s is not above zero", `train 0 (): Closed: "flies" is neither`, "train 0 (): CutOff: it is both", "train 0 (): First, Rule, Except, Zone: ", "Moon/Base",
		"train 0 (): Members[0].Service: it is empty", `train 0 (): Members[1].Before: "q" is no member`, "train 0 (): Members[3].Service: b is a member already", "train 0 (): Members: they wait for each other: [a b",
		"train 1 (): Name: another train has it, too", "train 1 (): CutOff.Clock: it is missing", "train 1 (): Members: there is none", "train 2 (c): CutOff.Days: -1",
		`train 3 (d): CutOff.Clock: "18" is no time of day`, "train 4 (e): CutOff.Before: -1ns is below zero",
		"train 5 (f): CutOff.Days: it is 0, and 18:00 is behind the departure at 10:00",
	} {
		assert.ErrorContains(t, err, want)
	}
	var all *multierror.Error
	require.ErrorAs(t, err, &all)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "run with -update, and read the difference")
}
