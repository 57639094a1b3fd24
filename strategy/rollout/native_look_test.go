package rollout

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/davit-sdk/davit/strategy"
)

// Between two looks of a target that walks by itself, more of the old revision is somebody's way back only where they
// are there in addition: one that was about to end may run again, because another one of the new revision has ended.
func TestReversed(t *testing.T) {
	goal := strategy.Pool{Revision: strategy.Revision{Version: "2.0.0"}}
	old := strategy.Pool{Revision: strategy.Revision{Version: "1.0.0"}}
	s := strategy.State{Stable: strategy.Group{Revision: goal.Revision, Replicas: 3, Share: strategy.All()}}
	look := func(fresh, stopping, left, leaving int) Observation {
		return Observation{Pools: []PoolStatus{{Pool: goal, Running: fresh, Stopping: stopping}, {Pool: old, Running: left, Stopping: leaving}}}
	}
	for name, c := range map[string]struct {
		before, now Observation
		want        string
	}{
		"it goes on":                {look(1, 0, 3, 0), look(2, 0, 2, 1), ""},
		"a new one dies":            {look(2, 0, 2, 0), look(1, 0, 2, 0), ""},
		"an old one comes as well":  {look(2, 0, 2, 0), look(1, 1, 3, 0), "2.0.0 has 1 instances after 2, and 1.0.0 3 after 2: somebody takes it back"},
		"one that was leaving runs": {look(2, 0, 2, 1), look(1, 1, 3, 0), ""},
		"and more come":             {look(2, 0, 2, 1), look(1, 1, 4, 0), "2.0.0 has 1 instances after 2, and 1.0.0 4 after 2: somebody takes it back"},
		"old ones alone":            {look(2, 0, 2, 0), look(2, 0, 3, 0), ""},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, c.now.reversed(c.before, s))
		})
	}
}
