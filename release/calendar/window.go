package calendar

import (
	"errors"
	"fmt"
	"time"
)

// Window is a span of time, once or again and again: one in which releases may run, or a freeze.
//
// Its times are what a clock in its zone shows. An occurrence begins on a day on which the rule holds at the time
// of Start, and lasts as long as the clock shows: one from Friday 17:00 to Monday 08:00 is from 17:00 to 08:00
// whenever it is, though it is 62 hours long when clocks are put forward meanwhile, and 64 when they are put back.
// One that has a Length lasts exactly so long.
//
// An end that does not exist is moved as Gap moves a beginning; with GapSkip it is the moment of the change. An
// occurrence that would so end before it begins keeps its length instead.
type Window struct {
	// Name tells it from the others of its calendar: "friday-evening".
	Name string `json:"name"`
	// Text says what it is for, to people: "nobody is here until Monday".
	Text string `json:"text,omitempty"`
	// Zone is the zone of its times. Empty: that of the calendar.
	Zone string `json:"zone,omitempty"`
	// Start is when it first begins, End when that one ends.
	Start Local `json:"start"`
	End   Local `json:"end,omitzero"`
	// Length is how long it lasts, in place of End. Whole seconds.
	Length time.Duration `json:"-"`
	// Rule says when it comes again. Zero: never.
	Rule Rule `json:"rule,omitzero"`
	// Except are the beginnings of occurrences that are left out.
	Except []Local `json:"except,omitempty"`
	// Gap and Fold are what becomes of local times that do not exist, or come twice. Empty: as the calendar says.
	Gap  Gap  `json:"gap,omitempty"`
	Fold Fold `json:"fold,omitempty"`
}

// MaxLength is how long an occurrence may be that comes again.
const MaxLength = 366 * 24 * time.Hour

// Validate reports everything that is wrong and needs no zone to be seen.
func (w Window) Validate() error { return together(w.problems()) }

func (w Window) problems() (all []error) {
	wrong := func(field string, err error) {
		if err != nil {
			all = append(all, fmt.Errorf("%s: %w", field, err))
		}
	}
	wrong("Name", named(w.Name))
	wrong("Text", worded(w.Text))
	start := w.Start.Validate()
	wrong("Start", start)
	hasEnd := w.End != Local{}
	switch {
	case hasEnd && w.Length != 0:
		wrong("Length", errors.New("does not go with End"))
	case hasEnd:
		if err := w.End.Validate(); err != nil || start != nil {
			wrong("End", err)
			break
		}
		length := w.End.seconds() - w.Start.seconds()
		if length <= 0 {
			wrong("End", fmt.Errorf("%s is not after Start, %s", w.End, w.Start))
		}
		if !w.Rule.IsZero() && length > int64(MaxLength/time.Second) {
			wrong("End", fmt.Errorf("what comes again lasts 366 days at most"))
		}
	case w.Length == 0:
		wrong("End", errors.New("is missing, and so is Length"))
	case w.Length < 0 || w.Length%time.Second != 0:
		wrong("Length", fmt.Errorf("%s is not above zero, or not of whole seconds", w.Length))
	case !w.Rule.IsZero() && w.Length > MaxLength:
		wrong("Length", fmt.Errorf("%s: what comes again lasts 366 days at most", w.Length))
	}
	for _, e := range w.Rule.problems() {
		wrong("Rule", e)
	}
	for i, e := range w.Except {
		wrong(fmt.Sprintf("Except[%d]", i), e.Validate())
	}
	wrong("Gap", w.Gap.Validate())
	wrong("Fold", w.Fold.Validate())
	return all
}

// named reports a name that is none: names are told apart by eye, and stand in paths, reports and signals.
func named(name string) error {
	switch {
	case name == "":
		return errors.New("is missing")
	case len(name) > 100:
		return errors.New("is longer than 100 bytes")
	}
	for _, r := range name {
		if r < ' ' || r == 0x7f || r == '/' || r == '�' {
			return fmt.Errorf("%q: a name has no slash and no control characters", name)
		}
	}
	if name[0] == ' ' || name[len(name)-1] == ' ' {
		return fmt.Errorf("%q begins or ends with a space", name)
	}
	return nil
}

func worded(text string) error {
	if len(text) > 2000 {
		return errors.New("is longer than 2000 bytes")
	}
	return nil
}
