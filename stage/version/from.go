package version

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/stage"
)

// From runs a stage for versions from a level on, and for those below it has nothing to do and succeeds: what needs
// it goes on by itself. So patches and minor versions go their way, and people are asked about a major one:
//
//	version.From{Level: changelog.Major, Stage: approval.Stage{Ask: "Break the users of the API?"}}
//
// It goes behind a Stage, or behind anything else that writes the key Level.
type From struct {
	// Level is the lowest level that the stage runs for. Required.
	Level changelog.Level
	// Stage is what is run. It writes no keys, since they would be missing below the level, and is no
	// stage.Undoer, since there would be nothing to undo. Required.
	Stage stage.Stage
}

var (
	_ stage.Stage     = From{}
	_ stage.Reader    = From{}
	_ stage.Validator = From{}
)

// Run runs the stage where the level asks for it.
func (f From) Run(ctx context.Context, t *stage.Task) error {
	level, err := Level.Get(t)
	if err != nil {
		return err
	}
	if level < f.Level {
		return t.Progress(ctx, stage.Progress{Text: fmt.Sprintf("a %s version goes on by itself", level)})
	}
	return f.Stage.Run(ctx, t)
}

// Unwrap is the stage.
func (f From) Unwrap() stage.Stage { return f.Stage }

// Reads are the level, and what the stage reads.
func (f From) Reads() []stage.Ref { return append([]stage.Ref{Level.Ref()}, stage.Reads(f.Stage)...) }

// Validate reports everything that is wrong, with what is wrong with the stage.
func (f From) Validate() error {
	var errs *multierror.Error
	switch f.Level {
	case changelog.Patch, changelog.Minor, changelog.Major:
	default:
		errs = multierror.Append(errs, errors.New("From.Level: must be patch, minor or major"))
	}
	if f.Stage == nil {
		errs = multierror.Append(errs, errors.New("From.Stage: is missing"))
		return errs.ErrorOrNil()
	}
	if len(stage.Writes(f.Stage)) > 0 {
		errs = multierror.Append(errs, errors.New("From.Stage: writes keys, which would be missing for lower levels"))
	}
	if stage.CanUndo(f.Stage) {
		errs = multierror.Append(errs, errors.New("From.Stage: can be undone, and would be where it never ran"))
	}
	if v, ok := stage.As[stage.Validator](f.Stage); ok {
		errs = multierror.Append(errs, v.Validate())
	}
	return errs.ErrorOrNil()
}
