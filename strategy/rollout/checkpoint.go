package rollout

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/strategy"
)

// Checkpoint is the position of a rollout: all that a new process needs, beside the plan, to go on.
type Checkpoint struct {
	// Plan is the hash of the plan that the position belongs to.
	Plan string `json:"plan"`
	// Step is the step of the plan, from 0; the number of steps when all are done.
	Step int `json:"step"`
	// Reached is when the step's state was reached; zero while the step still moves.
	Reached time.Time `json:"reached,omitzero"`
	// Asked is when a person was first asked the present question, and AskedGates says that it is whether
	// to go on although the gates do not agree, and not what the plan pauses for.
	Asked      time.Time `json:"asked,omitzero"`
	AskedGates bool      `json:"asked_gates,omitempty"`
	// Waived says that somebody said to go on at this step although the gates do not agree, Granted that
	// what the plan pauses for was answered so.
	Waived  bool `json:"waived,omitempty"`
	Granted bool `json:"granted,omitempty"`
	// Degraded is for how long of the bake the state was not whole, or a gate asked not to count the
	// time; that does not count.
	Degraded time.Duration `json:"degraded_ns,omitempty"`
	// Stopped is up to when Degraded counts while a gate asks not to count the time: a host that goes on from
	// here counts none from there on, until its gates say otherwise. Zero: no gate asks for it.
	Stopped time.Time `json:"stopped,omitzero"`
	// Memory is what the gates remember, by their names. It may be older than their last verdicts, by a
	// minute, and is dropped on the way back and at the end. Nobody may change it.
	Memory map[string]json.RawMessage `json:"memory,omitempty"`
	// Short is how many instances of the old revision were missing when the rollout began. Nobody
	// waits for those.
	Short int `json:"short,omitempty"`
	// Promoting says that the holds are skipped.
	Promoting bool `json:"promoting,omitempty"`
	// Paused says that somebody paused the rollout, PausedBy who, PausedWhy why.
	Paused    bool   `json:"paused,omitempty"`
	PausedBy  string `json:"paused_by,omitempty"`
	PausedWhy string `json:"paused_why,omitempty"`
	// Abort is the word of whoever aborted it; nil where nobody did.
	Abort *AbortError `json:"abort,omitempty"`
	// Back says that the rollout is on its way back from Step, because of Cause; BackStep is the
	// step of that way.
	Back     bool `json:"back,omitempty"`
	BackStep int  `json:"back_step,omitempty"`
	// Relieved says that the new revision had nobody to answer on the way back, and gave its traffic
	// away for good.
	Relieved bool   `json:"relieved,omitempty"`
	Cause    string `json:"cause,omitempty"`
	// Outcome is set when the rollout has ended for good; Interrupted never is.
	Outcome Outcome `json:"outcome,omitempty"`
}

// fits reports whether the position is one of the plan.
func (c Checkpoint) fits(plan strategy.Plan) error {
	if c.Step < 0 || c.Step >= len(plan.Steps) {
		return fmt.Errorf("Checkpoint.Step: there is no step %d among %d", c.Step+1, len(plan.Steps))
	}
	if c.Degraded < 0 || c.Short < 0 {
		return fmt.Errorf("Checkpoint: Degraded (%s) and Short (%d) are not below zero", c.Degraded, c.Short)
	}
	if err := c.remembered(); err != nil {
		return err
	}
	if !c.Back {
		return nil
	}
	way, err := strategy.Abort(plan, c.Step)
	if err != nil {
		return fmt.Errorf("Checkpoint.Back: %w", err)
	}
	if c.BackStep < 0 || c.BackStep > len(way.Steps) {
		return fmt.Errorf("Checkpoint.BackStep: there is no step %d among %d on the way back", c.BackStep+1, len(way.Steps))
	}
	return nil
}

// pause puts a pause into the position; nil is none.
func (c *Checkpoint) pause(by *command) {
	c.Paused, c.PausedBy, c.PausedWhy = by != nil, "", ""
	if by != nil {
		c.PausedBy, c.PausedWhy = by.by, by.why
	}
}

// pauser is whose word the pause is.
func pauser(by, why string) command {
	if by == "" && why == "" {
		return command{"checkpoint", "paused before"}
	}
	return command{by, why}
}

// record hands out the position, or says why it could not.
func (r *Rollout) record(ctx context.Context) error {
	if err := r.checkpoint(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	return nil
}

func (r *Rollout) checkpoint(ctx context.Context) error {
	if r.o.Checkpoint == nil {
		return nil
	}
	at := r.at
	defer r.control.hold(&at)()
	err := sheltered("Options.Checkpoint", func() error { return r.o.Checkpoint(ctx, at) })
	tellPanic(r.log, err)
	r.unkept = r.unkept && err != nil
	return err
}
