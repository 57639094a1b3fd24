package dora_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/davit-sdk/davit/metrics/dora"
)

// generator makes a history of three years: a tenth deployments, 88 % changes, 2 % incidents, of which 3 % are open.
// Every deployment brings the changes since the one before it in its service.
type generator struct {
	deployments []dora.Deployment
	changes     []dora.Change
	incidents   []dora.Incident
	ids         []string // of all changes
}

var generatedFrom = time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC)

const generatedSpan = 3 * 365 * 24 * time.Hour

func generate(events, services int, seed uint64) *generator {
	r := rand.New(rand.NewPCG(seed, 42))
	g := &generator{
		deployments: make([]dora.Deployment, 0, events/10), changes: make([]dora.Change, 0, events*88/100), incidents: make([]dora.Incident, 0, events/50),
	}
	names := make([]string, services)
	for i := range names {
		names[i] = fmt.Sprintf("service-%03d", i)
	}
	n, commits := events/10, events*88/100
	step := generatedSpan / time.Duration(n)
	g.ids = make([]string, commits)
	for i := range g.ids {
		g.ids[i] = fmt.Sprintf("c%07d", i)
	}
	used := 0
	for i := range n {
		finish := generatedFrom.Add(time.Duration(i)*step + time.Duration(r.Int64N(int64(step))))
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
		d.Changes = g.ids[used:until:until]
		for used < until {
			lead := time.Duration(math.Exp(r.NormFloat64()*1.2+11.37) * float64(time.Second))
			g.changes = append(g.changes, dora.Change{ID: g.ids[used], Time: finish.Add(-lead)})
			used++
		}
		g.deployments = append(g.deployments, d)
		if r.IntN(5) == 0 && len(g.incidents) < events/50 {
			opened := finish.Add(time.Duration(r.Int64N(int64(2 * time.Hour))))
			in := dora.Incident{ID: fmt.Sprintf("i%06d", len(g.incidents)), Service: d.Service, Opened: opened, CausedBy: []string{d.ID}}
			if r.IntN(100) >= 3 {
				in.Resolved = opened.Add(time.Duration(math.Exp(r.NormFloat64()+9.5) * float64(time.Second)))
			}
			g.incidents = append(g.incidents, in)
		}
	}
	return g
}

func (g *generator) len() int { return len(g.deployments) + len(g.changes) + len(g.incidents) }

// ingest adds all events: the changes of each deployment, it, and its incidents; or in any order.
func (g *generator) ingest(shuffled bool) *dora.History {
	h := &dora.History{}
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	if shuffled {
		r := rand.New(rand.NewPCG(1, 2))
		for _, i := range r.Perm(g.len()) {
			must(h.Add(g.event(i)))
		}
		return h
	}
	c := 0
	for i := range g.deployments {
		d := &g.deployments[i]
		for range d.Changes {
			must(h.Add(&g.changes[c]))
			c++
		}
		must(h.Add(d))
	}
	for i := range g.incidents {
		must(h.Add(&g.incidents[i]))
	}
	return h
}

func (g *generator) event(i int) dora.Event {
	if i < len(g.deployments) {
		return &g.deployments[i]
	}
	if i -= len(g.deployments); i < len(g.changes) {
		return &g.changes[i]
	}
	return &g.incidents[i-len(g.changes)]
}

func (g *generator) query() dora.Query {
	return dora.Query{From: generatedFrom, To: generatedFrom.Add(generatedSpan)}
}

// split is a history of all but the last events, and those: one of so many, in the order in which they happened.
func (g *generator) split(parts int) (*dora.History, []dora.Event) {
	h := &dora.History{}
	var rest []dora.Event
	at := len(g.deployments) - len(g.deployments)/parts
	c, in := 0, 0
	add := func(i int, e dora.Event) {
		if i >= at {
			rest = append(rest, e)
		} else if err := h.Add(e); err != nil {
			panic(err)
		}
	}
	for i := range g.deployments {
		d := &g.deployments[i]
		for range d.Changes {
			add(i, &g.changes[c])
			c++
		}
		add(i, d)
		for ; in < len(g.incidents) && g.incidents[in].CausedBy[0] == d.ID; in++ {
			add(i, &g.incidents[in])
		}
	}
	return h, rest
}
