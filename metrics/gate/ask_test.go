package gate_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
)

func TestAskTakesNothingForAnAnswerThatIsNone(t *testing.T) {
	s := subject()
	s.Memory = json.RawMessage(`{"kept":true}`)
	number := func(e gate.Evidence) gate.Gate {
		return says(gate.Verdict{Outcome: gate.Inconclusive, Evidence: []gate.Evidence{{}, e}})
	}
	for want, g := range map[string]gate.Gate{
		"there is no gate to ask": nil,
		"connection refused": gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
			return gate.Verdict{Outcome: gate.Pass}, errors.New("connection refused")
		}),
		"the gate panicked: no map":          gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) { panic("no map") }),
		"the gate panicked: runtime error":   gate.Func(nil),
		`unknown outcome ""`:                 says(gate.Verdict{}),
		`unknown outcome "fine"`:             says(gate.Verdict{Outcome: "fine"}),
		`unknown outcome "pass"`:             says(gate.Verdict{Outcome: gate.Pass, Muted: "fine"}),
		"says that it has no data":           says(gate.Verdict{Outcome: gate.Pass, NoData: true}),
		"passes, and says":                   says(gate.Verdict{Outcome: gate.Pass, Down: true}),
		"the evidence is no number: : NaN":   number(gate.Evidence{Value: math.NaN()}),
		"no number: p99: +Inf":               number(gate.Evidence{What: "p99", Value: math.Inf(1)}),
		"asked for < -Inf":                   number(gate.Evidence{Rule: "<", Limit: math.Inf(-1)}),
		"no number: odds":                    number(gate.Evidence{What: "odds", Odds: math.Inf(1)}),
		"the verdict has 40":                 says(gate.Verdict{Outcome: gate.Pass, Reason: strings.Repeat("x", 40_000)}),
		"what the gate remembers is no JSON": says(gate.Verdict{Outcome: gate.Inconclusive, Memory: json.RawMessage("{")}),
		"the gate remembers 131073 bytes":    says(gate.Verdict{Outcome: gate.Pass, Memory: json.RawMessage(`"` + strings.Repeat("x", gate.MaxMemory-1) + `"`)}),
		"the verdict cannot be written down": says(gate.Verdict{Outcome: gate.Pass, Looks: []gate.Look{{Value: math.NaN()}}}),
	} {
		v := gate.Ask(t.Context(), g, s)
		assert.Equal(t, gate.Continue, v.Outcome, want)
		assert.True(t, v.Down, want)
		assert.True(t, strings.HasPrefix(v.Reason, "no verdict: "), v.Reason)
		assert.Contains(t, v.Reason, want)
		assert.Equal(t, s.Memory, v.Memory, "it is asked again with what it knew")
		assert.Equal(t, s.Now, v.At)
		_, err := json.Marshal(v)
		assert.NoError(t, err)
	}
}

// A fail is a fail, however badly it is told.
func TestAskLosesNoFail(t *testing.T) {
	s := subject()
	s.Memory = json.RawMessage(`{"kept":true}`)
	long := strings.Repeat("x", 40_000)
	many := make([]gate.Evidence, 1000)
	for i := range many {
		many[i].What = "p99"
	}
	for want, c := range map[string]struct {
		verdict  gate.Verdict
		memory   string
		evidence func(n int) bool
	}{
		"x (not all of it can": {gate.Verdict{Reason: "x", Evidence: []gate.Evidence{{What: "p99", Value: math.Inf(1)}, {What: "rate"}}, Memory: json.RawMessage("1")}, "1", func(n int) bool { return n == 1 }},
		"the verdict has 40":   {gate.Verdict{Reason: "harm", Evidence: []gate.Evidence{{}, {What: long}}}, "", func(n int) bool { return n == 1 }},
		"xxxx":                 {gate.Verdict{Reason: long, Memory: json.RawMessage("2")}, "2", func(n int) bool { return n == 0 }},
		"remembers 200002":     {gate.Verdict{Reason: "harm", Memory: json.RawMessage(`"` + strings.Repeat("x", 200_000) + `"`)}, `{"kept":true}`, func(n int) bool { return n == 0 }},
		"no JSON":              {gate.Verdict{Memory: json.RawMessage("{")}, `{"kept":true}`, func(n int) bool { return n == 0 }},
		"the verdict has":      {gate.Verdict{Evidence: many}, "", func(n int) bool { return n > 100 && n < 1000 }},
		"cannot be written":    {gate.Verdict{Looks: []gate.Look{{Value: math.NaN()}}}, "", func(n int) bool { return n == 0 }},
	} {
		c.verdict.Outcome = gate.Fail
		v := gate.Ask(t.Context(), says(c.verdict), s)
		assert.Equal(t, gate.Fail, v.Outcome, "%s: %s", want, v)
		assert.False(t, v.Down, want)
		assert.Contains(t, v.Reason, want)
		assert.Equal(t, c.memory, string(v.Memory), want)
		assert.True(t, c.evidence(len(v.Evidence)), "%s: %d", want, len(v.Evidence))
		raw, err := json.Marshal(v)
		require.NoError(t, err)
		assert.LessOrEqual(t, len(raw), gate.MaxVerdict)
	}
	v := gate.Ask(t.Context(), says(gate.Verdict{Outcome: gate.Fail, Muted: "fine"}), s)
	assert.True(t, v.Down, "what nobody knows is no verdict")
}

