package git_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

// steps are "on BRANCH", which begins it where there is none, "merge BRANCH", "tag NAME", and messages of commits.
func (w *workshop) steps(all ...string) *workshop {
	w.t.Helper()
	for _, step := range all {
		word, rest, _ := strings.Cut(step, " ")
		switch word {
		case "on":
			if w.run("branch", "--list", rest) == "" {
				w.run("branch", rest)
			}
			w.run("checkout", "--quiet", rest)
		case "merge":
			w.run("merge", "--quiet", "--no-ff", "--no-edit", rest)
		case "tag":
			w.run("tag", rest)
		default:
			w.commit(step)
		}
	}
	return w
}

// chosen is the tag of the next version, "-" for none, and the decision.
func (w *workshop) chosen(policy changelog.Policy) (string, changelog.Decision, error) {
	w.t.Helper()
	h, err := w.open().History(w.t.Context(), policy)
	require.NoError(w.t, err)
	plan, err := changelog.Decide(h, policy)
	d := plan.Components[0]
	if d.Next == nil {
		return "-", d, err
	}
	return d.NextTag, d, err
}

func TestChannelsOfARepository(t *testing.T) {
	beta, alpha, final := changelog.Policy{Channel: "beta"}, changelog.Policy{Channel: "alpha"}, changelog.Policy{Channel: "beta", Final: true}
	w := newWorkshop(t).steps("feat: begin", "tag v1.0.0", "feat: a")
	for _, step := range []struct {
		policy changelog.Policy
		want   string // is tagged, where it is a version
		then   string
	}{
		{alpha, "v1.1.0-alpha.1", "fix: b"},
		{alpha, "v1.1.0-alpha.2", ""},
		{alpha, "-", ""},
		{beta, "v1.1.0-beta.1", "chore: c"},
		{beta, "-", "fix: d"},
		{beta, "v1.1.0-beta.2", "feat!: e"},
		{beta, "v2.0.0-beta.1", "docs: f"},
		{final, "v2.0.0", ""},
		{final, "-", ""},
		{beta, "-", "fix: g"},
		{beta, "v2.0.1-beta.1", ""},
		{final, "v2.0.1", ""},
	} {
		got, d, err := w.chosen(step.policy)
		require.NoError(t, err)
		require.Equal(t, step.want, got, "%s", d.Explain())
		if got != "-" {
			w.run("tag", got)
		}
		if step.then != "" {
			w.commit(step.then)
		}
	}
}

// TestMainHasReleasedIt: the beta branch does not descend from the final version of its own beta.
func TestMainHasReleasedIt(t *testing.T) {
	w := newWorkshop(t).steps("feat: begin", "tag v1.0.0", "on beta", "feat: a", "tag v1.1.0-beta.1", "fix: b", "tag v1.1.0-beta.2",
		"on main", "merge beta", "tag v1.1.0", "on beta", "fix: c")
	got, d, err := w.chosen(changelog.Policy{Channel: "beta"})
	require.NoError(t, err)
	assert.Equal(t, "v1.1.1-beta.1", got)
	assert.Equal(t, "v1.1.0", d.PreviousTag)
	assert.Len(t, d.Reasons, 1, "%s", d.Explain())
}

func TestMaintenanceBranches(t *testing.T) {
	w := newWorkshop(t).steps("feat: begin", "tag v1.2.3", "feat: a", "tag v1.3.0", "feat!: b", "tag v2.0.0")
	w.run("branch", "release/1.2.x", "v1.2.3")
	w.run("branch", "1.x", "v1.3.0")
	for branch, of := range map[string]struct{ fix, feature string }{"release/1.2.x": {"v1.2.4", ">=1.2.0 <1.3.0"}, "1.x": {"v1.3.1", ""}, "main": {"v2.0.1", ""}} {
		w.steps("on "+branch, "fix: c")
		got, d, err := w.chosen(changelog.Policy{})
		require.NoError(t, err)
		assert.Equal(t, of.fix, got)
		w.commit("feat: d")
		_, d, err = w.chosen(changelog.Policy{})
		if of.feature == "" {
			assert.NoError(t, err, "%s", d.Explain())
			continue
		}
		var out *changelog.RangeError
		require.ErrorAs(t, err, &out)
		assert.Equal(t, of.feature, out.Range)
		assert.Contains(t, d.Explain(), "out of range")
	}
	w.run("checkout", "--quiet", "--detach", "release/1.2.x")
	got, _, err := w.chosen(changelog.Policy{})
	assert.ErrorIs(t, err, changelog.ErrTaken, "without a branch there is no line, and 1.3.0 is another one's")
	assert.Equal(t, "-", got)
	_, _, err = w.chosen(changelog.Policy{Maintenance: "1.2.x"})
	assert.ErrorIs(t, err, changelog.ErrOutOfRange)
}

