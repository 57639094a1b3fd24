package maturity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/davit-sdk/davit/metrics/maturity"
)

// What evidence and a declaration come to, under each basis: the answer for evidence yes, no, unknown, each with a declaration of yes, no, none.
func TestBasis(t *testing.T) {
	releases := map[string][]maturity.Release{"yes": {release("r", "deploy")}, "no": {release("r", "deploy manual")}, "?": nil}
	declarations := map[string][]maturity.Declaration{
		"yes": {{Practice: "p", Holds: true, By: "ada", At: ago(1)}}, "no": {{Practice: "p", By: "ada", At: ago(1)}}, "-": nil,
	}
	for _, test := range []struct {
		basis     maturity.Basis
		yes, no   [3]maturity.Answer
		otherwise [3]maturity.Answer
	}{
		{maturity.ByEither, [3]maturity.Answer{"yes", "yes", "yes"}, [3]maturity.Answer{"no", "no", "no"}, [3]maturity.Answer{"yes", "no", "unknown"}},
		{"", [3]maturity.Answer{"yes", "yes", "yes"}, [3]maturity.Answer{"no", "no", "no"}, [3]maturity.Answer{"yes", "no", "unknown"}},
		{maturity.ByEvidence, [3]maturity.Answer{"yes", "yes", "yes"}, [3]maturity.Answer{"no", "no", "no"}, [3]maturity.Answer{"unknown", "unknown", "unknown"}},
		{maturity.ByBoth, [3]maturity.Answer{"yes", "no", "unknown"}, [3]maturity.Answer{"no", "no", "no"}, [3]maturity.Answer{"unknown", "no", "unknown"}},
	} {
		for evidence, want := range map[string][3]maturity.Answer{"yes": test.yes, "no": test.no, "?": test.otherwise} {
			for i, declared := range []string{"yes", "no", "-"} {
				c := least(maturity.FactAutomated, 1)
				m := one(maturity.Practice{Basis: test.basis, Check: &c})
				f := finding(t, assess(t, m, maturity.Input{At: now, Services: []maturity.Service{{Name: "s"}}, Releases: releases[evidence], Declarations: declarations[declared]}), "s", "p")
				assert.Equal(t, want[i], f.Answer, "%s: %s and %s", test.basis, evidence, declared)
				assert.Equal(t, evidence == "yes" && declared == "no" || evidence == "no" && declared == "yes", f.Contradiction, "%s: %s and %s", test.basis, evidence, declared)
			}
		}
	}
}

// Which of several declarations counts.
func TestDeclarations(t *testing.T) {
	say := func(service string, holds bool, days float64) maturity.Declaration {
		return maturity.Declaration{Practice: "p", Service: service, Holds: holds, By: "ada", At: ago(days)}
	}
	for _, test := range []struct {
		name string
		said []maturity.Declaration
		want maturity.Answer
		why  string
	}{
		{"none", nil, maturity.Unknown, "nobody has declared it"},
		{"yes", []maturity.Declaration{say("s", true, 1)}, maturity.Yes, "declared by ada on 2026-11-22"},
		{"no", []maturity.Declaration{say("s", false, 1)}, maturity.No, "declared not to hold by ada on 2026-11-22"},
		{"of another", []maturity.Declaration{say("q", true, 1)}, maturity.Unknown, "nobody has declared it"},
		{"of all", []maturity.Declaration{say("", true, 1)}, maturity.Yes, "declared by ada on 2026-11-22"},
		{"its own counts before that of all", []maturity.Declaration{say("s", false, 2), say("", true, 1)}, maturity.No, "declared not to hold by ada on 2026-11-21"},
		{"the latest", []maturity.Declaration{say("s", false, 2), say("s", true, 1)}, maturity.Yes, "declared by ada on 2026-11-22"},
		{"a no of the same time", []maturity.Declaration{say("s", false, 1), say("s", true, 1)}, maturity.No, "declared not to hold by ada on 2026-11-22"},
		{"in whatever order", []maturity.Declaration{say("s", true, 1), say("s", false, 1)}, maturity.No, "declared not to hold by ada on 2026-11-22"},
		{"tomorrow's", []maturity.Declaration{say("s", false, 2), say("s", true, -1)}, maturity.No, "declared not to hold by ada on 2026-11-21"},
		{"just fresh", []maturity.Declaration{say("s", true, 100)}, maturity.Yes, "declared by ada on 2026-08-15"},
		{"just stale", []maturity.Declaration{say("s", true, 100.001)}, maturity.Unknown, "declared by ada on 2026-08-15, which is too long ago"},
	} {
		m := one(maturity.Practice{})
		m.StaleDays = 100
		in := maturity.Input{At: now, Services: []maturity.Service{{Name: "s"}}, Declarations: test.said}
		f := finding(t, assess(t, m, in), "s", "p")
		assert.Equal(t, test.want, f.Answer, test.name)
		assert.Equal(t, test.why, f.Why, test.name)
		m.Dimensions[0].Practices[0].StaleDays = 1
		if test.name == "just fresh" {
			assert.Equal(t, maturity.Unknown, finding(t, assess(t, m, in), "s", "p").Answer, "the practice knows better")
		}
	}
	in := maturity.Input{At: now, Services: []maturity.Service{{Name: "s"}}, Declarations: []maturity.Declaration{say("s", true, 365)}}
	assert.Equal(t, maturity.Yes, finding(t, assess(t, one(maturity.Practice{}), in), "s", "p").Answer, "a year, by default")
	in.Declarations[0].At = in.Declarations[0].At.Add(-time.Second)
	assert.Equal(t, maturity.Unknown, finding(t, assess(t, one(maturity.Practice{}), in), "s", "p").Answer)
}
