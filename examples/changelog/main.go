// Command changelog tells what comes next in a git repository, and why: the next version, the notes of what is not
// released yet, or the whole changelog.
//
//	go run ./examples/changelog
//	go run ./examples/changelog -C DIR -next
//	go run ./examples/changelog -C DIR -full >CHANGELOG.md
//
// It reads the history and the tags of the repository and changes nothing. It exits with status 0 when it has an answer, also
// when there is nothing to release, with 1 when it has none, and with 2 when it was called in a way that it does not
// understand. What went wrong is told on standard error. Where a component has no version, for it is taken or outside of its range,
// -why and -json still write the plan before it exits with 1: the component has no next version in it, and its why is the reason. There are also notes on what may make an answer wrong. A shallow
// clone, or one without tags, would give a wrong answer, so that it gives none.
//
// # Notes
//
// Each change names its author and its commit. Where the address of the remote origin says which forge it is on (GitHub, GitLab,
// Gitea, Forgejo, Bitbucket), or -forge does, commits, issues and people are links, and each version leads to what has come since
// the one before. The notes of what is not released yet also list who contributed, and for whom it was the first time, which
// takes one reading of the whole history. -full leaves that list out. Of an umbrella the notes name the components that are
// released, whose own notes follow; -full lists their changes.
//
// # JSON
//
// What -json writes is one object. All fields are always there, but for umbrella; lists are [] and never null, and a version, a tag or a commit that
// there is none of is "". More fields may come.
//
//	head           the commit that it is about
//	components     the decision for each component, in the order of the policy; one alone, with the name "", without a policy
//	  name           the component's name
//	  previous       the last release, such as "1.2.3"; previous_tag is its tag, and previous_why says why it is that one
//	  prerelease     the last pre-release since, such as "1.3.0-beta.1", and prerelease_tag its tag
//	  next           the version that comes next, "" where nothing is to be released; next_tag is the tag that it is to get
//	  level          "none", "patch", "minor" or "major"; none where nothing is to be released
//	  why            why it is that version, or why there is none, in one sentence
//	  reasons        the commits that call for a release, the newest first: commit, rule, level, subject
//	  merged         the commits that previous brought and prerelease does not have: commit, rule, level, subject
//	  dependencies   the components that it is released with because it depends on them: name, previous, next, level
//	  skipped        all other commits: commit, why, subject
//	  ignored_tags   the tags that have no say: tag, why
//	umbrella       the decision for the version over all components, with the same fields, if the policy has one
//	skipped        the commits that belong to no component
//	ignored_tags   the tags that belong to no component, where there are several
//	diagnostics    what is wrong or odd: commit ("" for what is about none), code, text. Codes stay from version to version
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"unicode"
)

// The statuses that it exits with.
const (
	exitAnswer = 0
	exitFail   = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// legible shows what a terminal would obey, such as a control character in the name of a tag, as U+FFFD.
type legible struct{ io.Writer }

// Write writes a whole text.
func (l legible) Write(text []byte) (int, error) {
	said := strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, string(text))
	if _, err := io.WriteString(l.Writer, said); err != nil {
		return 0, err
	}
	return len(text), nil
}

// run is the whole program.
func run(ctx context.Context, args []string, out, told io.Writer) int {
	told = legible{told}
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(out, usage)
		return exitAnswer
	}
	if err != nil {
		fmt.Fprintf(told, "changelog: %v\n%s", err, usage)
		return exitUsage
	}
	if err := answer(ctx, o, out, told); err != nil {
		fmt.Fprintln(told, "changelog:", err)
		return exitFail
	}
	return exitAnswer
}
