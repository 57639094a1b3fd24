package apply

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// Untagger takes tags back. A Tagger that is one can be abandoned with; a git.Tagger is.
type Untagger interface {
	// Untag deletes a tag that is on a commit. It does nothing where there is none, or where it is on another one.
	Untag(ctx context.Context, name, commit string) error
}

// Uncommitter takes a commit back. A Committer that is one can be abandoned with; a git.Committer is.
type Uncommitter interface {
	// Made is the id of HEAD if that is the commit that Commit makes of these, and "" if it is anything else.
	Made(ctx context.Context, parent, message string, paths []string) (string, error)
	// Uncommit brings HEAD from a commit, or from parent, to parent, with nothing of the paths prepared for a commit. The
	// files stay as they are. It fails where HEAD is elsewhere. Of a commit that is "" there is nothing but the paths.
	Uncommit(ctx context.Context, parent, commit string, paths []string) error
}

// Asker tells what was pushed. A Pusher that is one can be abandoned with after a push that failed; a git.Remote is.
type Asker interface {
	// Pushed reports whether the commit, unless that is "", or one of the tags has got there by a push from here.
	Pushed(ctx context.Context, commit string, tags []string) (bool, error)
}

// Abandoned is what was taken back of a plan, and what was not.
type Abandoned struct {
	// Head is the commit that the plan is about.
	Head string `json:"head"`
	// Tags are the tags that were deleted.
	Tags []string `json:"tags,omitempty"`
	// Commit is the commit of the release that the branch was brought back from, "" for none. The branch is at Head again.
	Commit string `json:"commit,omitempty"`
	// Files are the files that have their old text again, or are gone because they were new.
	Files []string `json:"files,omitempty"`
	// Left says what was left alone, and why: "commit c0ffee: HEAD is at 5ca1ab1e".
	Left []string `json:"left,omitempty"`
}

// Abandon takes back the plan that is half done, which is the way out where Resume can never succeed: a push was refused
// because the branch has moved on. It deletes the tags that were made, takes the commit back while HEAD is that
// commit, and gives the files their old text. What somebody has changed since is left alone, and told. Then a new plan can be
// decided on and applied, once the repository is brought up to date.
//
// What is to be taken back is written into the journal first. After a failure, or a kill, Abandon goes on; Apply and Resume
// fail with a *PendingError until it is through. Nothing that others may have seen is taken back: it fails with
// a *PushedError where the plan was pushed or its publishing was begun, and where nobody can tell. It fails with ErrNothing
// where no plan is half done, and with ErrSteps where the Applier is another one.
func (a Applier) Abandon(ctx context.Context) (Abandoned, error) {
	fail := func(err error) (Abandoned, error) { return Abandoned{}, fmt.Errorf("abandon: %w", err) }
	if err := a.Validate(); err != nil {
		return fail(err)
	}
	record, err := a.Journal.Load(ctx)
	switch {
	case err != nil:
		return fail(fmt.Errorf("read the journal: %w", err))
	case record == nil || record.Complete:
		return fail(fmt.Errorf("%w: no plan is half done", ErrNothing))
	}
	steps, err := a.begun(record)
	if err != nil {
		return fail(err)
	}
	if record.Abandoned == nil {
		if err := a.private(ctx, record, steps); err != nil {
			return fail(err)
		}
		if record.Abandoned, err = a.survey(ctx, record, steps); err != nil {
			return fail(err)
		}
		if err := a.save(ctx, record); err != nil {
			return fail(err)
		}
	}
	if err := a.takeBack(ctx, record); err != nil {
		return fail(err)
	}
	record.complete()
	if err := a.save(ctx, record); err != nil {
		return fail(err)
	}
	return *record.Abandoned, nil
}

// private fails unless nobody else can have seen anything of the plan.
func (a Applier) private(ctx context.Context, record *Record, steps []Step) error {
	tags := tagsOf(record.Plan)
	for _, s := range steps {
		begun := record.done(s) || s.String() == record.next()
		switch {
		case s.Kind == StepPublish && begun:
			return &PushedError{Tags: tags, Why: "its publishing was begun"}
		case s.Kind == StepPush && record.done(s):
			return &PushedError{Tags: tags, Why: "it was pushed"}
		case s.Kind == StepPush && begun:
			asker, ok := a.Pusher.(Asker)
			if !ok {
				return &PushedError{Tags: tags, Why: "its push was begun, and the Pusher cannot tell what came of it"}
			}
			if pushed, err := asker.Pushed(ctx, record.own(), tags); err != nil {
				return fmt.Errorf("ask whether it was pushed: %w", err)
			} else if pushed {
				return &PushedError{Tags: tags, Why: "it was pushed"}
			}
		}
	}
	return nil
}

