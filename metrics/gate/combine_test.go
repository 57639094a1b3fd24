package gate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
)

// says is a gate that always gives the same verdict.
func says(v gate.Verdict) gate.Gate {
	return gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
		if v.Outcome == "down" {
			return gate.Verdict{}, errors.New("the source is down")
		}
		return v, nil
	})
}

// outcomes are gates that say P, C, I or F each, or D for an error.
func outcomes(letters string) []gate.Gate {
	var all []gate.Gate
	for _, r := range letters {
		all = append(all, says(gate.Verdict{Outcome: map[rune]gate.Outcome{
			'P': gate.Pass, 'C': gate.Continue, 'I': gate.Inconclusive, 'F': gate.Fail, 'D': "down",
		}[r]}))
	}
	return all
}

func letter(o gate.Outcome) string {
	return map[gate.Outcome]string{gate.Pass: "P", gate.Continue: "C", gate.Inconclusive: "I", gate.Fail: "F"}[o]
}

// The tables of the documentation of Quorum, and of three gates.
func TestTruthTables(t *testing.T) {
	columns := "PCIF"
	for name, c := range map[string]struct {
		rows map[string]string
		of   func(g []gate.Gate) gate.Gate
	}{
		"All": {map[string]string{"P": "PCIF", "C": "CCIF", "I": "IIIF", "F": "FFFF"}, func(g []gate.Gate) gate.Gate { return gate.All(g) }},
		"Any": {map[string]string{"P": "PPPP", "C": "PCCC", "I": "PCII", "F": "PCIF"}, func(g []gate.Gate) gate.Gate { return gate.Any(g) }},
		"two of three, one of which passes": {map[string]string{"P": "PPPP", "C": "PCCC", "I": "PCII", "F": "PCIF"},
			func(g []gate.Gate) gate.Gate { return gate.Quorum{N: 2, Of: append(g, outcomes("P")...)} }},
		"two of three, one of which fails": {map[string]string{"P": "PCIF", "C": "CCIF", "I": "IIIF", "F": "FFFF"},
			func(g []gate.Gate) gate.Gate { return gate.Quorum{N: 2, Of: append(g, outcomes("F")...)} }},
	} {
		for row, want := range c.rows {
			for i, column := range columns {
				v, err := c.of(outcomes(row+string(column))).Check(t.Context(), subject())
				require.NoError(t, err)
				assert.Equal(t, want[i:i+1], letter(v.Outcome), "%s of %s and %c: %s", name, row, column, v.Reason)
			}
		}
	}
	for _, c := range []string{"PF", "FP", "CC", "II"} {
		v, err := gate.Not{Gate: outcomes(c[:1])[0]}.Check(t.Context(), subject())
		require.NoError(t, err)
		assert.Equal(t, c[1:], letter(v.Outcome), "not %s", c[:1])
	}
}

// best is the order of answers, the best one first. A Quorum of N is the N-th best answer.
const best = "PCIF"

// tree is a random combination, and what a table says that it must answer.
func tree(rnd *rand.Rand, depth int) (gate.Gate, string, bool) {
	if depth == 0 || rnd.IntN(4) == 0 {
		return leaf(rnd)
	}
	if rnd.IntN(5) == 0 {
		g, want, blind := tree(rnd, depth-1)
		switch {
		case want == "F" && blind:
			return gate.Not{Gate: g}, "C", true
		case want == "P" || want == "F":
			want = map[string]string{"P": "F", "F": "P"}[want]
		}
		return gate.Not{Gate: g}, want, blind
	}
	n := 1 + rnd.IntN(4)
	gates, answers, trusted := make([]gate.Gate, n), make([]string, n), make([]string, n)
	for i := range n {
		var blind bool
		gates[i], answers[i], blind = tree(rnd, depth-1)
		if trusted[i] = answers[i]; blind && answers[i] == "F" {
			trusted[i] = "C" // as if what was not seen could be anything yet
		}
	}
	need := 1 + rnd.IntN(n)
	nth := func(of []string) string {
		sorted := slices.SortedFunc(slices.Values(of), func(a, b string) int { return strings.Index(best, a) - strings.Index(best, b) })
		return sorted[need-1]
	}
	want := nth(answers)
	g := gate.Gate(gate.Quorum{N: need, Of: gates})
	switch {
	case need == n && rnd.IntN(2) == 0:
		g = gate.All(gates)
	case need == 1 && rnd.IntN(2) == 0:
		g = gate.Any(gates)
	}
	return g, want, want == "F" && nth(trusted) != "F"
}

