package maturity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/metrics/maturity"
)

// daily are working hours of each day of the week.
func daily(hours ...string) dora.Calendar {
	var c dora.Calendar
	for _, day := range []dora.Weekday{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"} {
		for i := 0; i < len(hours); i += 2 {
			c.Hours = append(c.Hours, dora.Hours{Day: day, From: hours[i], To: hours[i+1]})
		}
	}
	return c
}

func TestNight(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	office := maturity.Person{Location: time.UTC}
	lunch := maturity.Person{Location: time.UTC, Hours: daily("09:00", "12:00", "13:00", "17:00")}
	always := maturity.Person{Location: time.UTC, Hours: daily("00:00", "24:00")}
	shift := maturity.Person{Location: time.UTC, Hours: daily("22:00", "24:00", "00:00", "06:00")}
	away := maturity.Person{Location: time.UTC, Hours: dora.Calendar{Holidays: []string{"2026-11-18"}}}
	late := maturity.Person{Location: berlin, Hours: daily("04:00", "24:00")} // a night of four hours
	early := maturity.Person{Location: berlin, Hours: daily("02:30", "22:30")}
	japan := maturity.Person{Location: tokyo}
	for _, test := range []struct {
		name     string
		who      maturity.Person
		from, to string // UTC
		want     bool
	}{
		{"within a day", office, "2026-11-17T10:00:00Z", "2026-11-17T12:00:00Z", false},
		{"a whole day", office, "2026-11-17T08:00:00Z", "2026-11-17T18:00:00Z", false},
		{"a second too long", office, "2026-11-17T08:00:00Z", "2026-11-17T18:00:01Z", true},
		{"a second too early", office, "2026-11-17T07:59:59Z", "2026-11-17T18:00:00Z", true},
		{"at night", office, "2026-11-17T02:00:00Z", "2026-11-17T03:00:00Z", true},
		{"no time at night", office, "2026-11-17T02:00:00Z", "2026-11-17T02:00:00Z", false},
		{"over a weekend", office, "2026-11-20T17:00:00Z", "2026-11-23T09:00:00Z", true},
		{"on a Saturday", office, "2026-11-21T10:00:00Z", "2026-11-21T12:00:00Z", true},
		{"a break is no night", lunch, "2026-11-17T11:00:00Z", "2026-11-17T14:00:00Z", false},
		{"somebody is always there", always, "2026-11-01T00:00:00Z", "2026-11-23T00:00:00Z", false},
		{"who works at night", shift, "2026-11-17T23:00:00Z", "2026-11-18T05:00:00Z", false},
		{"who works at night, by day", shift, "2026-11-17T12:00:00Z", "2026-11-17T12:01:00Z", true},
		{"on a holiday", away, "2026-11-18T10:00:00Z", "2026-11-18T12:00:00Z", true},
		{"before a holiday", away, "2026-11-17T10:00:00Z", "2026-11-17T12:00:00Z", false},
		{"a year", office, "2025-11-18T10:00:00Z", "2026-11-18T12:00:00Z", true},
		{"their morning", japan, "2026-11-17T00:00:00Z", "2026-11-17T08:00:00Z", false},
		{"their evening", japan, "2026-11-17T09:00:01Z", "2026-11-17T10:00:00Z", true},
		// Berlin is two hours ahead in summer, and one in winter.
		{"a night of four hours", late, "2026-03-27T23:30:00Z", "2026-03-28T00:00:00Z", true},
		{"a night of three hours", late, "2026-03-28T23:30:00Z", "2026-03-29T00:30:00Z", false},
		{"a night of five hours", late, "2026-10-25T02:30:00Z", "2026-10-25T02:45:00Z", true},
		{"a night that ends in an hour which is skipped", early, "2026-03-28T21:45:00Z", "2026-03-28T22:00:00Z", false}, // from 22:30 to 03:00
		{"the day after it", late, "2026-10-25T03:00:00Z", "2026-10-25T22:59:00Z", false},
	} {
		from, err := time.Parse(time.RFC3339, test.from)
		require.NoError(t, err)
		to, err := time.Parse(time.RFC3339, test.to)
		require.NoError(t, err)
		test.who.Name = " GRACE"
		r := maturity.Release{ID: "r", Service: "s", Whole: true, Began: from, Steps: []maturity.Step{
			{ID: "a", Kind: maturity.KindApproval, By: []string{"ada", "grace"}, From: from, To: to},
			{ID: "b", Kind: maturity.KindDeploy, To: to},
		}}
		in := maturity.Input{At: now.AddDate(1, 0, 0), Releases: []maturity.Release{r}, People: []maturity.Person{test.who}}
		e := evidence(t, most(maturity.FactNightWaits, 0), in)
		require.NotNil(t, e.Value, test.name)
		assert.Equal(t, test.want, *e.Value == 1, test.name)
		assert.Equal(t, []string{"b"}, e.Events, "for or against it")
	}
}

// Nothing is said about who is not known.
func TestNightOfStrangers(t *testing.T) {
	for _, steps := range [][]string{{"approval at:5h-4h"}, {"approval by:grace at:5h-4h"}, {"approval by:ada at:4h"}, {"approval by:ada,grace at:5h-4h"}, {"approval by:ada at:5h-6h"}} {
		in := maturity.Input{Releases: []maturity.Release{release("r", append(steps, "deploy")...)}, People: []maturity.Person{{Name: "ada", Location: time.UTC}, {Name: "grace"}}}
		assert.Equal(t, "where those who approve work, and when, is not told", evidence(t, most(maturity.FactNightWaits, 0), in).Why, steps)
	}
	in := maturity.Input{Releases: []maturity.Release{release("r", "deploy")}}
	assert.Equal(t, maturity.Yes, evidence(t, most(maturity.FactNightWaits, 0), in).Answer, "nobody waited")
}
