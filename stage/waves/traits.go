package waves

import (
	"slices"

	"github.com/davit-sdk/davit/internal/steer"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/strategy"
)

var _ stage.Traiter = Stage{}

// Gates are the names of the gates that the plans of all regions ask, sorted. They are looked for as at deploy.Stage; a gate in the options that
// no step names is not among them.
func (s Stage) Gates() []string {
	var asked [][]string
	for _, plan := range s.tried() {
		asked = append(asked, plan.Gates())
	}
	return steer.Common(asked)
}

// Traits are that it deploys, and that it does so progressively where each region of the first wave does, or where that wave has at most half of the
// regions and is held with gates or for a person. That is looked for as at deploy.Stage, with as many instances in each region.
func (s Stage) Traits() []stage.Trait {
	plans := s.tried()
	if len(plans) == 0 || slices.ContainsFunc(plans, func(p strategy.WavePlan) bool { return !s.progressive(p) }) {
		return []stage.Trait{stage.Deploys}
	}
	return []stage.Trait{stage.Deploys, stage.Progressive}
}

// progressive reports whether a plan tries the revision out in its first wave.
func (s Stage) progressive(p strategy.WavePlan) bool {
	if len(p.Waves) == 0 {
		return false
	}
	first := p.Waves[0]
	few := 2*len(first.Regions) <= len(s.regions())
	return !slices.ContainsFunc(first.Regions, func(r strategy.RegionPlan) bool {
		held := r.Held() && (steer.Asks(first.Pause) || steer.Watched(r.Plan.Steps[len(r.Plan.Steps)-1]))
		return !(few && held) && !steer.Progressive(r.Plan)
	})
}

// tried are plans between made-up revisions, with several numbers of instances.
func (s Stage) tried() []strategy.WavePlan {
	return steer.Try(func(instances int) (strategy.WavePlan, error) { return s.plan(s.made(instances)) })
}

// made is a position between made-up revisions.
func (s Stage) made(instances int) position {
	at := position{From: map[string]strategy.State{}, To: strategy.Revision{Version: "1.1.0"}}
	for _, name := range s.regions() {
		at.From[name] = strategy.State{Stable: strategy.Group{Revision: strategy.Revision{Version: "1.0.0"}, Replicas: instances, Share: strategy.All()}}
	}
	return at
}
