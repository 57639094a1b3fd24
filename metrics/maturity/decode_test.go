package maturity_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/metrics/maturity"
)

func TestDecodeRefuses(t *testing.T) {
	good, err := json.Marshal(one(maturity.Practice{}))
	require.NoError(t, err)
	for text, want := range map[string][]string{
		"":                  {"EOF"},
		"null":              {"null is none"},
		"[]":                {"array"},
		"{":                 {"EOF"},
		string(good) + "x":  {"there is more behind it"},
		string(good) + "{}": {"there is more behind it"},
		strings.Replace(string(good), `"title"`, `"titel"`, 1):       {`unknown field "titel"`},
		strings.Replace(string(good), `"effort":1`, `"effort":6`, 1): {"dimensions[0].practices[0].effort: 6 is not one of 1 to 5"},
		"{}": {"name: there is none", "title: there is none", "version: there is none", "year: 0 is not", "source: there is none", "levels: 0", "dimensions: there are none"},
	} {
		_, err := maturity.Decode([]byte(text))
		for _, part := range want {
			assert.ErrorContains(t, err, part, text)
		}
	}
}

func TestValidate(t *testing.T) {
	check := func(c maturity.Check) maturity.Model { return one(maturity.Practice{Check: &c}) }
	change := func(f func(m *maturity.Model)) maturity.Model {
		m := one(maturity.Practice{})
		f(&m)
		return m
	}
	both := least(maturity.FactAutomated, 0.5)
	both.AtMost = both.AtLeast
	for want, m := range map[string]maturity.Model{
		`name: "One" has other than`:      change(func(m *maturity.Model) { m.Name = "One" }),
		"title: 1001 bytes; at most 1000": change(func(m *maturity.Model) { m.Title = strings.Repeat("x", 1001) }),
		`title: "\xff" is not UTF-8`:      change(func(m *maturity.Model) { m.Title = "\xff" }),
		"levels[0]: there is none":        change(func(m *maturity.Model) { m.Levels[0] = " " }),
		"stale_days: -1 is not one of":    change(func(m *maturity.Model) { m.StaleDays = -1 }),
		"legacy_days: -1 is not one of":   change(func(m *maturity.Model) { m.LegacyDays = -1 }),
		`dimensions[1].name: "d" is that of dimensions[0] already`: change(func(m *maturity.Model) {
			m.Dimensions = append(m.Dimensions, m.Dimensions[0])
		}),
		`dimensions[1].practices[0].id: "p" is that of dimensions[0].practices[0] already`: change(func(m *maturity.Model) {
			m.Dimensions = append(m.Dimensions, m.Dimensions[0])
		}),
		"dimensions[0].practices: there are none":                                                      change(func(m *maturity.Model) { m.Dimensions[0].Practices = nil }),
		"practices[0].level: 2 is not one of 1 to 1":                                                   change(func(m *maturity.Model) { m.Dimensions[0].Practices[0].Level = 2 }),
		"practices[0].impact: 0 is not one of 1 to 5":                                                  change(func(m *maturity.Model) { m.Dimensions[0].Practices[0].Impact = 0 }),
		`practices[0].basis: "faith" is none of`:                                                       change(func(m *maturity.Model) { m.Dimensions[0].Practices[0].Basis = "faith" }),
		`practices[0].check: there is none, and the basis is "evidence"`:                               change(func(m *maturity.Model) { m.Dimensions[0].Practices[0].Basis = maturity.ByEvidence }),
		`check: it counts for nothing, as the basis is "declaration"`:                                  one(maturity.Practice{Basis: maturity.ByDeclaration, Check: &both}),
		`check.fact: "luck" is no fact`:                                                                check(least("luck", 1)),
		"check.at_least: there is none":                                                                check(maturity.Check{Fact: maturity.FactDigest}),
		"check.at_most: there is none":                                                                 check(least(maturity.FactAge, 1)),
		"check: of automated-deployment, only at_least can be asked for":                               check(both),
		"check.at_least: NaN is no number":                                                             check(least(maturity.FactDigest, math.NaN())),
		"check.at_least: -1 is no number":                                                              check(least(maturity.FactDigest, -1)),
		"check.at_most: +Inf is no number":                                                             check(most(maturity.FactAge, math.Inf(1))),
		"check.at_least: 95 is more than 1, which is all":                                              check(least(maturity.FactDigest, 95)),
		"check.at_least: 0 asks for nothing":                                                           check(least(maturity.FactDigest, 0)),
		"check.strategies: there are none":                                                             check(least(maturity.FactStrategy, 1)),
		`check.strategies[0]: "big bang" is none of`:                                                   check(maturity.Check{Fact: maturity.FactStrategy, AtLeast: both.AtLeast, Strategies: []maturity.Strategy{"big bang"}}),
		`check.strategies: they are for "strategy" alone`:                                              check(maturity.Check{Fact: maturity.FactDigest, AtLeast: both.AtLeast, Strategies: []maturity.Strategy{maturity.Canary}}),
		`check.kind: "" is none of`:                                                                    check(least(maturity.FactStep, 1)),
		`check.kind: it is for "step" alone`:                                                           check(maturity.Check{Fact: maturity.FactDigest, AtLeast: both.AtLeast, Kind: maturity.KindTest}),
		`check.days: they count for nothing with "deployment-age"`:                                     check(maturity.Check{Fact: maturity.FactAge, AtMost: both.AtLeast, Days: 1}),
		"check.days: -1 is not one of":                                                                 check(maturity.Check{Fact: maturity.FactDigest, AtLeast: both.AtLeast, Days: -1}),
		`practices[0].basis: "deployments-per-week" cannot be declared; it takes "evidence" or "both"`: check(least(maturity.FactFrequency, 1)),
		`practices[0].basis: "lead-time" cannot be declared`:                                           check(maturity.Check{Fact: maturity.FactLeadTime, AtMost: both.AtLeast, MinN: 2}),
		"check.min_n: -1 is not one of":                                                                check(maturity.Check{Fact: maturity.FactDigest, AtLeast: both.AtLeast, MinN: -1}),
	} {
		assert.ErrorContains(t, m.Validate(), want)
		_, err := maturity.Assess(m, maturity.Input{At: now})
		assert.ErrorContains(t, err, "model: ")
	}
}

