package report_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
)

var begin = time.Date(2025, 3, 3, 0, 0, 0, 0, time.UTC)

func at(days int, clock time.Duration) time.Time { return begin.AddDate(0, 0, days).Add(clock) }

func history(t testing.TB, events []dora.Event) *dora.History {
	t.Helper()
	h := &dora.History{}
	for _, e := range events {
		require.NoError(t, h.Add(e), "%+v", e)
	}
	return h
}

func preset(t testing.TB, name string) dora.Rules {
	t.Helper()
	r, err := dora.Preset(name)
	require.NoError(t, err)
	return r
}

func reported(t testing.TB, events []dora.Event, r dora.Rules, q dora.Query) *dora.Report {
	t.Helper()
	report, err := history(t, events).Report(r, q)
	require.NoError(t, err)
	return report
}

// weeks is a window of so many weeks.
func weeks(n int) dora.Query { return dora.Query{From: begin, To: begin.AddDate(0, 0, 7*n)} }

// story is fourteen weeks of two services: the shop deploys five times a week, the bank once, and everything that figures tell of
// happens at least once.
func story() []dora.Event {
	var all []dora.Event
	for day := range 14 * 7 {
		service, weekday := "shop", day%7
		if weekday == 6 {
			continue
		}
		if weekday == 5 {
			service = "bank"
		}
		d := dora.Deployment{ID: fmt.Sprintf("%s-%d", service, day), Service: service, Environment: "production", Time: at(day, 15*time.Hour), Started: at(day, 15*time.Hour-8*time.Minute)}
		for k := range 1 + day%3 {
			c := dora.Change{ID: fmt.Sprintf("c%d-%d", day, k), Merged: at(day, time.Duration(14-k)*time.Hour)}
			c.Time = c.Merged.Add(-time.Duration(1+(day*7+k*5)%40) * time.Hour)
			d.Changes = append(d.Changes, c.ID)
			all = append(all, c)
		}
		switch {
		case day%11 == 3:
			i := dora.Incident{ID: fmt.Sprintf("i%d", day), Service: service, Opened: at(day, 15*time.Hour+20*time.Minute), Resolved: at(day, 16*time.Hour+time.Duration(day)*time.Minute), CausedBy: []string{d.ID}}
			all = append(all, i, dora.Deployment{ID: d.ID + "-back", Service: service, Environment: "production", Time: i.Resolved, Kind: dora.KindRollback, Fixes: []string{d.ID}},
				dora.Outage{Service: service, From: i.Opened, To: i.Resolved})
		case day%31 == 9:
			all = append(all, dora.Deployment{ID: fmt.Sprintf("attempt-%d", day), Service: service, Environment: "production", Time: at(day, 10*time.Hour), Status: dora.Failure})
		}
		all = append(all, d)
	}
	return append(all,
		dora.Incident{ID: "open", Service: "shop", Opened: at(91, 16*time.Hour), CausedBy: []string{"shop-91"}},
		dora.Incident{ID: "nobody", Service: "bank", Opened: at(50, 8*time.Hour), Resolved: at(50, 11*time.Hour)},
		dora.Change{ID: "skewed", Time: at(60, 16*time.Hour)},
		dora.Deployment{ID: "early", Service: "shop", Environment: "production", Time: at(60, 12*time.Hour), Changes: []string{"skewed", "unheard-of"}},
		dora.Deployment{ID: "staging", Service: "shop", Environment: "staging", Time: at(61, 12*time.Hour)},
		dora.Work{ID: "w1", Started: at(2, 9*time.Hour), Done: at(9, 17*time.Hour), Points: 5, Iteration: "one"},
		dora.Work{ID: "w2", Started: at(16, 9*time.Hour), Done: at(20, 17*time.Hour), Points: 3, Iteration: "two"},
		dora.Answer{Kind: dora.CSAT, Score: 5, Count: 7, Time: at(80, 0)}, dora.Answer{Kind: dora.CSAT, Score: 2, Count: 3, Time: at(80, 0)},
		dora.Answer{Kind: dora.NPS, Score: 9, Count: 4, Time: at(80, 0)}, dora.Answer{Kind: dora.NPS, Score: 3, Count: 1, Time: at(80, 0)},
	)
}

// nasty is what somebody might call a service to break a page, a table or a terminal.
const nasty = "</title></style><script>alert(1)</script><img src=x onerror=alert(2)>\"'`|\\|*_~[a](javascript:b)\n\x1b[31m\u202e@all #1 https://example.com {{.}} 日本"

// hostile has that name everywhere.
func hostile() []dora.Event {
	return []dora.Event{
		dora.Change{ID: nasty, Time: at(0, 7*time.Hour), Merged: at(0, 8*time.Hour)},
		dora.Deployment{ID: nasty, Service: nasty, Started: at(0, 9*time.Hour-time.Minute), Time: at(0, 9*time.Hour), Changes: []string{nasty, nasty + "2"}},
		dora.Deployment{ID: "\xff", Service: "\xff", Time: at(0, 10*time.Hour), Fixes: []string{"\xfe"}},
		dora.Deployment{ID: "nameless", Time: at(0, 11*time.Hour)},
		dora.Incident{ID: nasty, Service: nasty, Opened: at(0, 9*time.Hour), CausedBy: []string{nasty}},
		dora.Outage{Service: nasty, From: at(0, 10*time.Hour), To: at(0, 9*time.Hour)},
		dora.Work{ID: nasty, Started: at(0, 9*time.Hour), Done: at(0, 8*time.Hour), Iteration: nasty},
	}
}

// nastyRules have that name, too.
func nastyRules() dora.Rules {
	return dora.Rules{Name: nasty, Model: &dora.TierModel{Name: nasty, Source: nasty, LeadTime: []dora.TierRange{{Tier: nasty}}, FailureRate: []dora.TierRange{{Tier: nasty}}}}
}
