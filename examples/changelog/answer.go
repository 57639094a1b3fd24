package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"

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
		return full(ctx, repo, policy, out)
	}
	history, err := repo.History(ctx, policy)
	if err != nil {
		return err
	}
	plan, err := changelog.Decide(history, policy)
	if err != nil {
		return err
	}
	if o.ask == askNext || o.ask == askNotes { // the others tell all
		warn(plan, told)
	}
	return write(o.ask, plan, out)
}

// warn tells of everything by which a whole release may be wrong.
func warn(plan changelog.Plan, told io.Writer) {
	for _, d := range plan.Diagnostics {
		switch d.Code {
		case changelog.CodeOtherFormat, changelog.CodeUntouched, changelog.CodeUntagged, changelog.CodeOutOfStep:
			fmt.Fprintln(told, "changelog: note:", d.Text)
		}
	}
}

// write writes what is asked for of a plan.
func write(ask string, plan changelog.Plan, out io.Writer) error {
	switch ask {
	case askNext:
		_, err := io.WriteString(out, next(plan))
		return err
	case askWhy:
		_, err := io.WriteString(out, plan.Explain())
		return err
	case askJSON:
		text, err := json.MarshalIndent(plan, "", "  ")
		if err != nil {
			return err
		}
		_, err = out.Write(append(text, '\n'))
		return err
	}
	_, err := io.WriteString(out, notes(plan))
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

// notes are the notes of all components that are released, or a sentence.
func notes(plan changelog.Plan) string {
	text := ""
	for _, d := range decisions(plan) {
		if d.Next == nil {
			continue
		}
		if text != "" {
			text += "\n"
		}
		text += d.Notes(changelog.NotesOptions{}).Markdown()
	}
	if text == "" {
		return "Nothing to release. (-why tells of each commit why it does not count.)\n"
	}
	return text
}

// full writes the whole changelog, release by release, while the history is read.
func full(ctx context.Context, repo *git.Repository, policy changelog.Policy, out io.Writer) error {
	head, err := repo.Head(ctx)
	if err != nil {
		return err
	}
	tags, err := repo.Tags(ctx)
	if err != nil {
		return err
	}
	to := bufio.NewWriterSize(out, 64<<10)
	if _, err := fmt.Fprintln(to, "# Changelog"); err != nil {
		return err
	}
	commits := repo.Commits(ctx, git.Range{To: head, Paths: policy.NeedsPaths()})
	for release, err := range changelog.Releases(commits, tags, policy, changelog.ReleasesOptions{}) {
		if err != nil {
			return err
		}
		if release.Version == nil && len(release.Notes.Sections) == 0 {
			continue // nothing has come since the last release
		}
		if _, err := fmt.Fprintf(to, "\n%s", release.Notes.Markdown()); err != nil {
			return err
		}
	}
	return to.Flush()
}
