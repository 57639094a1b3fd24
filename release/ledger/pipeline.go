package ledger

import (
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-multierror"
)

// DefaultParallel is how many stages of one release run at once where the pipeline does not say.
const DefaultParallel = 8

// Pipeline is a pipeline as data: what is frozen in the first event of a release, so that the release
// keeps its shape whatever becomes of the code.
type Pipeline struct {
	Name string `json:"name"`
	// Stages are in an order in which each comes after all that it needs.
	Stages []Stage `json:"stages"`
	// Inputs are the keys whose values come with the request.
	Inputs []stage.Ref `json:"inputs,omitempty"`
	// Parallel is how many stages run at once. Zero: DefaultParallel.
	Parallel int `json:"parallel,omitempty"`
	// OnAbort is what becomes of what was done when a person aborts the release: Undo or Stop.
	// Empty: Undo.
	OnAbort Policy `json:"on_abort,omitempty"`
}

// DefaultUndoTimeout bounds an undo where the stage does not say.
const DefaultUndoTimeout = 30 * time.Minute

// Stage is one stage of a pipeline as data. Durations are nanoseconds in JSON.
type Stage struct {
	Name string `json:"name"`
	// Needs are the stages that must have succeeded before.
	Needs []string `json:"needs,omitempty"`
	// When says how stages among Needs must have ended, in place of having succeeded.
	When []Condition `json:"when,omitempty"`
	// Each makes the stage once for each item of a list. Nil: it is one stage.
	Each *Each `json:"each,omitempty"`
	// Environment is where the stage works.
	Environment string `json:"environment,omitempty"`
	// Timeout bounds the stage from the begin of its first attempt, or of the first after a person
	// said retry; AttemptTimeout bounds each attempt from its own. Zero: no bound. The time for which
	// a stage waits for a person to retry, skip or abort it does not count.
	Timeout        time.Duration `json:"timeout_ns,omitempty"`
	AttemptTimeout time.Duration `json:"attempt_timeout_ns,omitempty"`
	// Retry says how often a failure is tried again.
	Retry Retry `json:"retry,omitzero"`
	// OnFailure is what becomes of the release when the stage ends badly. Empty: Stop.
	OnFailure Policy `json:"on_failure,omitempty"`
	// Irreversible says that once the stage has begun, nothing is undone any more: Undo freezes.
	Irreversible bool `json:"irreversible,omitempty"`
	// Always lets the stage run once its needs have ended, however they did.
	Always bool `json:"always,omitempty"`
	// Criterion says what the stage decides about the release as a whole. Empty: nothing.
	Criterion Criterion `json:"criterion,omitempty"`
	// Effect is what running it again means, CanUndo whether it can take back what it did, and
	// UndoTimeout how long an attempt of that may take. Zero: DefaultUndoTimeout.
	Effect      stage.Effect  `json:"effect,omitempty"`
	CanUndo     bool          `json:"can_undo,omitempty"`
	UndoTimeout time.Duration `json:"undo_timeout_ns,omitempty"`
	// Reads, Writes, Listens, Secrets, Gates and Traits are what the stage declares.
	Reads   []stage.Ref        `json:"reads,omitempty"`
	Writes  []stage.Ref        `json:"writes,omitempty"`
	Listens []stage.SignalKind `json:"listens,omitempty"`
	Secrets []string           `json:"secrets,omitempty"`
	Gates   []string           `json:"gates,omitempty"`
	Traits  []stage.Trait      `json:"traits,omitempty"`
	// Of is the stage that this one was made of, for Item. Empty: it is in the pipeline itself.
	Of   string     `json:"of,omitempty"`
	Item stage.Item `json:"item,omitzero"`
}

// Clone is a copy that shares nothing with the pipeline.
func (p Pipeline) Clone() Pipeline {
	p.Inputs = slices.Clone(p.Inputs)
	p.Stages = slices.Clone(p.Stages)
	for i := range p.Stages {
		s := &p.Stages[i]
		s.Needs, s.Reads, s.Writes = slices.Clone(s.Needs), slices.Clone(s.Reads), slices.Clone(s.Writes)
		s.Listens, s.Secrets, s.Gates = slices.Clone(s.Listens), slices.Clone(s.Secrets), slices.Clone(s.Gates)
		s.Traits = slices.Clone(s.Traits)
		s.When = slices.Clone(s.When)
		for j := range s.When {
			s.When[j].Is = slices.Clone(s.When[j].Is)
		}
		if s.Each != nil {
			each := *s.Each
			s.Each = &each
		}
	}
	return p
}

// Validate reports what makes the pipeline impossible to run: names, and the order of its stages.
func (p Pipeline) Validate() error {
	_, err := p.places()
	return err
}

// places are the places of the stages by their names. The error reports all that is wrong.
func (p Pipeline) places() (map[string]int, error) {
	var errs *multierror.Error
	bad := func(format string, args ...any) { errs = multierror.Append(errs, fmt.Errorf(format, args...)) }
	if len(p.Stages) == 0 {
		bad("pipeline %q has no stage", p.Name)
	}
	if p.Parallel < 0 {
		bad("pipeline %q: Parallel: %d is below zero", p.Name, p.Parallel)
	}
	if p.OnAbort != "" && p.OnAbort != Undo && p.OnAbort != Stop {
		bad("pipeline %q: OnAbort: %q is neither %s nor %s", p.Name, p.OnAbort, Undo, Stop)
	}
	at := make(map[string]int, len(p.Stages))
	for i := range p.Stages {
		s := &p.Stages[i]
		if !stage.ValidName(s.Name) {
			bad("stage %q: not a name", s.Name)
		}
		if _, twice := at[s.Name]; twice {
			bad("stage %s: there are two of that name", s.Name)
		}
		for _, need := range s.Needs {
			if _, before := at[need]; !before {
				bad("stage %s: needs %q, which does not come before it", s.Name, need)
			}
		}
		if s.Of != "" || s.Item.Name != "" || s.Item.Value != nil {
			bad("stage %s: Of, Item: it cannot have been made of another one yet", s.Name)
		}
		s.Check(bad)
		at[s.Name] = i
	}
	return at, errs.ErrorOrNil()
}

// unread names a stage that reads a key which only the given stage writes; empty where there is none.
func (p Pipeline) unread(name string) (reader, key string) {
	i := slices.IndexFunc(p.Stages, func(s Stage) bool { return s.Name == name })
	if i < 0 {
		return "", ""
	}
	for _, w := range p.Stages[i].Writes {
		for _, s := range p.Stages[i+1:] {
			named := func(r stage.Ref) bool { return r.Name == w.Name }
			if slices.ContainsFunc(s.Reads, named) || s.Each != nil && named(s.Each.Key) {
				return s.Name, w.Name
			}
		}
	}
	return "", ""
}

// parallel is how many stages run at once.
func (p Pipeline) parallel() int {
	if p.Parallel == 0 {
		return DefaultParallel
	}
	return p.Parallel
}
