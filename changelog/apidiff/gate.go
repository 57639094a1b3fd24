package apidiff

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/metrics/gate"
)

// Rule says what a declared level is held to. Its zero value is the strict one.
type Rule struct {
	// Zero says what a difference demands below 1.0.0, as in changelog.Policy. Default: changelog.ZeroMinor.
	Zero changelog.Zero
	// TellAdditions lets additions pass in a patch, and tells of them.
	TellAdditions bool
}

// Judgement is whether a decision declares enough.
type Judgement struct {
	// Enough says that it does.
	Enough bool `json:"enough"`
	// Declared is the level of the decision, Demanded the one that the API's difference has.
	Declared changelog.Level `json:"declared"`
	Demanded changelog.Level `json:"demanded"`
	// Why is one sentence for people, with the changes that call for the level.
	Why string `json:"why"`
}

// mostTold is how many changes a judgement and a verdict name.
const mostTold = 10

// Judge holds a decision against a report. Declared is the step from the previous version to the next one; None, where
// nothing is to be released.
func (u Rule) Judge(r Report, d changelog.Decision) Judgement {
	j := Judgement{Declared: declared(d), Demanded: r.Demands(d.Previous, u.Zero)}
	if d.Previous == nil {
		j.Enough, j.Why = true, "it is the first release: there is nothing to break"
		return j
	}
	incompatible, compatible := r.Count()
	j.Enough = j.Declared >= j.Demanded
	told := fmt.Sprintf("%s is declared, and the API since %s demands %s", j.Declared, d.Previous, j.Demanded)
	counts := fmt.Sprintf(" (%d incompatible, %d compatible changes in %d packages)", incompatible, compatible, r.Compared)
	switch {
	case j.Enough && j.Declared == max(j.Demanded, changelog.Patch), j.Enough && j.Demanded == j.Declared:
		j.Why = told + counts
		return j
	case j.Enough:
		j.Why = told + counts + ": more than that is declared"
		return j
	case u.TellAdditions && incompatible == 0 && j.Declared == changelog.Patch:
		j.Enough = true
		told += ", which may be told alone"
	}
	names, more := r.worst(mostTold)
	j.Why = told + counts + ": " + strings.Join(names, "; ")
	if more > 0 {
		j.Why += fmt.Sprintf("; and %d more", more)
	}
	return j
}

// declared is the step that users see by the version.
func declared(d changelog.Decision) changelog.Level {
	switch {
	case d.Next == nil:
		return changelog.None
	case d.Previous == nil:
		return d.Level
	case d.Next.Major() != d.Previous.Major():
		return changelog.Major
	case d.Next.Minor() != d.Previous.Minor():
		return changelog.Minor
	}
	return changelog.Patch
}

// Gate passes where a decision declares at least the level that the API's difference demands, and fails, with the
// changes as its evidence, where it declares less. Whatever cannot be compared is an error. The first release passes.
//
// It compares anew at each question, and remembers nothing.
type Gate struct {
	// Options say what to compare. Where Old is zero, both sides are revisions of the repository that New.Dir is in:
	// the decision's previous tag, and New.Revision or else the decision's head.
	Options Options
	// Decision is what is declared.
	Decision changelog.Decision
	// Rule is what it is held to.
	Rule Rule
}

var _ gate.Gate = Gate{}

// options are the options with the decision's revisions.
func (g Gate) options() Options {
	o := g.Options
	if o.Old == (Tree{}) {
		o.Old = Tree{Dir: o.New.Dir, Revision: g.Decision.PreviousTag, Module: o.New.Module}
		if o.New.Revision == "" {
			o.New.Revision = g.Decision.Head
		}
	}
	return o
}

// Validate reports everything that is wrong with the settings.
func (g Gate) Validate() error {
	var errs *multierror.Error
	switch g.Rule.Zero {
	case "", changelog.ZeroMinor, changelog.ZeroShift, changelog.ZeroStable:
	default:
		errs = multierror.Append(errs, fmt.Errorf("Rule.Zero: %q is none of %q, %q and %q",
			g.Rule.Zero, changelog.ZeroMinor, changelog.ZeroShift, changelog.ZeroStable))
	}
	if g.first() {
		return errs.ErrorOrNil()
	}
	o := g.options()
	if g.Options.Old == (Tree{}) {
		if o.Old.Revision == "" {
			errs = multierror.Append(errs, fmt.Errorf("Decision.PreviousTag: is missing, and so is Options.Old"))
		}
		if o.New.Revision == "" {
			errs = multierror.Append(errs, fmt.Errorf("Decision.Head: is missing, and so is Options.New.Revision"))
		}
	}
	if err := o.Validate(); err != nil {
		errs = multierror.Append(errs, fmt.Errorf("Options: %w", err))
	}
	return errs.ErrorOrNil()
}

// first reports whether there was no release before.
func (g Gate) first() bool { return g.Decision.Previous == nil }

// Check compares and judges. The subject has no say: what is judged is the version, not what runs.
func (g Gate) Check(ctx context.Context, _ gate.Subject) (gate.Verdict, error) {
	if err := g.Validate(); err != nil {
		return gate.Verdict{}, err
	}
	var report Report
	if !g.first() {
		var err error
		if report, err = Compare(ctx, g.options()); err != nil {
			return gate.Verdict{}, err
		}
	}
	j := g.Rule.Judge(report, g.Decision)
	v := gate.Verdict{Outcome: gate.Fail, Reason: shortened(j.Why, mostReason)}
	if j.Enough {
		v.Outcome = gate.Pass
	}
	if g.first() {
		return v, nil
	}
	v.Evidence = []gate.Evidence{{
		What: "level that the API demands (0 none, 1 patch, 2 minor, 3 major)", Value: float64(j.Demanded),
		Rule: "<=", Limit: float64(j.Declared), Samples: uint64(report.Compared), Against: "the declared level",
	}}
	if !j.Enough {
		names, _ := report.worst(mostTold)
		for _, name := range names {
			v.Evidence = append(v.Evidence, gate.Evidence{What: shortened(name, mostReason/mostTold), Value: 1, Rule: "<=", Samples: 1})
		}
	}
	return v, nil
}

// mostReason is how long a verdict's reason is, in bytes, so that it can be recorded.
const mostReason = 4 << 10

// shortened cuts a text between two characters.
func shortened(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
