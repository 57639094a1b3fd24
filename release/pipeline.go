package release

import (
	"slices"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// Pipeline is the way that releases of a service take: named stages, and which needs which. It is a
// value that is never changed by running it.
type Pipeline struct {
	// Name names the pipeline: lower-case letters, digits and inner dashes or dots.
	Name string
	// Stages are the stages, in any order. Where several could begin, the earlier one does.
	Stages []Stage
	// Inputs are the keys whose values each request must bring.
	Inputs []stage.Ref
	// Parallel is how many stages of one release run at once. Zero: ledger.DefaultParallel.
	Parallel int
}

// Stage is one stage in a pipeline.
type Stage struct {
	// Name names the stage in its pipeline, as stage.ValidName asks for.
	Name string
	// Do is what the stage does.
	Do stage.Stage
	// Needs are the names of the stages that must have succeeded before this one begins. Where
	// one of them did not, this stage is skipped.
	Needs []string
	// Environment says where the stage works: "production". It is for the stage and for people.
	Environment string
	// Timeout bounds the stage: its context ends when the time is over, and the stage has failed,
	// unless it says otherwise. Zero: no bound.
	Timeout time.Duration
	// AllowFailure lets the release go on as if the stage had succeeded when it failed or was
	// rolled back. It does not forgive a stranded stage.
	AllowFailure bool
	// Always lets the stage run once its needs are over, however they ended, after an abort too,
	// but not in a host that is stopping. It is for what cleans up and tells people. Keys that it
	// reads may have no value.
	Always bool
}

// Outline is the pipeline as data, with the stages in the order in which they can run. It is what a
// release freezes in its first event. The error is that of Check.
func (p Pipeline) Outline() (ledger.Pipeline, error) {
	if err := p.Check(); err != nil {
		return ledger.Pipeline{}, err
	}
	out := ledger.Pipeline{Name: p.Name, Inputs: slices.Clone(p.Inputs), Parallel: p.Parallel}
	for _, i := range p.order() {
		s := p.Stages[i]
		out.Stages = append(out.Stages, ledger.Stage{
			Name: s.Name, Needs: slices.Clone(s.Needs), Environment: s.Environment, Timeout: s.Timeout,
			AllowFailure: s.AllowFailure, Always: s.Always,
			Reads: stage.Reads(s.Do), Writes: stage.Writes(s.Do), Listens: stage.Listens(s.Do),
		})
	}
	return out, nil
}

// order are the stages' indexes such that each comes after what it needs, and otherwise as they were
// written. Stages in a cycle, and those behind one, are left out.
func (p Pipeline) order() []int {
	done := make(map[string]bool, len(p.Stages))
	var order []int
	placed := make([]bool, len(p.Stages))
	for again := true; again; {
		again = false
	next:
		for i, s := range p.Stages {
			if placed[i] {
				continue
			}
			for _, need := range s.Needs {
				if !done[need] {
					continue next
				}
			}
			placed[i], done[s.Name], again = true, true, true
			order = append(order, i)
		}
	}
	return order
}
