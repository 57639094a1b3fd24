package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/release/calendar"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/pace"
	"github.com/davit-sdk/davit/stage"
)

// Against is what a plan is held against. What is nil is not looked at, and named as not checked.
type Against struct {
	// Zones finds a zone by its name: time.LoadLocation.
	Zones func(name string) (*time.Location, error)
	// Outline is the pipeline that the plan is for: see release.Pipeline.Outline.
	Outline *ledger.Pipeline
	// Expected is how long that takes: see package pace.
	Expected *pace.Expectation
	// Schedule is when releases may run.
	Schedule *calendar.Schedule
	// Changes are the commits of the release.
	Changes *changelog.Plan
	// Gates are the names of the gates that there are.
	Gates []string
	// Others are other plans, with which this one shares resources and people; one of its own name is not looked at. Not nil, but empty:
	// there are none.
	Others []Plan
}

// Validate reports everything that is wrong with the plan itself: what Check finds without anything to hold it against. The error is a
// *multierror.Error.
func (p Plan) Validate() error { return p.Check(Against{}).Err() }

// Check finds everything that is wrong, doubtful, or could not be checked.
func (p Plan) Check(a Against) Findings {
	c := &checker{Plan: p, against: a}
	c.head()
	c.scope()
	c.phases()
	c.cycle()
	c.people()
	c.resources()
	c.risks()
	c.ending()
	c.criteria("Activate", p.Activate)
	c.criteria("Succeed", p.Succeed)
	c.runway()
	return c.found
}

type checker struct {
	Plan
	against Against
	found   Findings
}

func (c *checker) add(s Severity, field, what, mend string) {
	c.found = append(c.found, Finding{s, field, what, mend})
}

func (c *checker) wrong(field, mend, format string, args ...any) {
	c.add(Wrong, field, fmt.Sprintf(format, args...), mend)
}

func (c *checker) doubt(field, mend, format string, args ...any) {
	c.add(Doubtful, field, fmt.Sprintf(format, args...), mend)
}

func (c *checker) unchecked(field, what, give string) {
	c.add(Unchecked, field, what, "give Against."+give)
}

// head looks at what the plan says of itself.
func (c *checker) head() {
	if !stage.ValidName(c.Name) {
		c.wrong("Name", "lower-case letters, digits and inner dashes or dots", "%q is no name", c.Name)
	}
	if c.Service == "" {
		c.wrong("Service", "say what is released", "it is empty")
	}
	if c.Environment == "" {
		c.doubt("Environment", "say where to", "it is empty")
	}
	switch {
	case c.Owner == "":
		c.wrong("Owner", "name who answers for the release", "there is none")
	case c.person(c.Owner) == nil:
		c.wrong("Owner", "add them to People", "nobody is called %q", c.Owner)
	}
	if !slices.Contains([]Mode{"", Draft, Approved, Execution, Completed}, c.Mode) {
		c.wrong("Mode", "", "there is no mode %q", c.Mode)
	} else if err := c.Bound(); err != nil {
		c.wrong("Moves", "make it a draft, and have it approved anew", "%v", err)
	}
	if c.span("Window", c.Window) && c.Window.Length() > MaxWindow {
		c.wrong("Window", "make several plans of it", "it is longer than a year")
	}
}

// windowed reports whether there is a window that can be looked at.
func (c *checker) windowed() bool {
	return c.Window.From.Before(c.Window.Until) && c.Window.Length() <= MaxWindow
}

// span reports a stretch of time that is none.
func (c *checker) span(field string, s Span) bool {
	switch {
	case s.From.IsZero() || s.Until.IsZero():
		c.wrong(field, "say from when until when", "it has no begin, or no end")
	case !s.From.Before(s.Until):
		c.wrong(field, "", "it ends at %s, and begins at %s", stamp(s.Until), stamp(s.From))
	default:
		return true
	}
	return false
}

// scope looks at what is in the release, and at the commits.
func (c *checker) scope() {
	seen := map[string]bool{}
	for _, list := range []struct {
		field string
		ids   []string
	}{{"Scope.Features", c.Scope.Features}, {"Scope.Fixes", c.Scope.Fixes}, {"Scope.Gone", c.Scope.Gone}} {
		for i, id := range list.ids {
			field := fmt.Sprintf("%s[%d]", list.field, i)
			if strings.TrimSpace(id) == "" {
				c.wrong(field, "", "it is empty")
			} else if seen[id] {
				c.wrong(field, "name it once", "%s comes twice", id)
			}
			seen[id] = true
		}
	}
	if len(seen) == 0 {
		c.doubt("Scope", "name the tickets of the release", "nothing is in it")
		return
	}
	if c.against.Changes == nil {
		c.unchecked("Scope", "whether the commits do what is planned", "Changes")
		return
	}
	scope := c.against.Changes.Scope(c.Scope.all())
	for _, id := range scope.Missing {
		what := "no commit of the release refers to %s"
		if slices.Contains(c.Scope.Gone, id) {
			what = "no commit of the release refers to %s, so the bug is not known to be gone"
		}
		c.wrong("Scope", "release it, or plan without it", what, id)
	}
	for _, u := range scope.Unplanned {
		c.doubt("Scope", "add its ticket, or leave it out", "commit %.12s was not planned: %s", u.Commit, u.Subject)
	}
}
