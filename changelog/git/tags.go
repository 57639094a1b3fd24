package git

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
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
	h := changelog.History{Head: at.commit}
	h.Branch, _ = strings.CutPrefix(at.reference, "refs/heads/")
	if h.Branch == at.reference {
		h.Branch = ""
	}
	refs, err := r.references(ctx, "refs/tags/", at.reference)
	if err != nil {
		return changelog.History{}, err
	}
	for _, ref := range refs {
		if name, ok := strings.CutPrefix(ref.Name, "refs/tags/"); ok {
			ref.Name = name
			h.Tags = append(h.Tags, ref)
		} else if ref.Name == at.reference {
			h.Head = ref.Commit
		}
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

// listing has, of an annotated tag, the object that it points at behind the star.
const listing = "--format=%(refname)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)%00%(creatordate:unix)"

// references lists references under patterns, with their full names. An empty pattern stands for none.
func (r *Repository) references(ctx context.Context, pattern, another string) ([]changelog.Ref, error) {
	args := []string{"for-each-ref", listing, pattern}
	if another != "" {
		args = append(args, another)
	}
	out, err := r.output(ctx, args...)
	if err != nil {
		return nil, err
	}
	refs := make([]changelog.Ref, 0, strings.Count(out, "\n"))
	var nested, undated []int
	for line := range strings.Lines(out) {
		var f [6]string
		rest, ok := strings.TrimSuffix(line, "\n"), true
		for i := range f {
			if !ok {
				return nil, fmt.Errorf("git for-each-ref: unexpected line %q", line)
			}
			f[i], rest, ok = strings.Cut(rest, "\x00")
		}
		ref := changelog.Ref{Name: f[0], Object: f[1], Commit: f[2]}
		if ref.Object == "tag" {
			ref.Object, ref.Commit = f[3], f[4]
		}
		if made, err := strconv.ParseInt(f[5], 10, 64); err == nil && made != 0 {
			ref.Time = time.Unix(made, 0).UTC()
		} else {
			undated = append(undated, len(refs))
		}
		switch ref.Object {
		case "tag":
			nested = append(nested, len(refs))
		case "commit":
		default:
			ref.Commit = ""
		}
		refs = append(refs, ref)
	}
	if err := r.unnest(ctx, refs, nested); err != nil {
		return nil, err
	}
	return refs, r.date(ctx, refs, undated)
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
