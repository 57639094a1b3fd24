package gate

import (
	"context"
	"errors"
	"fmt"

	"github.com/davit-sdk/davit/metrics"
)

// Reader reads one number that a release is held to: the coverage of its tests, how many bugs are open.
// The subject says of which revision. It must respect ctx, and is called from any number of goroutines at
// once. The error is metrics.ErrNoData where whoever knows the number does not know it yet; any other
// error means that nobody could be asked.
type Reader func(ctx context.Context, s Subject) (float64, error)

// Number holds a number against bounds: it passes when they are all kept, and fails when one is broken.
// A number that is none gives no verdict.
type Number struct {
	// What names the number: "open bugs that block a release".
	What string
	// Read reads it.
	Read Reader
	// Must are the bounds that it must keep.
	Must []Bound
}

var _ Gate = Number{}

// Coverage is held to a least coverage, in whatever unit the reader and the limit have.
func Coverage(read Reader, least float64) Number {
	return Number{What: "test coverage", Read: read, Must: []Bound{AtLeast(least)}}
}

// OpenBugs is held to a largest number of open bugs; which bugs count is for the reader to say.
func OpenBugs(read Reader, most uint64) Number {
	return Number{What: "number of open bugs", Read: read, Must: []Bound{AtMost(float64(most))}}
}

// Validate reports everything that is wrong with the settings.
func (g Number) Validate() error {
	p := problems{of: "Number"}
	if g.What == "" {
		p.add("What", "is missing: nobody could tell what is judged")
	}
	if g.Read == nil {
		p.add("Read", "is missing")
	}
	bounds(g.Must).validate(&p, "Must")
	return p.err()
}

// Check reads the number.
func (g Number) Check(ctx context.Context, s Subject) (Verdict, error) {
	if err := g.Validate(); err != nil {
		return Verdict{}, err
	}
	value, err := g.Read(ctx, s)
	switch {
	case errors.Is(err, metrics.ErrNoData):
		return Verdict{Outcome: Continue, NoData: true, Reason: g.What + " is not known yet"}, nil
	case err != nil:
		return Verdict{}, fmt.Errorf("read the %s: %w", g.What, err)
	case !finite(value):
		return Verdict{}, fmt.Errorf("the %s is %v, which is no number", g.What, value)
	}
	return bounds(g.Must).judge(g.What, value, 1), nil
}
