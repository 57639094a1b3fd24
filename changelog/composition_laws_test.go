package changelog_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

// drawnHistory is a random repository of components with tags that may be those of releases that stopped half way.
func drawnHistory(r *rand.Rand) (changelog.History, changelog.Policy) {
	commits, _ := history(r)
	p := drawnPolicy(r)
	if r.IntN(2) == 0 {
		p.Umbrella = &changelog.Component{Name: "all", Tags: "all/v{version}"}
	}
	if r.IntN(3) == 0 {
		p.Channel = "beta"
	}
	for i := range commits {
		commits[i].Text = []string{"feat: x", "fix: x", "docs: x", "feat(x)!: x", "fix(y): x"}[r.IntN(5)]
		commits[i].Paths = pick(r, []string{"a/f", "a/b/f", "a/b/c/f", "ab/f", "b/f", "b/x", "c/f", "a/x/f", "f", "d/f"}, 3)
	}
	h := changelog.History{Head: commits[0].ID, Commits: commits}
	for _, name := range append(names(p), "all") {
		for n := range r.IntN(4) {
			tag := fmt.Sprintf("%s/v1.%d.0", name, n)
			if n > 1 && r.IntN(2) == 0 {
				tag += "-beta.1"
			}
			h.Tags = append(h.Tags, changelog.Ref{Name: tag, Commit: commits[r.IntN(len(commits))].ID})
		}
	}
	return h, p
}

func names(p changelog.Policy) (all []string) {
	for _, c := range p.Components {
		all = append(all, c.Name)
	}
	return all
}

// whole are all decisions of a plan.
func whole(p changelog.Plan) []changelog.Decision {
	all := slices.Clone(p.Components)
	if p.Umbrella != nil {
		all = append(all, *p.Umbrella)
	}
	return all
}

// After a plan was carried out there is nothing left to be released, and nothing out of step.
func TestAPlanLeavesNothing(t *testing.T) {
	released, mended := 0, 0
	for seed := range uint64(800 / raced) {
		h, p := drawnHistory(rand.New(rand.NewPCG(seed, 23)))
		plan, err := changelog.Decide(h, p)
		if err != nil {
			continue // such as a version that is taken
		}
		for _, d := range whole(plan) {
			if d.Next != nil {
				released++
				h.Tags = append(h.Tags, changelog.Ref{Name: d.NextTag, Commit: h.Head})
			}
		}
		mended += len(outOfStep(plan))
		again, err := changelog.Decide(h, p)
		require.NoError(t, err, "seed %d", seed)
		for _, d := range whole(again) {
			require.Nil(t, d.Next, "seed %d: %s\n%s\n%s", seed, d.Name, plan.Explain(), again.Explain())
		}
		require.Empty(t, outOfStep(again), "seed %d", seed)
	}
	require.Greater(t, released, 400/raced)
	require.Greater(t, mended, 150/raced)
}

// One more commit never lowers a version of any component.
func TestACommitLowersNothing(t *testing.T) {
	compared := 0
	for seed := range uint64(800 / raced) {
		r := rand.New(rand.NewPCG(seed, 29))
		h, p := drawnHistory(r)
		before, err := changelog.Decide(h, p)
		if err != nil {
			continue
		}
		more := changelog.Commit{ID: "more", Parents: []string{h.Head}, Text: []string{"feat: x", "fix: x", "docs: x", "fix!: x"}[r.IntN(4)], Paths: pick(r, []string{"a/f", "b/f", "c/f", "f"}, 2)}
		h.Head, h.Commits = more.ID, append([]changelog.Commit{more}, h.Commits...)
		after, err := changelog.Decide(h, p)
		require.NoError(t, err, "seed %d", seed)
		for i, d := range whole(before) {
			if d.Next == nil {
				continue
			}
			compared++
			next := whole(after)[i].Next
			require.NotNil(t, next, "seed %d: %s\n%s\n%s", seed, d.Name, before.Explain(), after.Explain())
			require.False(t, next.LessThan(d.Next), "seed %d: %s\n%s\n%s", seed, d.Name, before.Explain(), after.Explain())
		}
	}
	require.Greater(t, compared, 400/raced)
}