func TestAskKeepsWhatIsOne(t *testing.T) {
	in := gate.Verdict{Outcome: gate.Fail, Reason: "harm", NoData: true, Memory: json.RawMessage(" { \"a\" : [ 1 , 2 ] } "), At: time.Unix(1, 0)}
	v := gate.Ask(t.Context(), says(in), subject())
	assert.Equal(t, gate.Fail, v.Outcome)
	assert.True(t, v.NoData)
	assert.Equal(t, `{"a":[1,2]}`, string(v.Memory))
	assert.Equal(t, subject().Now, v.At)
	for _, nothing := range []string{"", "null", " null "} {
		v := gate.Ask(t.Context(), says(gate.Verdict{Outcome: gate.Pass, Memory: json.RawMessage(nothing)}), subject())
		assert.Equal(t, gate.Pass, v.Outcome, v.Reason)
		assert.Nil(t, v.Memory)
	}
	exact := says(gate.Verdict{Outcome: gate.Pass, Memory: json.RawMessage(`"` + strings.Repeat("x", gate.MaxMemory-2) + `"`)})
	assert.Equal(t, gate.Pass, gate.Ask(t.Context(), exact, subject()).Outcome)
}

// wrapper hides everything of a gate but what Unwrap shows.
type wrapper struct{ gate gate.Gate }

func (w wrapper) Check(ctx context.Context, s gate.Subject) (gate.Verdict, error) {
	return w.gate.Check(ctx, s)
}
func (w wrapper) Unwrap() gate.Gate { return w.gate }

func TestValidateLooksThroughWrappers(t *testing.T) {
	require.ErrorContains(t, gate.Validate(nil), "there is no gate")
	require.NoError(t, gate.Validate(outcomes("P")[0]), "one that cannot tell is taken at its word")
	require.ErrorContains(t, gate.Validate(wrapper{wrapper{gate.ErrorRate{}}}), "ErrorRate.Source")
	err := gate.All{wrapper{gate.Any{gate.Not{Gate: gate.Latency{Max: -1}}}}}.Validate()
	require.ErrorContains(t, err, "All[0]: Any[0]: Not.Gate: Latency.Source: is missing")
	require.ErrorContains(t, err, "All[0]: Any[0]: Not.Gate: Latency.Max: -1ns is not above zero")
}

// A gate that is a nil pointer is none, wherever it stands.
func TestValidateOfNilPointers(t *testing.T) {
	for name, g := range map[string]gate.Gate{
		"itself":          (*gate.Series)(nil),
		"a name":          (*gate.Named)(nil),
		"one of all":      gate.All{outcomes("P")[0], (*gate.ErrorRate)(nil)},
		"a name in a sum": gate.Score{Least: 1, Of: []gate.Weighted{{Gate: (*gate.Named)(nil)}}},
		"a list":          (*gate.All)(nil),
		"wrapped":         gate.Guard{Gate: gate.Schedule{Gate: (*gate.Guard)(nil)}},
		"unwrapped":       wrapper{(*gate.Guard)(nil)},
	} {
		require.ErrorContains(t, gate.Validate(g), "there is no gate to ask", name)
		assert.True(t, gate.Ask(t.Context(), g, subject()).Down, name)
	}
	_, ok := gate.As[gate.Named]((*gate.Named)(nil))
	assert.False(t, ok)
	require.ErrorContains(t, gate.Validate(careless{}), "it cannot tell whether its settings are right: it panics: no map")
	named := gate.All{&gate.Named{Name: "a", Gate: outcomes("F")[0]}, outcomes("P")[0]}
	require.NoError(t, named.Validate())
	assert.Contains(t, gate.Ask(t.Context(), named, subject()).Reason, "a says fail")
}

// careless is a gate whose Validate panics.
type careless struct{ gate.Func }

func (careless) Validate() error { panic("no map") }

func TestVerdictAsText(t *testing.T) {
	v := gate.Verdict{
		Gate: "errors", Outcome: gate.Continue, Reason: "too few requests", NoData: true, Extend: true,
		Evidence: []gate.Evidence{
			{What: "error rate of 1.1.0", Value: 0.0388, Rule: "<=", Limit: 0.01, Samples: 800},
			{What: "p99 latency of 1.1.0", Value: 0.3, Rule: "<=", Limit: 0.25, Samples: 800, Against: "stable 1.0.0", Odds: 340},
		},
		Looks: []gate.Look{{At: time.Unix(5, 0), Outcome: gate.Pass, Value: 0.004, Measured: true}, {At: time.Unix(10, 0), Gate: "x", Outcome: gate.Continue}},
	}
	assert.Equal(t, `errors: continue (no data, the clock is stopped): too few requests
  error rate of 1.1.0: 0.0388, asked for <= 0.01, 800 samples
  p99 latency of 1.1.0: 0.3, asked for <= 0.25, 800 samples, against stable 1.0.0, odds 340:1 against the harmless case
  looks: 00:00:05 pass 0.004, x 00:00:10 continue`, v.String())
	assert.Equal(t, "pass (muted)", gate.Verdict{Outcome: gate.Pass, Muted: gate.Fail}.String())
	assert.Equal(t, "continue (nobody could be asked): no verdict: down", gate.Verdict{Outcome: gate.Continue, Down: true, Reason: "no verdict: down"}.String())

	v.Memory = json.RawMessage(`"secret"`)
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	assert.NotContains(t, string(raw), "secret")
	var back gate.Verdict
	require.NoError(t, json.Unmarshal(raw, &back))
	v.Memory = nil
	again, err := json.Marshal(back)
	require.NoError(t, err)
	assert.JSONEq(t, string(raw), string(again))
}
