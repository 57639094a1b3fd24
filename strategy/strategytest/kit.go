package strategytest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/hashicorp/go-multierror"
)

// Violation is a breach of one law of a kit.
type Violation struct {
	// Kit is what was under proof: "strategy", "fleet", "router" or "target".
	Kit string
	// Law is the name of the law, as the Run function's documentation lists it.
	Law string
	// Err says what was found, against what.
	Err error
}

// Error is the violation in a sentence.
func (v *Violation) Error() string { return fmt.Sprintf("%s law %q: %v", v.Kit, v.Law, v.Err) }

// Unwrap is what was found.
func (v *Violation) Unwrap() error { return v.Err }

// Around runs the body of a test in surroundings of its own. It has the shape of
// testing/synctest.Test, by which each law gets virtual time.
type Around func(t *testing.T, body func(t *testing.T))

// law is one promise and its proof. A proof returns what breaks the law, a skipped, or nil. The
// subject comes first, so that its methods are proofs.
type law[S any] struct {
	name  string
	prove func(subject S, ctx context.Context) error
}

// skipped says why a law cannot be proved on a subject.
type skipped string

func (s skipped) Error() string { return string(s) }

func skip(format string, args ...any) error { return skipped(fmt.Sprintf(format, args...)) }

// subject is a harness with its defaults filled in.
type subject interface {
	// valid reports what the harness lacks.
	valid() error
	// bound is how long one law may take.
	bound() time.Duration
	// skip is told which law could not be proved, and close that a law is over.
	skip(law, why string)
	close()
}

type kit[S subject] struct {
	name string
	laws []law[S]
}

// judge proves one law. A panic of the subject breaks the law.
func (k kit[S]) judge(ctx context.Context, l law[S], s S) (err error) {
	defer s.close()
	if err := s.valid(); err != nil {
		return fmt.Errorf("the harness of the %s: %w", k.name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.bound())
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = &Violation{Kit: k.name, Law: l.name, Err: fmt.Errorf("it panicked: %v", p)}
		}
	}()
	err = l.prove(s, ctx)
	if why, ok := errors.AsType[skipped](err); ok {
		s.skip(l.name, string(why))
		return why
	}
	if err != nil {
		return &Violation{Kit: k.name, Law: l.name, Err: err}
	}
	return nil
}

// check proves all laws, each on a subject of its own, and joins the violations.
func (k kit[S]) check(ctx context.Context, open func() (S, error)) error {
	var errs *multierror.Error
	for _, l := range k.laws {
		s, err := open()
		if err != nil {
			return fmt.Errorf("open the harness of the %s: %w", k.name, err)
		}
		err = k.judge(ctx, l, s)
		if _, ok := errors.AsType[skipped](err); err == nil || ok {
			continue
		}
		if _, ok := errors.AsType[*Violation](err); !ok {
			return err // the harness is wrong, for all laws alike
		}
		errs = multierror.Append(errs, err)
	}
	return errs.ErrorOrNil()
}

// run proves each law in a subtest of its own, on a subject of its own.
func (k kit[S]) run(t *testing.T, open func(t *testing.T) S, around []Around) {
	t.Helper()
	for _, l := range k.laws {
		t.Run(l.name, func(t *testing.T) {
			var err error
			body := func(t *testing.T) { err = k.judge(t.Context(), l, open(t)) }
			for _, a := range around {
				inner := body
				body = func(t *testing.T) { a(t, inner) }
			}
			body(t)
			// The verdict is told out here because a bubble cannot be skipped from within.
			if why, ok := errors.AsType[skipped](err); ok {
				t.Skip(string(why))
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// wait polls until ok returns nothing. When ctx ends before, it gives what ok returned last, the
// end of ctx itself left out, of which everybody complains.
func wait(ctx context.Context, poll time.Duration, ok func() error) error {
	var last error
	for {
		err := ok()
		if err == nil {
			return nil
		}
		if last == nil || ctx.Err() == nil {
			last = err
		}
		if ctx.Err() != nil || sleep(ctx, poll) != nil {
			return fmt.Errorf("it never came: %w", last)
		}
	}
}

// sleep waits for d or the end of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// ability finds an optional ability of v, or of what v wraps by Unwrap() any, as a rollout does.
func ability[T any](v any) (T, bool) {
	for v != nil {
		if found, ok := v.(T); ok {
			return found, true
		}
		w, ok := v.(interface{ Unwrap() any })
		if !ok {
			break
		}
		v = w.Unwrap()
	}
	var none T
	return none, false
}

// found is a breach that no waiting mends.
type found struct{ error }

func (f found) Unwrap() error { return f.error }

// until polls as wait does, and stops at once at a breach that was found.
func until(ctx context.Context, poll time.Duration, ok func() error) error {
	var breach error
	err := wait(ctx, poll, func() error {
		err := ok()
		if _, is := errors.AsType[found](err); is {
			breach, err = err, nil
		}
		return err
	})
	return errors.Join(breach, err)
}
