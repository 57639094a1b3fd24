package steer

import (
	"slices"

	"github.com/davit-sdk/davit/strategy"
)

// Progressive reports whether a plan gives a part of the traffic, or some requests or copies of them, to the new revision, and holds there until
// gates agree or a person says go.
func Progressive(p strategy.Plan) bool {
	return slices.ContainsFunc(p.Steps, func(s strategy.Step) bool {
		gated := slices.ContainsFunc(s.Gates, func(name string) bool { return name != strategy.WaveGate })
		if !gated && s.Pause == nil {
			return false
		}
		on, some := s.State.On(p.To), false
		for _, g := range s.State.Groups() {
			some = some || g.Revision == p.To && (len(g.Match) > 0 || !g.Mirror.IsZero())
		}
		return on.Compare(strategy.All()) < 0 && (some || !on.IsZero())
	})
}
