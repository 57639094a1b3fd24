package rollout

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/strategy"
)

// watch is what is kept in mind during one step, from its begin to the end of its bake.
type watch struct {
	leg      leg
	deadline time.Duration
	since    time.Time // of the last progress
	best     int
	scored   bool
	scaled   [3]bool               // by an autoscaler: the groups that the score leaves out
	most     map[strategy.Pool]int // were available of a pool under an autoscaler
	last     error                 // what the target said last, where that was an error
	applied  strategy.State        // last
	routed   bool                  // the traffic that was applied last was in effect
	drifts   int
	failures []Failure    // of the new revision
	stuck    []StuckError // as last seen
	seized   []StuckError // those of them that somebody else has taken over
}

func (r *Rollout) watch(l leg) *watch {
	return &watch{leg: l, deadline: l.deadline(r.o), since: time.Now()}
}

// begin begins to wait for something else.
func (w *watch) begin() {
	w.since, w.scored, w.routed, w.last = time.Now(), false, false, nil
	w.most = nil
}

// progressed reports whether the target is nearer to the state than ever before. Only that counts: an
// instance that becomes ready again and again makes no progress. Draining, which the target bounds,
// is waited for. Of a pool under an autoscaler more must be available than ever before: whatever that one
// wants by and by, its coming and going hides no deadline.
func (w *watch) progressed(o Observation, s strategy.State) bool {
	drains := func(p PoolStatus) bool {
		_, g, _ := s.Find(p.Pool)
		return p.Draining > 0 && !p.autoscaled(g.Replicas)
	}
	if w.last == nil && slices.ContainsFunc(o.Pools, drains) {
		w.since = time.Now()
	}
	if by := o.scaled(s); by != w.scaled {
		w.scaled, w.scored = by, false // what comes now is another sum
	}
	progress := w.grown(o, s)
	if score := o.score(s); !w.scored || score > w.best {
		w.scored, w.best, progress = true, score, true
	}
	if progress {
		w.since = time.Now()
	}
	return progress
}

// grown reports whether a pool under an autoscaler has more available instances than ever before.
func (w *watch) grown(o Observation, s strategy.State) bool {
	grown := false
	for role, g := range s.Groups() {
		status := o.Pool(s.Pool(role))
		if !status.autoscaled(g.Replicas) || status.Available <= w.most[status.Pool] {
			continue
		}
		if w.most == nil {
			w.most = map[strategy.Pool]int{}
		}
		w.most[status.Pool], grown = status.Available, true
	}
	return grown
}

// overdue is an error once the deadline has passed without progress.
func (w *watch) overdue(missing string) error {
	if time.Since(w.since) < w.deadline {
		return nil
	}
	if missing == "" {
		missing = "the target shows the state and still reports an error"
	}
	return &DeadlineError{Deadline: w.deadline, Missing: missing, Failures: w.failures, Stuck: w.stuck, Last: w.last}
}

// mayMove returns nil when the target may be moved now: it waits out a pause, and reports the end
// of the context or an abort. The way back is neither paused nor aborted.
func (r *Rollout) mayMove(ctx context.Context, w *watch) error {
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !w.leg.forward() {
			return nil
		}
		if err := r.commands(ctx, w.leg); err != nil {
			return err
		}
		if !r.paused {
			return nil
		}
		start := time.Now()
		r.control.sleep(ctx, r.o.Poll)
		w.since = w.since.Add(time.Since(start)) // a pause suspends the deadline
	}
}

// commands carries out what was asked for meanwhile.
func (r *Rollout) commands(ctx context.Context, l leg) error {
	paused, promoted, aborted := r.control.look()
	if aborted != nil {
		return &AbortError{By: aborted.by, Why: aborted.why}
	}
	tell := func(kind EventKind, c *command) {
		e := l.event(kind, c.why)
		e.By = c.by
		r.tell(e)
	}
	if promoted != nil && !r.at.Promoting {
		r.at.Promoting = true
		if err := r.record(ctx); err != nil {
			return err
		}
		tell(Promoting, promoted)
	}
	if is := paused != nil; is != r.paused {
		r.paused = is
		r.at.pause(paused)
		if err := r.record(ctx); err != nil {
			return err
		}
		if is {
			tell(Paused, paused)
		} else if c := r.control.take(func(c *control) **command { return &c.resumed }); c != nil {
			tell(Resumed, c)
		}
	}
	return nil
}

