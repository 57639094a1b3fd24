package dora

import (
	"fmt"
	"math"
	"time"

	"github.com/hashicorp/go-multierror"
)

// problems collects what is wrong with the fields of one thing.
type problems struct{ errs *multierror.Error }

func (p *problems) add(format string, args ...any) {
	p.errs = multierror.Append(p.errs, fmt.Errorf(format, args...))
}

func (p *problems) err() error { return p.errs.ErrorOrNil() }

func (p *problems) id(field, id string) {
	if id == "" {
		p.add("%s: there is none", field)
	} else if len(id) > maxName {
		p.add("%s: %d bytes; at most %d", field, len(id), maxName)
	}
}

func (p *problems) name(field, name string) {
	if len(name) > maxName {
		p.add("%s: %d bytes; at most %d", field, len(name), maxName)
	}
}

func (p *problems) ids(field string, ids []string) {
	for i, id := range ids {
		if id == "" || len(id) > maxName {
			p.id(fmt.Sprintf("%s[%d]", field, i), id)
		}
	}
}

// earliest and latest, in seconds of Unix time the beginnings of 1700 and 2240, bound the instants that fit
// into 64 bits of nanoseconds.
const earliest, latest = -8520336000, 8520336000

func (p *problems) when(field string, t time.Time) {
	if t.IsZero() {
		p.add("%s: there is none", field)
	} else {
		p.maybe(field, t)
	}
}

func (p *problems) maybe(field string, t time.Time) {
	if s := t.Unix(); (s < earliest || s >= latest) && !t.IsZero() {
		p.add("%s: the year %d is not one of 1700 to 2239", field, t.Year())
	}
}

func (d Deployment) validate() error {
	var p problems
	p.id("id", d.ID)
	p.name("service", d.Service)
	p.name("environment", d.Environment)
	p.when("time", d.Time)
	p.maybe("started", d.Started)
	switch d.Status {
	case "", Success, Failure:
	default:
		p.add("status: %q is neither %q nor %q", d.Status, Success, Failure)
	}
	if _, ok := kindNumber(d.Kind); !ok {
		p.add("kind: %q is none of %q", d.Kind, kinds)
	}
	p.ids("changes", d.Changes)
	p.ids("fixes", d.Fixes)
	p.name("version", d.Version)
	p.name("group", d.Group)
	return p.err()
}

func (c Change) validate() error {
	var p problems
	p.id("id", c.ID)
	p.when("time", c.Time)
	p.maybe("merged", c.Merged)
	for i, o := range c.Originals {
		p.id(fmt.Sprintf("originals[%d].id", i), o.ID)
		p.when(fmt.Sprintf("originals[%d].time", i), o.Time)
	}
	p.name("repo", c.Repo)
	return p.err()
}

func (i Incident) validate() error {
	var p problems
	p.id("id", i.ID)
	p.name("service", i.Service)
	p.when("opened", i.Opened)
	p.maybe("resolved", i.Resolved)
	p.ids("caused_by", i.CausedBy)
	p.ids("changes", i.Changes)
	return p.err()
}

func (w Work) validate() error {
	var p problems
	p.id("id", w.ID)
	p.maybe("started", w.Started)
	p.maybe("done", w.Done)
	if !(w.Points >= 0) || math.IsInf(w.Points, 1) {
		p.add("points: %v is not a number of points", w.Points)
	}
	p.name("iteration", w.Iteration)
	return p.err()
}

func (o Outage) validate() error {
	var p problems
	p.name("service", o.Service)
	p.when("from", o.From)
	p.when("to", o.To)
	p.name("severity", o.Severity)
	return p.err()
}

func (a Answer) validate() error {
	var p problems
	low, high := 1.0, 5.0
	switch a.Kind {
	case CSAT:
	case NPS:
		low, high = 0, 10
	default:
		p.add("kind: %q is neither %q nor %q", a.Kind, CSAT, NPS)
	}
	if !(a.Score >= low && a.Score <= high && a.Score == math.Trunc(a.Score)) {
		p.add("score: %v is not a whole number from %v to %v", a.Score, low, high)
	}
	if a.Count < 1 || a.Count > math.MaxInt32 {
		p.add("count: %d is not a number of people from 1 to %d", a.Count, math.MaxInt32)
	}
	p.when("time", a.Time)
	return p.err()
}
