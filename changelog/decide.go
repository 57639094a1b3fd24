package changelog

import (
	"fmt"
	"slices"

	"github.com/hashicorp/go-multierror"
)

// ComponentError is why one component of a plan cannot have a next version.
type ComponentError struct {
	// Component is its name.
	Component string
	Err       error
}

func (e *ComponentError) Error() string {
	if e.Component == "" {
		return e.Err.Error()
	}
	return fmt.Sprintf("component %s: %v", e.Component, e.Err)
}

func (e *ComponentError) Unwrap() error { return e.Err }

// Decide decides for each component which version comes after the last one, and says why. The package comment has the
// rules.
//
// A revert and what it takes back cancel each other when both are among the commits since the last release, and a revert
// that was itself taken back takes nothing back. A revert names what it takes back by id, or, without one, quotes the
// header of a single commit. The revert of a merge takes back what the merge brought.
//
// The error is a ComponentError, or joins one for each component that has no version. The plan is as complete as can be
// then, to be looked at and not to be carried out: Why is the error's sentence. The time is linear in the number of commits, and for each
// merge that is reverted in the number of commits before it.
func Decide(history History, policy Policy) (Plan, error) {
	if err := policy.Validate(); err != nil {
		return Plan{}, fmt.Errorf("policy: %w", err)
	}
	var errs *multierror.Error
	sight, err := look(history, policy)
	if err != nil {
		return Plan{}, err
	}
	read := weighable(history.Commits, policy)
	sight.assign(read, policy)
	odd := sight.compareForms(policy)
	plan := Plan{Head: history.Head, IgnoredTags: sight.ignored, Skipped: sight.unowned(read, policy)}
	parts := compose(sight, read, policy)
	plan.Components = parts.decided
	for i, err := range parts.errs {
		if err != nil {
			errs = multierror.Append(errs, &ComponentError{Component: sight.views[i].component.Name, Err: err})
		}
	}
	if sight.umbrella != nil {
		d, err := parts.over(sight.umbrella, history.Head)
		if plan.Umbrella = &d; err != nil {
			errs = multierror.Append(errs, &ComponentError{Component: d.Name, Err: err})
		}
	}
	plan.Diagnostics = slices.Concat(
		read.diagnostics(), read.raised(policy), sight.uncounted(policy, plan.Components), sight.unheard(read, policy), sight.untagged(read),
		odd, sight.unread(policy, plan.Components), parts.outOfStep(plan.Umbrella), sight.untouched(policy),
	)
	return plan, joined(errs)
}

// Bases are the commits of the last releases of all components, and of the umbrella, and for a channel those of its last pre-releases: whoever reads a repository for Decide may
// leave out what all of them have among their ancestors. A component has several where its last release has
// several tags of one precedence, which differ in their build metadata alone. One is empty where a component was never released, so
// that the whole history counts, and one may be on another branch, where the policy lets those count. The history
// needs no Commits, but then all tags must say whether they are Reachable. For a channel, the Commits since those bases may show
// that the last release was merged into it and has overtaken its pre-releases: then there are more bases, with which they lack nothing.
func Bases(history History, policy Policy) ([]string, error) {
	if err := policy.Validate(); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	sight, err := look(history, policy)
	if err != nil {
		return nil, err
	}
	var bases []string
	for _, v := range sight.views {
		if len(v.released) == 0 {
			bases = append(bases, "")
		}
		bases = append(bases, v.released...)
		if policy.channel() != "" && (v.prerelease.Version != nil || v.passed) { // the last release may have been merged after it
			bases = append(bases, v.tried...)
		}
	}
	if sight.umbrella != nil { // it may be behind its parts
		bases = append(bases, sight.umbrella.released...)
	}
	return bases, nil
}
