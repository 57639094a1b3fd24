package rollout

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
)

// hold keeps the step's state until the bake is over, the gates agree, and nobody is waited for.
func (r *Rollout) hold(ctx context.Context, l leg) error {
	h := &hold{watch: r.watch(l), until: r.at.Reached.Add(l.step.Bake)}
	h.patience = h.until.Add(r.o.Patience)
	defer r.control.wait(false)
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := r.commands(ctx, l); err != nil {
			return err
		}
		if r.at.Promoting && !r.paused {
			return nil
		}
		if err := r.tend(ctx, h); err != nil {
			return err
		}
		if err := r.judge(ctx, h); err != nil {
			return err
		}
		done, err := r.decide(ctx, h)
		if err != nil || done {
			return err
		}
		r.control.sleep(ctx, h.nap(r.o))
	}
}

// hold is what is kept in mind while a state is held.
type hold struct {
	*watch
	until    time.Time // the end of the bake
	patience time.Time // when gates that do not agree become a person's business
	nextAsk  time.Time
	verdicts []gate.Verdict // of the last round
	agreed   bool           // all gates passed in one round at the end of the bake
	degraded bool
	ask      *question
	granted  bool // the question was answered: go on
}

// question is what a person is asked.
type question struct {
	text     string
	deadline time.Time
	answer   strategy.Answer
	gates    bool // it was the gates that did not agree; if they do later, nobody need answer
}

func (h *hold) nap(o Options) time.Duration {
	now := time.Now()
	wait := o.Poll
	sooner := func(t time.Time) {
		if d := t.Sub(now); d > 0 && d < wait {
			wait = d
		}
	}
	sooner(h.until)
	if len(h.leg.step.Gates) > 0 {
		sooner(h.nextAsk)
	}
	if h.ask != nil && !h.ask.deadline.IsZero() {
		sooner(h.ask.deadline)
	}
	return wait
}

// tend looks after the state that was reached: failed instances are replaced, changes by somebody
// else are told and answered.
func (r *Rollout) tend(ctx context.Context, h *hold) error {
	s := h.leg.step.State
	before := r.seen
	o, err := r.target.Observe(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		h.last, h.degraded = err, true
		return h.overdue(r, s)
	}
	r.seen, h.last = o, nil
	failed := len(r.failed)
	if err := r.failures(h.watch); err != nil {
		return err
	}
	missing := o.Missing(s)
	if missing == "" {
		if h.degraded {
			r.tell(h.leg.event(Healed, o.String()))
		}
		h.degraded, h.aimed, h.since = false, false, time.Now()
		return nil
	}
	if seen := meddled(o, before, s, h.leg.known); seen != "" && failed == len(r.failed) {
		if err := r.drifted(h.watch, seen); err != nil {
			return err
		}
	} else if !h.degraded {
		r.tell(h.leg.event(Degraded, missing))
	}
	h.degraded = true
	h.progressed(o.score(s))
	if !r.paused {
		if h.last = r.target.Apply(ctx, s); isPermanent(h.last) {
			return fmt.Errorf("apply %s: %w", s, h.last)
		}
	}
	return h.overdue(r, s)
}

// meddled says what differs from the state in a way that no failing instance explains, and did not
// differ in that way before.
func meddled(o, before Observation, s strategy.State, known []strategy.State) string {
	if pools := o.foreign(known...); len(pools) > 0 {
		if len(before.foreign(known...)) > 0 {
			return ""
		}
		return fmt.Sprintf("%s is not part of this rollout", pools[0])
	}
	if t := o.missingTraffic(s); t != "" {
		if before.missingTraffic(s) != "" {
			return ""
		}
		return t
	}
	for role, g := range s.Groups() {
		now, was := o.Pool(s.Pool(role)), before.Pool(s.Pool(role))
		if now.Running != g.Replicas && was.Running == g.Replicas {
			return fmt.Sprintf("%s %s was scaled to %d instances, %d are wanted", role, g.Revision, now.Running, g.Replicas)
		}
	}
	return ""
}

// judge asks the gates, when it is time to.
func (r *Rollout) judge(ctx context.Context, h *hold) error {
	step, now := h.leg.step, time.Now()
	ended := !now.Before(h.until)
	if len(step.Gates) == 0 {
		h.agreed = ended
		return nil
	}
	if now.Before(h.nextAsk) {
		return nil
	}
	verdicts, err := r.askGates(ctx, h, now, ended)
	if err != nil || verdicts == nil {
		return err
	}
	h.nextAsk = now.Add(r.o.GateInterval)
	if now.Before(h.until) && h.nextAsk.After(h.until) {
		h.nextAsk = h.until // the last word is asked for as soon as the bake is over
	}
	h.verdicts, h.agreed = verdicts, ended
	for _, v := range verdicts {
		e := h.leg.event(Judged, fmt.Sprintf("gate %q says %s: %s", v.Gate, v.Outcome, v.Reason))
		e.Verdict = &v
		r.tell(e)
		h.agreed = h.agreed && v.Outcome == gate.Pass
	}
	for _, v := range verdicts {
		if v.Outcome == gate.Fail {
			r.verdicts = append(r.verdicts, verdicts...)
			return &GateError{Verdict: v}
		}
	}
	return nil
}

