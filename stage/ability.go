package stage

import "context"

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

	// Undoer takes back what Run has done: it is how a release is undone when a later stage fails
	// or a person aborts. Undo gets a Task like that of Run, with the last checkpoint, and the values
	// of all keys that the stage reads or writes; it may make checkpoints of its own, and sets no
	// keys. It is called for a stage that succeeded, or that failed, was rejected, was aborted or was
	// passed over by a person half-way, never beside Run, and again after a crash or a failure:
	// undoing what is undone already is no error. Its context ends with the cause Interrupted when the
	// host stops, and Failed when its time is up.
	Undoer interface {
		Undo(ctx context.Context, t *Task) error
	}

	// Effector says what it means to run the stage once more. See Effect.
	Effector interface{ Effect() Effect }

	// SecretReader names the secrets that the stage asks for with [Task.Secret].
	SecretReader interface{ Secrets() []string }

	// Gater names the gates that the stage asks, for those who want to know before it runs. An empty
	// name stands for a gate that bears the name of the stage in its pipeline.
	Gater interface{ Gates() []string }

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

// EffectOf is the stage's effect class; Idempotent where it is no Effector.
func EffectOf(s Stage) Effect {
	if e, ok := As[Effector](s); ok {
		return e.Effect()
	}
	return Idempotent
}

// CanUndo reports whether the stage is an Undoer.
func CanUndo(s Stage) bool {
	_, ok := As[Undoer](s)
	return ok
}

// Secrets are the names of the secrets that the stage asks for; none where it is no SecretReader.
func Secrets(s Stage) []string {
	if r, ok := As[SecretReader](s); ok {
		return r.Secrets()
	}
	return nil
}

// Gates are the names of the gates that the stage asks; none where it is no Gater.
func Gates(s Stage) []string {
	if g, ok := As[Gater](s); ok {
		return g.Gates()
	}
	return nil
}
