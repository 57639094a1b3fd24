package maturity_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/maturity"
)

func pick[T any](r *rand.Rand, all ...T) T { return all[r.IntN(len(all))] }

// someRelease is a random one of s, with holes in it.
func someRelease(r *rand.Rand, id string) maturity.Release {
	began := ago(1 + 200*r.Float64())
	release := maturity.Release{ID: id, Service: "s", Version: pick(r, "", "1", "2", id), By: pick(r, "", "ada", "linus"), Began: began, Whole: r.IntN(3) > 0}
	if r.IntN(2) == 0 {
		release.Committed = began.Add(-time.Duration(r.IntN(100)) * time.Hour)
	}
	kinds := []maturity.Kind{maturity.KindDeploy, maturity.KindDeploy, maturity.KindDeploy, maturity.KindRollback, maturity.KindGate, maturity.KindApproval, maturity.KindDecision, maturity.KindTest}
	for i := range r.IntN(7) {
		s := maturity.Step{
			ID: fmt.Sprintf("%s.%d", id, i), Kind: pick(r, kinds...), Environment: pick(r, "production", "production", "staging"),
			Outcome: pick(r, "", maturity.Done, maturity.Refused, maturity.TakenBack, maturity.Failed), Digest: pick(r, "", "a", "a", "a", "b"), Means: pick(r, "", maturity.Machine, maturity.Machine, maturity.Hand),
			From: began.Add(time.Duration(r.IntN(30)) * time.Hour),
		}
		s.To = s.From.Add(time.Duration(r.IntN(30)) * time.Hour)
		if r.IntN(4) > 0 {
			s.Strategies = []maturity.Strategy{pick(r, maturity.Canary, maturity.Rolling, maturity.Recreate)}
		}
		if r.IntN(3) > 0 {
			s.By = []string{pick(r, "ada", "grace", "eve")}
		}
		release.Steps = append(release.Steps, s)
	}
	return release
}

// someInput is a random one of s.
func someInput(r *rand.Rand, m maturity.Model) maturity.Input {
	in := maturity.Input{At: now, People: []maturity.Person{{Name: "ada", Group: "shop", Location: time.UTC}, {Name: "grace", Group: "operations", Location: tokyo}}}
	in.Services = []maturity.Service{{Name: "s", Standing: pick(r, "", maturity.Legacy, maturity.Current)}}
	for i := range r.IntN(6) {
		in.Releases = append(in.Releases, someRelease(r, fmt.Sprint("r", i)))
	}
	for _, d := range m.Dimensions {
		for _, p := range d.Practices {
			if r.IntN(2) == 0 {
				in.Declarations = append(in.Declarations, maturity.Declaration{Practice: p.ID, Service: pick(r, "", "s"), Holds: r.IntN(4) > 0, By: "ada", At: ago(float64(r.IntN(500)))})
			}
		}
	}
	return in
}

// The levels, what is missing, and the order of what comes next, worked out in the plain way from the answers.
func TestOracle(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(1, seed))
		m := pick(r, maturity.Models()...)
		p := profile(t, assess(t, m, someInput(r, m)), "s")
		var wanted []maturity.Advice
		for i, d := range m.Dimensions {
			got := p.Dimensions[i]
			answers := map[string]maturity.Answer{}
			for _, f := range got.Findings {
				answers[f.Practice] = f.Answer
			}
			reached := func(level int, good ...maturity.Answer) bool {
				some := false
				for _, practice := range d.Practices {
					if practice.Level <= level && !slices.Contains(good, answers[practice.ID]) {
						return false
					}
					some = some || practice.Level == level
				}
				return some
			}
			level, possible, next := 0, 0, 0
			for l := 1; l <= len(m.Levels); l++ {
				if reached(l, maturity.Yes) {
					level = l
				}
				if reached(l, maturity.Yes, maturity.Unknown) {
					possible = l
				}
			}
			for l := len(m.Levels); l > level; l-- {
				if slices.ContainsFunc(d.Practices, func(p maturity.Practice) bool { return p.Level == l }) {
					next = l
				}
			}
			var missing []string
			for _, practice := range d.Practices {
				if practice.Level == next && answers[practice.ID] != maturity.Yes {
					missing = append(missing, practice.ID)
				}
			}
			require.Equal(t, []int{level, possible, next}, []int{got.Level, got.Possible, got.Next})
			require.Equal(t, missing, got.Missing)
			for _, practice := range d.Practices {
				if slices.Contains(missing, practice.ID) {
					wanted = append(wanted, maturity.Advice{Practice: practice.ID, Score: float64(practice.Impact) / float64(practice.Effort), Others: len(missing) - 1, Level: practice.Level})
				}
			}
		}
		require.Len(t, p.Next, len(wanted))
		for i, a := range p.Next {
			w := wanted[slices.IndexFunc(wanted, func(w maturity.Advice) bool { return w.Practice == a.Practice })]
			require.Equal(t, []any{w.Score, w.Others, w.Level}, []any{a.Score, a.Others, a.Level})
			if i > 0 {
				b := p.Next[i-1]
				before := b.Score > a.Score || b.Score == a.Score && (b.Others < a.Others || b.Others == a.Others && b.Level <= a.Level)
				require.True(t, before, "%v before %v", b, a)
			}
		}
	}
}

