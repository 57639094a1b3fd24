package strategy

import (
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/go-multierror"
)

var (
	// ErrNothingToDo is what a strategy answers when what shall run runs already.
	ErrNothingToDo = errors.New("nothing to do")
	// ErrUnderWay is what a strategy answers when the state that it shall start from is the middle
	// of a rollout which it cannot go on with. Finish that one, or take it back, first.
	ErrUnderWay = errors.New("a rollout is under way")
)

// maxReplicas bounds a fleet. Shares count millionths, so that beyond a million instances one of
// them could no longer be given its part; and a mistyped number must not become a plan of a
// billion steps.
const maxReplicas = 1_000_000

// problems collects everything that is wrong with a value, each with the name of its field.
type problems struct{ list *multierror.Error }

func (p *problems) add(field, format string, args ...any) {
	p.list = multierror.Append(p.list, fmt.Errorf("%s: %w", field, fmt.Errorf(format, args...)))
}

// nest adds what is wrong inside of a field. Errors that hold several are taken apart, so that
// each of them names its whole path.
func (p *problems) nest(field string, err error) {
	if err == nil {
		return
	}
	var several *multierror.Error
	if !errors.As(err, &several) {
		p.list = multierror.Append(p.list, fmt.Errorf("%s.%w", field, err))
		return
	}
	for _, e := range several.Errors {
		p.list = multierror.Append(p.list, fmt.Errorf("%s.%w", field, e))
	}
}

func (p *problems) err() error { return p.list.ErrorOrNil() }

func (p *problems) duration(field string, d time.Duration) {
	if d < 0 {
		p.add(field, "%s is below zero", d)
	}
}

func (p *problems) count(field string, n int) {
	switch {
	case n < 0:
		p.add(field, "%d is below zero", n)
	case n > maxReplicas:
		p.add(field, "%d is above a million instances", n)
	}
}

func (p *problems) notNegative(field string, n int) {
	if n < 0 {
		p.add(field, "%d is below zero", n)
	}
}

func (p *problems) amount(field string, a Amount) {
	if err := a.Valid(); err != nil {
		p.add(field, "%w", err)
	}
}

func (p *problems) share(field string, s Share) {
	if err := s.Valid(); err != nil {
		p.add(field, "%w", err)
	}
}

// text refuses what JSON cannot hold: it would be read back as something else, with another hash.
func (p *problems) text(field, s string) {
	if !utf8.ValidString(s) {
		p.add(field, "%q is not UTF-8", s)
	}
}

func (p *problems) matches(field string, rules []Match) {
	repeated := repeats(rules)
	for i, m := range rules {
		if err := m.validate(); err != nil {
			p.add(fmt.Sprintf("%s[%d]", field, i), "%w", err)
		}
		if repeated(i) {
			p.add(fmt.Sprintf("%s[%d]", field, i), "%s is there twice", m)
		}
	}
}

func (p *problems) gates(field string, names []string) {
	repeated := repeats(names)
	for i, name := range names {
		switch {
		case name == "":
			p.add(fmt.Sprintf("%s[%d]", field, i), "a gate without a name")
		case !utf8.ValidString(name):
			p.add(fmt.Sprintf("%s[%d]", field, i), "%q is not UTF-8", name)
		case repeated(i):
			p.add(fmt.Sprintf("%s[%d]", field, i), "gate %q is there twice", name)
		}
	}
}

// repeats tells of each element whether it stands further ahead in the list too. Most lists are
// short, and a map would cost more than the rest of a plan's validation; one from elsewhere may be
// long.
func repeats[T comparable](list []T) func(i int) bool {
	const short = 16
	if len(list) <= short {
		return func(i int) bool { return slices.Contains(list[:i], list[i]) }
	}
	first := make(map[T]int, len(list))
	for i, v := range list {
		if _, found := first[v]; !found {
			first[v] = i
		}
	}
	return func(i int) bool { return first[list[i]] < i }
}

func (p *problems) pause(field string, pause *Pause) {
	if pause == nil {
		return
	}
	p.text(field+".Reason", pause.Reason)
	p.duration(field+".Deadline", pause.Deadline)
	switch pause.Default {
	case "", AnswerAbort, AnswerResume:
	default:
		p.add(field+".Default", "%q is neither %q nor %q", pause.Default, AnswerAbort, AnswerResume)
	}
}

func (p *problems) revision(field string, r Revision) {
	switch {
	case r.IsZero():
		p.add(field, "no revision is given")
	case !r.valid():
		p.add(field, "%q is not UTF-8", r.String())
	}
}

// merge adds errors that name their fields already.
func (p *problems) merge(err error) {
	if err != nil {
		p.list = multierror.Append(p.list, err)
	}
}
