package strategy_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
)

func encoded(t testing.TB) (strategy.Plan, string) {
	p := mustPlan(t, strategy.Canary{
		Steps: []strategy.CanaryStep{{
			Share: strategy.Percent(10), Pause: &strategy.Pause{Reason: "go?", Deadline: time.Hour, Default: strategy.AnswerResume},
			Match: []strategy.Match{{Header: "X-Canary", Value: "on"}},
		}},
		Bake: 90 * time.Second, Gates: []string{"errors"}, Deadline: time.Minute, MinReady: 5 * time.Second,
	}, running(v1, 3), v2)
	text, err := json.MarshalIndent(p, "", "  ")
	require.NoError(t, err)
	return p, string(text)
}

// TestPlanAsJSON pins the format: plans are kept, and read by other programs.
func TestPlanAsJSON(t *testing.T) {
	p, text := encoded(t)
	checkGolden(t, "plan.json", text+"\n")
	read, err := strategy.ParsePlan([]byte(text))
	require.NoError(t, err)
	require.Equal(t, p, read)
	require.Equal(t, p.Hash(), read.Hash())
	require.Regexp(t, "^sha256:[0-9a-f]{64}$", p.Hash())

	back, err := strategy.Abort(p, 0)
	require.NoError(t, err)
	text2, err := json.Marshal(back)
	require.NoError(t, err)
	read, err = strategy.ParsePlan(text2)
	require.NoError(t, err)
	require.Equal(t, back, read)
}

func TestHashChangesWithAnyField(t *testing.T) {
	p, _ := encoded(t)
	seen := map[string]string{p.Hash(): "nothing"}
	for what, change := range map[string]func(*strategy.Plan){
		"strategy":     func(p *strategy.Plan) { p.Strategy = "x" },
		"from":         func(p *strategy.Plan) { p.From.Stable.Replicas++ },
		"to":           func(p *strategy.Plan) { p.To.Digest = "x" },
		"share":        func(p *strategy.Plan) { p.Steps[0].State.Candidate.Share = strategy.Millionths(100_001) },
		"rule":         func(p *strategy.Plan) { p.Steps[0].State.Candidate.Match = nil },
		"bake":         func(p *strategy.Plan) { p.Steps[0].Bake++ },
		"deadline":     func(p *strategy.Plan) { p.Steps[0].Deadline++ },
		"gates":        func(p *strategy.Plan) { p.Steps[0].Gates = nil },
		"pause":        func(p *strategy.Plan) { p.Steps[0].Pause = nil },
		"irreversible": func(p *strategy.Plan) { p.Steps[0].Irreversible = "x" },
		"min ready":    func(p *strategy.Plan) { p.Steps[0].State.MinReady++ },
		"sticky":       func(p *strategy.Plan) { p.Steps[0].State.Sticky = true },
		"limits":       func(p *strategy.Plan) { p.Limits.MaxTotal++ },
		"hold back":    func(p *strategy.Plan) { p.HoldBack++ },
		"goal":         func(p *strategy.Plan) { p.Goal = &strategy.State{} },
	} {
		q, _ := encoded(t)
		change(&q)
		hash := q.Hash()
		require.NotContains(t, seen, hash, what)
		seen[hash] = what
	}
	bad, _ := encoded(t)
	bad.Steps[0].State.Candidate.Share = strategy.Percent(200)
	require.Empty(t, bad.Hash(), "a plan that cannot be written has no hash")
}