// leaf is one gate: P, C, I or F, F for want of data, or none at all.
func leaf(rnd *rand.Rand) (gate.Gate, string, bool) {
	switch at := rnd.IntN(6); at {
	case 4:
		return says(gate.Verdict{Outcome: gate.Fail, NoData: true}), "F", true
	case 5:
		return outcomes("D")[0], "C", true
	default:
		return outcomes(best[at : at+1])[0], best[at : at+1], false
	}
}

func TestRandomTreesAgainstTheTable(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	seen := map[string]int{}
	for range 3_000 {
		g, want, blind := tree(rnd, 3)
		require.NoError(t, gate.Validate(g))
		v := gate.Ask(t.Context(), g, subject())
		require.Equal(t, want, letter(v.Outcome), "%s", v)
		if want == "F" {
			require.Equal(t, blind, v.NoData || v.Down, "%s", v)
		}
		if want == "P" {
			require.False(t, v.NoData || v.Down, "%s", v)
		}
		seen[want]++
	}
	for _, o := range best {
		assert.Greater(t, seen[string(o)], 100, "%v", seen)
	}
}

// A score by brute force: the best answer o such that those who answer o or better have enough weight.
func TestRandomScoresAgainstTheTable(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	seen := map[string]int{}
	for range 3_000 {
		s := gate.Score{Least: float64(1+rnd.IntN(4)) / 4}
		var answers []string
		n := 1 + rnd.IntN(5)
		for range n {
			at := rnd.IntN(4)
			answers = append(answers, best[at:at+1])
			s.Of = append(s.Of, gate.Weighted{Gate: outcomes(best[at : at+1])[0], Weight: float64(rnd.IntN(4)) / 10, Must: rnd.IntN(6) == 0})
		}
		total, want := 0.0, "F"
		weight := func(i int) float64 {
			if s.Of[i].Weight == 0 {
				return 1
			}
			return s.Of[i].Weight
		}
		for i := range n {
			total += weight(i)
		}
		for _, o := range []string{"I", "C", "P"} {
			reached := 0.0
			for i, a := range answers {
				if strings.Index(best, a) <= strings.Index(best, o) {
					reached += weight(i)
				}
			}
			if reached >= s.Least*total-1e-6 {
				want = o
			}
		}
		for i, a := range answers {
			if s.Of[i].Must && strings.Index(best, a) > strings.Index(best, want) {
				want = a
			}
		}
		require.NoError(t, s.Validate())
		v, err := s.Check(t.Context(), subject())
		require.NoError(t, err)
		require.Equal(t, want, letter(v.Outcome), "%+v: %s", s, v.Reason)
		seen[want]++
	}
	for _, o := range best {
		assert.Greater(t, seen[string(o)], 100, "%v", seen)
	}
}

