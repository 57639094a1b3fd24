package changelog_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

func TestVersionsByReleaseAs(t *testing.T) {
	go3 := "chore: go\n\nRelease-As: 3.0.0"
	ignore := changelog.Policy{ReleaseAs: changelog.Disregard}
	beta := changelog.Policy{Channel: "beta"}
	for _, tc := range []struct {
		name   string
		steps  []string
		policy changelog.Policy
		want   string
		err    error
		level  changelog.Level
	}{
		{"a footer", []string{go3}, changelog.Policy{}, "3.0.0", nil, changelog.Major},
		{"in lower case", []string{"chore: go\n\nrelease-as: 3.0.0"}, changelog.Policy{}, "3.0.0", nil, changelog.Major},
		{"in upper case", []string{"chore: go\n\nRELEASE-AS: 3.0.0"}, changelog.Policy{}, "3.0.0", nil, changelog.Major},
		{"with a v", []string{"chore: go\n\nRelease-As: v3.0.0"}, changelog.Policy{}, "3.0.0", nil, changelog.Major},
		{"among other footers", []string{"fix: a\n\nbody\n\nRefs: #1\nRelease-As: 1.4.0\nReviewed-by: Z"}, changelog.Policy{}, "1.4.0", nil, changelog.Minor},
		{"in the middle of a squashed message", []string{"feat: x (#12)\n\n* fix: a\n\nRelease-As: 1.5.0\n\n* fix: b\n"}, changelog.Policy{}, "1.5.0", nil, changelog.Minor},
		{"within a paragraph", []string{"feat: x\n\nsome text\nRelease-As: 1.5.0\nmore text"}, changelog.Policy{}, "1.5.0", nil, changelog.Minor},
		{"of a message that is not conventional", []string{"Go on\n\nRelease-As: 1.5.0"}, changelog.Policy{}, "1.5.0", nil, changelog.Minor},
		{"ignored", []string{go3, "fix: a"}, ignore, "1.2.4", nil, changelog.Patch},
		{"ignored, and nothing else", []string{go3}, ignore, "-", nil, changelog.None},
		{"lower than the commits say", []string{"feat!: a", "chore: go\n\nRelease-As: 1.5.0"}, changelog.Policy{}, "1.5.0", nil, changelog.Major},
		{"the newest counts", []string{go3, "chore: go\n\nRelease-As: 1.5.0", "fix: a"}, changelog.Policy{}, "1.5.0", nil, changelog.Minor},
		{"the newest of a message counts", []string{"chore: go\n\nRelease-As: 1.4.0\nRelease-As: 1.5.0"}, changelog.Policy{}, "1.5.0", nil, changelog.Minor},
		{"one that was released", []string{go3, "tag v3.0.0", "fix: a"}, changelog.Policy{}, "3.0.1", nil, changelog.Patch},
		{"one that was taken back", []string{go3, "Revert \"chore: go\"", "fix: a"}, changelog.Policy{}, "1.2.4", nil, changelog.Patch},
		{"too low", []string{"chore: go\n\nRelease-As: 1.0.0"}, changelog.Policy{}, "error", changelog.ErrLower, changelog.None},
		{"the same again", []string{"chore: go\n\nRelease-As: 1.2.3"}, changelog.Policy{}, "error", changelog.ErrLower, changelog.None},
		{"lower than a pre-release", []string{"feat!: a", "tag v2.0.0-beta.1", "chore: go\n\nRelease-As: 1.5.0"}, changelog.Policy{}, "error", changelog.ErrLower, changelog.None},
		{"released with metadata", []string{"tag v3.0.0+x", go3}, changelog.Policy{}, "error", changelog.ErrLower, changelog.None},
		{"taken on another branch", []string{"on other", "fix: z", "tag v3.0.0", "on main", go3}, changelog.Policy{}, "error", changelog.ErrTaken, changelog.None},
		{"lower than a release on another branch that counts", []string{"on other", "feat!: z", "tag v2.0.0", "on main", "chore: go\n\nRelease-As: 1.5.0"}, changelog.Policy{Reach: changelog.ReachAll}, "error", changelog.ErrLower, changelog.None},
		{"of the whole message, not of what is within", []string{"feat: x (#12)\n\nRelease-As: 1.4.0\n\n* fix: b\n\nRelease-As: 1.5.0"}, changelog.Policy{}, "1.4.0", nil, changelog.Minor},
		{"out of range", []string{go3}, changelog.Policy{Maintenance: "1.x"}, "error", changelog.ErrOutOfRange, changelog.None},
		{"no version", []string{"chore: go\n\nRelease-As: soon"}, changelog.Policy{}, "error", changelog.ErrReleaseAs, changelog.None},
		{"half a version", []string{"chore: go\n\nRelease-As: 3.0"}, changelog.Policy{}, "error", changelog.ErrReleaseAs, changelog.None},
		{"no version, and a newer one", []string{"chore: go\n\nRelease-As: soon", go3}, changelog.Policy{}, "3.0.0", nil, changelog.Major},
		{"on a channel", []string{go3}, beta, "3.0.0-beta.1", nil, changelog.Major},
		{"on a channel, and a fix", []string{go3, "tag v3.0.0-beta.1", "fix: a"}, beta, "3.0.0-beta.2", nil, changelog.Major},
		{"on a channel, and a chore", []string{go3, "tag v3.0.0-beta.1", "chore: a"}, beta, "-", nil, changelog.None},
		{"a pre-release", []string{"chore: go\n\nRelease-As: 3.0.0-rc.1"}, changelog.Policy{}, "3.0.0-rc.1", nil, changelog.Major},
		{"a pre-release, on another channel", []string{"chore: go\n\nRelease-As: 3.0.0-rc.1"}, beta, "3.0.0-rc.1", nil, changelog.Major},
		{"a pre-release, made final", []string{"chore: go\n\nRelease-As: 3.0.0-rc.1"}, changelog.Policy{Final: true}, "3.0.0", nil, changelog.Major},
		{"a pre-release that was released", []string{"chore: go\n\nRelease-As: 3.0.0-rc.1", "tag v3.0.0-rc.1", "fix: a"}, changelog.Policy{}, "3.0.0", nil, changelog.Major},
		{"a pre-release that was released, on its channel", []string{"chore: go\n\nRelease-As: 3.0.0-rc.1", "tag v3.0.0-rc.1", "fix: a"}, changelog.Policy{Channel: "rc"}, "3.0.0-rc.2", nil, changelog.Major},
		{"a pre-release that was released, in the place of a higher version", []string{go3, "chore: go\n\nRelease-As: 2.0.0-rc.1", "tag v2.0.0-rc.1", "fix: a"}, changelog.Policy{}, "2.0.0", nil, changelog.Major},
		{"a pre-release that was released, in the place of no version", []string{"chore: go\n\nRelease-As: soon", "chore: go\n\nRelease-As: 2.0.0-rc.1", "tag v2.0.0-rc.1", "fix: a"}, changelog.Policy{Channel: "rc"}, "2.0.0-rc.2", nil, changelog.Major},
		{"a pre-release that was released, and a newer one", []string{"chore: go\n\nRelease-As: 2.0.0-rc.1", "tag v2.0.0-rc.1", go3}, changelog.Policy{}, "3.0.0", nil, changelog.Major},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, d, err := outcome(t, steps(append([]string{"feat: begin", "tag v1.2.3"}, tc.steps...)...).history(), tc.policy)
			require.Equal(t, tc.want, got, "%v", err)
			if tc.err != nil {
				require.ErrorIs(t, err, tc.err)
				return
			}
			assert.Equal(t, tc.level, d.Level)
		})
	}
}

