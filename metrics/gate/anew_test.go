package gate_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
)

// What one gate remembers is no pass of another one. It is told once, the gate begins anew, and is not stuck.
func TestTheMemoryOfAnotherGate(t *testing.T) {
	pass, fail := outcomes("P")[0], outcomes("F")[0]
	series := func(value, most float64) gate.Series {
		source := sourceFunc(func(q metrics.SeriesQuery) ([]metrics.Point, error) {
			return []metrics.Point{{At: q.To.Add(-time.Second), Value: value}}, nil
		})
		return gate.Series{Source: source, Name: "queue", Must: []gate.Bound{gate.AtMost(most)}, For: time.Minute}
	}
	slow := func(g gate.Gate) gate.Gate { return gate.Schedule{Gate: g, Interval: time.Hour} }
	rate := func(most float64) gate.Gate {
		return gate.ErrorRate{Source: source{window: metrics.Window{Requests: 1000, Errors: 20}}, Max: most}
	}
	for name, c := range map[string]struct {
		before, after gate.Gate
		want          string // at once, and then each 30 s
	}{
		"one in front":            {gate.All{slow(pass)}, gate.All{slow(fail), slow(pass)}, "FFFF"},
		"one that passes":         {gate.All{slow(pass)}, gate.All{slow(pass), slow(pass)}, "CPPP"},
		"another under its name":  {gate.All{gate.Named{Name: "a", Gate: slow(rate(0.1))}}, gate.All{gate.Named{Name: "a", Gate: slow(rate(0.01))}}, "FFFF"},
		"another limit":           {slow(rate(0.1)), slow(rate(0.01)), "FFFF"},
		"a milder one":            {slow(rate(0.03)), slow(rate(0.1)), "CPPP"},
		"by a pointer":            {slow(&gate.ErrorRate{Source: source{}, Max: 0.1}), slow(rate(0.1)), "CPPP"},
		"a series with more room": {series(5, 10), series(5, 20), "CCPP"},
		"another series":          {series(5, 10), series(5, 1), "CCFF"},
		"wrapped by a guard":      {gate.Schedule{Gate: pass, Green: time.Minute}, gate.Guard{Gate: gate.Schedule{Gate: pass, Green: time.Minute}}, "CCPP"},
		"wrapped by a list":       {gate.Schedule{Gate: pass}, gate.All{gate.Schedule{Gate: pass}}, "CPPP"},
		"green for longer":        {gate.Schedule{Gate: pass, Green: time.Minute}, gate.Schedule{Gate: pass, Green: 61 * time.Second}, "CCCP"},
		"taken out of a list":     {gate.All{slow(pass), slow(pass)}, gate.All{slow(pass)}, "CPPP"},
		"given a name":            {gate.All{slow(pass)}, gate.All{gate.Named{Name: "a", Gate: slow(pass)}}, "CPPP"},
		"beside its namesake":     {gate.All{gate.Named{Name: "a", Gate: slow(pass)}}, gate.All{fail, gate.Named{Name: "a", Gate: slow(pass)}}, "FFFF"},
		"the same":                {slow(rate(0.1)), slow(rate(0.1)), "PPPP"},
	} {
		t.Run(name, func(t *testing.T) {
			var v gate.Verdict
			s := subject()
			for range 5 {
				v = gate.Ask(t.Context(), c.before, s)
				s.Memory, s.Now = v.Memory, s.Now.Add(30*time.Second)
			}
			got, told := "", 0
			for range 4 {
				v = gate.Ask(t.Context(), c.after, s)
				s.Memory, s.Now = v.Memory, s.Now.Add(30*time.Second)
				got += letter(v.Outcome)
				if assert.False(t, v.Down, "%s", v); strings.Contains(v.Reason, "begins anew") {
					told++
				}
			}
			assert.Equal(t, c.want, got)
			assert.Equal(t, map[bool]int{true: 0, false: 1}[name == "the same" || name == "beside its namesake"], told, "it is told once")
		})
	}
}

// What a gate is set to is found at any depth, and what changes by itself is no setting.
func TestSettingsAreToldApart(t *testing.T) {
	day := 24 * time.Hour
	base := func() gate.Schedule {
		return gate.Schedule{Green: time.Minute, Gate: gate.All{
			gate.Burn{Source: source{}, SLO: 0.99, Windows: []gate.BurnWindow{{Long: day, Short: time.Hour, Rate: 2}}},
			&counting{Most: 3},
			gate.Series{Source: gate.Windows{Source: source{}, MinRequests: 5}, Name: "errors", Must: []gate.Bound{gate.AtMost(1)}},
		}}
	}
	lost := func(a, b gate.Gate) bool {
		s := subject()
		v := gate.Ask(t.Context(), a, s)
		s.Memory, s.Now = v.Memory, s.Now.Add(time.Second)
		return strings.Contains(gate.Ask(t.Context(), b, s).Reason, "begins anew, since what it remembers is not its own")
	}
	assert.False(t, lost(base(), base()))
	for name, change := range map[string]func(all gate.All){
		"a window":            func(all gate.All) { all[0].(gate.Burn).Windows[0].Rate = 3 },
		"a gate of one's own": func(all gate.All) { all[1].(*counting).Most = 4 },
		"a bound":             func(all gate.All) { all[2].(gate.Series).Must[0].Op = "<" },
		"what a source is read by": func(all gate.All) {
			all[2] = gate.Series{Source: gate.Windows{Source: source{}, MinRequests: 6}, Name: "errors", Must: []gate.Bound{gate.AtMost(1)}}
		},
		"a function that is missing": func(all gate.All) { all[1] = &counting{Most: 3, Tell: func() {}} },
		"another source": func(all gate.All) {
			all[0] = gate.Burn{Source: grouped{}, SLO: 0.99, Windows: []gate.BurnWindow{{Long: day, Short: time.Hour, Rate: 2}}}
		},
	} {
		g := base()
		change(g.Gate.(gate.All))
		assert.True(t, lost(base(), g), name)
	}
	g := gate.Schedule{Gate: &counting{Most: 3, Seen: &struct{ n int }{}}}
	assert.False(t, lost(g, g), "what it counts is no setting")
}

// counting is a gate with a state of its own.
type counting struct {
	Most  int
	Tell  func()
	Seen  *struct{ n int }
	asked int
}

func (c *counting) Check(context.Context, gate.Subject) (gate.Verdict, error) {
	c.asked++
	c.Seen = &struct{ n int }{c.asked}
	return gate.Verdict{Outcome: gate.Pass, Reason: "counted"}, nil
}
