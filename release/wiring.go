package release

import (
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
// other things than the release's plan says.
func match(state *ledger.State, w wiring) error {
	var errs *multierror.Error
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
		for _, ref := range stage.Reads(do) {
			if !slices.Contains(node.Reads, ref) {
				errs = multierror.Append(errs, fmt.Errorf("release %s: stage %s has come to read key %s, which its plan does not say", state.Release.ID, node.Name, ref))
			}
		}
		writes := stage.Writes(do)
		for _, ref := range node.Writes {
			if !slices.Contains(writes, ref) {
				errs = multierror.Append(errs, fmt.Errorf("release %s: stage %s no longer writes key %s, as its plan says", state.Release.ID, node.Name, ref))
			}
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
