package strategy

// Ramp are canary steps that grow by a factor. With a gate that lets the candidate have more as the
// evidence allows, as that of metrics/judge does, few requests are risked while nothing is known, and
// little time is lost once much is.
type Ramp struct {
	// From is the first step's share, To the last one's.
	From, To Share
	// Growth is how many times the share of the step before each step has; the last one may have less.
	// Zero: 1.5. Below 1.01 the steps would be too many.
	Growth float64
}

// IsZero reports whether there is no ramp.
func (r Ramp) IsZero() bool { return r == Ramp{} }

const (
	defaultGrowth = 1.5
	leastGrowth   = 1.01
)

// Validate reports everything that is wrong with the ramp, each problem with its field.
func (r Ramp) Validate() error {
	var bad problems
	bad.share("From", r.From)
	bad.share("To", r.To)
	if r.From.IsZero() {
		bad.add("From", "nothing grows from none of the traffic")
	}
	if r.To.Compare(r.From) < 0 {
		bad.add("To", "%s is below the %s of From", r.To, r.From)
	}
	if r.Growth != 0 && !(r.Growth >= leastGrowth && r.Growth <= whole) {
		bad.add("Growth", "%v is not from %v to %d", r.Growth, leastGrowth, whole)
	}
	return bad.err()
}

// steps of a valid ramp. Each share is above the one before.
func (r Ramp) steps() []CanaryStep {
	growth := r.Growth
	if growth == 0 {
		growth = defaultGrowth
	}
	steps := []CanaryStep{{Share: r.From}}
	last := r.From
	for exact := float64(r.From.millionths) * growth; last.Compare(r.To) < 0; exact *= growth {
		next := fromFloat(min(exact, float64(r.To.millionths)))
		if next.Compare(last) <= 0 {
			continue // rounding: the exact value goes on growing
		}
		steps, last = append(steps, CanaryStep{Share: next}), next
	}
	return steps
}
