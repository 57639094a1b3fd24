package gate_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
)

func TestSchedules(t *testing.T) {
	minutes := func(n int) time.Duration { return time.Duration(n) * time.Minute }
	for name, c := range map[string]struct {
		schedule gate.Schedule
		script   string
		want     string // at each minute, from the begin of the bake
	}{
		"each question is a look":               {gate.Schedule{}, "PCFIP", "PCFIP"},
		"a delay":                               {gate.Schedule{Delay: minutes(2)}, "FP", "CCFP"},
		"an interval":                           {gate.Schedule{Interval: minutes(3)}, "PFC", "PPPFFFC"},
		"green for a while":                     {gate.Schedule{Green: minutes(2)}, "PPPP", "CCPP"},
		"green is broken by any other answer":   {gate.Schedule{Green: minutes(2)}, "PPCPPP", "CCCCCP"},
		"and by no data":                        {gate.Schedule{Green: minutes(2)}, "PPNPPP", "CCCCCP"},
		"but not by a source that is down":      {gate.Schedule{Green: minutes(2)}, "PPDPP", "CCCCP"},
		"though nobody knows how it was then":   {gate.Schedule{Green: minutes(2)}, "PDPDPDPDPPP", "CCCCCCCCCCP"},
		"nor does that make anything green":     {gate.Schedule{Green: minutes(2)}, "PDDD", "CCCC"},
		"for too long":                          {gate.Schedule{Green: minutes(4)}, "PDDDDPPPPP", "CCCCCCCCCP"},
		"red for a while":                       {gate.Schedule{Red: minutes(2)}, "PFFPFFFF", "PCCPCCFF"},
		"a timeout":                             {gate.Schedule{Timeout: minutes(3)}, "CCCCP", "CCCIP"},
		"a timeout that fails":                  {gate.Schedule{Timeout: minutes(3), Late: gate.Fail}, "CCCC", "CCCF"},
		"a timeout of a source that is down":    {gate.Schedule{Timeout: minutes(2)}, "DDD", "CCI"},
		"a timeout of what is not green enough": {gate.Schedule{Timeout: minutes(3), Green: minutes(2)}, "CCPPP", "CCCIP"},
		"after a pass in time, a doubt is late": {gate.Schedule{Timeout: minutes(2)}, "PPC", "PPI"},
		"looks count, not questions":            {gate.Schedule{Interval: minutes(2), Green: minutes(2)}, "PP", "CCPP"},
	} {
		t.Run(name, func(t *testing.T) {
			c.schedule.Gate = script(c.script)
			assert.Equal(t, c.want, letters(play(t, c.schedule, time.Minute, len(c.want))))
		})
	}
}

// Same-sample agreement: gates that are green in turn never agree, those that are at once do.
func TestSameSampleAgreement(t *testing.T) {
	turns := gate.Schedule{Gate: gate.All{script("PCPCPCPC"), script("CPCPCPCP")}, Green: time.Minute}
	assert.Equal(t, "CCCCCCCC", letters(play(t, turns, time.Minute, 8)))
	each := gate.All{gate.Schedule{Gate: script("PCPC")}, gate.Schedule{Gate: script("CPCP")}}
	assert.Equal(t, "CCCC", letters(play(t, each, time.Minute, 4)))
	at := gate.Schedule{Gate: gate.All{script("PPPC"), script("CPPP")}, Green: time.Minute}
	assert.Equal(t, "CCPC", letters(play(t, at, time.Minute, 4)))
	within := gate.All{gate.Schedule{Gate: script("PPPP"), Green: 2 * time.Minute}, script("CCPP")}
	assert.Equal(t, "CCPP", letters(play(t, within, time.Minute, 4)), "wrapped gates combine")
}

func TestAScheduleBeginsAnewWithEachStep(t *testing.T) {
	step := func(i int, s *gate.Subject) {
		if i == 4 {
			s.Since = s.Now
		}
	}
	g := gate.Schedule{Gate: script("PPPPPPPP"), Green: 2 * time.Minute, Delay: time.Minute, Keep: 3}
	all := play(t, g, time.Minute, 8, step)
	assert.Equal(t, "CCCPCCCP", letters(all))
	assert.Len(t, all[4].Looks, 3, "what is retained goes on")
	assert.Equal(t, all[3].Looks, all[4].Looks)
}

