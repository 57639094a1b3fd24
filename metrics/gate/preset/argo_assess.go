package preset

func (m ArgoMetric) consecutiveErrorLimit() int {
	if m.ConsecutiveErrorLimit == nil {
		return 4
	}
	return *m.ConsecutiveErrorLimit
}

// assess is the phase that the counts of a metric amount to. Where several limits are passed, the later
// ones here outdo the earlier: an error hides a failure.
func (m ArgoMetric) assess(r ArgoResult) Phase {
	phase := PhaseRunning
	if m.FailureLimit >= 0 && r.Failed > m.FailureLimit {
		phase = PhaseFailed
	}
	if r.Inconclusive > m.InconclusiveLimit {
		phase = PhaseInconclusive
	}
	if r.ConsecutiveError > m.consecutiveErrorLimit() {
		phase = PhaseErrored
	}
	wanted := m.ConsecutiveSuccessLimit > 0
	count := m.Count
	if count == 0 && m.Interval == 0 {
		count = 1
	}
	switch {
	case phase != PhaseRunning:
		return phase
	case wanted && r.ConsecutiveSuccess >= m.ConsecutiveSuccessLimit:
		return PhaseSuccessful
	case count == 0 || r.Count < count:
		return PhaseRunning
	case wanted && m.FailureLimit >= 0:
		return PhaseInconclusive
	case wanted:
		return PhaseFailed
	}
	return PhaseSuccessful
}

// assess is the phase of the run: the first metric that ends badly ends it, and the others count as
// successful then, if they have not ended themselves. Metrics of a dry run do not count.
func (a ArgoRollouts) assess(r ArgoRun) Phase {
	worst, running := PhaseSuccessful, false
	for i, result := range r.Results {
		switch {
		case !result.Phase.ended():
			running = true
		case !a.Metrics[i].DryRun:
			worst = worse(worst, result.Phase)
		}
	}
	if worst == PhaseSuccessful && running {
		return PhaseRunning
	}
	return worst
}

// Endless reports whether all that the run still waits for goes on until it is stopped: stopped at the
// end of a bake, such a run is successful.
func (a ArgoRollouts) Endless(r ArgoRun) bool {
	for i, result := range r.Results {
		m := a.Metrics[i]
		if !result.Phase.ended() && !(m.Count == 0 && m.Interval > 0) {
			return false
		}
		if a.Strict && result.Count == 0 && !m.DryRun {
			return false
		}
	}
	return r.Phase == PhaseRunning
}
