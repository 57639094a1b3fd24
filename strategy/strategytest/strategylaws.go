package strategytest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/strategy"
)

var strategyKit = kit[strategySubject]{name: "strategy", laws: []law[strategySubject]{
	{"plans", strategySubject.provesPlans},
	{"asked", perPlan(answersWhatWasAsked)},
	{"valid", perPlan(isValid)},
	{"limits", perPlan(keepsLimits)},
	{"end", perPlan(endsNew)},
	{"deterministic", strategySubject.provesDeterministic},
	{"abort", perPlan(hasWaysBack)},
	{"refuses", strategySubject.provesRefuses},
	{"input", strategySubject.provesInput},
	{"concurrent", strategySubject.provesConcurrent},
}}

// unbounded is the part of a subject that a pure function leaves empty.
type unbounded struct{}

func (unbounded) bound() time.Duration { return time.Hour }
func (unbounded) skip(string, string)  {}
func (unbounded) close()               {}

func (s strategySubject) valid() error {
	if s.Strategy == nil {
		return errors.New("the strategy is nil")
	}
	return nil
}

// gather joins what a proof finds on all of a list.
func gather[T any](list []T, prove func(T) error) error {
	errs := &multierror.Error{ErrorFormat: brief}
	for _, v := range list {
		if err := prove(v); err != nil {
			errs = multierror.Append(errs, err)
		}
	}
	return errs.ErrorOrNil()
}

// brief tells the first few of many errors, which are mostly the same mistake over and over.
func brief(errs []error) string {
	const most = 3
	text := ""
	for i, err := range errs {
		if i == most {
			return text + fmt.Sprintf("; and %d more", len(errs)-most)
		}
		if i > 0 {
			text += "; "
		}
		text += err.Error()
	}
	return text
}

// name puts what was tried before what was found.
func name(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

func perPlan(prove func(planned) error) func(strategySubject, context.Context) error {
	return func(s strategySubject, _ context.Context) error { return s.each(prove) }
}

func (s strategySubject) provesPlans(context.Context) error {
	must := gather(s.must, func(j Journey) error {
		_, err := s.ask(j)
		return name(j.Name, err)
	})
	if must != nil {
		return must
	}
	if len(s.plans()) > 0 {
		return nil
	}
	j := Journeys()[0]
	_, err := s.ask(j)
	return fmt.Errorf("it refuses every journey; %s: %w", j.Name, err)
}

func answersWhatWasAsked(p planned) error {
	switch {
	case !p.plan.From.Equal(p.From):
		return fmt.Errorf("the plan starts from %s, asked was about %s", p.plan.From, p.From)
	case p.plan.To != p.To:
		return fmt.Errorf("the plan brings %s, asked was about %s", p.plan.To, p.To)
	}
	return nil
}

func isValid(p planned) error {
	if err := p.plan.Validate(); err != nil {
		return err
	}
	if p.plan.Strategy == "" {
		return errors.New("the plan does not name its strategy")
	}
	if i := slices.IndexFunc(p.plan.Steps, func(s strategy.Step) bool { return s.Reason == "" }); i >= 0 {
		return fmt.Errorf("Steps[%d] gives no reason", i)
	}
	return survivesJSON(p.plan)
}

// broken gives what Verify finds, of the law of the end only, or of all others.
func broken(p strategy.Plan, end bool) error {
	var all *multierror.Error
	if !errors.As(p.Verify(), &all) {
		return nil
	}
	return gather(all.Errors, func(err error) error {
		v, ok := errors.AsType[*strategy.Violation](err)
		if ok && end == (v.Law == strategy.LawEnd) {
			return err
		}
		return nil
	})
}

func keepsLimits(p planned) error { return broken(p.plan, false) }
func endsNew(p planned) error     { return broken(p.plan, true) }

func (s strategySubject) provesDeterministic(context.Context) error {
	return s.each(func(p planned) error {
		for range 3 {
			again, err := s.ask(p.Journey)
			if err != nil {
				return fmt.Errorf("asked again it says: %w", err)
			}
			if err := differs(p.plan, again); err != nil {
				return fmt.Errorf("asked again it gives another plan: %w", err)
			}
		}
		return nil
	})
}

// differs says where two plans say different things: nothing in a list and no list are the same.
func differs(a, b strategy.Plan) error {
	if ha, hb := a.Hash(), b.Hash(); ha != hb {
		return fmt.Errorf("hash %.20s… became %.20s…", ha, hb)
	}
	if len(a.Steps) != len(b.Steps) {
		return fmt.Errorf("%d steps became %d", len(a.Steps), len(b.Steps))
	}
	if a.Strategy != b.Strategy {
		return fmt.Errorf("the name %q became %q", a.Strategy, b.Strategy)
	}
	for i := range a.Steps {
		x, y := a.Steps[i], b.Steps[i]
		same := x.State.Equal(y.State) && slices.Equal(x.Gates, y.Gates)
		x.State, x.Gates, y.State, y.Gates = strategy.State{}, nil, strategy.State{}, nil
		if !same || !reflect.DeepEqual(x, y) {
			return fmt.Errorf("Steps[%d] %+v became %+v", i, a.Steps[i], b.Steps[i])
		}
	}
	return nil
}

func survivesJSON(p strategy.Plan) error {
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("it cannot be written: %w", err)
	}
	read, err := strategy.ParsePlan(text)
	if err != nil {
		return fmt.Errorf("what was written cannot be read: %w", err)
	}
	return name("written and read again", differs(p, read))
}