// askGates asks all gates of the step at the same moment. It returns nothing when a command
// interrupted it.
func (r *Rollout) askGates(ctx context.Context, h *hold, now time.Time, end bool) ([]gate.Verdict, error) {
	subject := r.subject(h.leg, now)
	subject.End = end
	asking, stop := r.control.interruptible(ctx)
	defer stop()
	names := slices.Sorted(slices.Values(h.leg.step.Gates))
	verdicts := make([]gate.Verdict, len(names))
	var group errgroup.Group
	for i, name := range names {
		group.Go(func() error {
			verdicts[i] = r.askGate(asking, name, subject)
			return nil
		})
	}
	_ = group.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if asking.Err() != nil {
		return nil, nil
	}
	return verdicts, nil
}

// askGate asks one gate. No answer is never a pass: an error, a panic and an unknown outcome all
// count as "continue", whose patience is bounded.
func (r *Rollout) askGate(ctx context.Context, name string, s gate.Subject) (v gate.Verdict) {
	ctx, cancel := context.WithTimeout(ctx, r.o.GateTimeout)
	defer cancel()
	none := func(format string, args ...any) gate.Verdict {
		return gate.Verdict{Outcome: gate.Continue, Reason: "no verdict: " + fmt.Sprintf(format, args...)}
	}
	defer func() {
		if p := recover(); p != nil {
			v = none("the gate panicked: %v", p)
		}
		v.Gate, v.At = name, s.Now
	}()
	v, err := r.o.Gates[name].Check(ctx, s)
	if err != nil {
		return none("%v", err)
	}
	switch v.Outcome {
	case gate.Pass, gate.Fail, gate.Continue, gate.Inconclusive:
		return v
	}
	return none("unknown outcome %q", v.Outcome)
}

// subject names the groups by what they run, not by the role they have just now: the candidate is
// the new revision, also when it has become stable.
func (r *Rollout) subject(l leg, now time.Time) gate.Subject {
	s := gate.Subject{Step: fmt.Sprintf("step %d: %s", l.index+1, l.step.Reason), Since: r.at.Reached, Now: now}
	for role, g := range l.step.State.Groups() {
		label := l.step.State.Pool(role).String()
		switch {
		case role == strategy.Baseline:
			s.Baseline = label
		case g.Revision == r.plan.To:
			s.Candidate = label
		default:
			s.Stable = label
		}
	}
	return s
}

// decide says whether the hold is over, and asks a person where one is needed.
func (r *Rollout) decide(ctx context.Context, h *hold) (bool, error) {
	now := time.Now()
	if h.ask != nil {
		if err := r.answer(ctx, h, now); err != nil {
			return false, err
		}
	}
	if r.paused {
		h.patience = later(h.patience, now.Add(r.o.Patience))
		return false, nil
	}
	if now.Before(h.until) && !h.undecided() || h.degraded {
		return false, nil
	}
	if h.agreed || h.granted {
		if p := h.leg.step.Pause; p != nil && !h.granted {
			return false, r.question(ctx, h, *p, false)
		}
		r.verdicts = append(r.verdicts, h.verdicts...)
		return true, nil
	}
	if h.ask == nil && (h.undecided() || now.After(h.patience)) {
		p := r.o.Decision
		p.Reason = "the gates do not agree: " + doubts(h.verdicts)
		return false, r.question(ctx, h, p, true)
	}
	return false, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// undecided reports whether a gate says that more data will not help.
func (h *hold) undecided() bool {
	return slices.ContainsFunc(h.verdicts, func(v gate.Verdict) bool { return v.Outcome == gate.Inconclusive })
}

func doubts(verdicts []gate.Verdict) string {
	var parts []string
	for _, v := range verdicts {
		if v.Outcome != gate.Pass {
			parts = append(parts, fmt.Sprintf("%q says %s: %s", v.Gate, v.Outcome, v.Reason))
		}
	}
	return strings.Join(parts, "; ")
}

// question begins to wait for a person.
func (r *Rollout) question(ctx context.Context, h *hold, p strategy.Pause, gates bool) error {
	if h.ask != nil {
		return nil
	}
	if r.at.Asked.IsZero() {
		r.at.Asked = time.Now()
	}
	h.ask = &question{text: p.Reason, answer: p.Default, gates: gates}
	if h.ask.text == "" {
		h.ask.text = "go on after: " + h.leg.step.Reason + "?"
	}
	if h.ask.answer == "" {
		h.ask.answer = strategy.AnswerAbort
	}
	if p.Deadline > 0 {
		h.ask.deadline = r.at.Asked.Add(p.Deadline)
	}
	r.control.wait(true)
	if err := r.record(ctx); err != nil {
		return err
	}
	r.tell(h.leg.event(Asked, h.ask.text))
	return nil
}

// answer takes a person's answer, or the default one when the time is over.
func (r *Rollout) answer(ctx context.Context, h *hold, now time.Time) error {
	var by *command
	switch {
	case h.ask.gates && h.agreed:
		by = &command{"gates", "all gates pass now"}
	default:
		by = r.control.take(func(c *control) **command { return &c.answered })
		if by == nil && !r.paused && !h.ask.deadline.IsZero() && !now.Before(h.ask.deadline) {
			by = &command{"deadline", fmt.Sprintf("nobody answered in time: %s", h.ask.text)}
			if h.ask.answer == strategy.AnswerAbort {
				return &AbortError{By: by.by, Why: by.why}
			}
		}
	}
	if by == nil {
		return nil
	}
	e := h.leg.event(Answered, by.why)
	e.By = by.by
	r.tell(e)
	r.control.wait(false)
	// The gates' question, answered by the gates, leaves a pause of the plan to be asked still.
	h.granted = by.by != "gates" || h.leg.step.Pause == nil
	h.ask, h.patience = nil, later(h.patience, now.Add(r.o.Patience))
	r.at.Asked = time.Time{}
	return r.record(ctx)
}
