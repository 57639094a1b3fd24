package apply

import (
	"context"
	"fmt"
	"os"
)

// Placed says where a repository is and what is checked out. A Repository that is one is held to it, from one call to the next; a
// *git.Repository is.
type Placed interface {
	// Root is the root of the working tree.
	Root(ctx context.Context) (string, error)
	// Branch is the name of the branch that is checked out, "" for none.
	Branch(ctx context.Context) (string, error)
}

// BranchError says that another branch is checked out than when the plan was begun.
type BranchError struct {
	// Begun is the branch that it was begun on, Now the one that is checked out, "" for none.
	Begun, Now string
}

func (e *BranchError) Error() string {
	if e.Now == "" {
		return fmt.Sprintf("no branch is checked out, and the release was begun on %s: check that out", e.Begun)
	}
	return fmt.Sprintf("branch %s is checked out, and the release was begun on %s: check that out", e.Now, e.Begun)
}

// branch is the branch that is checked out, "" where there is none, or nobody knows.
func (a Applier) branch(ctx context.Context) (string, error) {
	if p, ok := a.Repository.(Placed); ok {
		return p.Branch(ctx)
	}
	return "", nil
}

// sameBranch fails where another branch is checked out than when the plan was begun. A commit would go there, and a push.
func (a Applier) sameBranch(ctx context.Context, record *Record) error {
	now, err := a.branch(ctx)
	if err != nil {
		return err
	}
	if record.Branch != "" && now != record.Branch {
		return &BranchError{Begun: record.Branch, Now: now}
	}
	return nil
}

// atHome fails where somebody has meanwhile checked out what a step must not touch: a file is written, and committed, where
// the plan was made, and a commit is pushed from its own branch.
func (a Applier) atHome(ctx context.Context, s Step, record *Record) error {
	switch {
	case s.Kind == StepFile, s.Kind == StepCommit && !record.unchanged(), s.Kind == StepPush && record.own() != "":
	default:
		return nil
	}
	if err := a.sameBranch(ctx, record); err != nil || s.Kind != StepFile || a.Committer == nil {
		return err // what is committed the Committer knows better
	}
	head, err := a.Repository.Head(ctx)
	if err == nil && head != record.Plan.Head {
		err = &MovedError{Plan: record.Plan.Head, Head: head}
	}
	return err
}

// sameRoot fails where the files are not in the repository's working tree.
func (a Applier) sameRoot(ctx context.Context) error {
	p, ok := a.Repository.(Placed)
	if !ok || len(a.Files) == 0 {
		return nil
	}
	root, err := p.Root(ctx)
	if err != nil {
		return err
	}
	at, err := os.Stat(root)
	if err != nil {
		return err
	}
	dir, err := os.Stat(a.Dir)
	if err != nil {
		return fmt.Errorf("Dir: %w", err)
	}
	if !os.SameFile(at, dir) {
		return fmt.Errorf("Dir: %s is not the root of the working tree, which is %s", a.Dir, root)
	}
	return nil
}
