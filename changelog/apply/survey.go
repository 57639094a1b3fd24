package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// leave says that something is left alone, once.
func (f *Abandoned) leave(format string, args ...any) {
	if what := fmt.Sprintf(format, args...); !slices.Contains(f.Left, what) {
		f.Left = append(f.Left, what)
	}
}

// surveyFirst writes down what there is to be taken back, unless others may have seen it.
func (a Applier) surveyFirst(ctx context.Context, record *Record, steps []Step) error {
	if err := a.private(ctx, record, steps); err != nil {
		return err
	}
	found := &Abandoned{Head: record.Plan.Head}
	for _, s := range steps {
		if !record.done(s) && s.String() != record.next() {
			break
		}
		switch {
		case s.Kind == StepTag:
			if err := a.surveyTag(ctx, record, found, s.Name); err != nil {
				return err
			}
		case s.Kind == StepCommit && !record.unchanged():
			if err := a.surveyCommit(ctx, record, found); err != nil {
				return err
			}
		}
	}
	if err := a.surveyPlace(ctx, record, found); err != nil {
		return err
	}
	record.Abandoned = found
	return a.save(ctx, record)
}

// surveyAgain is for what an earlier call has begun to take back: what somebody has changed since is left alone.
func (a Applier) surveyAgain(ctx context.Context, record *Record) error {
	found := record.Abandoned
	tags := found.Tags
	found.Tags = nil
	for _, name := range tags {
		at, err := a.Repository.Tagged(ctx, name)
		switch {
		case err != nil:
			return err
		case at != "" && at != record.target():
			found.leave("tag %s: it is on %s", name, at)
		default:
			found.Tags = append(found.Tags, name)
		}
	}
	return a.surveyPlace(ctx, record, found)
}

// surveyTag adds a tag, if it is the one that was made.
func (a Applier) surveyTag(ctx context.Context, record *Record, found *Abandoned, name string) error {
	at, err := a.Repository.Tagged(ctx, name)
	switch _, can := a.Tagger.(Untagger); {
	case err != nil:
		return err
	case at == "":
	case slices.Contains(record.Tagged, name):
		found.leave("tag %s: it was there before", name)
	case at != record.target():
		found.leave("tag %s: it is on %s", name, at)
	case !can:
		return errors.New("the Tagger cannot take tags back: it is no Untagger")
	default:
		found.Tags = append(found.Tags, name)
	}
	return nil
}

// surveyCommit finds the commit, which may be there without being in the journal, and may be gone by somebody's hand.
func (a Applier) surveyCommit(ctx context.Context, record *Record, found *Abandoned) error {
	back, can := a.Committer.(Uncommitter)
	if !can {
		return errors.New("the Committer cannot take a commit back: it is no Uncommitter")
	}
	made, err := back.Made(ctx, record.Plan.Head, a.message(record.Plan), record.changed())
	if err != nil {
		return err
	}
	head, err := a.Repository.Head(ctx)
	if err != nil {
		return err
	}
	if gone := head == record.Plan.Head && a.sameBranch(ctx, record) == nil; made == "" && !gone {
		made = record.Commit
	}
	found.Commit = made
	return nil
}

// surveyPlace looks where HEAD is: the commit of the release is taken back from its own branch alone, as long as nothing is on top of it.
func (a Applier) surveyPlace(ctx context.Context, record *Record, found *Abandoned) error {
	head, err := a.Repository.Head(ctx)
	if err != nil {
		return err
	}
	branch, err := a.branch(ctx)
	if err != nil {
		return err
	}
	switch {
	case found.Commit == "":
	case record.Branch != "" && branch != record.Branch:
		found.leave("commit %s: %s is not checked out", found.Commit, record.Branch)
		found.Commit = ""
	case head != found.Commit && head != record.Plan.Head:
		found.leave("commit %s: HEAD is at %s", found.Commit, head)
		found.Commit = ""
	}
	return a.surveyFiles(ctx, record, found, head)
}

// sumOf is the sum of a file, "" where there is none.
func (a Applier) sumOf(path string) (string, error) {
	text, err := a.read(path)
	return sumOf(text), err
}

// surveyFiles says which files are to get their old text, or have it again. Where HEAD is neither the commit of the release nor the
// one below it, that goes for files alone that are not as they are committed there.
func (a Applier) surveyFiles(ctx context.Context, record *Record, found *Abandoned, head string) error {
	changed, err := a.Repository.Changed(ctx)
	if err != nil {
		return err
	}
	known := found.Files
	found.Files = nil
	home := found.Commit != "" || head == record.Plan.Head
	for _, f := range record.Files {
		now, err := a.sumOf(f.Path)
		if err != nil {
			return err
		}
		switch {
		case f.Before == f.After:
		case now == f.Before:
			if slices.Contains(known, f.Path) {
				found.Files = append(found.Files, f.Path)
			}
		case now == f.After && (home || slices.Contains(changed, f.Path)):
			if f.Before != "" && sum(f.Old) != f.Before {
				return &FileError{Path: f.Path, Err: errors.New("the journal does not have its old text")}
			}
			found.Files = append(found.Files, f.Path)
		case now == f.After && f.Before == "" && record.Commit == "":
			found.leave("file %s: HEAD is at %s", f.Path, head)
		case home:
			found.leave("file %s: it was changed by somebody else", f.Path)
		}
	}
	return nil
}
