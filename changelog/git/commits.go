package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/changelog"
)

// Range is a stretch of history: what can be reached from To and not from From.
type Range struct {
	// From is a revision that is left out with all its ancestors. Empty: nothing is left out.
	From string
	// To is the revision to begin at. Empty: HEAD.
	To string
	// Also are more revisions to begin at: what can be reached from any of them is in the range, too.
	Also []string
	// Paths asks for the files that each commit changes, which costs git about three times the work. A renamed
	// file counts under both names, and a merge has what it changes against its first parent.
	Paths bool
}

// changes are the arguments for or against paths: each overrules what a configuration could say.
func (b Range) changes() []string {
	if !b.Paths {
		return []string{"--no-patch"}
	}
	return []string{
		"--name-only", "--no-renames", "--diff-merges=first-parent", "--no-relative", "--ignore-submodules=none", "-O" + os.DevNull,
	}
}

// Commits reads the commits of a range, children before their parents, in one stream from one
// process. Leaving the loop early ends the process. An error is the last thing that comes.
func (r *Repository) Commits(ctx context.Context, between Range) iter.Seq2[changelog.Commit, error] {
	return r.commits(ctx, between, 4*allTogether, someTogether)
}

// commits are Commits, of which so many bytes are read at once, and so many share a text.
func (r *Repository) commits(ctx context.Context, between Range, room, together int) iter.Seq2[changelog.Commit, error] {
	return func(yield func(changelog.Commit, error) bool) {
		revisions, err := r.revisions(ctx, between)
		if err != nil {
			yield(changelog.Commit{}, err)
			return
		}
		args := append([]string{"log", "-z", "--topo-order", "--no-color", "--no-decorate", format}, between.changes()...)
		var listed string // there may be more revisions than a command line can hold
		if len(between.Also) > 0 {
			args, listed = append(args, "--stdin"), strings.Join(revisions, "\n")+"\n"
		} else {
			args = append(args, revisions...)
		}
		inner, stop := context.WithCancel(ctx)
		defer stop()
		cmd, said := r.command(inner, append(args, "--")...)
		if listed != "" {
			cmd.Stdin = strings.NewReader(listed)
		}
		out, in, err := pipe()
		if err != nil {
			yield(changelog.Commit{}, fmt.Errorf("git log: %w", err))
			return
		}
		defer out.Close()
		cmd.Stdout = in
		err = cmd.Start()
		in.Close()
		if err != nil {
			yield(changelog.Commit{}, failure(ctx, args, said, err))
			return
		}
		stopped, readErr := newStream(out, room, between.Paths, together).read(yield)
		cut := errors.Is(readErr, io.EOF) // git ended too early, and Wait says why
		if stopped || readErr != nil && !cut {
			stop()
		}
		waitErr := cmd.Wait()
		switch {
		case stopped:
		case ctx.Err() != nil || waitErr != nil && (readErr == nil || cut):
			yield(changelog.Commit{}, failure(ctx, args, said, waitErr))
		case readErr != nil:
			yield(changelog.Commit{}, readErr)
		}
	}
}

// revisions are the arguments of a range, as ids, so that no revision can be taken for an option.
func (r *Repository) revisions(ctx context.Context, between Range) ([]string, error) {
	if between.To == "" {
		between.To = "HEAD"
	}
	ids := append([]string{between.To, between.From}, between.Also...)
	for i, revision := range ids {
		if isID(revision) || i == 1 && revision == "" {
			continue
		}
		var err error
		if ids[i], err = r.resolve(ctx, revision); err != nil {
			return nil, err
		}
	}
	if between.From == "" {
		return slices.Delete(ids, 1, 2), nil
	}
	ids[1] = "^" + ids[1]
	return ids, nil
}
