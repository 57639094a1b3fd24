package changelog

import (
	"fmt"

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

// Decide decides for each component which version comes after the last one, and says why.
//
// The level is the highest that any commit since the last final release has by the policy. A revert and what it
// takes back cancel each other when both are among the commits, and a revert that was itself taken back takes
// nothing back. A revert names what it takes back by id, or, without one, quotes the header of a
// single commit. The revert of a merge takes back what the merge brought. A reachable pre-release above the
// version that the level gives raises it to that pre-release's final version.
//
// The error joins a ComponentError for each component that has none. The plan is as complete as can be
// then, to be looked at and not to be carried out.
func Decide(history History, policy Policy) (Plan, error) {
	if err := policy.Validate(); err != nil {
		return Plan{}, fmt.Errorf("policy: %w", err)
	}
	var errs *multierror.Error
	sight, err := look(history, policy)
	if err != nil {
		return Plan{}, err
	}
	read := weighable(history.Commits)
	sight.assign(read, policy)
	plan := Plan{Head: history.Head, IgnoredTags: sight.ignored, Skipped: sight.unowned(read, policy), Diagnostics: read.diagnostics()}
	for _, v := range sight.views {
		d := v.decision(history.Head)
		d.weigh(read, v, policy)
		if err := d.choose(v, policy); err != nil {
			errs = multierror.Append(errs, &ComponentError{Component: v.component.Name, Err: err})
		}
		plan.Components = append(plan.Components, d)
	}
	return plan, errs.ErrorOrNil()
}

// Bases are the commits of the last releases of all components: whoever reads a repository for Decide may
// leave out what all of them have among their ancestors. A component has several where its last release has
// several tags of one precedence, which differ in their build metadata alone. One is empty where a component was never released, so
// that the whole history counts. The history needs no Commits, but then all tags must say whether they are Reachable.
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
	}
	return bases, nil
}

// reading are the commits of a history with their messages, read once for all components.
type reading struct {
	commits  []Commit
	messages []Message
	gone     *cancellation
}

func weighable(commits []Commit) *reading {
	r := &reading{commits: commits, messages: make([]Message, len(commits))}
	for i, c := range commits {
		r.messages[i] = Parse(c.Text)
	}
	r.gone = cancel(commits, r.messages)
	return r
}

func (r *reading) diagnostics() []Diagnostic {
	var all []Diagnostic
	for i, c := range r.commits {
		for _, note := range r.messages[i].Diagnostics {
			note.Commit = c.ID
			all = append(all, note)
		}
		if r.gone.unclear[i] {
			all = append(all, Diagnostic{
				Commit: c.ID, Code: CodeUnclearRevert, Span: Span{End: len(r.messages[i].Header)},
				Text: `several commits have the header that this revert quotes, so it takes none back: add "This reverts commit …"`,
			})
		}
	}
	return all
}

// weigh gives every commit its level, and the decision the highest of them.
func (d *Decision) weigh(r *reading, v *view, policy Policy) {
	zero := d.Previous == nil && policy.initial().Major() == 0 || d.Previous != nil && d.Previous.Major() == 0
	for i, c := range r.commits {
		if !v.since[i] {
			continue
		}
		m := r.messages[i]
		if why := r.gone.why(i); why != "" {
			d.Skipped = append(d.Skipped, Skipped{Commit: c, Subject: m.Header, Why: why, Cancelled: true})
			continue
		}
		level, rule := policy.levelOf(m)
		if zero {
			level, rule = policy.Zero.below(level, rule)
		}
		if level == None {
			d.Skipped = append(d.Skipped, Skipped{Commit: c, Subject: m.Header, Why: rule})
			continue
		}
		d.Reasons = append(d.Reasons, Reason{Commit: c, Subject: m.Header, Rule: rule, Level: level, New: v.news[i]})
		d.Level = max(d.Level, level)
	}
}
