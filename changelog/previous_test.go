package changelog_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

// nomad has its releases on branches, with the beginning of each on main.
var nomad = []string{
	"feat: begin", "tag v1.9.0", "feat: a", "tag v1.11.0-rc.1", "on release/1.11.x", "fix: b", "tag v1.11.0", "fix: c", "tag v1.11.1",
	"on main", "feat: d", "on release/2.0.x", "chore: e", "tag v2.0.0", "fix: f", "tag v2.0.5", "on main", "feat: g",
}

func TestReach(t *testing.T) {
	unmerged := []string{"feat: begin", "tag v1.2.3", "on next", "feat!: new", "tag v2.0.0", "on main", "fix: mend"}
	for _, tc := range []struct {
		name           string
		steps          []string
		policy         changelog.Policy
		next, previous string
		why            string
		ignored        map[string]string
	}{
		{
			"an unmerged branch does not count", unmerged, changelog.Policy{}, "1.2.4", "v1.2.3",
			"v1.2.3 is the highest release tag that can be reached from HEAD, higher ones on other branches: 1",
			map[string]string{"v2.0.0": "is on another branch, and by the policy only tags on HEAD and its ancestors count"},
		},
		{
			"an unmerged branch counts", unmerged, changelog.Policy{Reach: changelog.ReachAll}, "2.0.1", "v2.0.0",
			"v2.0.0 is the highest release tag on any branch, and HEAD is not a descendant of it", nil,
		},
		{
			"a line where there is none", unmerged, changelog.Policy{Reach: changelog.ReachLine}, "1.2.4", "v1.2.3",
			"v1.2.3 is the highest release tag that can be reached from HEAD, higher ones on other branches: 1",
			map[string]string{"v2.0.0": "is on another branch, and by the policy only tags on HEAD and its ancestors count"},
		},
		{
			"releases on branches: what main has seen begin", nomad, changelog.Policy{}, "1.12.0", "v1.11.0",
			"v1.11.0 is the highest release tag: it is on another branch, but its pre-release v1.11.0-rc.1 can be reached from HEAD, higher ones on other branches: 3",
			nil,
		},
		{
			"releases on branches: all", nomad, changelog.Policy{Reach: changelog.ReachAll}, "2.1.0", "v2.0.5",
			"v2.0.5 is the highest release tag on any branch, and HEAD is not a descendant of it", nil,
		},
		{
			"the line of a branch that was begun anew",
			[]string{"feat: begin", "tag v1.2.0", "on old", "fix: a", "tag v1.2.1", "on main", "feat: b", "tag v1.3.0", "on 1.2.x", "fix: c"},
			changelog.Policy{Maintenance: "1.x", Reach: changelog.ReachLine}, "1.3.1", "v1.3.0", "v1.3.0 is the highest release tag of the line 1.x that can be reached from HEAD", nil,
		},
		{
			"a line on two branches",
			[]string{"feat: begin", "tag v1.2.0", "on old", "fix: a", "tag v1.2.1", "on main", "fix: b"},
			changelog.Policy{Maintenance: "1.2.x", Reach: changelog.ReachLine}, "1.2.2", "v1.2.1", "v1.2.1 is the highest release tag of the line 1.2.x on any branch, and HEAD is not a descendant of it", nil,
		},
		{
			"a line, all tags, and what is above it",
			[]string{"feat: begin", "tag v1.2.0", "on next", "feat!: a", "tag v2.0.0", "on main", "fix: b"},
			changelog.Policy{Maintenance: "1.x", Reach: changelog.ReachAll}, "1.2.1", "v1.2.0",
			"v1.2.0 is the highest release tag of the line 1.x that can be reached from HEAD, higher ones on other branches: 1",
			map[string]string{"v2.0.0": "is on another branch, and above the line 1.x"},
		},
		{
			"a line, its tags, and one of another line",
			[]string{"feat: begin", "tag v0.9.0", "on next", "fix: a", "tag v1.0.5", "on main", "feat!: b"},
			changelog.Policy{Maintenance: "1.1.x", Reach: changelog.ReachLine, Zero: changelog.ZeroStable}, "error", "v0.9.0",
			"v0.9.0 is the highest release tag that can be reached from HEAD, higher ones on other branches: 1",
			map[string]string{"v1.0.5": "is on another branch, and not of the line 1.1.x"},
		},
		{
			"no release within reach", []string{"feat: begin", "on release", "tag v1.2.3", "fix: a", "tag v2.0.5", "on main", "merge release", "on fresh"}, changelog.Policy{}, "-", "v2.0.5",
			"v2.0.5 is the highest release tag that can be reached from HEAD", nil,
		},
		{
			"a hotfix that is merged later", []string{"feat: begin", "tag v1.2.0", "on hotfix", "fix: h", "tag v1.2.1", "on main", "feat: n", "tag v1.3.0", "merge hotfix"}, changelog.Policy{}, "1.3.1", "v1.3.0",
			"v1.3.0 is the highest release tag that can be reached from HEAD", nil,
		},
		{
			"a feature of old that is merged later", []string{"feat: begin", "tag v1.2.3", "on feature", "feat: old", "on main", "fix: a", "tag v1.2.4", "merge feature"}, changelog.Policy{}, "1.3.0", "v1.2.4",
			"v1.2.4 is the highest release tag that can be reached from HEAD", nil,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, d, err := outcome(t, steps(tc.steps...).history(), tc.policy)
			assert.Equal(t, tc.next, got, "%v", err)
			assert.Equal(t, tc.previous, d.PreviousTag)
			assert.Equal(t, tc.why, d.PreviousWhy)
			if tc.ignored != nil {
				ignored := map[string]string{}
				for _, tag := range d.IgnoredTags {
					ignored[tag.Tag] = tag.Why
				}
				assert.Equal(t, tc.ignored, ignored)
			}
		})
	}
}

