package gate

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-multierror"
)

// The defaults of a Stage.
const (
	DefaultInterval = 10 * time.Second
	DefaultPatience = 5 * time.Minute
)

// Stage asks a gate during a bake, and until it passes after it.
type Stage struct {
	// Name is the gate's name in the evidence. Empty: the name of the stage.
	Name string
	// Gate is asked.
	Gate gate.Gate
	// Subject says what is judged; the stage fills in the times, and the step where that is empty.
	// Nil: a subject without groups, which does for gates that need none.
	Subject func(t *stage.Task) (gate.Subject, error)
	// Read are the keys that Subject reads.
	Read []stage.Ref
	// Bake is how long the gate is asked at least, counted from the begin of the first attempt: a
	// pass before counts for nothing, a fail ends the stage at once. From its end on the gate is asked for
	// its last word (Subject.End). Zero: the first pass counts.
	Bake time.Duration
	// Patience is how long after the bake the stage waits for an answer that is no Continue and no
	// error. Zero: DefaultPatience.
	Patience time.Duration
	// Interval is the time from one answer to the next question. Zero: DefaultInterval.
	Interval time.Duration
}

var (
	_ stage.Stage     = Stage{}
	_ stage.Reader    = Stage{}
	_ stage.Gater     = Stage{}
	_ stage.Traiter   = Stage{}
	_ stage.Validator = Stage{}
)

// Reads are the keys that Subject reads.
func (s Stage) Reads() []stage.Ref { return s.Read }

// Gates is the gate's name; empty where it bears the name of the stage.
func (s Stage) Gates() []string { return []string{s.Name} }

// Traits are that it judges, where there is no Bake: what was watched for a while was a deployment, and a fork that takes that over takes over
// what became of it.
func (s Stage) Traits() []stage.Trait {
	if s.Bake > 0 {
		return nil
	}
	return []stage.Trait{stage.Judges}
}

// Validate reports every field that is wrong.
func (s Stage) Validate() error {
	var errs *multierror.Error
	wrong := func(err error) { errs = multierror.Append(errs, fmt.Errorf("Gate.Gate: %w", err)) }
	err := gate.Validate(s.Gate)
	if many, ok := err.(*multierror.Error); ok {
		for _, err := range many.Errors {
			wrong(err)
		}
	} else if err != nil {
		wrong(err)
	}
	if s.Subject == nil && err == nil {
		if err := gate.Fits(s.Gate, gate.Subject{Step: "the stage"}); err != nil {
			errs = multierror.Append(errs, fmt.Errorf("Gate.Subject: is missing: %w", err))
		}
	}
	for _, d := range []struct {
		field string
		value time.Duration
	}{{"Bake", s.Bake}, {"Patience", s.Patience}, {"Interval", s.Interval}} {
		if d.value < 0 {
			errs = multierror.Append(errs, fmt.Errorf("Gate.%s: %s is below zero", d.field, d.value))
		}
	}
	if s.Subject == nil && len(s.Read) > 0 {
		errs = multierror.Append(errs, fmt.Errorf("Gate.Read: keys are named, but there is no Subject that would read them"))
	}
	return errs.ErrorOrNil()
}

