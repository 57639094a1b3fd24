package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/go-multierror"
)

// Severity says what a finding means.
type Severity string

const (
	// Wrong: the plan cannot be approved.
	Wrong Severity = "error"
	// Doubtful: somebody should look at it.
	Doubtful Severity = "warning"
	// Unchecked: something was not looked at, since what it would be held against was not given.
	Unchecked Severity = "not checked"
)

// Finding is something that a good release manager would say.
type Finding struct {
	Severity Severity `json:"severity"`
	// Field is where: "Risks[2].Mitigation".
	Field string `json:"field"`
	// What says what is wrong, and Mend what to do about it.
	What string `json:"what"`
	Mend string `json:"mend,omitempty"`
}

// Error is the finding in one line.
func (f Finding) Error() string {
	text := f.Field + ": " + f.What
	if f.Mend != "" {
		text += ": " + f.Mend
	}
	return text
}

// Findings are all that was found, in the order of the plan's fields.
type Findings []Finding

// Of are those of a severity.
func (f Findings) Of(s Severity) Findings {
	return slices.DeleteFunc(slices.Clone(f), func(one Finding) bool { return one.Severity != s })
}

// Err is a *multierror.Error of all errors; nil where there is none.
func (f Findings) Err() error {
	var errs *multierror.Error
	for _, one := range f.Of(Wrong) {
		errs = multierror.Append(errs, one)
	}
	return errs.ErrorOrNil()
}

// Text is what was found for people, the errors first.
func (f Findings) Text() string {
	if len(f) == 0 {
		return "nothing found\n"
	}
	var b strings.Builder
	for _, severity := range []Severity{Wrong, Doubtful, Unchecked} {
		for _, one := range f.Of(severity) {
			fmt.Fprintf(&b, "%-11s %s\n", one.Severity, flat(one.Error()))
		}
	}
	return b.String()
}

// brief is a text on one line, short enough to go with others into the reason of a signal: what a stage says may be longer than that may be.
func brief(text string) string {
	const most = 4 << 10
	text = strings.ToValidUTF8(flat(text), "")
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most-len(cut)], "") + cut
}

// cut ends what was cut.
const cut = " ..."

// flat is a text on one line.
func flat(text string) string { return strings.Join(strings.Fields(text), " ") }
