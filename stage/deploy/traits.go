package deploy

import (
	"slices"

	"github.com/davit-sdk/davit/internal/steer"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/strategy"
)

var _ stage.Traiter = Stage{}

// Gates are the names of the gates that the strategy asks, sorted. That is looked for in plans between made-up revisions, of two, three and ten
// instances, as far as they can be made: what is asked in all of them counts. A gate in the options that no step names is never asked, and is not
// among them.
func (s Stage) Gates() []string {
	var asked [][]string
	for _, plan := range s.tried() {
		asked = append(asked, plan.Gates())
	}
	return steer.Common(asked)
}

// Traits are that it deploys, and that it does so progressively where its strategy gives a part of the traffic to a new revision first, and
// has gates or a person to agree before it goes on. That is looked for in plans between made-up revisions, of two, three and ten instances, and must
// be so in each that can be made: the part has at least a thousandth of the traffic and at most half of it, or is chosen by rules. Copies of requests
// (mirrors) do not count, nor does a pause that ends by itself.
func (s Stage) Traits() []stage.Trait {
	plans := s.tried()
	if len(plans) == 0 || slices.ContainsFunc(plans, func(p strategy.Plan) bool { return !steer.Progressive(p) }) {
		return []stage.Trait{stage.Deploys}
	}
	return []stage.Trait{stage.Deploys, stage.Progressive}
}

// tried are plans between made-up revisions, in fleets of several sizes.
func (s Stage) tried() []strategy.Plan {
	if s.Strategy == nil {
		return nil
	}
	return steer.Try(func(instances int) (strategy.Plan, error) { return s.plan(made(instances)) })
}

// made is a position between made-up revisions.
func made(instances int) position {
	return position{
		From: strategy.State{Stable: strategy.Group{Revision: strategy.Revision{Version: "1.0.0"}, Replicas: instances, Share: strategy.All()}},
		To:   strategy.Revision{Version: "1.1.0"},
	}
}
