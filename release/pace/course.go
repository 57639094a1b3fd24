package pace

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// Course is one release, followed from event to event: its state, and since when each step of it is under way. The zero value is one that has
// not begun.
type Course struct {
	state    ledger.State
	stints   map[string]*stint
	expanded map[string]time.Time
	done     []sample
}

// stint is a run of a stage: from its first attempt on, with those that failed and were tried again, and with the waits in between.
type stint struct {
	work, wait time.Duration
	mark       [2]time.Duration // work and wait when its last try began: what was interrupted since then begins anew
	peak       time.Duration    // the most work that it came to
	retried    bool
	began      time.Time     // its last attempt
	lead       time.Duration // the work before the first step of its rollout
	again      bool          // a try went on from a checkpoint, so that its steps are not whole
	whole      bool          // it did not begin in the middle
	asked      time.Time     // since when a person is waited for by a rollout; zero: none is
	paused     time.Duration
	step       walk
	steps      []sample // of its rollout
}

// walk is the step that a rollout is at.
type walk struct {
	step, steps int
	since       time.Time
	paused      time.Duration // of the stint, when it began
	back        bool
}

// sample is how long something took once. A step is told by its number and their number, from 0; -1 where it is the whole stage.
type sample struct {
	stage       string
	of          string
	step, steps int
	work, wait  time.Duration
}

// Follow makes a course of the events of a release. The error is theirs, or ledger.ErrBroken.
func Follow(events iter.Seq2[ledger.Event, error]) (*Course, error) {
	c := new(Course)
	for e, err := range events {
		if err == nil {
			err = c.Apply(e)
		}
		if err != nil {
			return nil, err
		}
	}
	return c, nil
}

// CourseOf is the course of a release of which the state is known and the events are not: how long a stage has waited for people within a
// rollout, and since when it is at a step, is then not known. The state must not be changed while the course is used.
func CourseOf(s *ledger.State) *Course { return &Course{state: *s} }

// State is where the release stands. It belongs to the course.
func (c *Course) State() *ledger.State { return &c.state }

// Apply follows the release one event further.
func (c *Course) Apply(e ledger.Event) error {
	if c.stints == nil {
		c.stints, c.expanded = make(map[string]*stint), make(map[string]time.Time)
	}
	var was ledger.StageState
	if st := c.state.Stage(e.Stage); st != nil {
		was = *st
	}
	if err := c.state.Apply(e); err != nil {
		return fmt.Errorf("release %s: %w", c.state.Release.ID, err)
	}
	switch b := e.Body.(type) {
	case ledger.Expanded:
		c.expanded[e.Stage] = e.Time
	case ledger.Began:
		c.began(e, was)
	case ledger.Noted:
		if t := c.stints[e.Stage]; t != nil && b.Name == rolloutEvent {
			t.noted(e, b.Data)
		}
	case ledger.Ended:
		c.ended(e, b, was)
	}
	return nil
}

// began begins a stint, or goes on with one after a wait.
func (c *Course) began(e ledger.Event, was ledger.StageState) {
	defer func() { c.stints[e.Stage].began = e.Time }()
	node := c.state.Node(e.Stage)
	t, anew := c.stints[e.Stage], len(was.Checkpoint) == 0 || node.Effect == stage.Pure
	if t == nil {
		c.stints[e.Stage] = &stint{whole: anew}
		return
	}
	if was.Outcome != stage.Waiting {
		t.tries(e.Time, &was, anew)
		return
	}
	gap := e.Time.Sub(was.Ended)
	if was.Until.IsZero() || e.Time.Before(was.Until) || idle(node) {
		t.wait += gap
	} else {
		t.work += gap
	}
}

// tries begins one more try of a stage. What failed, and the wait until it was to be tried again, is work: the release could not go on before.
// The time for which a person was asked what becomes of it is neither work nor wait, and nor is that for which no host carried it.
func (t *stint) tries(at time.Time, was *ledger.StageState, anew bool) {
	t.peak = max(t.peak, t.work)
	switch {
	case was.Outcome == "" || was.Outcome == stage.Interrupted:
		t.work, t.wait = t.mark[0], t.mark[1]
		t.whole = t.whole && anew
	case was.RetryAt.After(was.Ended):
		t.work += earlier(at, was.RetryAt).Sub(was.Ended)
	}
	t.mark = [2]time.Duration{t.work, t.wait}
	t.asked, t.paused, t.step, t.steps = time.Time{}, 0, walk{}, nil
	t.again = t.again || !anew
	t.retried = true
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// idle reports whether a stage only waits: for people or for a time.
func idle(node *ledger.Stage) bool {
	return slices.Contains(node.Traits, stage.Asks) || slices.Contains(node.Traits, stage.Holds)
}

// ended ends an attempt, and makes samples where the stage is over and went well.
func (c *Course) ended(e ledger.Event, b ledger.Ended, was ledger.StageState) {
	node, t := c.state.Node(e.Stage), c.stints[e.Stage]
	switch {
	case was.Running() && t != nil:
		t.answered(e.Time)
		ran := e.Time.Sub(was.Began)
		t.work += ran - t.paused
		t.wait += t.paused
		t.paused, t.step = 0, walk{}
	case was.Expanded:
		t = &stint{work: e.Time.Sub(c.expanded[e.Stage]), whole: true}
	}
	if t == nil || b.Outcome != stage.Succeeded || !t.whole {
		return
	}
	c.done = append(c.done, sample{stage: e.Stage, of: node.Of, step: -1, work: t.work, wait: t.wait})
	if !t.again {
		c.done = append(c.done, t.steps...)
	}
}

// The words of a rollout's events, as package stage/deploy records them.
const (
	rolloutEvent = "rollout-event"
	stepStarted  = "step started"
	stepDone     = "step done"
	asked        = "asked"
	answered     = "answered"
	paused       = "paused"
	resumed      = "resumed"
)

// noted follows the rollout of a stage. What is none of its events says nothing.
func (t *stint) noted(e ledger.Event, data json.RawMessage) {
	var r struct {
		Kind   string `json:"kind"`
		Region string `json:"region"`
		Waves  int    `json:"waves"`
		Back   bool   `json:"back"`
		Step   int    `json:"step"`
		Steps  int    `json:"steps"`
	}
	if json.Unmarshal(data, &r) != nil || r.Region != "" || r.Waves != 0 {
		return
	}
	switch {
	case r.Back:
		t.step = walk{back: true}
	case r.Kind == stepStarted:
		t.answered(e.Time)
		if len(t.steps) == 0 && t.lead == 0 {
			t.lead = t.work + e.Time.Sub(t.began) - t.paused
		}
		t.step = walk{step: r.Step, steps: r.Steps, since: e.Time, paused: t.paused}
	case r.Kind == stepDone && t.step.steps == r.Steps && t.step.step == r.Step && !t.step.since.IsZero():
		t.answered(e.Time)
		waited := t.paused - t.step.paused
		t.steps = append(t.steps, sample{stage: e.Stage, step: r.Step, steps: r.Steps, work: e.Time.Sub(t.step.since) - waited, wait: waited})
		t.step = walk{}
	}
	switch r.Kind {
	case asked, paused:
		if t.asked.IsZero() {
			t.asked = e.Time
		}
	case answered, resumed:
		t.answered(e.Time)
	}
}

// answered ends the wait for a person.
func (t *stint) answered(at time.Time) {
	if !t.asked.IsZero() {
		t.paused += at.Sub(t.asked)
		t.asked = time.Time{}
	}
}