func TestFirstVersionByReleaseAs(t *testing.T) {
	for want, level := range map[string]changelog.Level{"3.0.0": changelog.Major, "0.4.0": changelog.Minor, "0.0.1": changelog.Patch} {
		got, d, err := outcome(t, steps("chore: begin\n\nRelease-As: "+want).history(), changelog.Policy{})
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.Equal(t, level, d.Level)
	}
}

func TestWhyReleaseAs(t *testing.T) {
	h := steps("feat: begin", "tag v1.2.3", "chore: a\n\nRelease-As: 2.0.0", "fix: b", "chore: go\n\nRelease-As: v3.0.0").history()
	_, d, err := outcome(t, h, changelog.Policy{})
	require.NoError(t, err)
	assert.Equal(t, "commit 0000000400 says Release-As: 3.0.0", d.Why)
	require.Len(t, d.Reasons, 2)
	assert.Equal(t, "Release-As: 3.0.0", d.Reasons[0].Rule)
	assert.Equal(t, changelog.Major, d.Reasons[0].Level)
	require.Len(t, d.Skipped, 1)
	assert.Equal(t, "chore is none; its Release-As: 2.0.0 is older than that of 0000000400", d.Skipped[0].Why)

	_, _, err = outcome(t, steps("feat: begin", "tag v1.2.3", "chore: a\n\nRelease-As: 1.0.0").history(), changelog.Policy{})
	assert.EqualError(t, err, "the next version is not above the last one: 1.0.0, as commit 0000000200 says by Release-As, does not come after v1.2.3")
	_, _, err = outcome(t, steps("feat: begin", "tag v1.2.3", "chore: a\n\nRelease-As: 3.x").history(), changelog.Policy{})
	assert.EqualError(t, err, `Release-As without a version: commit 0000000200 says "3.x": invalid semantic version; let a newer commit say another one`)
}

// TestReleaseAsForNobody: a request that no component hears is told, until a component is released.
func TestReleaseAsForNobody(t *testing.T) {
	policy := changelog.Policy{Components: []changelog.Component{{Name: "api", Paths: []string{"api"}, Scopes: []string{"api"}}, part("web")}}
	told := func(tags string, policy changelog.Policy, message string) (texts []string) {
		t.Helper()
		plan, err := changelog.Decide(line(tags, changes("feat: a", "api/x", "web/x"), changes("fix: b", "web/x"), changes(message)), policy)
		require.NoError(t, err)
		for _, d := range plan.Diagnostics {
			if d.Code == changelog.CodeUnheard {
				assert.Equal(t, id(2), d.Commit)
				texts = append(texts, d.Text)
			}
		}
		return texts
	}
	const ask = "chore: go\n\nRelease-As: 3.0.0"
	const tags = "api/v1.0.0@0 web/v1.0.0@0"
	assert.Equal(t, []string{"Release-As: 3.0.0 is for no component, as the commit belongs to none: give it the scope of one, by Scopes, or change a file of one with it"}, told(tags, policy, ask))
	assert.Len(t, told("", policy, ask), 1, "before the first release")
	assert.Len(t, told(tags, policy, "chore(web): go\n\nRelease-As: 3.0.0"), 1, "web has no scopes")
	assert.Empty(t, told(tags, policy, "chore(api): go\n\nRelease-As: 3.0.0"), "api hears it")
	assert.Empty(t, told(tags, policy, "chore: go"))
	assert.Empty(t, told(tags+" web/v1.0.1@2", policy, ask), "web was released with it")
	assert.Len(t, told(tags, changelog.Policy{Components: []changelog.Component{part("api"), part("web")}}, ask), 1, "without scopes")
	ignore := policy
	ignore.ReleaseAs = changelog.Disregard
	assert.Empty(t, told(tags, ignore, ask))
	assert.Empty(t, told("v1.0.0@0", changelog.Policy{}, ask))
}
