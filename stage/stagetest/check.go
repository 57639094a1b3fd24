package stagetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/davit-sdk/davit/stage"
)

// Case is a situation in which a stage is run.
type Case struct {
	// Name names the case.
	Name string
	// Inputs are values for the stage to read, and secrets.
	Inputs []Input
	// Signals are sent before the stage begins, in order. Only Kind, By and Why are looked at.
	Signals []stage.Signal
	// Prepare sets further things up, before each run. Nil: nothing.
	Prepare func(h *Host)
	// Want is how the stage ends. Empty: stage.Succeeded.
	Want stage.Outcome
	// Waits says that the stage does not end by itself in this case, only when it is cancelled.
	Waits bool
	// Effects counts what the stage has done in the world outside: uploads, mails, instances. A
	// further attempt of a stage that has succeeded must add nothing to it. Nil: not looked at.
	Effects func() int
	// Undone says what is left in the world outside of what the stage has done, after its Undo; nil
	// where nothing is. Nil: not looked at.
	Undone func() error
	// Patience is how long the stage may take to end by itself, and how soon it must return after
	// a cancel. Zero: 10 s.
	Patience time.Duration
}

func (c Case) patience() time.Duration {
	if c.Patience == 0 {
		return 10 * time.Second
	}
	return c.Patience
}

func (c Case) effects() int {
	if c.Effects == nil {
		return 0
	}
	return c.Effects()
}

func (c Case) left() error {
	if c.Undone == nil {
		return nil
	}
	return c.Undone()
}

func (c Case) want() stage.Outcome {
	if c.Want == "" {
		return stage.Succeeded
	}
	return c.Want
}

// Violation says which law a stage breaks, in which case, and how.
type Violation struct {
	Law, Case, Reason string
}

// Error is the law, the case and the reason.
func (v *Violation) Error() string {
	if v.Case == "" {
		return fmt.Sprintf("law %s: %s", v.Law, v.Reason)
	}
	return fmt.Sprintf("law %s, case %s: %s", v.Law, v.Case, v.Reason)
}

// Check reports every law that a stage breaks, each as a *Violation in one joined error. new makes the
// stage anew; it is called for each run. Without cases, the stage is run with nothing given, and
// should succeed.
func Check(new func() stage.Stage, cases ...Case) error {
	var errs []error
	for _, l := range laws() {
		found, _ := l.all(new, cases)
		for _, v := range found {
			errs = append(errs, v)
		}
	}
	return errors.Join(errs...)
}

// Run checks each law as a subtest of its name.
func Run(t *testing.T, new func() stage.Stage, cases ...Case) {
	t.Helper()
	for _, l := range laws() {
		t.Run(l.name, func(t *testing.T) {
			t.Helper()
			found, skipped := l.all(new, cases)
			for _, v := range found {
				t.Error(v)
			}
			if skipped != "" {
				t.Skip("does not apply: " + skipped)
			}
		})
	}
}

// law is one law. check returns what is wrong, and why the law does not apply, if so. A law about the
// stage itself is checked once, others in each case.
type law struct {
	name  string
	once  bool
	check func(new func() stage.Stage, c Case) (wrong []string, skipped string)
}

func (l law) all(new func() stage.Stage, cases []Case) (found []*Violation, skipped string) {
	if l.once || len(cases) == 0 {
		cases = []Case{{}}
	}
	applied := false
	for _, c := range cases {
		wrong, skip := l.check(new, c)
		for _, reason := range wrong {
			found = append(found, &Violation{l.name, c.Name, reason})
		}
		if skip == "" {
			applied = true
		} else {
			skipped = skip
		}
	}
	if applied {
		skipped = ""
	}
	return found, skipped
}
