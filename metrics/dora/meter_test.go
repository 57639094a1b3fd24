package dora_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
)

// happened is when an event was told of, if it is told of at once.
func happened(e dora.Event) time.Time {
	switch e := e.(type) {
	case dora.Deployment:
		return e.Time
	case dora.Change:
		if e.Merged.After(e.Time) {
			return e.Merged
		}
		return e.Time
	case dora.Incident:
		if e.Resolved.IsZero() {
			return e.Opened.Add(time.Hour)
		}
		return e.Resolved
	case dora.Outage:
		return e.To
	}
	return time.Time{}
}

// TestMeter: after each event, a meter answers what the report of a fresh history does.
func TestMeter(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	rounds := 60 / raced
	if testing.Short() {
		rounds = 10
	}
	for round := range rounds {
		events := scramble(r)
		if round%4 == 3 {
			events = append(events, story(t, "o 3T10:00-3T11:00 service=pay\no 9T10:00-9T11:00 service=shop")...)
		}
		if round%3 > 0 {
			slices.SortStableFunc(events, func(a, b dora.Event) int { return happened(a).Compare(happened(b)) })
		}
		if round%3 == 2 { // what a well-behaved stream has: no ids before their events, no groups
			slices.SortStableFunc(events, func(a, b dora.Event) int { return cmp.Compare(rankOf(a), rankOf(b)) })
			for i := range events {
				if d, ok := events[i].(dora.Deployment); ok {
					d.Group = ""
					events[i] = d
				}
			}
		}
		from, to := window(r)
		q := dora.Query{From: from, To: to, Objective: 999_000_000}
		for _, p := range dora.Presets() {
			rules := preset(t, p)
			h := &dora.History{}
			m, err := h.Meter(rules, q)
			require.NoError(t, err)
			for i, e := range events {
				require.NoError(t, m.Add(e))
				if i%7 != 0 && i < len(events)-20 {
					continue
				}
				what := fmt.Sprintf("round %d, %s, event %d: %+v", round, p, i, e)
				want, err := h.Report(rules, q)
				require.NoError(t, err)
				all := m.Metrics()
				require.Equal(t, want.Metrics, all, what)
				for _, s := range want.Services {
					got, ok := m.Service(s.Name)
					require.True(t, ok, what)
					require.Equal(t, s.Metrics, got, what)
				}
				if i%2 == 0 || i == len(events)-1 {
					require.Equal(t, want, m.Report(), what)
				}
			}
		}
	}
}

func rankOf(e dora.Event) int {
	switch e.(type) {
	case dora.Change:
		return 0
	case dora.Outage:
		return 0
	}
	return 1
}

func TestMeterNeedsAWindow(t *testing.T) {
	h := &dora.History{}
	_, err := h.Meter(dora.Rules{}, dora.Query{})
	assert.ErrorContains(t, err, "From and To")
	_, err = h.Meter(dora.Rules{Blame: "x"}, days(1))
	assert.ErrorContains(t, err, "blame")
	m, err := h.Meter(dora.Rules{}, days(1))
	require.NoError(t, err)
	assert.ErrorContains(t, m.Add(dora.Deployment{}), "id")
	_, ok := m.Service("shop")
	assert.False(t, ok)
	assert.Zero(t, m.Metrics().DeploymentFrequency.N)
}

// TestMeterSharesWeeks: a report of a meter shares with the one before the weeks in which nothing has changed.
func TestMeterSharesWeeks(t *testing.T) {
	h := history(t, story(t, "c1 3T08:00\nd1 3T10:00 {c1}\nd2 11T10:00 service=pay"))
	m, err := h.Meter(dora.Rules{}, days(21))
	require.NoError(t, err)
	before := m.Report()
	require.NoError(t, m.Add(story(t, "d3 12T10:00")[0]))
	after := m.Report()
	assert.Same(t, before.Weeks[0].LeadTime, after.Weeks[0].LeadTime, "a closed week is not computed again")
	assert.Same(t, &before.Services[0].Weeks[0], &after.Services[0].Weeks[0], "nor is a service of which nothing was told")
	assert.Equal(t, []int{1, 2}, []int{before.Weeks[1].N, after.Weeks[1].N}, "and the report before stays what it was")
	assert.Equal(t, 3, after.DeploymentFrequency.N)
}

// TestMeterOfOutages: a deployment told of late parts the outages of the one before it.
func TestMeterOfOutages(t *testing.T) {
	h := history(t, story(t, "d1 3T09:00\no 3T09:30-3T10:00\no 3T20:00-3T21:00"))
	m, err := h.Meter(dora.Rules{}, days(1))
	require.NoError(t, err)
	assert.Equal(t, 90.0, m.Metrics().DowntimePerRelease.MaxMinutes)
	require.NoError(t, m.Add(story(t, "d2 3T12:00")[0]))
	assert.Equal(t, 60.0, m.Metrics().DowntimePerRelease.MaxMinutes)
	require.NoError(t, m.Add(story(t, "d3 3T22:00")[0]))
	assert.Equal(t, &dora.Downtime{N: 3, MeanMinutes: 30, MaxMinutes: 60}, m.Metrics().DowntimePerRelease)
}

// TestMeterOfManyRecoveries: incidents that end later and later take recoveries out of the distribution, and put others in.
func TestMeterOfManyRecoveries(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 1))
	h := &dora.History{}
	n := 3000
	from := days(1).From
	for i := range n {
		require.NoError(t, h.Add(dora.Deployment{ID: fmt.Sprint("d", i), Service: "shop", Time: from.Add(time.Duration(i) * time.Second)}))
	}
	m, err := h.Meter(dora.Rules{}, days(1))
	require.NoError(t, err)
	for i := range 4 * n {
		opened := from.Add(2 * time.Hour)
		in := dora.Incident{ID: fmt.Sprint("i", i), Service: "shop", Opened: opened, Resolved: opened.Add(time.Duration(r.IntN(100)) * time.Minute), CausedBy: []string{fmt.Sprint("d", r.IntN(n))}}
		if r.IntN(20) == 0 {
			in.Resolved = time.Time{}
		}
		require.NoError(t, m.Add(in))
		if i%1000 == 999 {
			want, err := h.Report(dora.Rules{}, days(1))
			require.NoError(t, err)
			require.Equal(t, want.Metrics, m.Metrics())
			require.Equal(t, want, m.Report())
		}
	}
}

// TestManyAskAtOnce is for the race detector.
func TestManyAskAtOnce(t *testing.T) {
	h := history(t, scramble(rand.New(rand.NewPCG(14, 1))))
	want, err := h.Report(dora.Rules{}, dora.Query{})
	require.NoError(t, err)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			got, err := h.Report(dora.Rules{}, dora.Query{})
			assert.NoError(t, err)
			assert.Equal(t, want, got)
			_, err = h.Compare(dora.Rules{}, dora.Rules{Blame: dora.BlameAll}, dora.Query{})
			assert.NoError(t, err)
		})
	}
	wait.Wait()
}
