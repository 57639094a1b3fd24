package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/go-hclog"
)

var (
	// ErrNoGit says that there is no git to run.
	ErrNoGit = errors.New("git is not installed, or not in PATH")
	// ErrNotRepository says that the folder is in no repository.
	ErrNotRepository = errors.New("not a git repository")
	// ErrShallow says that the repository holds a part of its history only, which would give a
	// wrong version.
	ErrShallow = errors.New("the repository is a shallow clone: its last release may be out of sight; " +
		"get the whole history with `git fetch --unshallow --tags` (for actions/checkout: `fetch-depth: 0`)")
	// ErrUntrusted says that the repository belongs to another user, whose configuration could run programs.
	ErrUntrusted = errors.New("the repository belongs to another user, and git does not trust it; " +
		"if you do, say so with `git config --global --add safe.directory FOLDER`")
	// ErrNoTags says that the repository was cloned without tags, which would give a wrong version.
	ErrNoTags = errors.New("the repository was cloned without tags: its last release is out of sight; " +
		"unset `remote.<name>.tagOpt` and get them with `git fetch --tags`")
	// ErrPartial says that the repository is a partial clone that lacks what was to be read: mostly the trees, without which nobody knows
	// which files a commit changes. Nothing is fetched by itself.
	ErrPartial = errors.New("the repository is a partial clone without its trees, which the paths of components need; " +
		"get them with `git fetch --refetch --filter=blob:none` (for actions/checkout: `filter: blob:none`)")
	// ErrNoCommits says that nothing has been committed yet.
	ErrNoCommits = errors.New("the repository has no commits")
)

// Options are the choices that Open leaves to its caller.
type Options struct {
	// Program is the git to run: a name to be found in PATH, or a path. Default: "git".
	Program string
	// Log gets the commands that are run, at trace level. Nil: nowhere.
	Log hclog.Logger
}

// Repository is a git repository on disk: with or without a working tree, linked working trees
// included.
type Repository struct {
	dir, program string
	place        place
	log          hclog.Logger
	// system says that the configuration of the whole machine is read, since it alone trusts the owner of the repository.
	system bool
}

// Open finds the repository that the folder is in. It fails with ErrNoGit, ErrNotRepository, ErrUntrusted
// or ErrShallow at once, rather than in the middle of a release.
func Open(ctx context.Context, dir string, o Options) (*Repository, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open repository: %w", err)
	}
	r := &Repository{dir: absolute, program: o.Program, log: o.Log}
	if r.program == "" {
		r.program = "git"
	}
	if r.log == nil {
		r.log = hclog.NewNullLogger()
	}
	if info, err := os.Stat(r.dir); err != nil {
		return nil, fmt.Errorf("open repository: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("open repository: %s is not a folder", dir)
	}
	program, err := exec.LookPath(r.program)
	if err != nil {
		return nil, fmt.Errorf("open repository: %w: %w", ErrNoGit, err)
	}
	// A relative path means the caller's folder, not the repository.
	if r.program, err = filepath.Abs(program); err != nil {
		return nil, fmt.Errorf("open repository: %w", err)
	}
	if err := r.locate(ctx); err != nil {
		return nil, fmt.Errorf("open repository %s: %w", dir, err)
	}
	return r, nil
}

// locate finds the repository, and fails unless all of its history is there.
func (r *Repository) locate(ctx context.Context) error {
	at, ok := discover(r.dir)
	if !ok {
		var err error
		if at, err = r.ask(ctx); errors.Is(err, ErrUntrusted) {
			r.system = true
			at, err = r.ask(ctx)
		}
		if err != nil {
			return err
		}
	}
	r.place = at
	return r.complete()
}

// complete fails unless all of the history is there.
func (r *Repository) complete() error {
	shallow, err := r.place.shallow()
	if err == nil && shallow {
		return ErrShallow
	}
	return err
}

// Head is the id of the commit that is checked out.
func (r *Repository) Head(ctx context.Context) (string, error) {
	if _, err := r.output(ctx, "rev-parse", "--verify", "--quiet", "HEAD"); err != nil {
		var failed *Error
		if errors.As(err, &failed) && failed.Stderr == "" {
			return "", ErrNoCommits
		}
		return "", err
	}
	return r.resolve(ctx, "HEAD")
}

// Tagged is the id of what a tag points at in the end, "" where there is no such tag.
func (r *Repository) Tagged(ctx context.Context, name string) (string, error) {
	out, err := r.output(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", "refs/tags/"+name+"^{}")
	var failed *Error
	if errors.As(err, &failed) && failed.Stderr == "" {
		return "", nil
	}
	return strings.TrimSpace(out), err
}

// Root is the folder at the top of the working tree. A bare repository has none.
func (r *Repository) Root(ctx context.Context) (string, error) {
	out, err := r.output(ctx, "rev-parse", "--show-toplevel")
	return filepath.FromSlash(strings.TrimSuffix(out, "\n")), err
}

// Branch is the name of the branch that is checked out, "" for none, as on a detached head.
func (r *Repository) Branch(ctx context.Context) (string, error) {
	at, err := r.attached(ctx)
	branch, ok := strings.CutPrefix(at, "refs/heads/")
	if !ok {
		return "", err
	}
	return branch, err
}

// Private is the path of a file of that name which belongs to the working tree and is no part of it: nobody
// commits it by mistake.
func (r *Repository) Private(name string) string { return filepath.Join(r.place.own, "davit", name) }

// Changed are the files of the working tree that are not as they were committed, sorted by their
// paths from the root of the repository. What git does not track does not count, since builds leave
// such files behind. A bare repository has none.
func (r *Repository) Changed(ctx context.Context) ([]string, error) {
	inside, err := r.output(ctx, "rev-parse", "--is-inside-work-tree")
	if err != nil || strings.TrimSpace(inside) != "true" {
		return nil, err
	}
	out, err := r.output(ctx, "status", "--porcelain=v1", "-z", "--untracked-files=no", "--no-renames")
	if err != nil {
		return nil, err
	}
	var changed []string
	for entry := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
		if len(entry) > len("XY ") {
			changed = append(changed, entry[len("XY "):])
		}
	}
	slices.Sort(changed)
	return changed, nil
}

// resolve is the id of the commit that a revision means.
func (r *Repository) resolve(ctx context.Context, revision string) (string, error) {
	out, err := r.output(ctx, "rev-parse", "--verify", "--end-of-options", revision+"^{commit}")
	if err != nil {
		return "", fmt.Errorf("resolve %q: %w", revision, err)
	}
	return strings.TrimSpace(out), nil
}