// TestReachOfTags has a history as nomad has it: releases are tagged on branches that are never merged.
func TestReachOfTags(t *testing.T) {
	w := newWorkshop(t).steps("feat: begin", "tag v1.9.0", "feat: a", "tag v1.11.0-rc.1", "on release/1.11.x", "fix: b", "tag v1.11.0", "fix: c", "tag v1.11.1",
		"on main", "feat: d", "on release/2.0.x", "chore: e", "tag v2.0.0", "fix: f", "tag v2.0.5", "on main", "feat: g")
	for want, tc := range map[string]struct {
		policy changelog.Policy
		why    string
		counts int
	}{
		"v1.12.0": {changelog.Policy{}, "v1.11.0 is the highest release tag: it is on another branch, but its pre-release v1.11.0-rc.1 can be reached from HEAD, higher ones on other branches: 3", 2},
		"v2.1.0":  {changelog.Policy{Reach: changelog.ReachAll}, "v2.0.5 is the highest release tag on any branch, and HEAD is not a descendant of it", 1},
		"v1.11.2": {changelog.Policy{Reach: changelog.ReachLine, Maintenance: "1.11.x", Types: map[string]changelog.Level{"feat": changelog.Patch}}, "v1.11.1 is the highest release tag of the line 1.11.x on any branch, and HEAD is not a descendant of it, higher ones on other branches: 2", 2},
	} {
		got, d, err := w.chosen(tc.policy)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.Equal(t, tc.why, d.PreviousWhy)
		assert.Len(t, d.Reasons, tc.counts, "%s", d.Explain())
	}
	w.run("checkout", "--quiet", "release/1.11.x")
	w.commit("fix: h")
	got, d, err := w.chosen(changelog.Policy{})
	require.NoError(t, err)
	assert.Equal(t, "v1.11.2", got)
	assert.Equal(t, "v1.11.1 is the highest release tag of the line 1.11.x that can be reached from HEAD, higher ones on other branches: 2", d.PreviousWhy)
}

// TestBranchesThatCross: a release on a branch that was merged both ways, so that the two have two newest ancestors in common.
func TestBranchesThatCross(t *testing.T) {
	w := newWorkshop(t).steps("chore: begin", "on other", "feat!: a", "on main", "feat!: b")
	a, b := w.run("rev-parse", "other"), w.run("rev-parse", "main")
	w.run("merge", "--quiet", "--no-ff", "--no-edit", a)
	w.run("checkout", "--quiet", "other")
	w.run("merge", "--quiet", "--no-ff", "--no-edit", b)
	w.steps("tag v1.0.0", "on main", "fix: c")
	policy := changelog.Policy{Reach: changelog.ReachAll}
	h, err := w.open().History(t.Context(), policy)
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{a, b}, h.Tags[0].Fork)
	got, d, err := w.chosen(policy)
	require.NoError(t, err)
	assert.Equal(t, "v1.0.1", got, "%s", d.Explain())
}

func TestReleaseAsOfARepository(t *testing.T) {
	w := newWorkshop(t).steps("feat: begin", "tag v1.2.3", "chore: go\n\nRelease-As: v3.0.0\n", "fix: a")
	got, _, err := w.chosen(changelog.Policy{})
	require.NoError(t, err)
	assert.Equal(t, "v3.0.0", got)
	w.steps("tag v3.0.0", "chore: back\n\nRelease-As: 2.0.0\n")
	_, _, err = w.chosen(changelog.Policy{})
	assert.ErrorIs(t, err, changelog.ErrLower)
}
