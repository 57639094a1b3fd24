package gate_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/davit-sdk/davit/metrics/gate"
)

// What a deadline makes of an open answer is told as that, and Not makes no pass of it, however deep it lies.
func TestALateFailIsNoPassOfNot(t *testing.T) {
	late := gate.Schedule{Gate: script("C"), Timeout: time.Second, Late: gate.Fail}
	red := gate.Schedule{Gate: script("F"), Timeout: time.Second, Late: gate.Fail}
	pass, fail := outcomes("P")[0], outcomes("F")[0]
	for name, c := range map[string]struct {
		gate gate.Gate
		want string
		late bool
	}{
		"itself":               {late, "F", true},
		"what failed in time":  {red, "F", false},
		"not":                  {gate.Not{Gate: late}, "C", false},
		"not what failed":      {gate.Not{Gate: red}, "P", false},
		"in a combination":     {gate.All{pass, late}, "F", true},
		"not in a combination": {gate.Not{Gate: gate.All{pass, late}}, "C", false},
		"beside harm":          {gate.All{fail, late}, "F", false},
		"not, beside harm":     {gate.Not{Gate: gate.All{fail, late}}, "P", false},
		"what does not matter": {gate.Any{pass, late}, "P", false},
		"inconclusive":         {gate.Schedule{Gate: script("C"), Timeout: time.Second}, "I", true},
		"not all of two nots":  {gate.Not{Gate: gate.Any{gate.Not{Gate: pass}, late}}, "C", false},
	} {
		v := gate.Ask(t.Context(), c.gate, subject())
		assert.Equal(t, c.want, letter(v.Outcome), "%s: %s", name, v)
		assert.Equal(t, c.late, v.Late, "%s: %s", name, v)
	}
	assert.Equal(t, "fail (late): x", gate.Verdict{Outcome: gate.Fail, Late: true, Reason: "x"}.String())
}