func TestParsePlanIsStrict(t *testing.T) {
	_, text := encoded(t)
	for _, test := range []struct{ name, old, new, want string }{
		{"unknown field of the plan", `"strategy"`, `"strategie"`, "unknown field"},
		{"unknown field of a step", `"reason"`, `"raison"`, "unknown field"},
		{"unknown field of a state", `"min_ready"`, `"min_redy"`, "unknown field"},
		{"unknown field of a group", `"replicas"`, `"replica"`, "unknown field"},
		{"unknown field of a pause", `"default"`, `"dflt"`, "unknown field"},
		{"a number for a duration", `"1m30s"`, `90`, "cannot unmarshal"},
		{"a duration without a unit", `"1m30s"`, `"90"`, "missing unit"},
		{"a share without its sign", `"10%"`, `"10"`, "percent with its sign"},
		{"a step without a state", `"state"`, `"state": null, "x"`, "unknown field"},
		{"shares that do not add up", `"10%"`, `"11%"`, "Steps[0].State.Share: the groups' shares add up to 101%"},
		{"a negative bake", `"1m30s"`, `"-1m30s"`, "Steps[0].Bake: -1m30s is below zero"},
		{"a limit once more in capitals", `"max_total": 6`, `"max_total": 6, "MAX_TOTAL": 99`, `unknown field "MAX_TOTAL"`},
		{"a limit in capitals", `"max_total"`, `"Max_total"`, `unknown field "Max_total"`},
		{"a letter that folds to another", `"steps"`, `"\u017fteps"`, `unknown field "\\u017fteps"`},
		{"the same letter unescaped", `"steps"`, "\"\u017fteps\"", "unknown field \"\u017fteps\""},
		{"a limit twice", `"max_total": 6`, `"max_total": 1, "max_total": 6`, `field "max_total" is there twice`},
		{"a revision twice", `"to": {`, `"to": {"version": "1.9.9"}, "to": {`, `field "to" is there twice`},
		{"a field of a step twice", `"reason"`, `"reason" : "x", "reason"`, `field "reason" is there twice`},
		{"a field of a state twice", `"stable"`, `"stable": {"revision": {"version": "x"}, "replicas": 1}, "stable"`, `field "stable" is there twice`},
		{"a field of a group twice", `"replicas"`, `"replicas": 99, "replicas"`, `field "replicas" is there twice`},
		{"a field of a rule twice", `"value"`, `"value": "off", "value"`, `field "value" is there twice`},
		{"a field of a pause twice", `"default"`, `"default": "abort", "default"`, `field "default" is there twice`},
		{"an unknown answer", `"resume"`, `"perhaps"`, `Steps[0].Pause.Default: "perhaps" is neither`},
	} {
		t.Run(test.name, func(t *testing.T) {
			changed := strings.Replace(text, test.old, test.new, 1)
			require.NotEqual(t, text, changed)
			_, err := strategy.ParsePlan([]byte(changed))
			require.ErrorContains(t, err, test.want)
		})
	}
	for _, bad := range []string{"", "null", "{}", "[]", text + "x", text + text, text[:len(text)-2],
		`{"from":{},"to":{"version":"1"},"steps":[{"reason":""}],"limits":{}}`,
		`{"to":{"version":"1"},"steps":[{"reason":"","state":{}}],"limits":{}}`} {
		_, err := strategy.ParsePlan([]byte(bad))
		require.Error(t, err, bad)
	}
}

// What a name says is no field, whatever it looks like.
func TestParsePlanTakesTextForText(t *testing.T) {
	p, _ := encoded(t)
	for _, text := range []string{`"reason": "x", "reason": `, `\`, `\"`, "MAX_TOTAL\":", "{[}]", ":", `":`, "a\nb"} {
		p.Strategy, p.Steps[0].Reason = text, text
		p.Steps[0].State.Candidate.Match = []strategy.Match{{Header: "X", Value: text}, {Cookie: "X", Value: text}}
		p.Steps[0].Gates = []string{text, text + text}
		written, err := json.Marshal(p)
		require.NoError(t, err)
		read, err := strategy.ParsePlan(written)
		require.NoError(t, err, "%q", text)
		require.Equal(t, p, read)
	}
}

// The parts of a plan are read as strictly as it is.
func TestPartsOfAPlanAreReadStrictly(t *testing.T) {
	for _, text := range []string{`{"sticky":true,"STICKY":false}`, `{"Sticky":true}`, `{"sticky":true,"sticky":false}`,
		`{"stable":{"revision":{"version":"1","Version":"2"},"replicas":1}}`} {
		require.Error(t, json.Unmarshal([]byte(text), new(strategy.State)), text)
	}
	require.Error(t, json.Unmarshal([]byte(`{"reason":"","state":{},"Bake":"1h"}`), new(strategy.Step)))
	require.Error(t, json.Unmarshal([]byte(`{"deadline":"1h","deadline":"2h"}`), new(strategy.Pause)))
}

func FuzzParsePlan(f *testing.F) {
	p, text := encoded(f)
	f.Add([]byte(text))
	back, err := strategy.Abort(p, 1)
	require.NoError(f, err)
	small, err := json.Marshal(back)
	require.NoError(f, err)
	f.Add(small)
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := strategy.ParsePlan(text)
		if err != nil {
			return
		}
		// Whatever was read can be written, read again, printed, judged and taken back.
		written, err := json.Marshal(p)
		require.NoError(t, err)
		again, err := strategy.ParsePlan(written)
		require.NoError(t, err)
		require.Equal(t, p.Hash(), again.Hash())
		require.NotEmpty(t, p.Table())
		_ = p.Verify()
		p.Estimate(strategy.EstimateOptions{Startup: time.Second})
		p.Needs()
		for i := range p.Steps {
			_, _ = strategy.Abort(p, i)
		}
	})
}
