package exporter

import (
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
	r := &rolling{place: p}
	return func(e rollout.Event) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if e.Kind == rollout.Judged && e.Verdict != nil {
			c.judged(p, *e.Verdict)
		}
		moved, harmed := r.moved, r.harmed
		c.rolled(r, e)
		if e.Kind != rollout.Ended {
			return
		}
		switch e.Outcome {
		case rollout.Promoted:
			c.fact(fact{place: p, kind: deployed, at: e.At})
		case rollout.RolledBack:
			c.fact(fact{place: p, kind: harmful, at: later(harmed, e.At)})
			c.fact(fact{place: p, kind: restored, at: e.At})
		case rollout.RollbackFailed, rollout.Frozen:
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
