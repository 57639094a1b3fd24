package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
)

var update = flag.Bool("update", false, "write sample.jsonl anew")

// shop tells of half a year in a shop with three services. Until April, the checkout goes out on Thursdays, with all that has piled up.
// Then it goes out in small pieces behind a canary: more often, sooner, and what fails is taken back within minutes. The search is
// never sure what broke it. Nobody's data are clean: a clock is wrong, an incident was never closed, a deployment went to staging.
type shop struct {
	*rand.Rand
	events []sampled
	n      map[string]int
}

type sampled struct {
	at    time.Time
	event dora.Event
}

var (
	opens  = time.Date(2025, 1, 6, 0, 0, 0, 0, time.UTC)
	closes = opens.AddDate(0, 0, 26*7)
)

func (s *shop) add(at time.Time, e dora.Event) { s.events = append(s.events, sampled{at, e}) }

func (s *shop) id(prefix string) string {
	s.n[prefix]++
	return fmt.Sprintf("%s-%d", prefix, s.n[prefix])
}

// around is a duration near another one, as durations are: some are much longer.
func (s *shop) around(d time.Duration, spread float64) time.Duration {
	return time.Duration(float64(d) * math.Exp(s.NormFloat64()*spread)).Round(time.Second)
}

// ship deploys so many changes, whose lead time is about that long.
func (s *shop) ship(service string, at time.Time, changes int, lead time.Duration) dora.Deployment {
	begun := at.Add(-s.around(9*time.Minute, 0.3))
	d := dora.Deployment{ID: s.id(service), Service: service, Environment: "production", Started: begun, Time: at, Version: fmt.Sprintf("1.%d.0", s.n[service])}
	for range changes {
		committed := begun.Add(-max(s.around(lead, 0.7), 20*time.Minute))
		merged := committed.Add(begun.Sub(committed) * time.Duration(40+s.IntN(40)) / 100).Round(time.Second)
		c := dora.Change{ID: fmt.Sprintf("%07x", s.Uint32()>>4), Time: merged, Merged: merged, Repo: service}
		c.Originals = []dora.Commit{{ID: fmt.Sprintf("%07x", s.Uint32()>>4), Time: committed}}
		if s.IntN(3) == 0 {
			c.Originals = append(c.Originals, dora.Commit{ID: fmt.Sprintf("%07x", s.Uint32()>>4), Time: committed.Add(merged.Sub(committed) / 2).Round(time.Second)})
		}
		d.Changes = append(d.Changes, c.ID)
		s.add(merged, c)
	}
	s.add(at, d)
	return d
}

// breaks is an incident that a deployment caused, and what ended it after some time.
func (s *shop) breaks(d dora.Deployment, kind dora.Kind, after time.Duration) {
	opened := d.Time.Add(s.around(7*time.Minute, 0.5))
	ended := opened.Add(s.around(after, 0.4))
	i := dora.Incident{ID: s.id("incident"), Service: d.Service, Opened: opened, Resolved: ended, CausedBy: []string{d.ID}}
	s.add(opened, i)
	if kind != "" {
		remedy := s.ship(d.Service, ended, map[dora.Kind]int{dora.KindHotfix: 1, dora.KindFixForward: 1}[kind], 40*time.Minute)
		remedy.Kind, remedy.Fixes = kind, []string{d.ID}
		s.events[len(s.events)-1].event = remedy
	}
	if ended.Sub(opened) > time.Hour {
		s.add(opened, dora.Outage{Service: d.Service, From: opened, To: opened.Add(ended.Sub(opened) / 3).Round(time.Second), Severity: "major"})
	}
}

func at(week, weekday, hour, minute int) time.Time {
	return opens.AddDate(0, 0, week*7+weekday).Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
}

func (s *shop) checkout() {
	for week := range 12 {
		d := s.ship("checkout", at(week, 3, 15+s.IntN(3), s.IntN(60)), 3+s.IntN(2), 4*24*time.Hour)
		if week%3 == 1 {
			s.breaks(d, []dora.Kind{dora.KindHotfix, dora.KindRollback}[week/3%2], 5*time.Hour)
		}
	}
	for week := 12; week < 26; week++ {
		for day := range 2 + s.IntN(2) {
			d := s.ship("checkout", at(week, 2*day, 9+s.IntN(7), s.IntN(60)), 1, 7*time.Hour)
			if s.IntN(13) == 0 {
				s.breaks(d, dora.KindRollback, 12*time.Minute)
			}
		}
	}
}