// No gate is too light, and no score too low, to be missed.
func TestScoresOfExtremeWeights(t *testing.T) {
	weigh := func(letters string, weights ...float64) (all []gate.Weighted) {
		for i, g := range outcomes(letters) {
			all = append(all, gate.Weighted{Gate: g, Weight: weights[i]})
		}
		return all
	}
	tenths := []float64{0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1}
	for name, c := range map[string]struct {
		score gate.Score
		want  string
	}{
		"next to nothing is asked for":  {gate.Score{Least: 1e-9, Of: weigh("F", 1)}, "F"},
		"as little as there is":         {gate.Score{Least: 1e-320, Of: weigh("F", 1e-320)}, "F"},
		"and it is there":               {gate.Score{Least: 1e-9, Of: weigh("PF", 1e-3, 1)}, "P"},
		"all, and a light one fails":    {gate.Score{Least: 1, Of: weigh("PF", 1e9, 1)}, "F"},
		"all, and a lighter one fails":  {gate.Score{Least: 1, Of: weigh("PF", 1e20, 1)}, "F"},
		"all, and a light one is open":  {gate.Score{Least: 1, Of: weigh("PC", 1e20, 1)}, "C"},
		"all, and a light one is stuck": {gate.Score{Least: 1, Of: weigh("PI", 1e20, 1)}, "I"},
		"a hair is missing":             {gate.Score{Least: 0.9999, Of: weigh("PF", 0.9998, 0.0002)}, "F"},
		"sums are rounded":              {gate.Score{Least: 0.7, Of: weigh("PPPPPPPFFF", tenths...)}, "P"},
		"and not too much":              {gate.Score{Least: 0.7, Of: weigh("PPPPPPFFFF", tenths...)}, "F"},
		"all tenths":                    {gate.Score{Least: 1, Of: weigh("PPPPPPPPPP", tenths...)}, "P"},
	} {
		require.NoError(t, c.score.Validate(), name)
		assert.Equal(t, c.want, letter(gate.Ask(t.Context(), c.score, subject()).Outcome), name)
	}
}

// Why an answer is open is handed on: for want of data, because of a source, or neither.
func TestCombinationsHandOnWhy(t *testing.T) {
	empty := says(gate.Verdict{Outcome: gate.Continue, NoData: true})
	stops := says(gate.Verdict{Outcome: gate.Continue, NoData: true, Extend: true})
	down, pass, fail, more := outcomes("D")[0], outcomes("P")[0], outcomes("F")[0], outcomes("C")[0]
	for name, c := range map[string]struct {
		gate                 gate.Gate
		want                 string
		noData, down, extend bool
	}{
		"no data among passes":            {gate.All{pass, empty}, "C", true, false, false},
		"down among passes":               {gate.All{pass, down}, "C", false, true, false},
		"both":                            {gate.All{empty, down, more}, "C", true, true, false},
		"harm is harm":                    {gate.All{fail, empty, down}, "F", false, false, false},
		"a pass is a pass":                {gate.Any{pass, empty, down}, "P", false, false, false},
		"what does not matter":            {gate.Any{fail, more}, "C", false, false, false},
		"the clock is stopped":            {gate.All{pass, stops}, "C", true, false, true},
		"not where all is lost":           {gate.All{fail, stops}, "F", false, false, false},
		"not where a person is needed":    {gate.All{outcomes("I")[0], stops}, "I", true, false, false},
		"down in the depth":               {gate.All{pass, gate.Any{fail, gate.Not{Gate: down}}}, "C", false, true, false},
		"a fail for want of data":         {gate.All{pass, gate.Guard{Gate: empty, NoData: gate.PolicyFail, After: -1}}, "F", true, false, false},
		"is not what Not makes a pass of": {gate.Not{Gate: gate.All{pass, gate.Guard{Gate: empty, NoData: gate.PolicyFail, After: -1}}}, "C", true, false, false},
		"but a fail beside it is":         {gate.Not{Gate: gate.All{fail, gate.Guard{Gate: empty, NoData: gate.PolicyFail, After: -1}}}, "P", false, false, false},
		"in a score, too":                 {gate.Score{Least: 0.5, Of: []gate.Weighted{{Gate: pass}, {Gate: down, Weight: 2}}}, "C", false, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			v := gate.Ask(t.Context(), c.gate, subject())
			assert.Equal(t, c.want, letter(v.Outcome), "%s", v)
			assert.Equal(t, c.noData, v.NoData, "no data")
			assert.Equal(t, c.down, v.Down, "down")
			assert.Equal(t, c.extend, v.Extend, "extend")
		})
	}
}

