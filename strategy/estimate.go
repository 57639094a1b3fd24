package strategy

import (
	"math"
	"time"
)

// EstimateOptions are what an Estimate has to assume.
type EstimateOptions struct {
	// Startup is how long instances take from their start until they are ready; those of one step
	// start at the same time. Their MinReady comes on top.
	Startup time.Duration
	// Drain is how long instances take to answer what they have when they are to stop.
	Drain time.Duration
}

// Estimate is what a plan costs if nothing goes wrong.
type Estimate struct {
	// Duration is how long the plan takes. Pauses are not in it, for nobody knows.
	Duration time.Duration
	// Exposure is the new revision's share of the traffic, summed up over the time: half of the
	// traffic for ten minutes is an exposure of five. On a way back it is the share of what is
	// taken back.
	Exposure time.Duration
	// Downtime is how long nobody answers, from when somebody first does.
	Downtime time.Duration
	// Pauses is how many times a person is waited for.
	Pauses int
}

// Estimate tells what the plan takes: its bakes, and what starting and draining takes in between.
// Traffic is taken to move at once, and a Native step to take its Course. A transition that no state can express counts as nothing. What
// is longer than a time.Duration can say is the longest one, 292 years.
func (p Plan) Estimate(o EstimateOptions) Estimate {
	var e Estimate
	lit := !p.From.Dark()
	pass := func(s State, d time.Duration) {
		e.Duration = plus(e.Duration, d)
		e.Exposure = plus(e.Exposure, p.exposed(s).ofDuration(d))
		if lit && s.Dark() {
			e.Downtime = plus(e.Downtime, d)
		}
		lit = lit || !s.Dark()
	}
	last := p.From
	for i := range p.Steps {
		step := &p.Steps[i]
		for s := range p.Course(i) {
			phases, _ := Transition(last, s)
			for _, phase := range phases {
				switch {
				case phase.Kind == Grow:
					pass(phase.State, plus(o.Startup, step.State.MinReady))
				case phase.Kind == Shrink:
					pass(phase.State, o.Drain)
				default:
					pass(phase.State, 0)
				}
			}
			last = s
		}
		pass(step.State, step.Bake)
		if step.Pause != nil {
			e.Pauses++
		}
	}
	return e
}

// plus is the sum of two durations, as far as a duration can hold it.
func plus(a, b time.Duration) time.Duration {
	switch sum := a + b; {
	case a > 0 && b > 0 && sum < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && sum >= 0:
		return math.MinInt64
	default:
		return sum
	}
}

// ofDuration is the share's part of a duration, rounded down to the nanosecond. A share that is none
// counts as the next one that is.
func (s Share) ofDuration(d time.Duration) time.Duration {
	n := time.Duration(min(max(s.millionths, 0), whole))
	return d/whole*n + d%whole*n/whole
}
