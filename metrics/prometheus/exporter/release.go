package exporter

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// progress is how far a release was fed.
type progress struct {
	seq   uint64
	state *ledger.State // nil: it is over
	begun time.Time
	// stages are what is known of stages beside their states, by name.
	stages  map[string]*stint
	commits []time.Time
	paused  time.Time
}

// stint is what is known of a stage.
type stint struct {
	waits  time.Time // since when it waits for people; zero: it does not
	cause  string
	rolled *way // its rollout, where it has one
	undone *way // the way back of it that its undo walks
	lives  bool // it was deployed, and was not undone
	// undoing is that it was counted as undone.
	undoing bool
}

// next is the number of the event that a release wants next.
func (c *Collector) next(id string) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.releases[id]; p != nil {
		return p.seq + 1
	}
	return 1
}

// Observe feeds one event of a release. One that was fed before counts no more. The error says that events are
// missing before it, or that it cannot be one of the release's; then nothing was counted.
func (c *Collector) Observe(id string, e ledger.Event) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.releases[id]
	if p == nil {
		p = &progress{state: new(ledger.State), stages: map[string]*stint{}}
	}
	if e.Seq <= p.seq {
		return nil
	}
	if p.state == nil {
		return fmt.Errorf("event %d: the release was over with event %d", e.Seq, p.seq)
	}
	var was ledger.StageState
	if st := p.state.Stage(e.Stage); st != nil {
		was = *st
	}
	interrupted, paused := p.state.Interrupted != nil, p.state.Paused != nil
	if err := p.state.Apply(e); err != nil {
		return err
	}
	c.releases[id], p.seq = p, e.Seq
	r := observed{c, p, p.state, e}
	r.release(interrupted, paused)
	if e.Stage != "" {
		r.stage(was)
	}
	if p.state.Over() {
		p.state, p.stages, p.commits = nil, nil, nil
	}
	return nil
}

// observed is an event that is counted.
type observed struct {
	*Collector
	p     *progress
	state *ledger.State
	event ledger.Event
}

func (r observed) service() string { return r.value("service", r.state.Release.Service) }
func (r observed) labels(further ...string) []string {
	return append([]string{r.service(), r.value("pipeline", r.state.Pipeline.Name)}, further...)
}

// release counts what happens to a release as a whole.
func (r observed) release(interrupted, paused bool) {
	s := r.series
	switch b := r.event.Body.(type) {
	case ledger.Requested:
		r.p.begun = r.event.Time
		s.begun.WithLabelValues(r.labels()...).Inc()
		s.underWay.WithLabelValues(r.labels()...).Inc()
		if r.o.Committed != nil {
			r.p.commits = r.o.Committed(b.Release)
		}
	case ledger.Taken:
		s.takeovers.WithLabelValues(r.labels()...).Inc()
	case ledger.Interrupted:
		if !interrupted {
			s.interruptions.WithLabelValues(r.labels()...).Inc()
		}
	case ledger.Finished:
		s.ended.WithLabelValues(r.labels(string(b.Outcome))...).Inc()
		s.underWay.WithLabelValues(r.labels()...).Dec()
		s.release.WithLabelValues(r.labels(string(b.Outcome))...).Observe(seconds(r.p.begun, r.event.Time))
		for name := range r.p.stages {
			r.answered(name)
		}
	}
	if is := r.state.Paused != nil && !r.state.Over(); is != paused && (is || !r.p.paused.IsZero()) {
		r.pause(is)
	}
}

// pause counts for how long a release is held.
func (r observed) pause(held bool) {
	labels := []string{r.service(), "", "paused"}
	if held {
		r.p.paused = r.event.Time
		r.series.waiting.WithLabelValues(labels...).Inc()
		return
	}
	r.series.waiting.WithLabelValues(labels...).Dec()
	r.series.waited.WithLabelValues(labels...).Add(seconds(r.p.paused, r.event.Time))
	r.p.paused = time.Time{}
}

// named is the stage as it stands in the pipeline: one that was made of another one has its name.
func (r observed) named(node *ledger.Stage) string {
	if node.Of != "" {
		return r.value("stage", node.Of)
	}
	return r.value("stage", node.Name)
}

// stint is what is known of a stage.
func (r observed) stint(name string) *stint {
	t := r.p.stages[name]
	if t == nil {
		t = &stint{}
		r.p.stages[name] = t
	}
	return t
}