func hasWaysBack(p planned) error {
	const most = 24
	n, sound := len(p.plan.Steps), p.plan.Verify() == nil
	tries := min(n, most)
	for i := range tries {
		step := i
		if n > most {
			step = i * (n - 1) / (most - 1)
		}
		if err := hasWayBack(p.plan, step, sound); err != nil {
			return fmt.Errorf("aborted at step %d of %d: %w", step+1, n, err)
		}
	}
	return nil
}

func hasWayBack(p strategy.Plan, step int, sound bool) error {
	back, err := strategy.Abort(p, step)
	if final, ok := errors.AsType[*strategy.IrreversibleError](err); ok && final.Step <= step {
		return nil
	}
	if err != nil {
		return err
	}
	if end := back.Final(); !end.Equal(p.From) {
		return fmt.Errorf("the way back ends in %s, not in %s", end, p.From)
	}
	// A way back from a plan that breaks its own laws breaks them too; that is told by limits.
	if !sound {
		return nil
	}
	return back.Verify()
}

func (s strategySubject) provesRefuses(context.Context) error {
	return gather(impossible(), func(j Journey) (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("%s: it panicked: %v", j.Name, p)
			}
		}()
		p, err := s.ask(j)
		if err == nil {
			return fmt.Errorf("%s: it planned %d steps", j.Name, len(p.Steps))
		}
		if len(p.Steps) > 0 {
			return fmt.Errorf("%s: it gave a plan beside its error", j.Name)
		}
		return nil
	})
}

func (s strategySubject) provesInput(context.Context) error {
	return gather(slices.Concat(Journeys(), s.must), func(j Journey) error {
		given := cloneState(j.From)
		_, _ = s.Plan(given, j.To) // whether it can be planned is another law's business
		if !given.Equal(j.From) {
			return fmt.Errorf("%s: %s became %s", j.Name, j.From, given)
		}
		return nil
	})
}

func (s strategySubject) provesConcurrent(context.Context) error {
	return s.each(func(p planned) error {
		if again, err := s.ask(p.Journey); err != nil || differs(p.plan, again) != nil {
			return nil // it has no answer of its own; deterministic tells
		}
		const askers = 4
		found := make([]error, askers)
		var asking sync.WaitGroup
		for i := range askers {
			asking.Go(func() {
				defer func() {
					if r := recover(); r != nil {
						found[i] = fmt.Errorf("it panicked: %v", r)
					}
				}()
				got, err := s.ask(p.Journey)
				if err == nil {
					err = differs(p.plan, got)
				}
				found[i] = err
			})
		}
		asking.Wait()
		return name("asked by several at once", cmp.Or(found...))
	})
}
