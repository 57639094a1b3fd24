package stage

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Undoable is a stage that is taken back by another one, as an [Undoer]: the Run of By is its Undo.
//
//	stage.Undoable{Stage: stage.Func(createBucket), By: stage.Func(dropBucket)}
//
// What By is called with, and when, is told at Undoer. It sets no keys and takes no signals, and may
// read what Stage sets; what else it reads, and the secrets that it asks for, is declared for both. A
// stage that undoes itself is not wrapped in an Undoable: whose word counts would be hard to see.
type Undoable struct {
	Stage, By Stage
}

var (
	_ Stage        = Undoable{}
	_ Undoer       = Undoable{}
	_ Reader       = Undoable{}
	_ SecretReader = Undoable{}
	_ Validator    = Undoable{}
)

// Run runs the stage.
func (u Undoable) Run(ctx context.Context, t *Task) error { return u.Stage.Run(ctx, t) }

// Undo runs u.By.
func (u Undoable) Undo(ctx context.Context, t *Task) error { return u.By.Run(ctx, t) }

// Unwrap is the stage.
func (u Undoable) Unwrap() Stage { return u.Stage }

// Reads is what the stage declares, and what u.By reads beyond what the stage sets.
func (u Undoable) Reads() []Ref {
	reads := slices.Clone(Reads(u.Stage))
	known := slices.Concat(reads, Writes(u.Stage))
	for _, r := range Reads(u.By) {
		if !slices.Contains(known, r) {
			reads, known = append(reads, r), append(known, r)
		}
	}
	return reads
}

// Secrets are those of both.
func (u Undoable) Secrets() []string {
	names := slices.Clone(Secrets(u.Stage))
	for _, name := range Secrets(u.By) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Validate reports what is missing, what an undo cannot do, a stage that undoes itself, and whatever
// both report.
func (u Undoable) Validate() error {
	var bad []error
	switch {
	case u.Stage == nil:
		bad = append(bad, errors.New("Undoable.Stage: there is none"))
	case CanUndo(u.Stage):
		bad = append(bad, errors.New("Undoable.Stage: it can undo itself already"))
	default:
		bad = append(bad, valid(u.Stage))
	}
	if u.By == nil {
		bad = append(bad, errors.New("Undoable.By: there is none"))
	} else if err := valid(u.By); err != nil {
		bad = append(bad, fmt.Errorf("Undoable.By: %w", err))
	}
	if keys := Writes(u.By); len(keys) > 0 {
		bad = append(bad, fmt.Errorf("Undoable.By: it sets key %s, and an undo sets none", keys[0]))
	}
	if kinds := Listens(u.By); len(kinds) > 0 {
		bad = append(bad, fmt.Errorf("Undoable.By: it listens for %s, and an undo gets no signals", kinds[0]))
	}
	return errors.Join(bad...)
}