// What is missing in records leaves open exactly what it can change: the answer is the one that is given however the holes are filled, and unknown where that depends.
func TestHoles(t *testing.T) {
	canary := least(maturity.FactStrategy, 0)
	canary.Strategies = []maturity.Strategy{maturity.Canary}
	open := 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(2, seed))
		limit := float64(1+r.IntN(10)) / 10
		canary.AtLeast = &limit
		hands := most(maturity.FactHandoffs, float64(r.IntN(3)))
		var releases []maturity.Release
		var holes []int
		for i := range 1 + r.IntN(7) {
			one := release(fmt.Sprint("r", i), "deploy "+pick(r, "canary", "recreate"), pick(r, "decision by:a", "decision by:a,b", "decision by:a,b,c"))
			if r.IntN(3) == 0 {
				holes = append(holes, i)
			}
			releases = append(releases, one)
		}
		for _, is := range []struct {
			check maturity.Check
			dig   func(r *maturity.Release)
			fill  func(r *maturity.Release, with bool)
		}{
			{canary, func(r *maturity.Release) { r.Steps[0].Strategies = nil }, func(r *maturity.Release, with bool) {
				r.Steps[0].Strategies = []maturity.Strategy{map[bool]maturity.Strategy{true: maturity.Canary, false: maturity.Rolling}[with]}
			}},
			{hands, func(r *maturity.Release) { r.Steps[1].By = nil }, func(r *maturity.Release, with bool) {
				r.Steps[1].By = map[bool][]string{true: {"a"}, false: {"a", "b", "c", "d", "e", "f", "g"}}[with]
			}},
		} {
			asked := func(edit func(i int, r *maturity.Release)) maturity.Answer {
				in := maturity.Input{}
				for i, one := range releases {
					one.Steps = slices.Clone(one.Steps)
					if slices.Contains(holes, i) {
						edit(slices.Index(holes, i), &one)
					}
					in.Releases = append(in.Releases, one)
				}
				return evidence(t, is.check, in).Answer
			}
			got := asked(func(_ int, r *maturity.Release) { is.dig(r) })
			seen := map[maturity.Answer]bool{}
			for filled := range 1 << len(holes) {
				seen[asked(func(i int, r *maturity.Release) { is.fill(r, filled>>i&1 == 1) })] = true
			}
			want := maturity.Unknown
			if len(seen) == 1 {
				want = slices.Collect(func(yield func(maturity.Answer) bool) {
					for a := range seen {
						yield(a)
					}
				})[0]
			} else {
				open++
			}
			if len(holes) == len(releases) {
				want = maturity.Unknown
			}
			require.Equal(t, want, got, "%s, %v of %d", is.check.Fact, holes, len(releases))
		}
	}
	assert.Greater(t, open, 50, "many depend on the holes")
}

// exemplary is a release that does all that is good.
func exemplary(id string) maturity.Release {
	r := release(id, "build at:30m", "test at:29m", "scan at:28m", "sign at:27m", "inventory at:26m", "deploy in:staging canary sha:x at:20m", "gate refused at:15m", "gate at:14m",
		"deploy canary sha:x at:10m", "rollback at:5m", "deploy canary sha:x at:3m")
	r.By, r.Version, r.Began, r.Committed = "ada", id, now.Add(-time.Hour), now.Add(-2*time.Hour)
	for i := range r.Steps {
		if r.Steps[i].Kind == maturity.KindDeploy {
			r.Steps[i].Strategies = []maturity.Strategy{maturity.Canary, maturity.Waves, maturity.BlueGreen}
		}
	}
	return r
}

// More evidence for practices, and more that is declared, never lowers a level; less that is declared never raises one.
func TestMoreIsNeverLess(t *testing.T) {
	raised := 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(3, seed))
		m := pick(r, maturity.Models()...)
		in := someInput(r, m)
		in.History = history(t, nil)
		before := profile(t, assess(t, m, in), "s")
		grows := func(what string, in maturity.Input) {
			t.Helper()
			after := profile(t, assess(t, m, in), "s")
			for i, d := range before.Dimensions {
				require.GreaterOrEqual(t, after.Dimensions[i].Level, d.Level, "%s, %s: %s", what, m.Name, d.Dimension)
				if after.Dimensions[i].Level > d.Level {
					raised++
				}
				for k, f := range d.Findings {
					if f.Answer == maturity.Yes {
						require.Equal(t, maturity.Yes, after.Dimensions[i].Findings[k].Answer, "%s, %s: %s", what, m.Name, f.Practice)
					}
				}
			}
		}
		more := in
		more.Releases = append(slices.Clone(in.Releases), exemplary("best"))
		grows("a release", more)
		more = in
		for _, d := range m.Dimensions {
			for _, p := range d.Practices {
				if r.IntN(8) > 0 {
					continue
				}
				more.Declarations = append(slices.Clone(in.Declarations), maturity.Declaration{Practice: p.ID, Service: "s", Holds: true, By: "eve", At: ago(0)})
				grows("a declaration of "+p.ID, more)
			}
		}
		if len(in.Declarations) > 0 {
			i := r.IntN(len(in.Declarations))
			more.Declarations = slices.Clone(in.Declarations)
			more.Declarations[i].Holds, more.Declarations[i].At = true, ago(0)
			grows("a no that became a yes", more)
		}
	}
	assert.Greater(t, raised, 100)
}

// The same input in another order gives the same assessment.
func TestOrder(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(4, seed))
		m := pick(r, maturity.Models()...)
		in := someInput(r, m)
		want := assess(t, m, in)
		r.Shuffle(len(in.Releases), func(i, k int) { in.Releases[i], in.Releases[k] = in.Releases[k], in.Releases[i] })
		r.Shuffle(len(in.Declarations), func(i, k int) {
			in.Declarations[i], in.Declarations[k] = in.Declarations[k], in.Declarations[i]
		})
		for _, one := range in.Releases {
			r.Shuffle(len(one.Steps), func(i, k int) { one.Steps[i], one.Steps[k] = one.Steps[k], one.Steps[i] })
		}
		require.Equal(t, want, assess(t, m, in))
	}
}
