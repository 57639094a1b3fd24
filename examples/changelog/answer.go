package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/git"
)

// answer writes what is asked for, and tells what may be wrong with the answer.
func answer(ctx context.Context, o options, out, told io.Writer) error {
	policy, err := o.policy()
	if err != nil {
		return err
	}
	repo, err := git.Open(ctx, o.dir, git.Options{})
	if err != nil {
		return err
	}
	if o.ask == askFull {
		return full(ctx, repo, policy, o, out, told)
	}
	history, err := repo.History(ctx, policy)
	if err != nil {
		return err
	}
	plan, err := changelog.Decide(history, policy)
	if plan.Head != "" && (o.ask == askWhy || o.ask == askJSON) { // they tell all, also of a component that has no version
		if failed := write(o.ask, plan, out); failed != nil {
			return failed
		}
		return err
	}
	if err != nil {
		return err
	}
	warn(plan, told)
	if o.ask == askNotes {
		text, err := notes(ctx, repo, plan, o)
		if err != nil {
			return err
		}
		_, err = io.WriteString(out, text)
		return err
	}
	return write(o.ask, plan, out)
}

// warn tells of everything by which a whole release may be wrong.
func warn(plan changelog.Plan, told io.Writer) {
	free := 0
	for _, d := range plan.Diagnostics {
		switch d.Code {
		case changelog.CodeOtherFormat, changelog.CodeUntouched, changelog.CodeUntagged, changelog.CodeOutOfStep,
			changelog.CodeUnclearRevert, changelog.CodeNotRevert, changelog.CodeMidBody, changelog.CodeUnheard, changelog.CodeUncounted:
			note(d, told)
		case changelog.CodeRaised:
			if breaks(plan, d.Commit) {
				note(d, told)
			}
		case changelog.CodeHeader:
			free++
		case changelog.CodeNotBreaking:
			if plan.Level() < changelog.Major {
				note(d, told)
			}
		}
	}
	if free > 0 && plan.Level() == changelog.None {
		fmt.Fprintf(told, "changelog: note: commits that are not conventional, and that call for no release by the policy: %d (-why names them)\n", free)
	}
}

// breaks says whether a commit is a reason for a major release.
func breaks(plan changelog.Plan, commit string) bool {
	return slices.ContainsFunc(plan.Components, func(d changelog.Decision) bool {
		return slices.ContainsFunc(d.Reasons, func(r changelog.Reason) bool { return r.ID == commit && r.Level == changelog.Major })
	})
}

func note(d changelog.Diagnostic, told io.Writer) {
	about := ""
	if d.Commit != "" {
		about = d.Commit[:min(len(d.Commit), 10)] + ": "
	}
	fmt.Fprintf(told, "changelog: note: %s%s\n", about, d.Text)
}

// write writes what is asked for of a plan.
func write(ask string, plan changelog.Plan, out io.Writer) error {
	text := ""
	switch ask {
	case askJSON:
		return writeJSON(plan, out)
	case askNext:
		text = next(plan)
	case askWhy:
		text = plan.Explain()
	}
	_, err := io.WriteString(out, text)
	return err
}

// decisions are all decisions of a plan, the umbrella's first.
func decisions(plan changelog.Plan) []changelog.Decision {
	if plan.Umbrella == nil {
		return plan.Components
	}
	return append([]changelog.Decision{*plan.Umbrella}, plan.Components...)
}

// next is a line for each version that is released.
func next(plan changelog.Plan) string {
	all, text := decisions(plan), ""
	for _, d := range all {
		switch {
		case d.Next == nil:
		case len(all) == 1:
			text += d.Next.String() + "\n"
		default:
			text += d.Name + " " + d.Next.String() + "\n"
		}
	}
	if text == "" {
		return "\n"
	}
	return text
}
