package rollout

import "github.com/davit-sdk/davit/strategy"

// autoscaled reports whether somebody else decides how many instances the pool has, where a state wants
// n of it. Of what a state wants none, none may stay.
func (s PoolStatus) autoscaled(n int) bool { return n > 0 && s.Autoscaled > 0 }

// want is how many instances the pool shall have where a state says n.
func (s PoolStatus) want(n int) int {
	if s.autoscaled(n) {
		return s.Autoscaled
	}
	return n
}

// sized is the state with the sizes that autoscalers want now.
func (o Observation) sized(s strategy.State) strategy.State {
	for role, g := range s.Groups() {
		g.Replicas = o.Pool(s.Pool(role)).want(g.Replicas)
		s.Set(role, g)
	}
	return s
}

// scaled tells which groups of the state an autoscaler sizes now: stable, baseline, candidate.
func (o Observation) scaled(s strategy.State) (by [3]bool) {
	for i, role := range []strategy.Role{strategy.Stable, strategy.Baseline, strategy.Candidate} {
		by[i] = o.Pool(s.Pool(role)).autoscaled(s.Group(role).Replicas)
	}
	return by
}

// level is what runs now, as a way to a state begins in it: of a pool under an autoscaler that runs and
// is to run, nothing is to be started or stopped.
func (o Observation) level(now, to strategy.State) strategy.State {
	for role, g := range now.Groups() {
		_, goal, _ := to.Find(now.Pool(role))
		if g.Replicas > 0 && o.Pool(now.Pool(role)).autoscaled(goal.Replicas) {
			g.Replicas = goal.Replicas
			now.Set(role, g)
		}
	}
	return now
}