// Run asks the gate until there is an answer. Where that is not a pass, the error carries the last verdict.
func (s Stage) Run(ctx context.Context, t *stage.Task) error {
	w := watch{Stage: s, task: t, name: s.Name, bakeEnd: t.Started().Add(s.Bake)}
	if w.name == "" {
		w.name = t.Stage()
	}
	w.last = w.bakeEnd.Add(orDefault(s.Patience, DefaultPatience))
	w.subject.Step = t.Stage()
	if s.Subject != nil {
		subject, err := s.Subject(t)
		if err != nil {
			return fmt.Errorf("the subject of gate %s: %w", w.name, err)
		}
		if subject.Step == "" {
			subject.Step = t.Stage()
		}
		w.subject = subject
	}
	w.subject.Since = t.Started()
	if err := w.restore(t); err != nil {
		return err
	}
	for {
		done, err := w.ask(ctx)
		if done || err != nil {
			return err
		}
		select {
		case <-time.After(w.pause()):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// watch is one run of the stage.
type watch struct {
	Stage
	task          *stage.Task
	name          string
	subject       gate.Subject
	bakeEnd, last time.Time
	recorded      gate.Outcome // of the last verdict in evidence
	outcome       gate.Outcome // of the last verdict
	at            position
	asked         time.Time // when the gate was asked last
	extended      bool      // it said then not to count the time from there on
	kept          time.Time // when the position was recorded last
	unkept        bool      // it has changed since
}

// ask asks once, records the answer, and reports whether the stage is over.
func (w *watch) ask(ctx context.Context) (done bool, err error) {
	now := time.Now()
	if w.extended {
		w.at.Extended += now.Sub(w.asked)
		w.extend(now.Sub(w.asked))
	}
	baked, late := !now.Before(w.bakeEnd), !now.Before(w.last)
	w.subject.Now, w.subject.End = now, baked // what is remembered from before the end of the bake passes nothing
	patience, cancel := context.WithDeadline(ctx, w.last)
	if late {
		cancel()
		patience, cancel = context.WithTimeout(ctx, DefaultInterval) // its last word, soon
	}
	verdict := gate.Ask(patience, w.Gate, w.subject)
	cancel()
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	w.asked, w.extended = now, verdict.Extend
	verdict.Gate, verdict.At = w.name, now.UTC()
	if err := w.record(ctx, verdict, baked); err != nil {
		return false, err
	}
	switch {
	case verdict.Outcome == gate.Pass && baked:
		return true, nil
	case verdict.Outcome == gate.Fail:
		return false, w.fail("the gate failed", verdict)
	case verdict.Outcome == gate.Inconclusive:
		return false, w.fail("the gate cannot tell", verdict)
	case late && !verdict.Extend:
		return false, w.fail(fmt.Sprintf("no pass within %s", w.last.Sub(w.subject.Since)), verdict)
	}
	return false, w.remember(ctx, verdict, now)
}

func (w *watch) fail(what string, v gate.Verdict) error {
	return &stage.Error{Outcome: stage.Failed, Reason: fmt.Sprintf("%s: %s: %s", what, w.name, v.Reason), Evidence: []gate.Verdict{v}}
}

// record keeps a verdict as evidence where it says something new, and shows it. One that ends the
// stage as a failure is kept with the end.
func (w *watch) record(ctx context.Context, v gate.Verdict, baked bool) error {
	ends := v.Outcome != gate.Pass && v.Outcome != gate.Continue
	if final := v.Outcome == gate.Pass && baked; !ends && (final || v.Outcome != w.recorded) {
		if err := w.task.Evidence(ctx, v); err != nil {
			return err
		}
		w.recorded = v.Outcome
	}
	return w.task.Progress(ctx, w.progress(v))
}

func (w *watch) progress(v gate.Verdict) stage.Progress {
	text := fmt.Sprintf("%s: %s: %s", w.name, v.Outcome, v.Reason)
	text = strings.ToValidUTF8(text[:min(len(text), 500)], "")
	total := (w.Bake + w.at.Extended).Seconds()
	return stage.Progress{Done: min(max(time.Since(w.subject.Since).Seconds(), 0), total), Total: total, Text: text}
}

// pause is how long until the next question: the interval, but not past the end of the bake, nor past
// the last question, unless that is put off.
func (w *watch) pause() time.Duration {
	wait := orDefault(w.Interval, DefaultInterval)
	if !time.Now().Before(w.last) {
		if w.extended {
			return wait
		}
		return 0
	}
	for _, moment := range []time.Time{w.bakeEnd, w.last} {
		if left := time.Until(moment); left > 0 {
			wait = min(wait, left)
		}
	}
	return wait
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}