// failures tells of instances that failed since the last look, and counts those of the new
// revision.
func (r *Rollout) failures(w *watch) error {
	for _, status := range r.seen.Pools {
		for _, f := range status.Failures {
			if r.failed[f.ID] {
				continue
			}
			r.failed[f.ID] = true
			r.tell(w.leg.event(InstanceFailed, fmt.Sprintf("%s of %s: %s", f.ID, status.Pool, f.Reason)))
			if status.Pool.Revision == r.plan.To && w.leg.forward() {
				w.failures = append(w.failures, f)
			}
		}
	}
	if len(w.failures) >= r.o.CrashLimit && w.leg.forward() {
		return &CrashError{Failures: slices.Clone(w.failures)}
	}
	return nil
}

// fought looks, and notices what somebody else has changed since the last look.
func (r *Rollout) fought(ctx context.Context, w *watch) error {
	before, failed := r.seen, len(r.failed)
	if r.observe(ctx, w.leg) != nil {
		return nil // the look after the next pass tells
	}
	r.stuck(w)
	if err := r.failures(w); err != nil {
		return err
	}
	seen := meddled(r.seen, before, w.applied, w.leg.known, w.routed)
	if w.leg.step.Native {
		seen = cmp.Or(r.seen.intruder(before, w.leg.known), r.seen.astray(before, w.leg.limits), r.seen.reversed(before, w.applied))
	}
	if seen == "" || failed != len(r.failed) {
		return nil
	}
	w.routed = false
	return r.drifted(w, seen)
}

// meddled says what has changed between two looks, between which nothing was applied, in a way that no
// failing instance explains and that does not lead to the applied state. An autoscaler meddles with nobody.
func meddled(o, before Observation, s strategy.State, known []strategy.State, routed bool) string {
	if seen := o.intruder(before, known); seen != "" {
		return seen
	}
	if t := o.missingTraffic(s); t != "" && routed {
		return t
	}
	for role, g := range s.Groups() {
		now, was := o.Pool(s.Pool(role)), before.Pool(s.Pool(role))
		if now.autoscaled(g.Replicas) || was.autoscaled(g.Replicas) {
			continue
		}
		if now, was := now.Running, was.Running; now > was && now > g.Replicas || now < was && now < g.Replicas {
			return fmt.Sprintf("%s %s was scaled from %d to %d instances, %d are wanted", role, g.Revision, was, now, g.Replicas)
		}
	}
	return ""
}

// intruder says what runs that nobody knows, and did not before.
func (o Observation) intruder(before Observation, known []strategy.State) string {
	if pools := o.foreign(known...); len(pools) > 0 && len(before.foreign(known...)) == 0 {
		return fmt.Sprintf("%s is not part of this rollout", pools[0])
	}
	return ""
}

// beyond says which pool has gone, while a state was applied, to where that state does not lead.
func beyond(o, before Observation, s strategy.State) string {
	for role, g := range s.Groups() {
		now, was := o.Pool(s.Pool(role)), before.Pool(s.Pool(role))
		if now.autoscaled(g.Replicas) || was.autoscaled(g.Replicas) {
			continue
		}
		if now, was := now.Running, was.Running; now > max(was, g.Replicas) || now < min(was, g.Replicas) {
			return fmt.Sprintf("%s %s was scaled from %d to %d instances, %d are wanted", role, g.Revision, was, now, g.Replicas)
		}
	}
	return ""
}

// drifted tells of a change by somebody else, and decides whether to go on. The way back always
// goes on, for as long as it has time.
func (r *Rollout) drifted(w *watch, seen string) error {
	w.drifts++
	if by := r.seen.Meddled; by != "" {
		seen += " (" + by + ")"
	}
	r.tell(w.leg.event(Drifted, seen))
	if !w.leg.forward() || r.o.Drift == Converge && w.drifts <= r.o.DriftLimit {
		return nil
	}
	return &ConflictError{Seen: seen, Times: w.drifts}
}
