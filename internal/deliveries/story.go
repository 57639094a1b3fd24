package deliveries

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/davit-sdk/davit/metrics/dora"
)

// From is when a story begins, and Span how long it is.
var (
	From = time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC)
	Span = 3 * 365 * 24 * time.Hour
)

// Story is what happened, each kind of event by itself: Deployments by their finish, Changes and Incidents in the order of the
// deployments that they belong to.
type Story struct {
	Deployments []dora.Deployment
	Changes     []dora.Change
	Incidents   []dora.Incident
}

// New makes up a story of so many events at most: a tenth are deployments, 88 % changes, and 2 % incidents, of which 3 % are open. Each
// deployment brings changes that none before it brought; those of one service in any order. Lead times are log-normal about a day.
func New(events, services int, seed uint64) *Story {
	r := rand.New(rand.NewPCG(seed, 42))
	n, commits := events/10, events*88/100
	s := &Story{Deployments: make([]dora.Deployment, 0, n), Changes: make([]dora.Change, 0, commits), Incidents: make([]dora.Incident, 0, events/50)}
	names, ids := labels("service-%03d", services), labels("c%07d", commits)
	step := Span / time.Duration(n)
	used := 0
	for i := range n {
		finish := From.Add(time.Duration(i)*step + time.Duration(r.Int64N(int64(step))))
		d := dora.Deployment{ID: fmt.Sprintf("d%06d", i), Service: names[r.IntN(services)], Environment: "production", Time: finish, Started: finish.Add(-10 * time.Minute)}
		switch r.IntN(20) {
		case 0:
			d.Kind = dora.KindHotfix
		case 1:
			d.Kind = dora.KindRollback
		}
		until := commits * (i + 1) / n
		if i%2 == 1 && i < n-1 {
			until = min(commits, used+r.IntN(2*commits/n+1)) // some bring more, some fewer
		}
		until = max(until, used)
		d.Changes = ids[used:until:until]
		for ; used < until; used++ {
			lead := time.Duration(math.Exp(r.NormFloat64()*1.2+11.37) * float64(time.Second))
			s.Changes = append(s.Changes, dora.Change{ID: ids[used], Time: finish.Add(-lead)})
		}
		s.Deployments = append(s.Deployments, d)
		if r.IntN(5) == 0 && len(s.Incidents) < events/50 {
			opened := finish.Add(time.Duration(r.Int64N(int64(2 * time.Hour))))
			in := dora.Incident{ID: fmt.Sprintf("i%06d", len(s.Incidents)), Service: d.Service, Opened: opened, CausedBy: []string{d.ID}}
			if r.IntN(100) >= 3 {
				in.Resolved = opened.Add(time.Duration(math.Exp(r.NormFloat64()+9.5) * float64(time.Second)))
			}
			s.Incidents = append(s.Incidents, in)
		}
	}
	return s
}

func labels(format string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(format, i)
	}
	return all
}

// Query asks for the whole story.
func (s *Story) Query() dora.Query { return dora.Query{From: From, To: From.Add(Span)} }

// Events are all events as they would be told while they happen: the changes of a deployment, it, and the incident that it caused. They
// are pointers into the story.
func (s *Story) Events() []dora.Event {
	all := make([]dora.Event, 0, len(s.Deployments)+len(s.Changes)+len(s.Incidents))
	c, in := 0, 0
	for i := range s.Deployments {
		d := &s.Deployments[i]
		for range d.Changes {
			all = append(all, &s.Changes[c])
			c++
		}
		all = append(all, d)
		for ; in < len(s.Incidents) && s.Incidents[in].CausedBy[0] == d.ID; in++ {
			all = append(all, &s.Incidents[in])
		}
	}
	return all
}

// Shuffled are the same events in no order, which the seed chooses.
func (s *Story) Shuffled(seed uint64) []dora.Event {
	all := s.Events()
	rand.New(rand.NewPCG(seed, 2)).Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
	return all
}