// All gates are asked about the same moment, with a memory of their own each, and their evidence is kept.
func TestCombinationsAskInOneSampling(t *testing.T) {
	var asked []gate.Subject
	counter := func(name string) gate.Gate {
		return gate.Named{Name: name, Gate: gate.Func(func(_ context.Context, s gate.Subject) (gate.Verdict, error) {
			asked = append(asked, s)
			n := 0
			if s.Memory != nil {
				if err := json.Unmarshal(s.Memory, &n); err != nil {
					return gate.Verdict{}, err
				}
			}
			if name == "b" {
				n++
			}
			n++
			return gate.Verdict{Outcome: gate.Pass, Reason: fmt.Sprint(n), Memory: json.RawMessage(fmt.Sprint(n)),
				Evidence: []gate.Evidence{{What: name, Value: float64(n), Rule: ">=", Limit: 1}}}, nil
		})}
	}
	g := gate.All{counter("a"), gate.Any{counter("b"), outcomes("F")[0]}, gate.Not{Gate: outcomes("F")[0]}}
	require.NoError(t, g.Validate())
	s := subject()
	for range 3 {
		v := gate.Ask(t.Context(), g, s)
		require.Equal(t, gate.Pass, v.Outcome, "%s", v)
		s.Memory, s.Now = v.Memory, s.Now.Add(time.Minute)
		asked = asked[max(0, len(asked)-2):]
		assert.Equal(t, asked[0].Now, asked[1].Now)
		assert.Equal(t, asked[0].Since, asked[1].Since)
		require.Len(t, v.Evidence, 2)
		assert.Equal(t, "a", v.Evidence[0].What)
	}
	assert.Regexp(t, `^\{"shape":"[0-9a-f]{16}","of":\{"1":\{"shape":"[0-9a-f]{16}","of":\{"b":6\}\},"a":3\}\}$`, string(s.Memory))

	shuffled := gate.All{gate.Not{Gate: outcomes("F")[0]}, counter("a")}
	v := gate.Ask(t.Context(), shuffled, s)
	assert.InDelta(t, 4, v.Evidence[0].Value, 0, "a name keeps its memory in another order")
}

func TestNamesWithinACombination(t *testing.T) {
	pass := outcomes("P")[0]
	err := gate.All{gate.Named{Name: "1", Gate: pass}, pass, nil, gate.Named{Gate: gate.ErrorRate{}}}.Validate()
	require.Error(t, err)
	for _, want := range []string{
		`All[1]: it is called "1", as All[0] is`, "All[2]: there is no gate to ask", "All[3]: Named.Name: is empty", "All[3]: Named.Gate: ErrorRate.Source: is missing",
	} {
		assert.ErrorContains(t, err, want)
	}
	assert.NoError(t, gate.All{gate.Guard{Gate: gate.Named{Name: "a", Gate: pass}}, gate.Named{Name: "b", Gate: pass}}.Validate())
	for name, g := range map[string]gate.Gate{
		"All: there is no gate":        gate.All{},
		"Any: there is no gate":        gate.Any{},
		"Quorum.N: 3 is not from 1":    gate.Quorum{N: 3, Of: outcomes("PP")},
		"Quorum.N: 0 is not from 1":    gate.Quorum{Of: outcomes("PP")},
		"Quorum.Of[1]: Not.Gate":       gate.Quorum{N: 1, Of: []gate.Gate{pass, gate.Not{}}},
		"Score.Least: 0 is not":        gate.Score{Of: []gate.Weighted{{Gate: pass}}},
		"Score.Of[0].Weight: -1":       gate.Score{Least: 1, Of: []gate.Weighted{{Gate: pass, Weight: -1}}},
		"Score.Of[1].Gate: there is":   gate.Score{Least: 1, Of: []gate.Weighted{{Gate: pass}, {}}},
		"Muted.Gate: there is no gate": gate.Muted{},
	} {
		err := gate.Validate(g)
		assert.ErrorContains(t, err, name)
		assert.Equal(t, gate.Continue, gate.Ask(t.Context(), g, subject()).Outcome, name)
	}
}

// A gate that hangs takes the time of the others, but not for good.
func TestAGateThatHangsDoesNotHideTheOthers(t *testing.T) {
	hangs := gate.Func(func(ctx context.Context, _ gate.Subject) (gate.Verdict, error) {
		<-ctx.Done()
		return gate.Verdict{}, ctx.Err()
	})
	g := gate.All{hangs, gate.Named{Name: "harm", Gate: outcomes("F")[0]}, outcomes("P")[0]}
	s := subject()
	var got []string
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		v := gate.Ask(ctx, g, s)
		cancel()
		s.Memory = v.Memory
		got = append(got, letter(v.Outcome))
	}
	assert.Equal(t, []string{"C", "F", "C"}, got)
}

