package gate_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/davit-sdk/davit/metrics/gate"
)

func TestAGateTellsWhichGroupItNeeds(t *testing.T) {
	const candidate, stable, baseline = "has no candidate group", "has no stable group", "has no baseline group"
	for _, c := range []struct {
		gate  gate.Gate
		alone string // in a step that has a candidate only
		none  string // in one that has no group
	}{
		{gate.ErrorRate{}, "", candidate},
		{gate.Latency{Of: gate.Stable}, stable, stable},
		{gate.Series{Of: gate.Whole}, "", ""},
		{gate.Series{}, "", candidate},
		{gate.Burn{Of: gate.Baseline}, baseline, baseline},
		{gate.Budget{}, stable, stable},
		{gate.Budget{Of: gate.Candidate}, "", candidate},
		{gate.Relative{}, stable, stable},
		{gate.Relative{}, stable, candidate},
		{gate.Relative{To: gate.Whole}, "", candidate},
		{gate.Schedule{Gate: gate.Guard{Gate: gate.Relative{}}}, stable, candidate},
		{gate.All{gate.ErrorRate{}, gate.Relative{}}, stable, candidate},
		{gate.Any{gate.Relative{}}, "", ""},
		{gate.Muted{Gate: gate.Relative{}}, "", ""},
		{gate.VersionLevel{}, "", ""},
		{gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) { return gate.Verdict{}, nil }), "", ""},
	} {
		told := func(want string, s gate.Subject) {
			if err := gate.Fits(c.gate, s); want == "" {
				assert.NoError(t, err, "%T", c.gate)
			} else {
				assert.ErrorContains(t, err, want, "%T", c.gate)
			}
		}
		told(c.alone, gate.Subject{Step: "step 1", Candidate: "b"})
		told(c.none, gate.Subject{Step: "step 1"})
	}
	assert.NoError(t, gate.Fits(gate.Relative{}, gate.Subject{Candidate: "b", Baseline: "a"}), "the fresh group of the old revision will do")
}