// TestBeginsOfBranches: what a release on another branch has counts as released, be it told by where that branch begins, by
// commits that leave it out, or by its pre-releases.
func TestBeginsOfBranches(t *testing.T) {
	h := steps(nomad...).history()
	want, d, err := outcome(t, h, changelog.Policy{Reach: changelog.ReachAll})
	require.NoError(t, err)
	require.Len(t, d.Reasons, 1)

	without := h
	without.Tags = nil
	for _, tag := range h.Tags {
		tag.Fork = nil
		without.Tags = append(without.Tags, tag)
	}
	without.Commits = h.Commits[:1]
	got, _, err := outcome(t, without, changelog.Policy{Reach: changelog.ReachAll})
	require.NoError(t, err)
	assert.Equal(t, want, got)

	without.Commits = h.Commits
	got, d, err = outcome(t, without, changelog.Policy{})
	require.NoError(t, err)
	assert.Equal(t, "1.12.0", got)
	assert.Len(t, d.Reasons, 2, "what v1.11.0-rc.1 has, v1.11.0 has")
}

func TestNoReleaseWithinReach(t *testing.T) {
	h := steps("feat: begin", "on release", "fix: a", "tag v2.0.4", "tag v2.0.5", "on main", "feat: b").history()
	_, d, err := outcome(t, h, changelog.Policy{})
	require.ErrorIs(t, err, changelog.ErrLower)
	assert.ErrorContains(t, err, "no release can be reached from HEAD, and 0.1.0 would be lower than v2.0.5 on another branch")
	assert.Equal(t, "no release tag can be reached from HEAD, release tags on other branches: 2, the highest is v2.0.5", d.PreviousWhy)
	for want, policy := range map[string]changelog.Policy{
		"2.1.0": {Reach: changelog.ReachAll},
		"3.0.0": {Initial: version(t, "3.0.0")},
	} {
		got, _, err := outcome(t, h, policy)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

// TestTagsThatAreNoVersions: a tag is read strictly, and what is not read says why.
func TestTagsThatAreNoVersions(t *testing.T) {
	for name, why := range map[string]string{
		"latest": "does not have the form v{version}", "nightly-2026-01-02": "does not have the form", "2026-01-02": "does not have the form", "1.9.9": "does not have the form",
		"v1": "is not a semantic version", "v2": "is not a semantic version", "v2.0": "is not a semantic version", "v20260102": "is not a semantic version",
		"v1.02.4": "is not a semantic version", "v2026.01.02": "is not a semantic version", "v1.8.5.1": "is not a semantic version", "v1.9.0-beta.01": "is not a semantic version",
		"v18446744073709551616.0.0": "is not a semantic version", "vendor/v2.0.0": "does not have the form v{version}", "version-2.0.0": "does not have the form v{version}",
	} {
		got, d, err := outcome(t, steps("feat: begin", "tag v1.2.3", "fix: a", "tag "+name, "fix: b").history(), changelog.Policy{})
		require.NoError(t, err)
		assert.Equal(t, "1.2.4", got, name)
		require.Len(t, d.IgnoredTags, 1, name)
		assert.Equal(t, name, d.IgnoredTags[0].Tag)
		assert.Contains(t, d.IgnoredTags[0].Why, why, name)
	}
}

func TestEqualVersions(t *testing.T) {
	for _, tc := range []struct {
		name, previous string
		steps          []string
	}{
		{"the one further on", "v1.2.3+b1", []string{"feat: begin", "tag v1.2.3+b2", "feat: a", "tag v1.2.3+b1", "fix: b"}},
		{"on one commit", "v1.2.3+b2", []string{"feat: begin", "tag v1.2.3+b1", "tag v1.2.3+b2", "fix: b"}},
		{"without metadata", "v1.2.3", []string{"feat: begin", "tag v1.2.3+b2", "feat: a", "tag v1.2.3", "fix: b"}},
		{"on two branches", "v1.2.3+b2", []string{"feat: begin", "on other", "feat: a", "tag v1.2.3+b1", "on main", "feat: c", "tag v1.2.3+b2", "merge other", "fix: b"}},
		{"on a branch that was not merged", "v1.2.3+b1", []string{"feat: begin", "tag v1.2.3+b1", "on other", "feat: a", "tag v1.2.3+b2", "on main", "fix: b"}},
	} {
		got, d, err := outcome(t, steps(tc.steps...).history(), changelog.Policy{})
		require.NoError(t, err, tc.name)
		assert.Equal(t, "1.2.4", got, tc.name)
		assert.Equal(t, tc.previous, d.PreviousTag, tc.name)
	}
}
