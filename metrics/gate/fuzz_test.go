package gate_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
)

// remembering are gates with a memory, none of which can pass by what it sees now.
func remembering() map[string]gate.Gate {
	fail, down := outcomes("F")[0], outcomes("D")[0]
	empty := sourceFunc(func(metrics.SeriesQuery) ([]metrics.Point, error) { return nil, metrics.ErrNoData })
	high := sourceFunc(func(q metrics.SeriesQuery) ([]metrics.Point, error) {
		return []metrics.Point{{At: q.From, Value: 9}}, nil
	})
	must := []gate.Bound{gate.AtMost(1)}
	return map[string]gate.Gate{
		"all":      gate.All{fail, gate.Named{Name: "b", Gate: gate.Guard{Gate: down}}, outcomes("P")[0]},
		"any":      gate.Any{fail, gate.Schedule{Gate: down}},
		"quorum":   gate.Quorum{N: 2, Of: outcomes("PFC")},
		"score":    gate.Score{Least: 0.5, Of: []gate.Weighted{{Gate: outcomes("P")[0]}, {Gate: fail, Must: true}}},
		"guard":    gate.Guard{Gate: gate.Guard{Gate: down, Down: gate.PolicyExtend, After: -1}, Down: gate.PolicyExtend, After: time.Minute},
		"schedule": gate.Schedule{Gate: gate.Schedule{Gate: script("N"), Green: time.Minute, Keep: 2}, Green: time.Minute, Red: time.Minute, Timeout: time.Hour, Keep: 3},
		"series":   gate.Series{Source: high, Name: "x", Must: must, For: time.Minute},
		"relative": gate.Relative{Source: empty, Name: "x", For: time.Minute},
		"not":      gate.Not{Gate: gate.All{outcomes("P")[0], gate.Schedule{Gate: outcomes("P")[0]}}},
	}
}

// What a gate is given back, whatever it is, makes it neither panic nor pass.
func FuzzMemory(f *testing.F) {
	for _, g := range remembering() {
		s := subject()
		for range 3 {
			v := gate.Ask(f.Context(), g, s)
			s.Memory, s.Now = v.Memory, s.Now.Add(time.Minute)
			f.Add([]byte(v.Memory))
		}
	}
	for _, text := range []string{"", "null", "{}", "[]", "0", `"x"`, "{", "{} {}", "\xff", `{"of":null,"next":-1}`, `{"of":{"0":{"of":{}}},"next":99}`, `{"next":9223372036854775807}`,
		`{"run":{"step":"2026-03-01T12:00:00Z","of":"pass","since":"0001-01-01T00:00:00Z","seen":"9999-12-31T23:59:59Z","every_ns":-9223372036854775808}}`,
		`{"blind":"2026-03-01T13:00:00Z","stopped":"0001-01-01T00:00:00Z","spent_ns":9223372036854775807}`,
		`{"last":{"outcome":"pass","reason":"","at":"2026-03-01T12:01:00Z"},"looks":[{"outcome":""}]}`, strings.Repeat("[", 1000),
	} {
		f.Add([]byte(text))
	}
	gates := remembering()
	f.Fuzz(func(t *testing.T, memory []byte) {
		for name, g := range gates {
			s, memory := subject(), memory
			s.Memory = memory
			for range 2 {
				v, err := g.Check(t.Context(), s) // not Ask, which would catch a panic
				if err == nil && v.Outcome == gate.Pass {
					t.Fatalf("%s passes by its memory %q: %s", name, memory, v)
				}
				if err != nil && v.Outcome != "" {
					t.Fatalf("%s gives an error and a verdict", name)
				}
				if len(memory) > 0 && !json.Valid(memory) && name != "not" && (err != nil || !strings.Contains(v.Reason, "it begins anew")) {
					t.Fatalf("%s takes %q for a memory: %s, %v", name, memory, v, err)
				}
				asked := gate.Ask(t.Context(), g, s)
				s.Memory, s.Now = asked.Memory, s.Now.Add(time.Second)
				memory = s.Memory
			}
		}
	})
}

// What a gate did not write itself is told, be it as plausible as it may; at the next look all is as ever.
func TestForeignMemory(t *testing.T) {
	at := subject().Since.Format(time.RFC3339)
	for name, memory := range map[string]string{
		"all":      `{"of":{},"from":"a later version"}`,
		"guard":    `{"spent_ns":-1}`,
		"schedule": `{"run":{"step":"` + at + `"},"last":{"outcome":"fine","reason":"","at":"` + at + `"}}`,
		"series":   `{"step":"` + at + `","of":"pass","because":"I say so"}`,
		"score":    `{"of":{"0":1}} {}`,
	} {
		s := subject()
		s.Memory = json.RawMessage(memory)
		v := gate.Ask(t.Context(), remembering()[name], s)
		assert.Contains(t, v.Reason, "it begins anew, since what it remembers", name)
		assert.NotEqual(t, gate.Pass, v.Outcome, name)
		s.Memory, s.Now = v.Memory, s.Now.Add(time.Second)
		assert.NotContains(t, gate.Ask(t.Context(), remembering()[name], s).Reason, "anew", name)
	}
}
