package strategy

import (
	"fmt"
	"slices"
	"time"
)

// Strategy answers one question: by which states do we walk from what runs now to what shall run?
// Plan is pure and safe for concurrent use. Its error names every field that is wrong.
type Strategy interface {
	Plan(from State, to Revision) (Plan, error)
}

// Plan is the whole way from one state to another, as data: what a person approves is what the
// rollout executes.
type Plan struct {
	// Strategy is the name of the strategy that made the plan, for people.
	Strategy string
	// From is the state that the plan starts from, and the one that its rollback ends in.
	From State
	// To is the revision that the plan brings. On a way back it is the one that was to be replaced:
	// stable's of Goal, but its candidate's where a partition was on its way back to stable.
	To Revision
	// Steps are walked in order. A plan has at least one.
	Steps []Step
	// Limits are what the plan promises to keep at every instant; Verify proves it.
	Limits Limits
	// HoldBack is how many instances of the old revision the plan leaves running at its end, on
	// purpose (a rolling partition). Zero: none.
	HoldBack int
	// Goal is set on a way back only: the state that it must end in, which is what ran before.
	Goal *State
}

// Limits bound the number of instances at every instant of a plan, within transitions too. They count
// what the states say: an autoscaler that decides otherwise is not bound by them.
type Limits struct {
	// MinAvailable is the least number of available instances, over all groups that answer
	// traffic. Zero allows downtime.
	MinAvailable int `json:"min_available"`
	// MaxTotal is the largest number of instances that may exist, ready or not. Zero: no limit.
	MaxTotal int `json:"max_total,omitempty"`
	// Load is the number of instances that all of the traffic needs: a group that answers a share
	// of the traffic must have at least that share of Load available. Zero: not asked for.
	Load int `json:"load,omitempty"`
}

// Step is one desired state of a plan, and what must hold before the next one.
//
// A step is over when its state is reached and verified, Bake has passed, all Gates agree, and,
// where it pauses, somebody has said go.
type Step struct {
	// Reason says for people why the step is there: "10% to the candidate".
	Reason string
	// State is what shall run.
	State State
	// Deadline is the progress deadline: how long the step may go without any progress towards
	// its state before it has failed. Zero: the rollout's default.
	Deadline time.Duration
	// Bake is how long the state is held and watched once it is reached.
	Bake time.Duration
	// Gates are the names of the gates that are asked during the bake and must pass at its end.
	// With no Bake they must pass before the next step.
	Gates []string
	// Pause stops the plan after the bake until somebody says go. Nil: no pause.
	Pause *Pause
	// Irreversible says why the step cannot be undone, for example "drops column users.name". From
	// the moment such a step begins there is no automatic way back: on harm the rollout freezes
	// and calls a person. Empty: the step can be undone.
	Irreversible string
	// Native leaves the way from the state before to this one to the target, which replaces the
	// instances of one revision by those of another by itself, as a Kubernetes Deployment does,
	// within the plan's Limits. Both states then have a stable group and no other, and the same
	// traffic, or nothing runs before. See the strategy Native, and LawNative.
	Native bool
}

// Pause waits for a person.
type Pause struct {
	// Reason is what the person is asked.
	Reason string
	// Deadline is how long the answer may take; then Default is the answer. Zero: no deadline.
	Deadline time.Duration
	// Default is the answer when the deadline has passed. Empty: Abort.
	Default Answer
}

// Answer is what is decided at a pause.
type Answer string

const (
	// AnswerAbort takes everything back.
	AnswerAbort Answer = "abort"
	// AnswerResume goes on with the next step.
	AnswerResume Answer = "resume"
)

// Back reports whether the plan is a way back, as Abort makes them.
func (p Plan) Back() bool { return p.Goal != nil }

// name is a revision as short as the plan's revisions can be told apart.
func (p Plan) name(r Revision) string {
	return r.besides(p.From.Stable.Revision, p.From.Candidate.Revision, p.To)
}

// Final is the state that the plan ends in: From where it has no step.
func (p Plan) Final() State { return p.StateBefore(len(p.Steps)) }

// StateBefore is the state that step is entered from, the first step being 0: From for the first
// one and for numbers below, the last state for numbers above the last step.
func (p Plan) StateBefore(step int) State {
	if step = min(step, len(p.Steps)); step <= 0 {
		return p.From
	}
	return p.Steps[step-1].State
}

// Gates are the names of all gates that the plan asks, sorted, each once.
func (p Plan) Gates() []string {
	var names []string
	for i := range p.Steps {
		names = append(names, p.Steps[i].Gates...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// MarkIrreversible is the plan with a step, counted from 0, that cannot be undone, and why. The
// plan itself stays as it is.
func (p Plan) MarkIrreversible(step int, reason string) (Plan, error) {
	if step < 0 || step >= len(p.Steps) {
		return Plan{}, fmt.Errorf("mark step %d as irreversible: the plan has steps 0 to %d", step, len(p.Steps)-1)
	}
	if reason == "" {
		return Plan{}, fmt.Errorf("mark step %d as irreversible: a person who is called needs a reason", step)
	}
	p.Steps = slices.Clone(p.Steps)
	p.Steps[step].Irreversible = reason
	return p, nil
}

// Validate reports everything that is wrong with a plan that was read, or made by hand, each
// problem with its field. It looks at each value by itself; that the plan is safe is what Verify
// proves.
func (p Plan) Validate() error {
	var bad problems
	bad.text("Strategy", p.Strategy)
	if !p.Back() || !p.To.IsZero() {
		bad.revision("To", p.To)
	}
	bad.nest("From", p.From.Validate())
	if p.Back() {
		bad.nest("Goal", p.Goal.Validate())
		if c := p.Goal.Candidate; p.To != p.Goal.Stable.Revision && (c.absent() || p.To != c.Revision) {
			bad.add("To", "a way back leads to the stable revision of its goal, %s, or to its candidate's", p.Goal.Stable.Revision)
		}
	}
	if len(p.Steps) == 0 {
		bad.add("Steps", "a plan has at least one step")
	}
	for i := range p.Steps {
		if err := p.Steps[i].Validate(); err != nil {
			bad.nest(fmt.Sprintf("Steps[%d]", i), err)
		}
	}
	bad.nest("Limits", p.Limits.Validate())
	bad.count("HoldBack", p.HoldBack)
	return bad.err()
}

// Validate reports everything that is wrong with the limits.
func (l Limits) Validate() error {
	var bad problems
	bad.notNegative("MinAvailable", l.MinAvailable)
	bad.notNegative("MaxTotal", l.MaxTotal)
	bad.notNegative("Load", l.Load)
	if l.MaxTotal > 0 && l.MinAvailable > l.MaxTotal {
		bad.add("MinAvailable", "%d is more than the %d instances that may exist", l.MinAvailable, l.MaxTotal)
	}
	return bad.err()
}

// Validate reports everything that is wrong with the step.
func (s Step) Validate() error {
	var bad problems
	bad.text("Reason", s.Reason)
	bad.text("Irreversible", s.Irreversible)
	bad.nest("State", s.State.Validate())
	bad.duration("Deadline", s.Deadline)
	bad.duration("Bake", s.Bake)
	bad.gates("Gates", s.Gates)
	bad.pause("Pause", s.Pause)
	return bad.err()
}
