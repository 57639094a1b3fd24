package stage

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Stage is one unit of work in a release.
//
// Run is called by the engine, once for each attempt, never concurrently for one stage of one
// release, but for several releases at once. It may be called again for the same release after a
// crash, with the same [Task.Token]: work that was done already is not to be done twice, unless an
// [Effector] says otherwise. It returns soon after ctx is done, and leaves no goroutine behind. A panic counts as a failure.
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

// Declared is a stage with more declared from outside, in addition to what it declares itself. It lets
// a plain function take part in the hand-over of values, take signals and secrets, and say what it
// means to run it again:
//
//	stage.Declared{Stage: stage.Func(charge), Read: []stage.Ref{amount.Ref()}, Class: stage.AtMostOnce}
type Declared struct {
	Stage Stage
	// Read and Write are the keys that Stage reads and sets.
	Read, Write []Ref
	// Listen are the kinds of signals that Stage takes.
	Listen []SignalKind
	// Secret names the secrets that Stage asks for.
	Secret []string
	// Trait names traits of Stage.
	Trait []Trait
	// Class is the stage's effect class. Zero: what the stage says itself.
	Class Effect
}

var (
	_ Stage        = Declared{}
	_ Reader       = Declared{}
	_ Writer       = Declared{}
	_ Listener     = Declared{}
	_ SecretReader = Declared{}
	_ Effector     = Declared{}
	_ Traiter      = Declared{}
	_ Validator    = Declared{}
)

// Run runs the stage.
func (d Declared) Run(ctx context.Context, t *Task) error { return d.Stage.Run(ctx, t) }

// Unwrap is the stage.
func (d Declared) Unwrap() Stage { return d.Stage }

// Reads are d.Read, and what the stage declares itself.
func (d Declared) Reads() []Ref { return slices.Concat(d.Read, Reads(d.Stage)) }

// Writes are d.Write, and what the stage declares itself.
func (d Declared) Writes() []Ref { return slices.Concat(d.Write, Writes(d.Stage)) }

// Listens are d.Listen, and what the stage declares itself.
func (d Declared) Listens() []SignalKind { return slices.Concat(d.Listen, Listens(d.Stage)) }

// Secrets are d.Secret, and what the stage declares itself.
func (d Declared) Secrets() []string { return slices.Concat(d.Secret, Secrets(d.Stage)) }

// Traits are d.Trait, and what the stage declares itself.
func (d Declared) Traits() []Trait { return slices.Concat(d.Trait, declaredTraits(d.Stage)) }

// Effect is d.Class, or else what the stage says itself.
func (d Declared) Effect() Effect {
	if d.Class != "" {
		return d.Class
	}
	return EffectOf(d.Stage)
}

// Validate reports a missing stage, an unknown class or trait, and whatever the stage reports.
func (d Declared) Validate() error {
	if d.Stage == nil {
		return errors.New("Declared.Stage: there is none")
	}
	var bad error
	if !slices.Contains(Effects(), d.Class) {
		bad = fmt.Errorf("Declared.Class: there is no class %q", d.Class)
	}
	for _, t := range d.Trait {
		if !slices.Contains(AllTraits(), t) {
			bad = errors.Join(bad, fmt.Errorf("Declared.Trait: there is no trait %q", t))
		}
	}
	return errors.Join(bad, valid(d.Stage))
}

func valid(s Stage) error {
	if v, ok := As[Validator](s); ok {
		return v.Validate()
	}
	return nil
}