// survey says what there is to be taken back.
func (a Applier) survey(ctx context.Context, record *Record, steps []Step) (*Abandoned, error) {
	found := &Abandoned{Head: record.Plan.Head}
	leave := func(format string, args ...any) { found.Left = append(found.Left, fmt.Sprintf(format, args...)) }
	head, err := a.Repository.Head(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range steps {
		if !record.done(s) && s.String() != record.next() {
			break
		}
		switch s.Kind {
		case StepTag:
			at, err := a.Repository.Tagged(ctx, s.Name)
			switch _, can := a.Tagger.(Untagger); {
			case err != nil:
				return nil, err
			case at == "":
			case slices.Contains(record.Tagged, s.Name):
				leave("tag %s: it was there before", s.Name)
			case at != record.target():
				leave("tag %s: it is on %s", s.Name, at)
			case !can:
				return nil, errors.New("the Tagger cannot take tags back: it is no Untagger")
			default:
				found.Tags = append(found.Tags, s.Name)
			}
		case StepCommit:
			if record.unchanged() {
				continue
			}
			back, can := a.Committer.(Uncommitter)
			if !can {
				return nil, errors.New("the Committer cannot take a commit back: it is no Uncommitter")
			}
			if found.Commit, err = back.Made(ctx, record.Plan.Head, a.message(record.Plan), record.changed()); err != nil {
				return nil, err
			}
			if found.Commit == "" && record.Commit != "" && head != record.Plan.Head {
				leave("commit %s: HEAD is at %s", record.Commit, head)
			}
		}
	}
	return found, a.surveyFiles(ctx, record, found, head)
}

// sumOf is the sum of a file, "" where there is none.
func (a Applier) sumOf(path string) (string, error) {
	text, err := a.read(path)
	return sumOf(text), err
}

// surveyFiles adds the files that are to get their old text. Where HEAD is neither the commit of the release nor the one below it,
// that goes for files alone that are not as they are committed there.
func (a Applier) surveyFiles(ctx context.Context, record *Record, found *Abandoned, head string) error {
	changed, err := a.Repository.Changed(ctx)
	if err != nil {
		return err
	}
	home := found.Commit != "" || head == record.Plan.Head
	for _, f := range record.Files {
		now, err := a.sumOf(f.Path)
		if err != nil {
			return err
		}
		switch {
		case f.Before == f.After || now == f.Before:
		case now == f.After && (home || slices.Contains(changed, f.Path)):
			if f.Before != "" && sum(f.Old) != f.Before {
				return &FileError{Path: f.Path, Err: errors.New("the journal does not have its old text")}
			}
			found.Files = append(found.Files, f.Path)
		case now == f.After && f.Before == "" && record.Commit == "":
			found.Left = append(found.Left, fmt.Sprintf("file %s: HEAD is at %s", f.Path, head))
		case home:
			found.Left = append(found.Left, fmt.Sprintf("file %s: it was changed by somebody else", f.Path))
		}
	}
	return nil
}

// takeBack takes back what was surveyed, again perhaps.
func (a Applier) takeBack(ctx context.Context, record *Record) error {
	found := record.Abandoned
	for _, name := range found.Tags {
		a.pass("before untag " + name)
		if err := a.Tagger.(Untagger).Untag(ctx, name, record.target()); err != nil {
			return err
		}
		a.pass("after untag " + name)
	}
	head, err := a.Repository.Head(ctx)
	if err != nil {
		return err
	}
	if back, ok := a.Committer.(Uncommitter); ok && !record.unchanged() && (found.Commit != "" || head == record.Plan.Head) {
		a.pass("before uncommit")
		if err := back.Uncommit(ctx, record.Plan.Head, found.Commit, record.changed()); err != nil {
			return err
		}
		a.pass("after uncommit")
	}
	for _, f := range record.Files {
		if err := a.restore(f, slices.Contains(found.Files, f.Path)); err != nil {
			return err
		}
	}
	return nil
}

// restore gives a file its old text, if it is to have it, and takes away what a kill has left beside it.
func (a Applier) restore(f FileRecord, old bool) error {
	now, err := a.sumOf(f.Path)
	switch {
	case err != nil:
		return err
	case !old || now == f.Before:
	case now != f.After:
		return &FileError{Path: f.Path, Err: ErrForeign}
	case f.Before == "":
		err = os.Remove(a.file(f.Path))
	default:
		err = replace(a.file(f.Path), f.Old, 0o666, a.at)
	}
	if err == nil {
		err = os.Remove(draftOf(a.file(f.Path)))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &FileError{Path: f.Path, Err: err}
	}
	a.pass("restored " + f.Path)
	return nil
}
