package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/changelog"
)

var (
	// ErrNothing says that there is nothing to do.
	ErrNothing = errors.New("nothing to release")
	// ErrSteps says that a plan was begun with other steps than those that the Applier has now.
	ErrSteps = errors.New("the plan that is half done was begun with other steps; go on, or abandon it, with the same files, committer, pusher and publishers")
)

// MovedError says that the repository is not at the commit that the plan is about.
type MovedError struct {
	// Plan is the commit of the plan, Head where the repository is.
	Plan, Head string
}

func (e *MovedError) Error() string {
	return fmt.Sprintf("the plan is about commit %s, and the repository is at %s: decide again, or check out that commit", e.Plan, e.Head)
}

// DirtyError says that files are not as they were committed.
type DirtyError struct{ Files []string }

func (e *DirtyError) Error() string {
	const most = 20
	list, more := e.Files, ""
	if len(list) > most {
		list, more = list[:most], fmt.Sprintf(" and %d more", len(e.Files)-most)
	}
	return fmt.Sprintf("files are not as they were committed: %q%s; commit them or take the changes back", list, more)
}

// TakenError says that a tag is there already, on another commit.
type TakenError struct {
	Tag string
	// Commit is what it points at.
	Commit string
}

func (e *TakenError) Error() string {
	return fmt.Sprintf("tag %s is on commit %s already: decide again with all tags fetched, or delete it if it was never published", e.Tag, e.Commit)
}

// PendingError says that another plan is half done.
type PendingError struct {
	// Head is the commit that it is about, Tags are its tags, and Left is what remains to be done.
	Head string
	Tags []string
	Left []string
	// Abandoned says that it is being taken back. Only Abandon goes on then.
	Abandoned bool
}

func (e *PendingError) Error() string {
	if e.Abandoned {
		return fmt.Sprintf("the release of %s at commit %s is half taken back: finish that first with Abandon", strings.Join(e.Tags, ", "), e.Head)
	}
	return fmt.Sprintf("the release of %s at commit %s is half done: finish it first with Resume, or take it back with Abandon; it lacks %s",
		strings.Join(e.Tags, ", "), e.Head, strings.Join(e.Left, ", "))
}

// PushedError says that a plan cannot be abandoned, since others may have seen it.
type PushedError struct {
	Tags []string
	// Why says what they may have seen.
	Why string
}

func (e *PushedError) Error() string {
	return fmt.Sprintf("the release of %s cannot be taken back: %s; finish it with Resume, and mend it with another release", strings.Join(e.Tags, ", "), e.Why)
}

// FileError says what is wrong with a file.
type FileError struct {
	Path string
	Err  error
}

func (e *FileError) Error() string { return fmt.Sprintf("file %s: %v", e.Path, e.Err) }

func (e *FileError) Unwrap() error { return e.Err }

// ErrForeign says that a file was changed by somebody else while a plan was half done.
var ErrForeign = errors.New("it was changed by somebody else after the release was begun: " +
	"bring it back to what was committed, then go on")

// Checker says beforehand whether it can do its work. A Committer, a Tagger, or a Pusher of commits that is one is asked before anything is
// done; those of package git are.
type Checker interface {
	// Check fails where it would fail for whatever it is given: it does not know who it works for, cannot sign, or has no branch.
	Check(ctx context.Context) error
}

// ready asks those who are going to work whether they can.
func (a Applier) ready(ctx context.Context, record *Record, steps []Step) error {
	var errs *multierror.Error
	ask := func(kind StepKind, worker any) {
		c, ok := worker.(Checker)
		if !ok || !slices.ContainsFunc(steps, func(s Step) bool { return s.Kind == kind && !slices.Contains(record.Tagged, s.Name) }) {
			return
		}
		if err := c.Check(ctx); err != nil {
			errs = multierror.Append(errs, fmt.Errorf("%s: %w", kind, err))
		}
	}
	if !record.unchanged() {
		ask(StepCommit, a.Committer)
		if a.Committer != nil {
			ask(StepPush, a.Pusher)
		}
	}
	ask(StepTag, a.Tagger)
	return errs.ErrorOrNil()
}

// check fails unless the repository is what the plan was made of, and no tag is taken. It returns the tags that are there.
func (a Applier) check(ctx context.Context, plan changelog.Plan) (tagged []string, err error) {
	head, err := a.Repository.Head(ctx)
	if err != nil {
		return nil, err
	}
	if head != plan.Head {
		return nil, &MovedError{Plan: plan.Head, Head: head}
	}
	if err := a.sameRoot(ctx); err != nil {
		return nil, err
	}
	changed, err := a.Repository.Changed(ctx)
	if err != nil {
		return nil, err
	}
	if len(changed) > 0 {
		return nil, &DirtyError{Files: changed}
	}
	var errs *multierror.Error
	tags := tagsOf(plan)
	for i, tag := range tags {
		at, err := a.Repository.Tagged(ctx, tag)
		switch {
		case err != nil:
			return nil, err
		case slices.Contains(tags[:i], tag):
			errs = multierror.Append(errs, fmt.Errorf("two components have the tag %s", tag))
		case at != "" && (at != plan.Head || a.Committer != nil && len(a.Files) > 0):
			errs = multierror.Append(errs, &TakenError{Tag: tag, Commit: at})
		case at != "":
			tagged = append(tagged, tag)
		}
	}
	return tagged, errs.ErrorOrNil()
}
