package exporter

import (
	"strings"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// rolling is a rollout, or its undo, as it is fed.
type rolling struct {
	place   place
	begun   time.Time // its first event; zero: it has not begun, or has ended
	harmed  time.Time // when it turned back
	shown   bool      // it counts as under way
	asked   time.Time // since when a person is asked
	paused  time.Time
	moved   bool // a step was begun
	outcome rollout.Outcome
}

// way is a rollout with its regions, where it has any: each of them is a rollout of its own, in the environment
// "production/eu".
type way struct {
	place   place
	regions map[string]*rolling // the whole under the empty name
}

func newWay(p place) *way { return &way{p, map[string]*rolling{}} }

// of is the part of the way that an event belongs to.
func (c *Collector) of(w *way, e rollout.Event) *rolling {
	r := w.regions[e.Region]
	if r == nil {
		p := w.place
		if e.Region != "" {
			p.environment = c.value("environment", strings.TrimPrefix(p.environment+"/"+e.Region, "/"))
		}
		r = &rolling{place: p}
		w.regions[e.Region] = r
	}
	return r
}

// moved reports whether a step was begun anywhere, and harmed when something turned back first; zero: nothing did.
func (w *way) moved() (moved bool, harmed time.Time) {
	if w == nil {
		return false, time.Time{}
	}
	for _, r := range w.regions {
		moved = moved || r.moved
		if !r.harmed.IsZero() && (harmed.IsZero() || r.harmed.Before(harmed)) {
			harmed = r.harmed
		}
	}
	return moved, harmed
}

// outcome is how the way as a whole ended.
func (w *way) outcome() rollout.Outcome {
	if r := w.regions[""]; r != nil {
		return r.outcome
	}
	return ""
}

// showing is what the gauges of a place show.
type showing struct {
	at time.Time
}

// Rollout is a function for rollout.Options.Notify, for one rollout after the other of a service in an
// environment. It is for hosts that run rollouts without the engine: what package stage/deploy runs is among the
// events of its release.
func (c *Collector) Rollout(service, environment string) func(rollout.Event) {
	c.mu.Lock()
	p := c.place(service, environment)
	c.mu.Unlock()
	w := newWay(p)
	return func(e rollout.Event) {
		c.mu.Lock()
		defer c.mu.Unlock()
		r := c.of(w, e)
		if e.Kind == rollout.Judged && e.Verdict != nil {
			c.judged(r.place, *e.Verdict)
		}
		moved, harmed := w.moved()
		c.rolled(r, e)
		if e.Kind != rollout.Ended || e.Region != "" {
			return
		}
		if e.Outcome != rollout.Interrupted {
			c.left(w, e.At)
			w.regions = map[string]*rolling{}
		}
		switch e.Outcome {
		case rollout.Promoted:
			c.fact(fact{place: p, kind: deployed, at: e.At})
		case rollout.RolledBack:
			c.fact(fact{place: p, kind: harmful, at: later(harmed, e.At)})
			c.fact(fact{place: p, kind: restored, at: e.At})
		case rollout.RollbackFailed, rollout.Frozen, rollout.Stopped:
			if moved {
				c.fact(fact{place: p, kind: harmful, at: later(harmed, e.At)})
			}
		}
	}
}

// later is a time, or another one where there is none.
func later(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		return otherwise
	}
	return t
}

// rolled counts an event of a rollout.
func (c *Collector) rolled(r *rolling, e rollout.Event) {
	s, p := c.series, r.place
	labels := []string{p.service, p.environment}
	s.rolloutEvents.WithLabelValues(append(labels, underscored(string(e.Kind)))...).Inc()
	if r.begun.IsZero() {
		r.begun, r.harmed, r.moved = e.At, time.Time{}, false
	}
	if !r.shown && e.Kind != rollout.Ended {
		r.shown = true
		s.rolling.WithLabelValues(labels...).Inc()
	}
	c.show(p, e)
	switch e.Kind {
	case rollout.StepStarted:
		r.moved = true
	case rollout.WaveStopped:
		if r.harmed.IsZero() {
			r.harmed = e.At
		}
	case rollout.GoingBack:
		s.rollbacks.WithLabelValues(labels...).Inc()
		if r.harmed.IsZero() {
			r.harmed = e.At
		}
	case rollout.Asked:
		c.waits(p, "decision", &r.asked, e.At)
	case rollout.Answered:
		c.over(p, "decision", &r.asked, e.At)
	case rollout.Paused:
		c.waits(p, "paused", &r.paused, e.At)
	case rollout.Resumed:
		c.over(p, "paused", &r.paused, e.At)
	case rollout.Ended:
		c.over(p, "decision", &r.asked, e.At)
		c.over(p, "paused", &r.paused, e.At)
		if r.shown {
			r.shown = false
			s.rolling.WithLabelValues(labels...).Dec()
		}
		s.rollouts.WithLabelValues(append(labels, underscored(string(e.Outcome)))...).Inc()
		if r.outcome = e.Outcome; e.Outcome == rollout.Interrupted {
			return // it goes on
		}
		s.rollout.WithLabelValues(append(labels, underscored(string(e.Outcome)))...).Observe(seconds(r.begun, e.At))
		r.begun = time.Time{}
	}
}

// waits notes that a person is waited for.
func (c *Collector) waits(p place, cause string, since *time.Time, at time.Time) {
	if !since.IsZero() {
		return
	}
	*since = at
	c.series.waiting.WithLabelValues(p.service, p.environment, cause).Inc()
}

// over notes that nobody is waited for any more.
func (c *Collector) over(p place, cause string, since *time.Time, at time.Time) {
	if since.IsZero() {
		return
	}
	c.series.waiting.WithLabelValues(p.service, p.environment, cause).Dec()
	c.series.waited.WithLabelValues(p.service, p.environment, cause).Add(seconds(*since, at))
	*since = time.Time{}
}

// left ends what is shown of a rollout that is over, where a part of it did not say so: its host died, and nobody
// went on with it.
func (c *Collector) left(w *way, at time.Time) {
	if w == nil {
		return
	}
	for _, r := range w.regions {
		c.over(r.place, "decision", &r.asked, at)
		c.over(r.place, "paused", &r.paused, at)
		if r.shown {
			r.shown = false
			c.series.rolling.WithLabelValues(r.place.service, r.place.environment).Dec()
		}
	}
}

// show sets the gauges of what runs where, unless something later was shown.
func (c *Collector) show(p place, e rollout.Event) {
	now := c.current[p]
	if now == nil {
		now = &showing{}
		c.current[p] = now
	}
	if e.At.Before(now.at) {
		return
	}
	now.at = e.At
	s := c.series
	if e.Kind == rollout.StepStarted || e.Kind == rollout.GoingBack {
		s.step.WithLabelValues(p.service, p.environment).Set(float64(e.Step + 1))
		s.steps.WithLabelValues(p.service, p.environment).Set(float64(e.Steps))
	}
	if e.State.Equal(strategy.State{}) {
		return
	}
	for _, role := range []strategy.Role{strategy.Stable, strategy.Baseline, strategy.Candidate} {
		g := e.State.Group(role)
		labels := []string{p.service, p.environment, string(role)}
		s.share.WithLabelValues(labels...).Set(float64(g.Share.Millionths()) / 1e6)
		s.replicas.WithLabelValues(labels...).Set(float64(g.Replicas))
		if e.Observed != nil {
			n := 0
			if !g.IsZero() {
				n = e.Observed.Pool(e.State.Pool(role)).Available
			}
			s.available.WithLabelValues(labels...).Set(float64(n))
		}
	}
}