func TestMutedGatesDoNotCount(t *testing.T) {
	fail, pass, down, more := gate.Muted{Gate: outcomes("F")[0]}, outcomes("P")[0], gate.Muted{Gate: outcomes("D")[0]}, outcomes("C")[0]
	for name, c := range map[string]struct {
		gate  gate.Gate
		want  string
		muted gate.Outcome
	}{
		"alone":                         {fail, "P", gate.Fail},
		"alone, and down":               {down, "P", gate.Continue},
		"among others":                  {gate.All{fail, pass}, "P", ""},
		"it helps nobody":               {gate.Any{gate.Muted{Gate: pass}, more}, "C", ""},
		"all of them":                   {gate.All{fail, gate.Named{Name: "x", Gate: down}}, "P", gate.Fail},
		"Not of one":                    {gate.Not{Gate: fail}, "P", gate.Fail},
		"a quorum of those that count":  {gate.Quorum{N: 2, Of: []gate.Gate{pass, fail}}, "P", ""},
		"a quorum that is not reached":  {gate.Quorum{N: 2, Of: []gate.Gate{pass, more, fail}}, "C", ""},
		"nor stops the clock":           {gate.Muted{Gate: says(gate.Verdict{Outcome: gate.Continue, NoData: true, Extend: true})}, "P", gate.Continue},
		"a score of those that count":   {gate.Score{Least: 1, Of: []gate.Weighted{{Gate: pass}, {Gate: fail, Weight: 9, Must: true}}}, "P", ""},
		"twice":                         {gate.Muted{Gate: fail}, "P", gate.Fail},
		"a guard does not make it loud": {gate.Guard{Gate: down, Down: gate.PolicyFail, After: -1}, "P", gate.Continue},
		"nor does a schedule":           {gate.Schedule{Gate: fail, Timeout: time.Second, Late: gate.Fail}, "P", gate.Fail},
	} {
		t.Run(name, func(t *testing.T) {
			v := gate.Ask(t.Context(), c.gate, subject())
			assert.Equal(t, c.want, letter(v.Outcome), "%s", v)
			assert.Equal(t, c.muted, v.Muted)
			assert.False(t, v.Extend)
		})
	}
}

// What all gates remember together has room in one memory; the gate that has none is told by name.
func TestMemoriesOfACombinationAreBounded(t *testing.T) {
	large := says(gate.Verdict{Outcome: gate.Pass, Memory: json.RawMessage(`"` + strings.Repeat("x", gate.MaxMemory/3) + `"`)})
	g := gate.All{large, gate.Named{Name: "b", Gate: large}, gate.Named{Name: "c", Gate: large}, outcomes("P")[0]}
	v := gate.Ask(t.Context(), g, subject())
	assert.Equal(t, gate.Continue, v.Outcome)
	assert.True(t, v.Down)
	assert.Contains(t, v.Reason, "3 of 4 gates pass, 4 must (c says continue: no verdict: it remembers 43692 bytes")
	assert.LessOrEqual(t, len(v.Memory), gate.MaxMemory)
	assert.Greater(t, len(v.Memory), gate.MaxMemory/2)

	small := gate.Named{Name: "c", Gate: says(gate.Verdict{Outcome: gate.Pass, Memory: json.RawMessage("7")})}
	s := subject()
	s.Memory = gate.Ask(t.Context(), gate.All{large, gate.Named{Name: "b", Gate: large}, small, outcomes("P")[0]}, s).Memory
	v = gate.Ask(t.Context(), g, s)
	assert.Contains(t, string(v.Memory), `"c":7`, "what it knew before is kept")
	harm := gate.Named{Name: "c", Gate: says(gate.Verdict{Outcome: gate.Fail, Memory: json.RawMessage(`"` + strings.Repeat("x", gate.MaxMemory/3) + `"`)})}
	v = gate.Ask(t.Context(), gate.All{large, gate.Named{Name: "b", Gate: large}, harm, outcomes("P")[0]}, s)
	assert.Equal(t, gate.Fail, v.Outcome)
	assert.Contains(t, string(v.Memory), `"c":7`, "also beside a fail")
}
