package git

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/davit-sdk/davit/changelog"
)

// History reads what changelog.Decide looks at: all tags, and all commits since the last release of any component
// of the policy. It fails with ErrNoTags where there are no tags because the clone was told to get none.
func (r *Repository) History(ctx context.Context, policy changelog.Policy) (changelog.History, error) {
	h, err := r.tagged(ctx)
	if err != nil {
		return changelog.History{}, err
	}
	bases, err := changelog.Bases(h, policy)
	if err != nil {
		return changelog.History{}, err
	}
	between := Range{To: h.Head, Paths: policy.NeedsPaths()}
	if between.From, err = r.common(ctx, bases); err != nil {
		return changelog.History{}, err
	}
	for commit, err := range r.Commits(ctx, between) {
		if err != nil {
			return changelog.History{}, err
		}
		h.Commits = append(h.Commits, commit)
	}
	return h, nil
}

// tagged is the history without its commits.
func (r *Repository) tagged(ctx context.Context) (changelog.History, error) {
	head, err := r.Head(ctx)
	if err != nil {
		return changelog.History{}, err
	}
	h := changelog.History{Head: head}
	if h.Branch, err = r.branch(ctx); err != nil {
		return changelog.History{}, err
	}
	if h.Tags, err = r.tags(ctx); err != nil {
		return changelog.History{}, err
	}
	if len(h.Tags) == 0 {
		if err := r.tagsWanted(ctx); err != nil {
			return changelog.History{}, err
		}
	}
	return h, r.reach(ctx, head, h.Tags)
}

// common is an ancestor of all of some commits, "" if one of them is "" or there is none.
func (r *Repository) common(ctx context.Context, bases []string) (string, error) {
	bases = slices.Compact(slices.Sorted(slices.Values(bases)))
	switch {
	case len(bases) == 0 || bases[0] == "":
		return "", nil
	case len(bases) == 1:
		return bases[0], nil
	}
	out, err := r.output(ctx, append([]string{"merge-base", "--octopus"}, bases...)...)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return "", nil
	}
	return strings.TrimSpace(out), err
}

// branch is the branch that is checked out, "" for none.
func (r *Repository) branch(ctx context.Context) (string, error) {
	out, err := r.output(ctx, "symbolic-ref", "--quiet", "--short", "HEAD")
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 { // HEAD is detached
		return "", nil
	}
	return strings.TrimSpace(out), err
}

// tagsWanted fails when a remote is configured to be fetched without tags.
func (r *Repository) tagsWanted(ctx context.Context) error {
	out, err := r.output(ctx, "config", "--get-regexp", `^remote\..*\.tagopt$`)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 { // there is no such entry
		return nil
	}
	if err != nil {
		return err
	}
	for line := range strings.Lines(out) {
		if strings.HasSuffix(strings.TrimSpace(line), " --no-tags") {
			return ErrNoTags
		}
	}
	return nil
}

// tags lists all tags.
func (r *Repository) tags(ctx context.Context) ([]changelog.Ref, error) {
	// An annotated tag has the object that it points at behind the star.
	out, err := r.output(ctx, "for-each-ref",
		"--format=%(refname:lstrip=2)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)%00%(creatordate:unix)", "refs/tags/")
	if err != nil {
		return nil, err
	}
	var tags []changelog.Ref
	for line := range strings.Lines(out) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\x00")
		if len(f) != 6 {
			return nil, fmt.Errorf("git for-each-ref: unexpected line %q", line)
		}
		name, kind, id := f[0], f[1], f[2]
		if kind == "tag" {
			kind, id = f[3], f[4]
		}
		tag := changelog.Ref{Name: name, Commit: id, Object: kind}
		if made, err := strconv.ParseInt(f[5], 10, 64); err == nil && made != 0 {
			tag.Time = time.Unix(made, 0).UTC()
		}
		switch kind {
		case "tag": // a tag of a tag
			tag.Object = "commit"
			if tag.Commit, err = r.resolve(ctx, "refs/tags/"+name); err != nil {
				return nil, err
			}
		case "commit":
		default:
			tag.Commit = ""
		}
		tags = append(tags, tag)
	}
	return tags, nil
}

// reach marks the tags on head and its ancestors.
func (r *Repository) reach(ctx context.Context, head string, tags []changelog.Ref) error {
	if len(tags) == 0 {
		return nil
	}
	out, err := r.output(ctx, "for-each-ref", "--merged="+head, "--format=%(refname:lstrip=2)", "refs/tags/")
	if err != nil {
		return err
	}
	reachable := map[string]bool{}
	for name := range strings.Lines(out) {
		reachable[strings.TrimSuffix(name, "\n")] = true
	}
	for i := range tags {
		tags[i].Reachable = reachable[tags[i].Name]
	}
	return nil
}
