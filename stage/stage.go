package stage

import (
	"context"
	"errors"
	"slices"
)

// Stage is one unit of work in a release.
//
// Run is called by the engine, once for each attempt, never concurrently for one stage of one
// release, but for several releases at once. It may be called again for the same release after a
// crash, with the same [Task.Token]: work that was done already is not to be done twice. It returns
// soon after ctx is done, and leaves no goroutine behind. A panic counts as a failure.
type Stage interface {
	Run(ctx context.Context, t *Task) error
}

// Func is a function as a Stage.
type Func func(ctx context.Context, t *Task) error

var _ Stage = Func(nil)

// Run calls f.
func (f Func) Run(ctx context.Context, t *Task) error { return f(ctx, t) }

// Validate reports a nil function.
func (f Func) Validate() error {
	if f == nil {
		return errors.New("the function is nil")
	}
	return nil
}

// The optional abilities of a Stage. They are asked for when a pipeline is checked, any number of
// times, must always answer the same, and are found through wrappers by [As].
type (
	// Reader names the keys whose values the stage reads. Reading any other fails, and so does the
	// stage, even where it makes light of that error.
	Reader interface{ Reads() []Ref }

	// Writer names the keys that the stage sets, all of them whenever it succeeds: a stage that has
	// not is taken as failed. Setting any other key fails, as with a Reader.
	Writer interface{ Writes() []Ref }

	// Listener names the kinds of signals that the stage takes with [Task.Next]. A signal of
	// another kind is refused while its sender is still there to be told.
	Listener interface{ Listens() []SignalKind }

	// Validator reports everything that is wrong with the stage's settings, naming the fields.
	Validator interface{ Validate() error }
)

// As finds an ability of a stage: in the stage itself, or else in what it wraps, as told by a method
// Unwrap() Stage, so that wrapping a stage in logging or timing loses nothing.
func As[T any](s Stage) (T, bool) {
	for s != nil {
		if found, ok := s.(T); ok {
			return found, true
		}
		wrapper, ok := s.(interface{ Unwrap() Stage })
		if !ok {
			break
		}
		s = wrapper.Unwrap()
	}
	var none T
	return none, false
}

// Reads are the keys that the stage declares to read; none where it is no Reader.
func Reads(s Stage) []Ref {
	if r, ok := As[Reader](s); ok {
		return r.Reads()
	}
	return nil
}

// Writes are the keys that the stage declares to write; none where it is no Writer.
func Writes(s Stage) []Ref {
	if w, ok := As[Writer](s); ok {
		return w.Writes()
	}
	return nil
}

// Listens are the kinds of signals that the stage takes; none where it is no Listener.
func Listens(s Stage) []SignalKind {
	if l, ok := As[Listener](s); ok {
		return l.Listens()
	}
	return nil
}

// Declared is a stage with keys declared from outside, in addition to its own. It lets a plain
// function take part in the hand-over of values:
//
//	stage.Declared{Stage: stage.Func(tag), Read: []stage.Ref{stage.Version.Ref()}}
type Declared struct {
	Stage Stage
	// Read and Write are the keys that Stage reads and sets.
	Read, Write []Ref
}

var (
	_ Stage  = Declared{}
	_ Reader = Declared{}
	_ Writer = Declared{}
)

// Run runs the stage.
func (d Declared) Run(ctx context.Context, t *Task) error { return d.Stage.Run(ctx, t) }

// Unwrap is the stage.
func (d Declared) Unwrap() Stage { return d.Stage }

// Reads are d.Read, and what the stage declares itself.
func (d Declared) Reads() []Ref { return slices.Concat(d.Read, Reads(d.Stage)) }

// Writes are d.Write, and what the stage declares itself.
func (d Declared) Writes() []Ref { return slices.Concat(d.Write, Writes(d.Stage)) }

// Validate reports a missing stage, and whatever the stage reports.
func (d Declared) Validate() error {
	if d.Stage == nil {
		return errors.New("Declared.Stage: there is none")
	}
	if v, ok := As[Validator](d.Stage); ok {
		return v.Validate()
	}
	return nil
}
