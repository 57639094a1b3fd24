package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

var (
	// ErrIdentity says that git does not know who commits or tags. It never makes a name up.
	ErrIdentity = errors.New("git does not know who you are: set Name and Email, or user.name and user.email in its configuration")
	// ErrSigning says that a commit or a tag could not be signed.
	ErrSigning = errors.New("git cannot sign: see gpg.format, gpg.program and user.signingKey in its configuration")
	// ErrTagged says that a tag is there already, on something else.
	ErrTagged = errors.New("the tag is there already, on something else")
	// ErrMoved says that HEAD is not where the caller believed.
	ErrMoved = errors.New("HEAD has moved")
	// ErrRejected says that a remote did not take what was pushed.
	ErrRejected = errors.New("the remote rejected the push; nothing was pushed")
)

// Identity is who writes. Its zero value leaves that to git's configuration and the usual GIT_AUTHOR_ and
// GIT_COMMITTER_ variables.
type Identity struct {
	Name, Email string
}

func (i Identity) variables() []string {
	var env []string
	for _, role := range []string{"GIT_AUTHOR_", "GIT_COMMITTER_"} {
		if i.Name != "" {
			env = append(env, role+"NAME="+i.Name)
		}
		if i.Email != "" {
			env = append(env, role+"EMAIL="+i.Email)
		}
	}
	return env
}

// change runs git with an input to write something.
func (r *Repository) change(ctx context.Context, who Identity, input string, args ...string) error {
	_, err := r.dealt(ctx, who, input, args...)
	return err
}

// dealt is change with what git wrote. Unlike what only reads, it also goes by the configuration of the whole machine, which may say
// how a remote is reached, whom to trust there, and what signs.
func (r *Repository) dealt(ctx context.Context, who Identity, input string, args ...string) (string, error) {
	env := append(environment(slices.Concat(kept, identifying)...), who.variables()...)
	cmd, said := r.prepared(ctx, env, append([]string{"-c", "user.useConfigOnly=true"}, args...))
	cmd.Stdin = strings.NewReader(input)
	var out bytes.Buffer // git commit says there what hinders it
	cmd.Stdout = &out
	err := cmd.Run()
	if err == nil {
		return out.String(), nil
	}
	err = failure(ctx, args, said, err)
	var failed *Error
	if !errors.As(err, &failed) {
		return "", err
	}
	if failed.Stderr == "" {
		failed.Stderr = strings.TrimSpace(out.String())
	}
	for _, m := range meanings {
		if strings.Contains(failed.Stderr, m.sign) {
			return "", fmt.Errorf("%w: %w", m.meaning, failed)
		}
	}
	return "", err
}

// meanings are failures by what git says of them.
var meanings = []struct {
	sign    string
	meaning error
}{
	{"Please tell me who you are", ErrIdentity},
	{"empty ident name", ErrIdentity},
	{"auto-detection is disabled", ErrIdentity},
	{"failed to sign", ErrSigning},
	{"unable to sign", ErrSigning},
	{"cannot run gpg", ErrSigning},
	{"user.signingkey needs to be set", ErrSigning},
	{"[rejected]", ErrRejected},
	{"[remote rejected]", ErrRejected},
}

// Tagger makes annotated tags, or others.
type Tagger struct {
	Repository *Repository
	// Lightweight makes tags without a message, a date and a name.
	Lightweight bool
	// Sign signs them. Key is the key to sign with. Empty: the one that git is configured for.
	Sign bool
	Key  string
	// Identity is who tags.
	Identity Identity
}

// Tag tags a commit. It does nothing where the tag is there already, on that commit; where it is on
// another one it fails with ErrTagged. It fails with ErrIdentity or ErrSigning as well.
func (t Tagger) Tag(ctx context.Context, name, commit, message string) error {
	at, err := t.Repository.Tagged(ctx, name)
	switch {
	case err != nil:
		return err
	case at == commit:
		return nil
	case at != "":
		return fmt.Errorf("%w: %s is on %s, not on %s", ErrTagged, name, at, commit)
	}
	args := []string{"tag"}
	switch {
	case t.Lightweight && t.Sign:
		return errLightweight
	case t.Lightweight:
		args, message = append(args, "--no-sign"), ""
	case t.Sign && t.Key != "":
		args = append(args, "--local-user="+t.Key, "--cleanup=verbatim", "--file=-")
	case t.Sign:
		args = append(args, "--sign", "--cleanup=verbatim", "--file=-")
	default:
		args = append(args, "--annotate", "--no-sign", "--cleanup=verbatim", "--file=-")
	}
	return t.Repository.change(ctx, t.Identity, message, append(args, "--", name, commit)...)
}