// All that is wrong with an input is told at once.
func TestInput(t *testing.T) {
	_, err := maturity.Assess(one(maturity.Practice{}), maturity.Input{
		Rules:        dora.Rules{Confidence: 7},
		Services:     []maturity.Service{{}, {Name: "s", Standing: "old"}, {Name: "s", Observed: time.Date(99999, 1, 1, 0, 0, 0, 0, time.UTC)}},
		Releases:     []maturity.Release{{}, {ID: "r", Service: "s", Began: now, Steps: []maturity.Step{{}, {ID: "a", Kind: "x", Outcome: "y", To: now, By: []string{""}, Strategies: []maturity.Strategy{"z"}}}}, {ID: "r"}},
		Declarations: []maturity.Declaration{{Practice: "q"}},
		People:       []maturity.Person{{}, {Name: "Ada"}, {Name: " ada", Hours: dora.Calendar{Holidays: []string{"never"}}}},
	})
	for _, want := range []string{
		"input: ", "At: there is none", "Rules: ", "Services[0].name: there is none", `Services[1].standing: "old"`, `Services[2].name: "s" is that of Services[1] already`, "Services[2].observed: the year 99999",
		"Releases[0].id: there is none", "Releases[0].service: there is none", "Releases[0].began: there is none", "Releases[1].steps[0].id: there is none", `Releases[1].steps[0].kind: ""`, "Releases[1].steps[0].to: there is none",
		`Releases[1].steps[1].kind: "x"`, `Releases[1].steps[1].outcome: "y"`, "Releases[1].steps[1].by[0]: there is none", `Releases[1].steps[1].strategies[0]: "z"`, `Releases[2].id: "r" is that of Releases[1] already`,
		`Declarations[0].practice: model one has no practice "q"`, "Declarations[0].by: there is none", "Declarations[0].at: there is none",
		"People[0].name: there is none", `People[2].name: "ada" is that of People[1] already`, "People[2].hours: ",
	} {
		assert.ErrorContains(t, err, want)
	}
}

// Whatever Decode takes is valid, can be assessed, and reads the same from its own JSON.
func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/models/*.json")
	require.NoError(f, err)
	require.NotEmpty(f, files)
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(text)
	}
	_, in := story(f)
	in.Declarations = nil
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := maturity.Decode(text)
		if err != nil {
			return
		}
		require.NoError(t, m.Validate())
		again, err := json.Marshal(m)
		require.NoError(t, err)
		n, err := maturity.Decode(again)
		require.NoError(t, err)
		a, b := assess(t, m, in), assess(t, n, in)
		require.Equal(t, a.Text(), b.Text())
		_, err = json.Marshal(a)
		require.NoError(t, err)
		_ = a.Markdown()
	})
}
