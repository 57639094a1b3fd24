package stage

import (
	"context"
	"errors"
)

// Undoable is a stage that can be taken back by a function, as an [Undoer]:
//
//	stage.Undoable{Stage: stage.Func(createBucket), By: dropBucket}
//
// What the function is called with, and when, is told at Undoer. A stage that undoes itself is not
// wrapped in one: whose word counts would be hard to see.
type Undoable struct {
	Stage Stage
	// By takes back what Stage has done. Undoing what is undone already is no error.
	By func(ctx context.Context, t *Task) error
}

var (
	_ Stage     = Undoable{}
	_ Undoer    = Undoable{}
	_ Validator = Undoable{}
)

// Run runs the stage.
func (u Undoable) Run(ctx context.Context, t *Task) error { return u.Stage.Run(ctx, t) }

// Undo calls u.By.
func (u Undoable) Undo(ctx context.Context, t *Task) error { return u.By(ctx, t) }

// Unwrap is the stage.
func (u Undoable) Unwrap() Stage { return u.Stage }

// Validate reports what is missing, a stage that undoes itself, and whatever the stage reports.
func (u Undoable) Validate() error {
	var bad []error
	if u.By == nil {
		bad = append(bad, errors.New("Undoable.By: the function is nil"))
	}
	switch {
	case u.Stage == nil:
		bad = append(bad, errors.New("Undoable.Stage: there is none"))
	case CanUndo(u.Stage):
		bad = append(bad, errors.New("Undoable.Stage: it can undo itself already"))
	default:
		bad = append(bad, valid(u.Stage))
	}
	return errors.Join(bad...)
}
