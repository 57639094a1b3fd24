package git

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Untag deletes a tag that is on a commit. It does nothing where there is no such tag, or where it is on another commit.
func (t Tagger) Untag(ctx context.Context, name, commit string) error {
	at, err := t.Repository.Tagged(ctx, name)
	if err != nil || at == "" || at != commit {
		return err
	}
	id, err := t.Repository.object(ctx, name)
	if err != nil {
		return err
	}
	return t.Repository.change(ctx, t.Identity, "", "update-ref", "-d", "refs/tags/"+name, id)
}

// object is what a tag is: the id of an annotated one, or that of a commit.
func (r *Repository) object(ctx context.Context, tag string) (string, error) {
	id, err := r.output(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", "refs/tags/"+tag)
	return strings.TrimSpace(id), err
}

// Made is the id of HEAD if that is the commit that Commit makes of these, and "" if it is anything else.
func (c Committer) Made(ctx context.Context, parent, message string, paths []string) (string, error) {
	head, err := c.Repository.Head(ctx)
	if err != nil || head == parent {
		return "", err
	}
	if err := c.Repository.same(ctx, head, parent, message, paths); errors.Is(err, ErrMoved) {
		return "", nil
	} else if err != nil {
		return "", err
	}
	return head, nil
}

// Uncommit brings the branch that is checked out from a commit back to its parent, and takes the paths, which are from the root of the
// working tree, out of what is staged. Files stay as they are. Where HEAD is the parent already nothing but that is
// done, and where it is anything else it fails with ErrMoved.
func (c Committer) Uncommit(ctx context.Context, parent, commit string, paths []string) error {
	r, err := c.Repository.atRoot(ctx)
	if err != nil {
		return err
	}
	head, err := r.Head(ctx)
	switch {
	case err != nil:
		return err
	case head == parent:
	case head != commit:
		return fmt.Errorf("%w: it is %s, which is neither %s nor the commit to be taken back", ErrMoved, head, parent)
	default:
		if err := r.change(ctx, c.Identity, "", "update-ref", "-m", "release: taken back", "HEAD", parent, commit); err != nil {
			return err
		}
	}
	return r.change(ctx, c.Identity, "", append([]string{"reset", "--quiet", "--"}, paths...)...)
}

// Pushed reports whether the remote has one of the tags as they are here, or, unless it is "", the commit under one of
// them or as its branch. Tags of the same name that somebody else pushed do not count.
func (m Remote) Pushed(ctx context.Context, commit string, tags []string) (bool, error) {
	address := m.name()
	if to, err := m.Repository.output(ctx, "remote", "get-url", "--push", "--", address); err == nil {
		address = strings.TrimSpace(to) // a push may go elsewhere than a fetch
	}
	args := []string{"ls-remote", "--quiet", "--", address}
	own := map[string]string{} // what a reference has there if it was pushed from here
	for _, tag := range tags {
		at, err := m.Repository.Tagged(ctx, tag)
		if err != nil {
			return false, err
		}
		name := "refs/tags/" + tag
		if at != "" {
			if own[name], err = m.Repository.object(ctx, tag); err != nil {
				return false, err
			}
		} else {
			own[name] = commit // one without a message
		}
		own[name+"^{}"] = commit
		args = append(args, name, name+"^{}")
	}
	if branch, err := m.branch(ctx); err == nil { // without one no commit was pushed
		name := "refs/heads/" + branch
		own[name] = commit
		args = append(args, name)
	}
	said, err := m.Repository.dealt(ctx, Identity{}, "", args...)
	if err != nil {
		return false, err
	}
	for line := range strings.Lines(said) {
		id, name, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if want := own[name]; want != "" && want == id {
			return true, nil
		}
	}
	return false, nil
}

// name is the remote's, or its address.
func (m Remote) name() string {
	if m.Name == "" {
		return "origin"
	}
	return m.Name
}

// branch is the branch to push to.
func (m Remote) branch(ctx context.Context) (string, error) {
	if m.Branch != "" {
		return m.Branch, nil
	}
	branch, err := m.Repository.Branch(ctx)
	if err == nil && branch == "" {
		err = errors.New("git push: HEAD is on no branch, so Branch must say which one to push to")
	}
	return branch, err
}
