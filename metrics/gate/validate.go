package gate

import (
	"fmt"
	"reflect"

	"github.com/hashicorp/go-multierror"
)

// Validator is implemented by a gate that can tell whether its settings are right, each problem with
// its field. Whoever wires gates asks it by Validate.
type Validator interface{ Validate() error }

// Validate reports everything that is wrong with a gate: that there is none, or what the gate says
// itself, or else the gate that it wraps, as told by a method Unwrap() Gate. So a name that a source
// does not know is refused before anything runs.
func Validate(g Gate) (err error) {
	if absent(g) {
		return errNoGate
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it cannot tell whether its settings are right: it panics: %v", p)
		}
	}()
	for !absent(g) {
		if v, ok := g.(Validator); ok {
			return v.Validate()
		}
		wrapper, ok := g.(interface{ Unwrap() Gate })
		if !ok {
			return nil // it is taken at its word
		}
		g = wrapper.Unwrap()
	}
	return errNoGate
}

// As finds an ability of a gate: in the gate itself, or else in what it wraps, as told by a method
// Unwrap() Gate. A nil pointer has none.
func As[T any](g Gate) (T, bool) {
	for !absent(g) {
		if found, ok := g.(T); ok {
			return found, true
		}
		wrapper, ok := g.(interface{ Unwrap() Gate })
		if !ok {
			break
		}
		g = wrapper.Unwrap()
	}
	var none T
	return none, false
}

// absent reports whether there is no gate: none at all, or a nil pointer to one.
func absent(g Gate) bool {
	if g == nil {
		return true
	}
	v := reflect.ValueOf(g)
	return v.Kind() == reflect.Pointer && v.IsNil()
}

// problems gathers what is wrong with a gate.
type problems struct {
	of   string // the gate's type
	errs *multierror.Error
}

func (p *problems) add(field, format string, args ...any) {
	p.errs = multierror.Append(p.errs, fmt.Errorf("%s: %w", p.at(field), fmt.Errorf(format, args...)))
}

// at is the path of a field: "Series.Name", "All[1]".
func (p *problems) at(field string) string {
	if field == "" || field[0] == '[' {
		return p.of + field
	}
	return p.of + "." + field
}

// check adds an error about the field, if there is one.
func (p *problems) check(field string, err error) {
	if err != nil {
		p.add(field, "%w", err)
	}
}

// gate adds all problems of a gate that this one asks, each by itself.
func (p *problems) gate(field string, g Gate) {
	err := Validate(g)
	many, ok := err.(*multierror.Error)
	if !ok {
		p.check(field, err)
		return
	}
	for _, one := range many.Errors {
		p.check(field, one)
	}
}

func (p *problems) err() error { return p.errs.ErrorOrNil() }
