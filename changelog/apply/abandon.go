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
	var found Abandoned
	err := a.alone(ctx, func(record *Record) error {
		if record == nil || record.Complete {
			return fmt.Errorf("%w: no plan is half done", ErrNothing)
		}
		if err := a.abandon(ctx, record); err != nil {
			return err
		}
		found = *record.Abandoned
		return nil
	})
	if err != nil {
		return Abandoned{}, fmt.Errorf("abandon: %w", err)
	}
	return found, nil
}

// abandon writes down what there is to be taken back, unless an earlier call has done that, and takes it back.
func (a Applier) abandon(ctx context.Context, record *Record) error {
	steps, err := a.begun(record)
	if err != nil {
		return err
	}
	if record.Abandoned != nil {
		err = a.surveyAgain(ctx, record)
	} else {
		err = a.surveyFirst(ctx, record, steps)
	}
	if err != nil {
		return err
	}
	if err := a.takeBack(ctx, record); err != nil {
		return err
	}
	record.complete()
	return a.save(ctx, record)
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

// takeBack takes back what was surveyed, again perhaps.
func (a Applier) takeBack(ctx context.Context, record *Record) error {
	found := record.Abandoned
	for _, name := range found.Tags {
		err := a.passing("untag "+name, func() error { return a.Tagger.(Untagger).Untag(ctx, name, record.target()) })
		if err != nil {
			return err
		}
	}
	head, err := a.Repository.Head(ctx)
	if err != nil {
		return err
	}
	if back, ok := a.Committer.(Uncommitter); ok && !record.unchanged() && (found.Commit != "" || head == record.Plan.Head) {
		err := a.passing("uncommit", func() error { return back.Uncommit(ctx, record.Plan.Head, found.Commit, record.changed()) })
		if err != nil {
			return err
		}
	}
	for _, f := range record.Files {
		err := a.passing("restore "+f.Path, func() error { return a.restore(f, slices.Contains(found.Files, f.Path)) })
		if err != nil {
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
	return nil
}