func (s *shop) others() {
	for week := range 26 {
		if week%2 == 0 {
			d := s.ship("catalog", at(week, 1, 10+s.IntN(5), s.IntN(60)), 1, 30*time.Hour)
			if week == 8 {
				s.breaks(d, dora.KindFixForward, 90*time.Minute)
			}
		}
		if week%5 == 2 {
			d := s.ship("search", at(week, 4, 16+s.IntN(3), s.IntN(60)), 2, 9*24*time.Hour)
			if week == 12 {
				s.breaks(d, "", 26*time.Hour)
			}
		}
	}
}

func (s *shop) people() {
	for sprint := range 6 {
		for item := range 2 {
			begun := at(4*sprint, item, 9, 0)
			w := dora.Work{ID: s.id("story"), Started: begun, Done: begun.Add(s.around(6*24*time.Hour, 0.4)), Points: float64(2 + s.IntN(7)), Iteration: fmt.Sprintf("sprint %d", sprint+1)}
			if sprint == 4 && item == 1 {
				w.Done = time.Time{} // it was never finished
			}
			s.add(begun, w)
		}
	}
	for quarter := range 2 {
		for score := 3; score <= 5; score++ {
			s.add(at(12+13*quarter, 6, 12, 0), dora.Answer{Kind: dora.CSAT, Score: float64(score), Count: 4 + s.IntN(9) + quarter*score, Time: at(12+13*quarter, 6, 12, 0)})
		}
	}
}

// mess is what is wrong in every real history.
func (s *shop) mess() {
	for i := range 2 { // nobody knows what broke the search
		opened := at(15+6*i, 2, 11, 20)
		s.add(opened, dora.Incident{ID: s.id("incident"), Service: "search", Opened: opened, Resolved: opened.Add(s.around(4*time.Hour, 0.5))})
	}
	d := s.ship("catalog", at(25, 1, 14, 5), 1, 20*time.Hour)
	s.add(d.Time.Add(25*time.Minute), dora.Incident{ID: s.id("incident"), Service: "catalog", Opened: d.Time.Add(25 * time.Minute), CausedBy: []string{d.ID}}) // never closed
	skewed := at(20, 1, 9, 30)
	s.add(skewed, dora.Change{ID: "c10cced", Time: skewed.Add(8 * time.Minute), Repo: "search"}) // by a clock that is wrong
	s.add(skewed, dora.Deployment{ID: s.id("search"), Service: "search", Environment: "production", Started: skewed.Add(-6 * time.Minute), Time: skewed, Changes: []string{"c10cced", "0123abc"}})
	s.add(at(4, 2, 11, 0), dora.Deployment{ID: "checkout-staging-1", Service: "checkout", Environment: "staging", Time: at(4, 2, 11, 0)})
	for i := range 3 {
		finish := at(6+7*i, 3, 13, 10)
		s.add(finish, dora.Deployment{ID: s.id("checkout-attempt"), Service: "checkout", Environment: "production", Started: finish.Add(-4 * time.Minute), Time: finish, Status: dora.Failure})
	}
	s.add(at(22, 1, 10, 0), dora.Deployment{ID: "new-basket", Service: "checkout", Environment: "production", Time: at(22, 1, 10, 0), Kind: dora.KindFlag})
}

func sampleOf(seed uint64) []dora.Event {
	s := &shop{Rand: rand.New(rand.NewPCG(seed, 1)), n: map[string]int{}}
	s.checkout()
	s.others()
	s.people()
	s.mess()
	slices.SortStableFunc(s.events, func(a, b sampled) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
	var all []dora.Event
	for _, e := range s.events {
		all = append(all, e.event)
	}
	return all
}

// The sample is what the story makes of its seed.
func TestSample(t *testing.T) {
	var want bytes.Buffer
	for _, e := range sampleOf(2025) {
		line, err := json.Marshal(e)
		require.NoError(t, err)
		want.Write(append(line, '\n'))
	}
	if *update {
		require.NoError(t, os.WriteFile("sample.jsonl", want.Bytes(), 0o644))
	}
	got, err := os.ReadFile("sample.jsonl")
	require.NoError(t, err)
	assert.Equal(t, want.String(), string(got))
	lines := bytes.Count(got, []byte("\n"))
	assert.True(t, 180 <= lines && lines <= 260, lines)
}
