package release

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-multierror"
)

// wiring is what the stages of a pipeline do, by their names.
type wiring map[string]stage.Stage

// wire takes all stages of the pipeline, the former ones included.
func (p Pipeline) wire() wiring {
	p = p.framed()
	all := make(wiring, len(p.Stages)+len(p.Former))
	maps.Copy(all, p.Former)
	for _, s := range p.Stages {
		all[s.Name] = s.Do
	}
	return all
}

// match reports stages of a release that the pipeline no longer has, or that have come to declare
// other things than the release's plan says: the release was admitted, and perhaps approved, by its plan.
func match(state *ledger.State, w wiring) error {
	var errs *multierror.Error
	tells := slices.ContainsFunc(state.Pipeline.Stages, func(node ledger.Stage) bool { return len(node.Traits) > 0 })
	for i := range state.Pipeline.Stages {
		node, st := &state.Pipeline.Stages[i], &state.Stages[i]
		if node.Of != "" || st.Over() && !node.CanUndo {
			continue
		}
		do, ok := w[node.Name]
		if !ok {
			errs = multierror.Append(errs, &UnknownStageError{state.Release.ID, state.Pipeline.Name, node.Name})
			continue
		}
		if st.Over() {
			continue
		}
		diffs := differs(node, do)
		if deploys := slices.Contains(stage.Traits(do), stage.Deploys); tells && deploys && !slices.Contains(node.Traits, stage.Deploys) {
			diffs = append(diffs, "has come to deploy, which its plan does not say")
		}
		for _, diff := range diffs {
			errs = multierror.Append(errs, fmt.Errorf("release %s: stage %s %s", state.Release.ID, node.Name, diff))
		}
	}
	if errs == nil {
		return nil
	}
	if len(errs.Errors) == 1 {
		return errs.Errors[0]
	}
	return errs
}

// differs says how a stage no longer fits what the plan of its release says of it.
func differs(node *ledger.Stage, do stage.Stage) (diffs []string) {
	for _, ref := range stage.Reads(do) {
		if !slices.Contains(node.Reads, ref) {
			diffs = append(diffs, fmt.Sprintf("has come to read key %s, which its plan does not say", ref))
		}
	}
	diffs = append(diffs, lost("writes key", node.Writes, stage.Writes(do))...)
	// Whether it judges, or watches for a while, is a setting of it; what it asks are its gates.
	traits := slices.DeleteFunc(slices.Clone(node.Traits), func(t stage.Trait) bool { return t == stage.Judges })
	diffs = append(diffs, lost("has the trait", traits, stage.Traits(do))...)
	return append(diffs, lost("asks the gate", gates(node.Name, node.Gates), gates(node.Name, stage.Gates(do)))...)
}

// gates are the names of the gates of a stage, where an empty one is its own.
func gates(own string, names []string) []string {
	names = slices.Clone(names)
	for i := range names {
		names[i] = cmp.Or(names[i], own)
	}
	return names
}

// lost says which of the things that a plan says of a stage are no longer so.
func lost[T comparable](what string, planned, is []T) (diffs []string) {
	for _, thing := range planned {
		if !slices.Contains(is, thing) {
			diffs = append(diffs, fmt.Sprintf("no longer %s %v, as its plan says", what, thing))
		}
	}
	return diffs
}