// A run does not last over a time in which nobody looked, unless looks are rare anyway.
func TestARunIsBrokenWhereNobodyLooks(t *testing.T) {
	jump := func(at int, by time.Duration) func(i int, s *gate.Subject) {
		return func(i int, s *gate.Subject) {
			if i == at {
				s.Now = s.Now.Add(by)
			}
		}
	}
	g := gate.Schedule{Gate: script("P"), Green: 5 * time.Minute}
	assert.Equal(t, "CCCCCP", letters(play(t, g, time.Minute, 6)))
	assert.Equal(t, "CCCPPP", letters(play(t, g, time.Minute, 6, jump(2, time.Minute), jump(3, time.Minute))), "a host was away for a minute")
	assert.Equal(t, "CCCCCCCP", letters(play(t, g, time.Minute, 8, jump(2, time.Hour))), "a host was away for an hour")
	assert.Equal(t, "CCCPP", letters(play(t, gate.Schedule{Gate: script("P"), Green: 15 * time.Minute}, 10*time.Minute, 5)), "looks are rare")
	assert.Equal(t, "CCCPPP", letters(play(t, gate.Schedule{Gate: script("P"), Green: 15 * time.Minute}, 10*time.Minute, 6, jump(4, 15*time.Minute))), "and not quite regular")
	assert.Equal(t, "CCCCCCCCP", letters(play(t, g, time.Minute, 9, jump(3, -90*time.Second))), "a clock that is behind")
	assert.Equal(t, "CCCCCCCP", letters(play(t, g, time.Minute, 8, jump(2, 10*time.Minute))), "or for ten minutes")
	hour := gate.Schedule{Gate: script("P"), Green: time.Hour}
	rare := letters(play(t, hour, 5*time.Second, 6, jump(2, 40*time.Minute), jump(3, 70*time.Minute), jump(4, 70*time.Minute), jump(5, 70*time.Minute)))
	assert.Equal(t, "CCCCPP", rare, "one long wait does not make the next one usual; two do")
}

func TestTheLastWordIsAskedFor(t *testing.T) {
	end := func(i int, s *gate.Subject) { s.End = i == 2 }
	g := gate.Schedule{Gate: script("PF"), Interval: 10 * time.Minute}
	all := play(t, g, time.Minute, 3, end)
	assert.Equal(t, "PPF", letters(all))
	assert.Contains(t, all[1].Reason, "(seen 1m0s ago)")
}

func TestLooksAreRetained(t *testing.T) {
	n := 0
	g := gate.Schedule{Keep: 2, Gate: gate.Func(func(_ context.Context, s gate.Subject) (gate.Verdict, error) {
		n++
		return gate.Verdict{Outcome: gate.Pass, Evidence: []gate.Evidence{{What: "n", Value: s.Now.Sub(s.Since).Minutes(), Rule: ">=", Limit: 0}}}, nil
	})}
	all := play(t, gate.All{gate.Named{Name: "n", Gate: g}, script("C")}, time.Minute, 4)
	looks := all[3].Looks
	require.Len(t, looks, 2)
	assert.Equal(t, gate.Look{At: subject().Since.Add(3 * time.Minute), Gate: "n", Outcome: gate.Pass, Value: 3, Measured: true}, looks[1])
	assert.Empty(t, play(t, gate.Schedule{Gate: script("P")}, time.Minute, 3)[2].Looks, "none unless asked for")
}

// What is late stops no clock: nothing more is waited for.
func TestALateAnswerStopsNoClock(t *testing.T) {
	blind := gate.Guard{Gate: script("N"), NoData: gate.PolicyExtend, After: -1}
	for late, want := range map[gate.Outcome]string{"": "xxII", gate.Fail: "xxFF"} {
		assert.Equal(t, want, letters(play(t, gate.Schedule{Gate: blind, Timeout: 2 * time.Minute, Late: late}, time.Minute, 4)))
	}
}

func TestScheduleValidates(t *testing.T) {
	err := gate.Schedule{Gate: gate.Latency{}, Delay: -1, Interval: -1, Green: -1, Red: -1, Timeout: -1, Late: gate.Pass, Keep: 61}.Validate()
	for _, want := range []string{
		"Schedule.Gate: Latency.Source", "Schedule.Delay", "Schedule.Interval", "Schedule.Green", "Schedule.Red", "Schedule.Timeout",
		`Schedule.Late: "pass" is neither`, "Schedule.Keep: 61 is not from 0 to 60",
	} {
		assert.ErrorContains(t, err, want)
	}
	err = gate.Schedule{Gate: script("P"), Delay: time.Minute, Green: time.Minute, Timeout: 2 * time.Minute}.Validate()
	assert.ErrorContains(t, err, "Schedule.Timeout: 2m0s leaves no time")
}
