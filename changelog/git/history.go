package git

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/changelog"
)

// History reads what changelog.Next looks at: the highest version without a pre-release part that
// is tagged on HEAD or an ancestor of it, and all commits since. It fails with ErrNoTags where there
// are no tags because the clone was told to get none.
//
// Where several tags have the same precedence (they differ in build metadata alone), the one whose
// commit descends from the others' counts, and on one commit the last by name.
func (r *Repository) History(ctx context.Context, format changelog.TagFormat) (changelog.History, error) {
	h, err := r.tagged(ctx, format)
	if err != nil {
		return changelog.History{}, err
	}
	between := Range{To: h.Head, From: h.Previous.Commit}
	for commit, err := range r.Commits(ctx, between) {
		if err != nil {
			return changelog.History{}, err
		}
		h.Commits = append(h.Commits, commit)
	}
	return h, nil
}

// tagged is the history without its commits.
func (r *Repository) tagged(ctx context.Context, format changelog.TagFormat) (changelog.History, error) {
	if err := format.Validate(); err != nil {
		return changelog.History{}, err
	}
	head, err := r.Head(ctx)
	if err != nil {
		return changelog.History{}, err
	}
	h := changelog.History{Head: head}
	if h.Tags, h.Ignored, err = r.tags(ctx, format); err != nil {
		return changelog.History{}, err
	}
	if len(h.Tags)+len(h.Ignored) == 0 {
		if err := r.tagsWanted(ctx); err != nil {
			return changelog.History{}, err
		}
	}
	if err := r.reach(ctx, head, h.Tags); err != nil {
		return changelog.History{}, err
	}
	if h.Previous, err = r.previous(ctx, h.Tags); err != nil {
		return changelog.History{}, err
	}
	h.PreviousWhy = why(h.Previous, h.Tags)
	return h, nil
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

// tags lists all tags: those that are versions, from the highest to the lowest, and the others.
func (r *Repository) tags(ctx context.Context, format changelog.TagFormat) ([]changelog.Tag, []changelog.IgnoredTag, error) {
	// An annotated tag has the object that it points at behind the star.
	out, err := r.output(ctx, "for-each-ref",
		"--format=%(refname:lstrip=2)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)", "refs/tags/")
	if err != nil {
		return nil, nil, err
	}
	var tags []changelog.Tag
	var ignored []changelog.IgnoredTag
	for line := range strings.Lines(out) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\x00")
		if len(f) != 5 {
			return nil, nil, fmt.Errorf("git for-each-ref: unexpected line %q", line)
		}
		name, kind, id := f[0], f[1], f[2]
		if kind == "tag" {
			kind, id = f[3], f[4]
		}
		version, err := format.Parse(name)
		switch {
		case err != nil:
			ignored = append(ignored, changelog.IgnoredTag{Tag: name, Why: err.Error()})
		case kind == "tag": // a tag of a tag
			if id, err = r.resolve(ctx, "refs/tags/"+name); err != nil {
				return nil, nil, err
			}
			tags = append(tags, changelog.Tag{Name: name, Version: version, Commit: id})
		case kind != "commit":
			ignored = append(ignored, changelog.IgnoredTag{Tag: name, Why: "points at a " + kind + ", not at a commit"})
		default:
			tags = append(tags, changelog.Tag{Name: name, Version: version, Commit: id})
		}
	}
	slices.SortFunc(tags, func(a, b changelog.Tag) int {
		if c := b.Version.Compare(a.Version); c != 0 {
			return c
		}
		return strings.Compare(b.Name, a.Name)
	})
	return tags, ignored, nil
}

// reach marks the tags on head and its ancestors. Mostly the highest version is one of them, which
// is quickly asked; only when it is not does git have to walk the history for all.
func (r *Repository) reach(ctx context.Context, head string, tags []changelog.Tag) error {
	if len(tags) == 0 {
		return nil
	}
	if tags[0].Version.Prerelease() == "" {
		ok, err := r.isAncestor(ctx, tags[0].Commit, head)
		if err != nil {
			return err
		}
		if tags[0].Reachable = ok; ok {
			return r.reachEqual(ctx, head, tags)
		}
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

// reachEqual marks the tags with the precedence of the first one. The lower ones stay unmarked:
// nothing depends on them any more.
func (r *Repository) reachEqual(ctx context.Context, head string, tags []changelog.Tag) error {
	for i := 1; i < len(tags) && tags[i].Version.Equal(tags[0].Version); i++ {
		ok, err := r.isAncestor(ctx, tags[i].Commit, head)
		if err != nil {
			return err
		}
		tags[i].Reachable = ok
	}
	return nil
}

// previous is the last release among the tags, which are sorted.
func (r *Repository) previous(ctx context.Context, tags []changelog.Tag) (changelog.Tag, error) {
	var best changelog.Tag
	for _, t := range tags {
		switch {
		case !t.Reachable || t.Version.Prerelease() != "":
			continue
		case best.Version == nil:
			best = t
			continue
		case !t.Version.Equal(best.Version):
			return best, nil
		}
		if t.Commit == best.Commit {
			continue
		}
		later, err := r.isAncestor(ctx, best.Commit, t.Commit)
		if err != nil {
			return changelog.Tag{}, err
		}
		if later {
			best = t
		}
	}
	return best, nil
}

// isAncestor reports whether a commit is another one or an ancestor of it.
func (r *Repository) isAncestor(ctx context.Context, ancestor, of string) (bool, error) {
	_, err := r.output(ctx, "merge-base", "--is-ancestor", ancestor, of)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return false, nil
	}
	return err == nil, err
}

// why says why that tag is the last release.
func why(previous changelog.Tag, tags []changelog.Tag) string {
	higher := 0
	for _, t := range tags {
		if t.Version.Prerelease() == "" && (previous.Version == nil || t.Version.GreaterThan(previous.Version)) {
			higher++
		}
	}
	text := "no release tag can be reached from HEAD"
	if previous.Version != nil {
		text = previous.Name + " is the highest release tag that can be reached from HEAD"
	}
	if higher > 0 {
		text += fmt.Sprintf(", higher ones on other branches: %d", higher)
	}
	return text
}