// Committer makes commits of some files.
type Committer struct {
	Repository *Repository
	// Sign signs them. Key is the key to sign with. Empty: the one that git is configured for.
	Sign bool
	Key  string
	// Identity is who commits.
	Identity Identity
}

// Commit commits files as they are in the working tree, by their paths from its root, on top of HEAD, which must be
// parent. It takes nothing else along, whatever is staged. Where HEAD is such a commit already, with that message
// on top of that parent, it makes none; where it is anything else it fails with ErrMoved. It fails with
// ErrIdentity or ErrSigning as well. Hooks do not run.
func (c Committer) Commit(ctx context.Context, parent, message string, paths []string) (string, error) {
	r, err := c.Repository.atRoot(ctx)
	if err != nil {
		return "", err
	}
	head, err := r.Head(ctx)
	if err != nil {
		return "", err
	}
	if head != parent {
		return head, r.same(ctx, head, parent, message, paths)
	}
	if err := r.change(ctx, c.Identity, "", append([]string{"add", "--force", "--"}, paths...)...); err != nil {
		return "", err
	}
	sign := "--no-gpg-sign"
	if c.Sign {
		sign = "--gpg-sign" // its value is optional
		if c.Key != "" {
			sign += "=" + c.Key
		}
	}
	args := []string{"commit", "--quiet", "--no-verify", "--cleanup=verbatim", "--file=-", sign, "--only", "--"}
	if err := r.change(ctx, c.Identity, message, append(args, paths...)...); err != nil {
		return "", err
	}
	if head, err = r.Head(ctx); err != nil {
		return "", err
	}
	return head, r.same(ctx, head, parent, message, paths)
}

// same fails unless a commit is the one that was to be made.
func (r *Repository) same(ctx context.Context, commit, parent, message string, paths []string) error {
	for c, err := range r.Commits(ctx, Range{From: parent, To: commit, Paths: true}) {
		if err != nil {
			return err
		}
		got, want := slices.Sorted(slices.Values(c.Paths)), slices.Sorted(slices.Values(paths))
		if c.ID != commit || !slices.Equal(c.Parents, []string{parent}) || !slices.Equal(got, want) ||
			strings.TrimRight(c.Text, "\n") != strings.TrimRight(message, "\n") {
			break
		}
		return nil
	}
	return fmt.Errorf("%w: it is %s, which is neither %s nor the commit that was to be made", ErrMoved, commit, parent)
}

// atRoot is the repository seen from the top of its working tree.
func (r *Repository) atRoot(ctx context.Context) (*Repository, error) {
	root, err := r.Root(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(root); err != nil {
		return nil, err
	}
	at := *r
	at.dir = root
	return &at, nil
}

// Remote is a repository elsewhere that gets commits and tags.
type Remote struct {
	Repository *Repository
	// Name is its name, or its address. Default: "origin".
	Name string
	// Branch is the branch to push to. Default: the one that is checked out.
	Branch string
}

// Push sends tags, and, unless it is "", a commit to the branch, all or nothing and never by force. What is there
// already is no failure. It fails with ErrRejected where the remote has something else.
func (m Remote) Push(ctx context.Context, commit string, tags []string) error {
	args := []string{"push", "--quiet", "--atomic", "--no-verify", "--no-follow-tags", "--recurse-submodules=no", "--", m.name()}
	for _, tag := range tags {
		args = append(args, "refs/tags/"+tag+":refs/tags/"+tag)
	}
	if commit != "" {
		branch, err := m.branch(ctx)
		if err != nil {
			return err
		}
		args = append(args, commit+":refs/heads/"+branch)
	}
	return m.Repository.change(ctx, Identity{}, "", args...)
}
