package rollout

import (
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
)

// EventKind says what happened.
type EventKind string

const (
	// StepStarted begins a step.
	StepStarted EventKind = "step started"
	// PhaseStarted begins a phase of a step: grow, route or shrink.
	PhaseStarted EventKind = "phase started"
	// Progressed says that the target got nearer to the state.
	Progressed EventKind = "progressed"
	// StepReached says that the step's state was reached and verified; the bake begins.
	StepReached EventKind = "step reached"
	// Judged is a verdict of a gate.
	Judged EventKind = "judged"
	// InstanceFailed is an instance that could not start or died.
	InstanceFailed EventKind = "instance failed"
	// Stuck is a pool that will not get there unless somebody mends something. Each reason is told once.
	Stuck EventKind = "stuck"
	// Degraded says that a state which was reached is no longer whole, Healed that it is again.
	Degraded EventKind = "degraded"
	// Healed follows Degraded.
	Healed EventKind = "healed"
	// Drifted says that somebody else changed the target.
	Drifted EventKind = "drifted"
	// Asked says that a person's answer is waited for.
	Asked EventKind = "asked"
	// Answered is the answer, or the default one.
	Answered EventKind = "answered"
	// Paused and Resumed are commands that were carried out.
	Paused EventKind = "paused"
	// Resumed follows Paused.
	Resumed EventKind = "resumed"
	// Promoting says that the holds of all further steps are skipped.
	Promoting EventKind = "promoting"
	// StepDone ends a step.
	StepDone EventKind = "step done"
	// GoingBack begins the way back.
	GoingBack EventKind = "going back"
	// CheckpointLost says that a checkpoint of the way back, or one for nothing but what gates remember,
	// could not be recorded.
	CheckpointLost EventKind = "checkpoint lost"
	// Ended is the last event.
	Ended EventKind = "ended"
)

// Event is something that happened in a rollout.
type Event struct {
	At   time.Time `json:"at"`
	Kind EventKind `json:"kind"`
	// Region is the region that it happened in, and Wave the number of its wave, from 0, of Waves: in a
	// rollout of Waves. What is of a wave as a whole, or of all of them, has no Region. Elsewhere all three
	// are empty.
	Region string `json:"region,omitempty"`
	Wave   int    `json:"wave,omitempty"`
	Waves  int    `json:"waves,omitempty"`
	// Back says that the rollout is on its way back; Step and Steps then count the way back's.
	Back bool `json:"back,omitempty"`
	// Step is the step's number, from 0, of Steps.
	Step  int `json:"step"`
	Steps int `json:"steps"`
	// Text says it for people.
	Text string `json:"text"`
	// By is who gave the command or the answer.
	By string `json:"by,omitempty"`
	// State is what is wanted.
	State strategy.State `json:"state,omitzero"`
	// Observed is what was last seen; nil before anything was.
	Observed *Observation `json:"observed,omitempty"`
	// Verdict is set with Judged.
	Verdict *gate.Verdict `json:"verdict,omitempty"`
	// Outcome is set with Ended.
	Outcome Outcome `json:"outcome,omitempty"`
}

// Outcome is how a rollout ended. What it says is recorded in positions and events, and so stays as it is, also where
// stage.Outcome spells the same otherwise.
type Outcome string

const (
	// Promoted: all steps are done.
	Promoted Outcome = "promoted"
	// RolledBack: the target is verified to be in the state that the plan started from.
	RolledBack Outcome = "rolled back"
	// RollbackFailed: harm was seen and could not be taken back. A person is needed now.
	RollbackFailed Outcome = "rollback failed"
	// Frozen: nothing moves any more, on purpose, since the way back is barred or somebody else
	// changes the target. A person is needed.
	Frozen Outcome = "frozen"
	// Refused: the target was not as the plan expects it, and nothing was moved.
	Refused Outcome = "refused"
	// Interrupted: the context was cancelled, or the position could not be recorded. The target
	// is as it was left; Resume goes on.
	Interrupted Outcome = "interrupted"
)

// Result is how a rollout ended, and what it saw.
type Result struct {
	Outcome Outcome `json:"outcome"`
	// Step is the last step of the plan that was begun, from 0.
	Step int `json:"step"`
	// Verdicts are the last verdict of each gate of each step, in order, and the ones that failed.
	Verdicts []gate.Verdict `json:"verdicts,omitempty"`
	// Observed is what runs where, as last seen.
	Observed Observation `json:"observed"`
	// Checkpoint is the last position.
	Checkpoint Checkpoint `json:"checkpoint"`
	// Started and Ended are when Run was called and returned.
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended"`
}

// tell notifies and logs.
func (r *Rollout) tell(e Event) {
	e.At = time.Now()
	if e.Steps == 0 {
		e.Steps = len(r.plan.Steps)
	}
	seen := r.seen
	e.Observed = &seen
	if r.o.Notify != nil {
		tellPanic(r.log, sheltered("Options.Notify", func() error { r.o.Notify(e); return nil }))
	}
	args := []any{"step", e.Step + 1, "of", e.Steps}
	if e.By != "" {
		args = append(args, "by", e.By)
	}
	if e.Back {
		args = append(args, "back", true)
	}
	level := hclog.Info
	if slices.Contains([]EventKind{InstanceFailed, Stuck, Degraded, Drifted, GoingBack, CheckpointLost}, e.Kind) {
		level = hclog.Warn
	}
	if e.Outcome == RollbackFailed || e.Outcome == Frozen {
		level = hclog.Error
	}
	r.log.Log(level, string(e.Kind)+": "+e.Text, args...)
}
