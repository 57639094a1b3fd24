package git

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/davit-sdk/davit/changelog"
)

// Tags are all tags, in the order of their names. It leaves open which of them can be reached: changelog.Releases
// sees that in the commits that it is given.
func (r *Repository) Tags(ctx context.Context) ([]changelog.Ref, error) {
	h, err := r.listed(ctx)
	return h.Tags, err
}

// listed is the history without its commits: where the repository stands, and its tags, by one listing. It
// leaves open which tags can be reached.
func (r *Repository) listed(ctx context.Context) (changelog.History, error) {
	at, err := r.place.head()
	if errors.Is(err, errHead) {
		at.reference, err = r.attached(ctx)
	}
	if err != nil {
		return changelog.History{}, err
	}
	var h changelog.History
	if branch, ok := strings.CutPrefix(at.reference, headsBelow); ok {
		h.Branch = branch
	}
	if h.Tags, h.Head, err = r.references(ctx, at); err != nil {
		return changelog.History{}, err
	}
	if h.Head == "" { // nothing is committed, or HEAD needs a closer look
		if h.Head, err = r.Head(ctx); err != nil {
			return changelog.History{}, err
		}
	}
	if len(h.Tags) == 0 {
		err = r.tagsWanted(ctx)
	}
	return h, err
}

// attached is the reference that HEAD stands for, "" for none.
func (r *Repository) attached(ctx context.Context) (string, error) {
	out, err := r.output(ctx, "symbolic-ref", "--quiet", "HEAD")
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

// references are all tags, in the order of their names, and the commit of HEAD, "" where that is not known.
func (r *Repository) references(ctx context.Context, at standing) ([]changelog.Ref, string, error) {
	head := at.commit
	var refs []changelog.Ref
	var nested, undated []int
	all, commit, known := r.place.named(at.reference)
	if known && at.reference != "" {
		head = commit
	}
	if known && len(all) > 0 {
		var err error
		refs, nested, undated, err = r.described(ctx, all)
		known = err == nil
	}
	if !known {
		var err error
		if refs, nested, undated, err = r.listing(ctx, tagsBelow, at.reference); err != nil {
			return nil, "", err
		}
	}
	if err := r.unnest(ctx, refs, nested); err != nil {
		return nil, "", err
	}
	if err := r.date(ctx, refs, undated); err != nil {
		return nil, "", err
	}
	tags := refs[:0]
	for _, ref := range refs {
		if name, ok := strings.CutPrefix(ref.Name, tagsBelow); ok {
			ref.Name = name
			tags = append(tags, ref)
		} else if ref.Name == at.reference {
			head = ref.Commit
		}
	}
	return tags, head, nil
}

// unnest finds what tags of tags point at in the end.
func (r *Repository) unnest(ctx context.Context, refs []changelog.Ref, nested []int) error {
	if len(nested) == 0 {
		return nil
	}
	var questions strings.Builder
	for _, i := range nested {
		questions.WriteString(refs[i].Commit + "^{}\n")
	}
	out, err := r.answer(ctx, questions.String(), "cat-file", "--batch-check=%(objecttype) %(objectname)")
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(lines) != len(nested) {
		return fmt.Errorf("git cat-file: %d answers to %d questions", len(lines), len(nested))
	}
	for n, i := range nested {
		kind, id, _ := strings.Cut(lines[n], " ")
		if !isID(id) {
			return fmt.Errorf("git cat-file: the tag %s: unexpected answer %q", refs[i].Name, lines[n])
		}
		if refs[i].Object, refs[i].Commit = kind, id; kind != "commit" {
			refs[i].Commit = ""
		}
	}
	return nil
}

// date gives tags that do not say when they were made the date of their commits.
func (r *Repository) date(ctx context.Context, refs []changelog.Ref, undated []int) error {
	var questions strings.Builder
	for _, i := range undated {
		if refs[i].Commit != "" {
			questions.WriteString(refs[i].Commit + "\n")
		}
	}
	if questions.Len() == 0 {
		return nil
	}
	out, err := r.answer(ctx, questions.String(), "log", "--no-walk=unsorted", "--stdin", "--no-patch", "--no-color", "--no-decorate", "--format=tformat:%H %ct")
	if err != nil {
		return err
	}
	made := map[string]time.Time{}
	for line := range strings.Lines(out) {
		id, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if made[id], err = seconds(text); err != nil {
			return fmt.Errorf("git log: commit %s: commit date: %w", id, err)
		}
	}
	for _, i := range undated {
		refs[i].Time = made[refs[i].Commit]
	}
	return nil
}
