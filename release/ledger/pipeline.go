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
}

// Stage is one stage of a pipeline as data.
type Stage struct {
	Name string `json:"name"`
	// Needs are the stages that must have succeeded before.
	Needs []string `json:"needs,omitempty"`
	// Environment is where the stage works.
	Environment string `json:"environment,omitempty"`
	// Timeout bounds the stage from the begin of its first attempt. Zero: no bound. In JSON:
	// nanoseconds.
	Timeout time.Duration `json:"timeout_ns,omitempty"`
	// AllowFailure lets the release go on when the stage failed or was rolled back.
	AllowFailure bool `json:"allow_failure,omitempty"`
	// Always lets the stage run once its needs have ended, however they did.
	Always bool `json:"always,omitempty"`
	// Reads, Writes and Listens are what the stage declares.
	Reads   []stage.Ref        `json:"reads,omitempty"`
	Writes  []stage.Ref        `json:"writes,omitempty"`
	Listens []stage.SignalKind `json:"listens,omitempty"`
}

// Validate reports what makes the pipeline impossible to run: names, and the order of its stages.
func (p Pipeline) Validate() error {
	var errs *multierror.Error
	if len(p.Stages) == 0 {
		errs = multierror.Append(errs, fmt.Errorf("pipeline %q has no stage", p.Name))
	}
	if p.Parallel < 0 {
		errs = multierror.Append(errs, fmt.Errorf("pipeline %q: Parallel: %d is below zero", p.Name, p.Parallel))
	}
	before := make(map[string]bool, len(p.Stages))
	for _, s := range p.Stages {
		if !stage.ValidName(s.Name) {
			errs = multierror.Append(errs, fmt.Errorf("stage %q: not a name", s.Name))
		}
		if before[s.Name] {
			errs = multierror.Append(errs, fmt.Errorf("stage %s: there are two of that name", s.Name))
		}
		for _, need := range s.Needs {
			if !before[need] {
				errs = multierror.Append(errs, fmt.Errorf("stage %s: needs %q, which does not come before it", s.Name, need))
			}
		}
		if s.Timeout < 0 {
			errs = multierror.Append(errs, fmt.Errorf("stage %s: Timeout: %s is below zero", s.Name, s.Timeout))
		}
		before[s.Name] = true
	}
	return errs.ErrorOrNil()
}

// unread names a stage that reads a key which only the given stage writes; empty where there is none.
func (p Pipeline) unread(name string) (reader, key string) {
	i := slices.IndexFunc(p.Stages, func(s Stage) bool { return s.Name == name })
	if i < 0 {
		return "", ""
	}
	for _, w := range p.Stages[i].Writes {
		for _, s := range p.Stages[i+1:] {
			if slices.Contains(s.Reads, w) {
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

// sinks are the stages that no other needs, and that do not run always.
func (p Pipeline) sinks() []string {
	needed := make(map[string]bool)
	for _, s := range p.Stages {
		if s.Always {
			continue
		}
		for _, need := range s.Needs {
			needed[need] = true
		}
	}
	var sinks []string
	for _, s := range p.Stages {
		if !s.Always && !needed[s.Name] {
			sinks = append(sinks, s.Name)
		}
	}
	return sinks
}
