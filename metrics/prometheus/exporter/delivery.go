package exporter

import (
	"slices"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// fact is something that happened to what is deployed at a place.
type fact struct {
	place   place
	of      subject
	kind    factKind
	at      time.Time
	commits []time.Time // that were deployed
}

// subject is the stage that a fact is about, and what it was made of, if there was a list.
type subject struct{ release, stage, list string }

// beside reports whether both are of one list: that one target of a deployment succeeds does not mend another one.
func (s subject) beside(o subject) bool {
	return s.list != "" && s.release == o.release && s.list == o.list && s.stage != o.stage
}

type factKind int

const (
	deployed factKind = iota // a deployment succeeded
	harmful                  // one failed; it did harm from then on
	undone                   // one that had succeeded begins to be undone; so did it
	restored                 // all is as before
)

// deliveries are those of a place.
type deliveries struct {
	open []harm // that is not over
}

// harm is what a deployment does from a time on.
type harm struct {
	of    subject
	since time.Time
}

func (r observed) subject(node *ledger.Stage) subject {
	return subject{r.state.Release.ID, node.Name, node.Of}
}

// delivered finds out whether a stage that is over was a deployment.
func (r observed) delivered(st *ledger.StageState, node *ledger.Stage, t *stint) {
	rolled, harm := t.rolled.moved()
	if st.Attempt == 0 || st.Copied || !rolled && (r.o.Deploys == nil || !r.o.Deploys(*node)) {
		return
	}
	p, of := r.place(r.state.Release.Service, node.Environment), r.subject(node)
	since := r.event.Time
	if rolled {
		since = later(harm, since)
	}
	switch st.Outcome {
	case stage.Succeeded:
		t.lives, t.undoing = true, false
		r.fact(fact{place: p, of: of, kind: deployed, at: r.event.Time, commits: slices.Clone(r.p.commits)})
	case stage.RolledBack:
		r.fact(fact{place: p, of: of, kind: harmful, at: since})
		r.fact(fact{place: p, of: of, kind: restored, at: r.event.Time})
	case stage.Aborted:
		r.fact(fact{place: p, of: of, kind: harmful, at: since})
		if rolled && t.rolled.outcome() == rollout.RolledBack {
			r.fact(fact{place: p, of: of, kind: restored, at: r.event.Time})
		}
	case stage.Failed, stage.Stranded:
		r.fact(fact{place: p, of: of, kind: harmful, at: since})
	}
}

// fact counts what happened, or holds it back until what happened before is known.
func (c *Collector) fact(f fact) {
	if c.held != nil {
		*c.held = append(*c.held, f)
		return
	}
	c.happened(f)
}

// settle counts what was held back, in the order of time.
func (c *Collector) settle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	held := *c.held
	c.held = nil
	slices.SortStableFunc(held, func(a, b fact) int { return a.at.Compare(b.at) })
	for _, f := range held {
		c.happened(f)
	}
}

func (c *Collector) happened(f fact) {
	s, labels := c.series, []string{f.place.service, f.place.environment}
	d := c.places[f.place]
	if d == nil {
		d = &deliveries{}
		c.places[f.place] = d
	}
	over := func(ends func(of subject) bool) {
		d.open = slices.DeleteFunc(d.open, func(h harm) bool {
			if !ends(h.of) {
				return false
			}
			s.restore.WithLabelValues(labels...).Observe(seconds(h.since, f.at))
			return true
		})
	}
	switch f.kind {
	case deployed:
		s.deployments.WithLabelValues(append(labels, "succeeded")...).Inc()
		s.deployed.WithLabelValues(labels...).Set(float64(f.at.UnixMilli()) / 1000)
		for _, committed := range f.commits {
			s.lead.WithLabelValues(labels...).Observe(seconds(committed, f.at))
		}
		over(func(of subject) bool { return !f.of.beside(of) })
	case harmful:
		s.deployments.WithLabelValues(append(labels, "failed")...).Inc()
		d.open = append(d.open, harm{f.of, f.at})
	case undone:
		s.deployments.WithLabelValues(append(labels, "undone")...).Inc()
		d.open = append(d.open, harm{f.of, f.at})
	case restored: // as before this one: what an earlier one has broken still is
		over(func(of subject) bool { return of == f.of })
	}
}
