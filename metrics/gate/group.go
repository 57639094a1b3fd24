package gate

import (
	"cmp"
	"errors"
	"fmt"
)

// Group says which group of a release a gate looks at.
type Group string

const (
	// Candidate is the group that runs the new revision. It is what an empty Group means.
	Candidate Group = "candidate"
	// Stable is the group that runs the old one.
	Stable Group = "stable"
	// Baseline is the fresh group of the old revision.
	Baseline Group = "baseline"
	// Whole is the service as a whole: a series that belongs to no group, or the sum of all groups.
	Whole Group = "whole"
)

// label is the label under which the group is measured; empty for the whole.
func (g Group) label(s Subject) (string, error) {
	g = cmp.Or(g, Candidate)
	if g == Whole {
		return "", nil
	}
	label := map[Group]string{Candidate: s.Candidate, Stable: s.Stable, Baseline: s.Baseline}[g]
	if label == "" {
		return "", fmt.Errorf("%s has no %s group", s.Step, g)
	}
	return label, nil
}

// check reports a group that there is not. The whole is one only where that is said.
func (g Group) check(whole bool) error {
	switch g {
	case "", Candidate, Stable, Baseline:
		return nil
	case Whole:
		if whole {
			return nil
		}
		return errors.New("the counts of the whole are those of its groups: name one")
	}
	return fmt.Errorf("unknown group %q", string(g))
}
