package calendar

import (
	"fmt"

	"github.com/hashicorp/go-multierror"
)

// Calendar is what one party says about when releases may run: the company, a team, those who run a service or an
// environment. It is closed while any of its freezes is active, and, where it has allow windows, while none of
// these is.
type Calendar struct {
	// Name tells it from others: "company".
	Name string `json:"name"`
	// Text says whose it is and whom to ask, to people.
	Text string `json:"text,omitempty"`
	// Zone is a zone of the IANA database, or UTC.
	Zone string `json:"zone"`
	// Gap and Fold are what becomes of local times that do not exist, or come twice. Empty: GapAfter, FoldFirst.
	Gap  Gap  `json:"gap,omitempty"`
	Fold Fold `json:"fold,omitempty"`
	// Scope is what the calendar is for. Zero: everything.
	Scope Scope `json:"scope,omitzero"`
	// Allow are when releases may run. Empty: whenever there is no freeze.
	Allow []Window `json:"allow,omitempty"`
	// Freeze are when they may not.
	Freeze []Window `json:"freeze,omitempty"`
}

// Validate reports everything that is wrong and needs no zone to be seen; Compile sees the rest.
func (c Calendar) Validate() error {
	return together(c.problems())
}

// together is all that is wrong as one error, nil where nothing is.
func together(all []error) error { return multierror.Append(nil, all...).ErrorOrNil() }

func (c Calendar) problems() (all []error) {
	wrong := func(field string, err error) {
		if err != nil {
			all = append(all, fmt.Errorf("%s: %w", field, err))
		}
	}
	wrong("Name", named(c.Name))
	wrong("Text", worded(c.Text))
	wrong("Gap", c.Gap.Validate())
	wrong("Fold", c.Fold.Validate())
	for _, err := range c.Scope.problems() {
		wrong("Scope", err)
	}
	seen := map[string]string{}
	c.each(func(field string, w Window, _ bool) {
		for _, err := range w.problems() {
			wrong(field, err)
		}
		if other, twice := seen[w.Name]; twice && w.Name != "" {
			wrong(field, fmt.Errorf("Name: %q is the name of %s, too", w.Name, other))
		}
		seen[w.Name] = field
	})
	return all
}

// each calls f with every window, and the place where it stands.
func (c Calendar) each(f func(field string, w Window, freeze bool)) {
	for i, w := range c.Allow {
		f(fmt.Sprintf("Allow[%d]", i), w, false)
	}
	for i, w := range c.Freeze {
		f(fmt.Sprintf("Freeze[%d]", i), w, true)
	}
}
