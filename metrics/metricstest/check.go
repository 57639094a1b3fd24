package metricstest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// Case is what a source is known to hold.
type Case struct {
	// Name names the case.
	Name string
	// Group was measured between all of the Cuts.
	Group string
	// Cuts are two times or more, ascending, where the source can cut what it has measured: on whole
	// seconds, say. With three and more, windows are added up.
	Cuts []time.Time
	// Unknown is a group that was never measured. Empty: "nobody has ever heard of this group".
	Unknown string
	// SilentFrom and SilentTo are a stretch of which the source knows nothing. Zero: there is none.
	SilentFrom, SilentTo time.Time
	// Parts is how many parts the group has between all of the Cuts. Zero: not looked at.
	Parts int
	// Down makes a source of the same kind that cannot reach what it reads. Nil: there is none.
	Down func() metrics.Source
	// Hangs makes a source of the same kind that waits for what it reads, without an end. Nil: there is
	// none.
	Hangs func() metrics.Source
	// Patience is how soon an answer must be there after its context has ended. Zero: 10 s.
	Patience time.Duration
}

// SeriesCase is what a source of series is known to hold. Its fields are those of a Case.
type SeriesCase struct {
	Name string
	// Series is the name of a series that Group has between all of the Cuts.
	Series, Group string
	Cuts          []time.Time
	// Unknown is a group that was never measured, or "nobody has ever heard of this group". It is not
	// looked at where Group is empty.
	Unknown string
	// UnknownSeries is no series of the source. Empty: "nobody has ever heard of this series".
	UnknownSeries        string
	SilentFrom, SilentTo time.Time
	Down, Hangs          func() metrics.SeriesSource
	Patience             time.Duration
}

const unheard = "nobody has ever heard of this "

// Violation says which law a source breaks, in which case, and how.
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

// Check reports every law that a source breaks, each as a *Violation in one joined error. new makes the
// source anew, or gives the same one; it is called for each law. There must be a case.
func Check(new func() metrics.Source, cases ...Case) error {
	if len(cases) == 0 {
		return errNoCase
	}
	var errs []error
	for _, c := range cases {
		errs = append(errs, violations(c.Name, laws(false), func() situation { return c.situation(new) })...)
	}
	return errors.Join(errs...)
}

// Run checks each law as a subtest of its name, in each case.
func Run(t *testing.T, new func() metrics.Source, cases ...Case) {
	t.Helper()
	if len(cases) == 0 {
		t.Fatal(errNoCase)
	}
	for _, c := range cases {
		run(t, c.Name, laws(false), func() situation { return c.situation(new) })
	}
}

// CheckSeries is Check for a source of series.
func CheckSeries(new func() metrics.SeriesSource, cases ...SeriesCase) error {
	if len(cases) == 0 {
		return errNoCase
	}
	var errs []error
	for _, c := range cases {
		errs = append(errs, violations(c.Name, laws(true), func() situation { return c.situation(new) })...)
	}
	return errors.Join(errs...)
}

// RunSeries is Run for a source of series.
func RunSeries(t *testing.T, new func() metrics.SeriesSource, cases ...SeriesCase) {
	t.Helper()
	if len(cases) == 0 {
		t.Fatal(errNoCase)
	}
	for _, c := range cases {
		run(t, c.Name, laws(true), func() situation { return c.situation(new) })
	}
}

var errNoCase = errors.New("metricstest: there is no case, so that nothing is proved")

func violations(name string, laws []law, situation func() situation) (errs []error) {
	for _, l := range laws {
		wrong, _ := l.of(situation())
		for _, reason := range wrong {
			errs = append(errs, &Violation{l.name, name, reason})
		}
	}
	return errs
}

func run(t *testing.T, name string, laws []law, situation func() situation) {
	t.Helper()
	for _, l := range laws {
		title := l.name
		if name != "" {
			title = name + "/" + l.name
		}
		t.Run(title, func(t *testing.T) {
			t.Helper()
			wrong, skipped := l.of(situation())
			for _, reason := range wrong {
				t.Error(&Violation{l.name, name, reason})
			}
			if skipped != "" {
				t.Skip("does not apply: " + skipped)
			}
		})
	}
}
