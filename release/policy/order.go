package policy

import (
	"errors"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/hashicorp/go-multierror"
)

// Required asks for a stage: there must be one.
type Required struct{ Stage Match }

// Breaches says that there is none.
func (r Required) Breaches(s *Subject) []Breach {
	if len(s.Matching(r.Stage)) > 0 {
		return nil
	}
	return []Breach{{"", fmt.Sprintf("there is not %s", r.Stage), "add one"}}
}

// Validate reports what is wrong with the choice.
func (r Required) Validate() error { return chosen("Required", r.choices()...) }

func (r Required) choices() []choice { return []choice{{"Stage", r.Stage}} }

// Ordered asks that no stage that Then chooses begins before one that First chooses has succeeded: a scan before every deployment.
type Ordered struct{ First, Then Match }

// Breaches are the stages that can begin without.
func (o Ordered) Breaches(s *Subject) []Breach {
	var breaches []Breach
	for _, p := range s.Matching(o.Then) {
		if !s.guarded(p, o.First) {
			breaches = append(breaches, Breach{p.Name, fmt.Sprintf("it can begin before %s has succeeded", o.First), "let it need one"})
		}
	}
	return breaches
}

// Looks are the stages that Then chooses.
func (o Ordered) Looks(s *Subject) []*ledger.Stage { return s.Matching(o.Then) }

// Validate reports what is wrong with the choices.
func (o Ordered) Validate() error { return chosen("Ordered", o.choices()...) }

func (o Ordered) choices() []choice { return []choice{{"First", o.First}, {"Then", o.Then}} }

// Bounded asks that stages end in time.
type Bounded struct {
	// Stage chooses them. Stages that ask people have a deadline of their own, which is not seen here.
	Stage Match
	// Most is the longest Timeout that is allowed. Zero: any, but one must be set.
	Most time.Duration
}

// Breaches are the stages that may take longer.
func (b Bounded) Breaches(s *Subject) []Breach {
	var breaches []Breach
	for _, p := range s.Matching(b.Stage) {
		switch {
		case p.Timeout == 0:
			breaches = append(breaches, Breach{p.Name, "it may take as long as it likes", "set its Timeout"})
		case b.Most > 0 && p.Timeout > b.Most:
			breaches = append(breaches, Breach{p.Name, fmt.Sprintf("it may take %s, at most %s is allowed", p.Timeout, b.Most), "set its Timeout to less"})
		}
	}
	return breaches
}

// Looks are the stages that are chosen.
func (b Bounded) Looks(s *Subject) []*ledger.Stage { return s.Matching(b.Stage) }

// Validate reports a bound below zero, and what is wrong with the choice.
func (b Bounded) Validate() error {
	err := chosen("Bounded", b.choices()...)
	if b.Most < 0 {
		err = errors.Join(err, fmt.Errorf("Bounded.Most: %s is below zero", b.Most))
	}
	return err
}

func (b Bounded) choices() []choice { return []choice{{"Stage", b.Stage}} }

// Forbidden asks that there is no such stage, or none beside another one.
type Forbidden struct {
	// Stage chooses what must not be.
	Stage Match
	// Beside chooses what it must not be together with in one pipeline, in whatever environment that works; a stage is not beside itself. Nil:
	// it must not be at all.
	Beside *Match
}

// Breaches are the stages that must not be there.
func (f Forbidden) Breaches(s *Subject) []Breach {
	var breaches []Breach
	for _, p := range s.Matching(f.Stage) {
		if f.Beside == nil {
			breaches = append(breaches, Breach{p.Name, fmt.Sprintf("%s is not allowed", f.Stage), "leave it out, or change it"})
			continue
		}
		for i := range s.Pipeline.Stages {
			if o := &s.Pipeline.Stages[i]; o.Name != p.Name && f.Beside.Matches(o) {
				breaches = append(breaches, Breach{p.Name, fmt.Sprintf("%s is not allowed together with %s (%s)", f.Stage, *f.Beside, o.Name), "put them into different pipelines, or leave one out"})
			}
		}
	}
	return breaches
}

// Validate reports what is wrong with the choices.
func (f Forbidden) Validate() error { return chosen("Forbidden", f.choices()...) }

func (f Forbidden) choices() []choice {
	choices := []choice{{"Stage", f.Stage}}
	if f.Beside != nil {
		choices = append(choices, choice{"Beside", *f.Beside})
	}
	return choices
}

type choice struct {
	field string
	match Match
}

// chosen reports everything that is wrong with choices.
func chosen(what string, choices ...choice) error {
	var errs *multierror.Error
	for _, c := range choices {
		c.match.validate(what+"."+c.field, func(format string, args ...any) { errs = multierror.Append(errs, fmt.Errorf(format, args...)) })
	}
	return errs.ErrorOrNil()
}
