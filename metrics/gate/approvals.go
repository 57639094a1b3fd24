package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// Approval is somebody's yes, or no, to a release.
type Approval struct {
	// By is who said it. Names are compared without regard to case and outer spaces.
	By string
	// Rejects says that it is a no.
	Rejects bool
	// At is when it was said. Of several answers of one person, the latest counts.
	At time.Time
}

// Approvals asks for the yes of people that is recorded elsewhere: in a review, or a change request. It
// fails when one of those who may answer says no, and answers continue until enough say yes. (Package
// stage/approval asks people itself.)
type Approvals struct {
	// Read reads what was said so far, in any order. Its errors are as those of a Reader.
	Read func(ctx context.Context, s Subject) ([]Approval, error)
	// Need is how many must approve. Default: 1.
	Need int
	// From are those who may answer; answers of others do not count. Empty: everybody may.
	From []string
	// Except are those whose yes does not count, such as whoever asks for the release. Their no does.
	Except []string
}

var _ Gate = Approvals{}

// Validate reports everything that is wrong with the settings.
func (g Approvals) Validate() error {
	p := problems{of: "Approvals"}
	if g.Read == nil {
		p.add("Read", "is missing")
	}
	if g.Need < 0 {
		p.add("Need", "%d is below zero", g.Need)
	}
	var able []string
	for _, name := range g.From {
		if person := fold(name); !has(g.Except, person) && !slices.Contains(able, person) {
			able = append(able, person)
		}
	}
	if need := max(g.Need, 1); len(g.From) > 0 && len(able) < need {
		p.add("From", "%d must approve, and only %d of those can", need, len(able))
	}
	return p.err()
}

// Check counts the answers.
func (g Approvals) Check(ctx context.Context, s Subject) (Verdict, error) {
	if err := g.Validate(); err != nil {
		return Verdict{}, err
	}
	all, err := g.Read(ctx, s)
	switch {
	case errors.Is(err, metrics.ErrNoData):
		all = nil
	case err != nil:
		return Verdict{}, fmt.Errorf("read the approvals: %w", err)
	}
	var yes, no []string
	for _, a := range g.latest(all) {
		switch {
		case a.Rejects:
			no = append(no, strings.TrimSpace(a.By))
		case !has(g.Except, fold(a.By)):
			yes = append(yes, strings.TrimSpace(a.By))
		}
	}
	need := max(g.Need, 1)
	v := Verdict{Outcome: Continue, Reason: fmt.Sprintf("%d of %d approvals", len(yes), need)}
	v.Evidence = []Evidence{{What: "approvals", Value: float64(len(yes)), Rule: ">=", Limit: float64(need), Samples: uint64(len(all))}}
	if len(yes) > 0 {
		v.Reason += ": " + strings.Join(yes, ", ")
	}
	switch {
	case len(no) > 0:
		v.Outcome, v.Reason = Fail, "rejected by "+strings.Join(no, ", ")
	case len(yes) >= need:
		v.Outcome = Pass
	default:
		v.NoData = len(all) == 0
	}
	return v, nil
}

// latest are the latest answers of those who may answer, by name. Of two at the same time the no counts.
func (g Approvals) latest(all []Approval) []Approval {
	all = slices.DeleteFunc(slices.Clone(all), func(a Approval) bool {
		return fold(a.By) == "" || len(g.From) > 0 && !has(g.From, fold(a.By))
	})
	slices.SortStableFunc(all, func(a, b Approval) int {
		if c := strings.Compare(fold(a.By), fold(b.By)); c != 0 {
			return c
		}
		if c := b.At.Compare(a.At); c != 0 {
			return c
		}
		switch {
		case a.Rejects == b.Rejects:
			return 0
		case a.Rejects:
			return -1
		}
		return 1
	})
	return slices.CompactFunc(all, func(a, b Approval) bool { return fold(a.By) == fold(b.By) })
}

// fold is a name in the form in which it is compared.
func fold(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// has reports whether a folded name is among names.
func has(names []string, folded string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return fold(n) == folded })
}
