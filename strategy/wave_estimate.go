package strategy

import "time"

// WaveEstimate is what a plan of waves costs if nothing goes wrong.
type WaveEstimate struct {
	// Duration is how long all waves take, one after the other. Pauses are not in it.
	Duration time.Duration
	// Pauses is how many times a person is waited for, by regions and by waves.
	Pauses int
	// Regions are the estimates of the regions, in the order of the plan.
	Regions []RegionEstimate
}

// RegionEstimate is what a plan of waves costs in one region. Its Duration and its Exposure are up to
// the end of its wave: until then it may be taken back with the others.
type RegionEstimate struct {
	Region string
	// Wave is the number of the region's wave, from 0.
	Wave int
	// Begins is how long after the first region this one begins.
	Begins time.Duration
	Estimate
}

// Estimate tells what the plan takes, under the assumptions of Plan.Estimate. In each wave the regions
// begin in their order, as soon as there is room among those that may move at once, and the hold begins
// when the last one has the revision.
func (p WavePlan) Estimate(o EstimateOptions) WaveEstimate {
	var e WaveEstimate
	for i, wave := range p.Waves {
		first := len(e.Regions)
		free := make([]time.Duration, max(1, min(wave.AtOnce, len(wave.Regions)))) // when each place is free again
		reached, hold := e.Duration, time.Duration(0)
		for j := range free {
			free[j] = e.Duration
		}
		for _, r := range wave.Regions {
			moves := r.Plan
			if r.Held() {
				last := len(moves.Steps) - 1
				hold = max(hold, moves.Steps[last].Bake)
				moves.Steps = moves.Steps[:last]
			}
			place := earliest(free)
			one := RegionEstimate{Region: r.Region, Wave: i, Begins: free[place], Estimate: moves.Estimate(o)}
			free[place] = plus(free[place], one.Duration)
			reached = max(reached, free[place])
			e.Pauses += one.Pauses
			e.Regions = append(e.Regions, one)
		}
		if wave.Pause != nil {
			e.Pauses++
		}
		end := plus(reached, hold)
		for j := first; j < len(e.Regions); j++ {
			one, plan := &e.Regions[j], wave.Regions[j-first].Plan
			waits := end - one.Begins - one.Duration
			one.Duration = plus(one.Duration, waits)
			one.Exposure = plus(one.Exposure, plan.exposed(plan.Final()).ofDuration(waits))
		}
		e.Duration = end
	}
	return e
}

// earliest is the place that is free first.
func earliest(free []time.Duration) int {
	place := 0
	for i, at := range free {
		if at < free[place] {
			place = i
		}
	}
	return place
}
