package rehearse

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
)

// Point is one harm of an operating curve, and what a rehearsal with it gave.
type Point struct {
	Harm   Harm
	Report Report
}

// Curve is the operating curve of a rollout: the report for each of the harms. With no harm it tells
// how often, and how long, a good release is held up.
//
// Its error is that of Run, with the harm's number.
func (r Rehearsal) Curve(ctx context.Context, harms ...Harm) (Curve, error) {
	curve := make(Curve, 0, len(harms))
	for i, h := range harms {
		r.Traffic.Harm = h
		report, err := r.Run(ctx)
		if err != nil {
			return nil, fmt.Errorf("harm %d (%s): %w", i+1, h, err)
		}
		curve = append(curve, Point{h, report})
	}
	return curve, nil
}

// Curve is an operating curve: what size of harm is found with which probability, and what it costs.
type Curve []Point

// String is a table for people.
func (c Curve) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "harm\trolled back\tpromoted\tfound after\tpromoted after\tanswered by it\tof those failed")
	for i := range c {
		r := &c[i].Report
		found, promoted := "-", "-"
		if r.RolledBack > 0 {
			found = fmt.Sprintf("%s (p90 %s)", r.Rollback.P50, r.Rollback.P90)
		}
		if r.Promoted > 0 {
			promoted = fmt.Sprintf("%s (p90 %s)", r.Promotion.P50, r.Promotion.P90)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%.0f\t%.1f\n", c[i].Harm, percent(r.RolledBack), percent(r.Promoted), found, promoted, r.Exposed, r.Failed)
	}
	_ = w.Flush() // a strings.Builder takes everything
	return b.String()
}