// stage counts what happens to a stage.
func (r observed) stage(was ledger.StageState) {
	st, node := r.state.Stage(r.event.Stage), r.state.Node(r.event.Stage)
	s, t, name := r.series, r.stint(r.event.Stage), r.named(node)
	switch b := r.event.Body.(type) {
	case ledger.Began:
		r.answered(st.Name)
		if was.Outcome == stage.Failed {
			s.retries.WithLabelValues(r.labels(name)...).Inc()
		}
	case ledger.Ended:
		r.answered(st.Name)
		r.waits(st, node)
		if st.Over() && !was.Over() && !st.Expanded {
			s.stages.WithLabelValues(r.labels(name, r.value("environment", node.Environment), string(b.Outcome))...).Inc()
			if st.Attempt > 0 && !st.Started.IsZero() {
				s.stage.WithLabelValues(r.labels(name, string(b.Outcome))...).Observe(seconds(st.Started, r.event.Time))
			}
			r.delivered(st, node, t)
			r.left(t.rolled, r.event.Time)
		}
	case ledger.Parked:
		r.answered(st.Name)
		r.waits(st, node)
	case ledger.UndoBegan:
		if t.lives && !t.undoing {
			t.undoing = true // it may be tried again and again
			r.fact(fact{place: r.place(r.state.Release.Service, node.Environment), of: r.subject(node), kind: undone, at: r.event.Time})
		}
	case ledger.UndoEnded:
		if st.Undo.Over() {
			r.left(t.undone, r.event.Time)
			s.undos.WithLabelValues(r.labels(name, string(b.Outcome))...).Inc()
			if t.lives && b.Outcome == stage.Succeeded {
				r.fact(fact{place: r.place(r.state.Release.Service, node.Environment), of: r.subject(node), kind: restored, at: r.event.Time})
			}
			t.lives = t.lives && b.Outcome != stage.Succeeded
		}
	case ledger.Judged:
		r.judged(r.place(r.state.Release.Service, node.Environment), b.Verdict)
	case ledger.Noted:
		r.noted(b, st, node, t)
	}
}

// decisionDetail is version.DetailDecision, of a package that brings along all of a changelog.
const decisionDetail = "version-decision"

// noted reads what stages of this project show of themselves. A detail that is something else counts nothing.
func (r observed) noted(b ledger.Noted, st *ledger.StageState, node *ledger.Stage, t *stint) {
	switch b.Name {
	case deploy.DetailEvent:
		var e rollout.Event
		if json.Unmarshal(b.Data, &e) != nil || e.Kind == "" {
			return
		}
		w := &t.rolled
		if st.Undo != nil {
			w = &t.undone
		}
		if *w == nil {
			*w = newWay(r.place(r.state.Release.Service, node.Environment))
		}
		if e.Kind != rollout.Judged { // a verdict is recorded by itself, too
			r.rolled(r.of(*w, e), e)
		}
	case decisionDetail:
		if r.o.Committed != nil {
			return
		}
		var d struct {
			Reasons, Skipped []struct {
				Committed time.Time
			}
		}
		if json.Unmarshal(b.Data, &d) != nil {
			return
		}
		r.p.commits = nil
		for _, c := range slices.Concat(d.Reasons, d.Skipped) {
			if !c.Committed.IsZero() {
				r.p.commits = append(r.p.commits, c.Committed)
			}
		}
	}
}

// waits notes that a stage has ended an attempt, and waits for people.
func (r observed) waits(st *ledger.StageState, node *ledger.Stage) {
	t := r.stint(st.Name)
	switch {
	case st.Over():
		return
	case st.Parked != "":
		t.cause = "parked"
	case st.Outcome == stage.Waiting && len(node.Listens) > 0:
		t.cause = "approval"
	default:
		return
	}
	t.waits = r.event.Time
	r.series.waiting.WithLabelValues(r.service(), r.value("environment", node.Environment), t.cause).Inc()
}

// answered notes that a stage does not wait any more.
func (r observed) answered(name string) {
	t := r.p.stages[name]
	if t == nil || t.waits.IsZero() {
		return
	}
	labels := []string{r.service(), r.value("environment", r.state.Node(name).Environment), t.cause}
	r.series.waiting.WithLabelValues(labels...).Dec()
	r.series.waited.WithLabelValues(labels...).Add(seconds(t.waits, r.event.Time))
	t.waits = time.Time{}
}

// judged counts a verdict.
func (c *Collector) judged(p place, v gate.Verdict) {
	name := c.value("gate", v.Gate)
	c.series.verdicts.WithLabelValues(p.service, p.environment, name, string(v.Outcome)).Inc()
	if v.Down {
		c.series.unanswered.WithLabelValues(p.service, p.environment, name, "down").Inc()
	}
	if v.NoData {
		c.series.unanswered.WithLabelValues(p.service, p.environment, name, "no_data").Inc()
	}
}

// seconds are those from one time to another; none where clocks went backwards.
func seconds(from, to time.Time) float64 { return max(to.Sub(from).Seconds(), 0) }
