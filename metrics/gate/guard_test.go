package gate_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
)

// script answers one letter after the other: P, C, I, F, N for no data, D for down; the last one for ever.
// Where it stands is in its memory.
func script(letters string) gate.Gate {
	return gate.Func(func(ctx context.Context, s gate.Subject) (gate.Verdict, error) {
		at := 0
		if s.Memory != nil {
			if err := json.Unmarshal(s.Memory, &at); err != nil {
				return gate.Verdict{}, err
			}
		}
		now := letters[min(at, len(letters)-1)]
		v := gate.Verdict{Outcome: gate.Continue, NoData: true, Reason: "no data"}
		switch now {
		case 'N':
		case 'D':
			v = gate.Verdict{Outcome: gate.Continue, Down: true, Reason: "down"}
		default:
			v, _ = outcomes(string(now))[0].Check(ctx, s)
			v.Reason = "as it is told"
		}
		v.Memory, _ = json.Marshal(at + 1)
		return v, nil
	})
}

// look is what a gate answered at a time since the begin of the bake.
type look struct {
	at time.Duration
	gate.Verdict
}

// play asks a gate every so often, hands its memory on, and returns the answers.
func play(t *testing.T, g gate.Gate, every time.Duration, n int, change ...func(i int, s *gate.Subject)) []look {
	t.Helper()
	require.NoError(t, gate.Validate(g))
	var all []look
	s := subject()
	s.Now = s.Since
	for i := range n {
		for _, c := range change {
			c(i, &s)
		}
		v := gate.Ask(t.Context(), g, s)
		again := gate.Ask(t.Context(), g, s)
		require.Equal(t, v, again, "the same subject and memory give the same verdict")
		all = append(all, look{s.Now.Sub(subject().Since), v})
		s.Memory, s.Now = v.Memory, s.Now.Add(every)
	}
	return all
}

func letters(all []look) string {
	text := ""
	for _, l := range all {
		if l.Extend {
			text += "x"
			continue
		}
		text += letter(l.Outcome)
	}
	return text
}

func TestPolicies(t *testing.T) {
	for name, c := range map[string]struct {
		guard  gate.Guard
		script string
		want   string // at each minute; x is continue with the clock stopped
	}{
		"by default both hold":           {gate.Guard{}, "NDP", "CCP"},
		"no data fails":                  {gate.Guard{NoData: gate.PolicyFail}, "DNP", "CFP"},
		"down fails":                     {gate.Guard{Down: gate.PolicyFail}, "NDP", "CFP"},
		"no data asks, down fails":       {gate.Guard{NoData: gate.PolicyAsk, Down: gate.PolicyFail}, "PND", "PIF"},
		"no data extends":                {gate.Guard{NoData: gate.PolicyExtend}, "PNNDP", "PxxCP"},
		"down extends":                   {gate.Guard{Down: gate.PolicyExtend}, "DDNP", "xxCP"},
		"not at once":                    {gate.Guard{NoData: gate.PolicyFail, After: 2 * time.Minute}, "NNPNNNN", "CCPCCFF"},
		"whichever of the two lasts":     {gate.Guard{NoData: gate.PolicyAsk, Down: gate.PolicyFail, After: 2 * time.Minute}, "NDNDP", "CCIFP"},
		"extends no longer than allowed": {gate.Guard{NoData: gate.PolicyExtend, Longest: 3 * time.Minute}, "NNPNNNNN", "xxPxCCCC"},
		"what is known is left alone":    {gate.Guard{NoData: gate.PolicyFail, Down: gate.PolicyFail}, "PCIF", "PCIF"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.guard.Gate = script(c.script); c.guard.After == 0 {
				c.guard.After = -1 // at once
			}
			assert.Equal(t, c.want, letters(play(t, c.guard, time.Minute, len(c.want))))
		})
	}
}

// A bake begins without data: that alone is no reason for anything.
func TestAGuardWaitsAMinute(t *testing.T) {
	for _, c := range []struct{ script, want string }{{"NNP", "CCP"}, {"NNN", "CCF"}, {"DND", "CCF"}, {"NNPNNN", "CCPCCF"}} {
		g := gate.Guard{Gate: script(c.script), NoData: gate.PolicyFail, Down: gate.PolicyFail}
		assert.Equal(t, c.want, letters(play(t, g, 30*time.Second, len(c.want))))
	}
}

// Whatever the policies, and whatever the gate says, no data and no source are never a pass.
func TestNoPolicyLetsPass(t *testing.T) {
	policies := []gate.Policy{"", gate.PolicyHold, gate.PolicyExtend, gate.PolicyAsk, gate.PolicyFail}
	blind := []gate.Gate{
		says(gate.Verdict{Outcome: gate.Pass, NoData: true}), says(gate.Verdict{Outcome: gate.Pass, Down: true}),
		says(gate.Verdict{Outcome: gate.Inconclusive, NoData: true}), script("N"), script("D"), outcomes("D")[0],
		gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) { panic("no map") }),
		gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
			return gate.Verdict{Outcome: gate.Pass}, errors.New("half an answer")
		}),
	}
	for _, noData := range policies {
		for _, down := range policies {
			for _, g := range blind {
				guard := gate.Guard{Gate: g, NoData: noData, Down: down, After: -1}
				for _, l := range play(t, guard, time.Minute, 3) {
					assert.NotEqual(t, gate.Pass, l.Outcome)
					assert.True(t, l.NoData || l.Down)
				}
				for _, l := range play(t, gate.Not{Gate: guard}, time.Minute, 3) {
					assert.NotEqual(t, gate.Pass, l.Outcome, "nor turned round")
				}
			}
		}
	}
}

func TestAGuardMakesNothingMilder(t *testing.T) {
	for _, policy := range []gate.Policy{gate.PolicyHold, gate.PolicyExtend, gate.PolicyAsk} {
		guard := gate.Guard{Gate: gate.Guard{Gate: script("N"), NoData: gate.PolicyFail, After: -1}, NoData: policy, After: -1}
		assert.Equal(t, "F", letters(play(t, guard, time.Minute, 1)))
	}
	v := play(t, gate.Guard{Gate: says(gate.Verdict{Outcome: gate.Inconclusive, NoData: true}), NoData: gate.PolicyExtend, After: -1}, time.Minute, 1)[0]
	assert.Equal(t, gate.Inconclusive, v.Outcome)
	assert.False(t, v.Extend)
}

func TestGuardValidates(t *testing.T) {
	err := gate.Guard{Gate: gate.ErrorRate{}, NoData: "pass", Down: "go", Longest: -1}.Validate()
	for _, want := range []string{
		"Guard.Gate: ErrorRate.Source: is missing", `Guard.NoData: unknown policy "pass"`, `Guard.Down: unknown policy "go"`,
		"Guard.Longest: -1ns is below zero",
	} {
		assert.ErrorContains(t, err, want)
	}
}
