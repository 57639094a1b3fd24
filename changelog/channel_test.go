package changelog_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

func TestChannels(t *testing.T) {
	for _, tc := range []struct {
		name         string
		steps        []string
		channel      string
		next, plain  string // on the channel, and without one
		final, since string // what becomes final, and the pre-release that the channel has, both as the others where empty
	}{
		{"begins", []string{"tag v1.0.0", "feat: a"}, "beta", "1.1.0-beta.1", "1.1.0", "", ""},
		{"goes on after a fix", []string{"tag v1.0.0", "feat: a", "tag v1.1.0-beta.1", "fix: b"}, "beta", "1.1.0-beta.2", "1.1.0", "", "1.1.0-beta.1"},
		{"goes on after a feature", []string{"tag v1.0.0", "feat: a", "tag v1.1.0-beta.1", "feat: b"}, "beta", "1.1.0-beta.2", "1.1.0", "", "1.1.0-beta.1"},
		{"begins anew after a break", []string{"tag v1.0.0", "feat: a", "tag v1.1.0-beta.1", "feat!: b"}, "beta", "2.0.0-beta.1", "2.0.0", "", "1.1.0-beta.1"},
		{"begins anew after a feature", []string{"tag v1.0.0", "fix: a", "tag v1.0.1-beta.1", "fix: b", "tag v1.0.1-beta.2", "feat: c"}, "beta", "1.1.0-beta.1", "1.1.0", "", "1.0.1-beta.2"},
		{"counts a break once", []string{"tag v1.0.0", "feat!: a", "tag v2.0.0-beta.1", "fix: b"}, "beta", "2.0.0-beta.2", "2.0.0", "", "2.0.0-beta.1"},
		{"counts a second break once", []string{"tag v1.0.0", "feat!: a", "tag v2.0.0-beta.1", "fix: b", "tag v2.0.0-beta.2", "feat!: c"}, "beta", "2.0.0-beta.3", "2.0.0", "", "2.0.0-beta.2"},
		{"counts a third break once", []string{"tag v1.0.0", "feat!: a", "tag v2.0.0-beta.1", "fix: b", "tag v2.0.0-beta.2", "feat!: c", "tag v2.0.0-beta.3", "feat!: d"}, "beta", "2.0.0-beta.4", "2.0.0", "", "2.0.0-beta.3"},
		{"a chore makes none", []string{"tag v1.0.0", "feat: a", "tag v1.1.0-beta.3", "chore: b"}, "beta", "-", "1.1.0", "", "1.1.0-beta.3"},
		{"ten comes after nine", []string{"tag v1.0.0", "feat: a", "tag v1.1.0-beta.9", "fix: b", "tag v1.1.0-beta.10", "fix: c"}, "beta", "1.1.0-beta.11", "1.1.0", "", "1.1.0-beta.10"},
		{"from alpha to beta", []string{"tag v1.0.0", "feat: a", "tag v1.1.0-alpha.3", "fix: b"}, "beta", "1.1.0-beta.1", "1.1.0", "", "none"},
		{"from alpha to beta as it is", []string{"tag v1.0.0", "feat: a", "tag v1.1.0-alpha.3"}, "beta", "1.1.0-beta.1", "1.1.0", "", "none"},
		{"from beta to rc as it is", []string{"tag v1.0.0", "feat: a", "tag v1.1.0-alpha.3", "tag v1.1.0-beta.1"}, "rc", "1.1.0-rc.1", "1.1.0", "", "none"},
		{"back from rc to alpha", []string{"tag v1.0.0", "feat: a", "tag v1.1.0-rc.1", "fix: b"}, "alpha", "error", "1.1.0", "", "none"},
		{"back from rc to alpha as it is", []string{"tag v1.0.0", "feat: a", "tag v1.1.0-rc.1"}, "alpha", "error", "1.1.0", "", "none"},
		{"back from rc to an alpha that went on before", []string{"tag v1.0.0", "feat: a", "tag v1.1.0-alpha.4", "fix: b", "tag v1.1.0-rc.1", "fix: c"}, "alpha", "error", "1.1.0", "", "1.1.0-alpha.4"},
		{"back to alpha for what comes next", []string{"tag v1.0.0", "feat: a", "tag v1.1.0-rc.1", "feat!: b"}, "alpha", "2.0.0-alpha.1", "2.0.0", "", "none"},
		{"tags of two channels on one commit, beta", []string{"tag v1.0.0", "feat: a", "tag v1.1.0-alpha.7", "tag v1.1.0-beta.2", "fix: b"}, "beta", "1.1.0-beta.3", "1.1.0", "", "1.1.0-beta.2"},
		{"tags of two channels on HEAD, alpha", []string{"tag v1.0.0", "feat: a", "tag v1.1.0-alpha.7", "tag v1.1.0-beta.2"}, "alpha", "-", "1.1.0", "", "1.1.0-alpha.7"},
		{"a final version on HEAD, too", []string{"tag v1.0.0", "feat: a", "tag v1.1.0-beta.2", "tag v1.1.0"}, "beta", "-", "-", "", "none"},
		{"after the final version", []string{"tag v1.0.0", "feat: a", "tag v1.1.0-beta.2", "tag v1.1.0", "fix: b"}, "beta", "1.1.1-beta.1", "1.1.1", "", "none"},
		{"a hotfix was merged", []string{"tag v1.0.0", "on beta", "feat: a", "tag v1.1.0-beta.1", "on main", "fix: hot", "tag v1.0.1", "on beta", "merge main"}, "beta", "1.1.0-beta.2", "1.1.0", "", "1.1.0-beta.1"},
		{"a hotfix was merged before", []string{"tag v1.0.0", "on beta", "feat: a", "on main", "fix: hot", "tag v1.0.1", "on beta", "merge main", "tag v1.1.0-beta.1", "chore: b"}, "beta", "-", "1.1.0", "", "1.1.0-beta.1"},
		{"a hotfix was merged, and nothing else is new", []string{"tag v1.0.0", "on beta", "chore: a", "tag v1.1.0-beta.1", "on main", "fix: hot", "tag v1.0.1", "on beta", "merge main"}, "beta", "1.1.0-beta.2", "-", "1.1.0", "1.1.0-beta.1"},
		{"the final version is out on main", []string{"tag v1.0.0", "on beta", "feat: a", "tag v1.1.0-beta.1", "fix: b", "tag v1.1.0-beta.2", "on main", "merge beta", "tag v1.1.0", "on beta", "fix: c"}, "beta", "1.1.1-beta.1", "1.1.1", "", "none"},
		{"and nothing has come since", []string{"tag v1.0.0", "on beta", "feat: a", "tag v1.1.0-beta.1", "on main", "merge beta", "tag v1.1.0", "on beta", "chore: c"}, "beta", "-", "-", "", "none"},
		{"a channel of any name", []string{"tag v22.1.0", "feat: a", "tag v22.2.0-next.2", "feat: b"}, "next", "22.2.0-next.3", "22.2.0", "", "22.2.0-next.2"},
		{"a channel with parts", []string{"tag v1.0.0", "feat: a", "tag v1.1.0-pr.x7.4", "tag v1.1.0-pr.4", "feat: b"}, "pr.x7", "1.1.0-pr.x7.5", "1.1.0", "", "1.1.0-pr.x7.4"},
		{"a pre-release without a counter", []string{"tag v1.0.0", "feat: a", "tag v1.1.0-beta", "fix: b"}, "beta", "1.1.0-beta.1", "1.1.0", "", "1.1.0-beta"},
		{"a counter without its dot sorts above all", []string{"tag v1.0.0", "feat: a", "tag v1.1.0-rc1", "fix: b"}, "rc", "error", "1.1.0", "", "none"},
		{"a number alone is of no channel", []string{"tag v1.0.0", "feat: a", "tag v1.1.0-3", "fix: b"}, "beta", "1.1.0-beta.1", "1.1.0", "", "none"},
		{"the first version", []string{"feat: a"}, "beta", "0.1.0-beta.1", "0.1.0", "", "none"},
		{"after the first pre-release", []string{"feat: a", "tag v0.1.0-beta.1", "feat!: b"}, "beta", "0.1.0-beta.2", "0.1.0", "", "0.1.0-beta.1"},
		{"a first pre-release of somebody's choice", []string{"feat: a", "tag v1.0.0-beta.1", "feat!: b"}, "beta", "1.0.0-beta.2", "1.0.0", "", "1.0.0-beta.1"},
		{"nothing at all", []string{"tag v1.0.0", "chore: a"}, "beta", "-", "-", "", "none"},
		{"a pre-release of nothing that counts", []string{"tag v1.0.0", "chore: a", "tag v1.1.0-rc.1"}, "rc", "-", "-", "1.1.0", "1.1.0-rc.1"},
		{"a pre-release on another branch has the number", []string{"tag v1.0.0", "feat: a", "on other", "feat: b", "tag v1.1.0-beta.1", "on main", "feat: c"}, "beta", "error", "1.1.0", "", "none"},
		{"a pre-release on another branch is merged", []string{"tag v1.0.0", "feat: a", "on other", "feat: b", "tag v1.1.0-beta.1", "on main", "feat: c", "merge other"}, "beta", "1.1.0-beta.2", "1.1.0", "", "1.1.0-beta.1"},
		{"the final version is on another branch, and no beta of it here", []string{"tag v1.0.0", "on other", "feat: b", "tag v1.1.0", "on main", "feat: c"}, "beta", "error", "error", "", "none"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := steps(append([]string{"chore: begin"}, tc.steps...)...).history()
			got, d, err := outcome(t, h, changelog.Policy{Channel: tc.channel})
			require.Equal(t, tc.next, got, "%v", err)
			if d.Next != nil {
				assert.Equal(t, tc.channel, d.Channel)
			}
			if tc.since != "" {
				since := "none"
				if d.Prerelease != nil {
					since = d.Prerelease.String()
				}
				assert.Equal(t, tc.since, since)
			}
			got, d, _ = outcome(t, h, changelog.Policy{})
			assert.Equal(t, tc.plain, got)
			assert.Empty(t, d.Channel)
			if tc.final == "" {
				tc.final = tc.plain
			}
			got, _, _ = outcome(t, h, changelog.Policy{Channel: tc.channel, Final: true})
			assert.Equal(t, tc.final, got)
		})
	}
}

func TestWhyOnChannels(t *testing.T) {
	begin := []string{"chore: begin", "tag v1.0.0", "feat: a"}
	for _, tc := range []struct {
		steps  []string
		policy changelog.Policy
		want   string
	}{
		{nil, changelog.Policy{Channel: "beta"}, "the highest level of all commits since 1.0.0 is minor; 1.1.0 has no pre-release on the channel beta yet, so that the counter begins"},
		{[]string{"tag v1.1.0-beta.1", "fix: b"}, changelog.Policy{Channel: "beta"}, "the highest level of all commits since 1.0.0 is minor; v1.1.0-beta.1 is the last pre-release of 1.1.0 on the channel beta"},
		{[]string{"tag v1.1.0-beta.1"}, changelog.Policy{Channel: "beta"}, "nothing to release: no commit since v1.1.0-beta.1 calls for a version"},
		{[]string{"tag v1.1.0-beta.1", "fix: b"}, changelog.Policy{}, "the highest level of all commits since 1.0.0 is minor; what has come since v1.1.0-beta.1 is released with it"},
		{[]string{"tag v1.1.0-beta.1", "docs: b"}, changelog.Policy{}, "the highest level of all commits since 1.0.0 is minor; v1.1.0-beta.1 becomes final as it is"},
		{[]string{"tag v1.1.0-beta.1", "feat!: b"}, changelog.Policy{}, "the highest level of all commits since 1.0.0 is major"},
		{[]string{"tag v2.0.0-rc.1", "fix: b"}, changelog.Policy{Channel: "rc"}, "the pre-release v2.0.0-rc.1 goes before; v2.0.0-rc.1 is the last pre-release of 2.0.0 on the channel rc"},
		{[]string{"tag v1.1.0-rc.1", "fix: b"}, changelog.Policy{Channel: "alpha"}, "no version: the next version is not above the last one: 1.1.0-alpha.1 does not come after v1.1.0-rc.1: pre-releases of alpha sort below those of rc, so that none can follow before the next version"},
	} {
		_, d, _ := outcome(t, steps(append(begin[:3:3], tc.steps...)...).history(), tc.policy)
		assert.Equal(t, tc.want, d.Why)
	}
}

func TestErrorsOfChannels(t *testing.T) {
	_, _, err := outcome(t, steps("chore: begin", "tag v1.0.0", "feat: a", "tag v1.1.0-rc.1", "fix: b").history(), changelog.Policy{Channel: "alpha"})
	require.ErrorIs(t, err, changelog.ErrLower)

	_, _, err = outcome(t, steps("chore: begin", "tag v1.0.0", "on other", "feat: b", "tag v1.1.0", "on main", "feat: c").history(), changelog.Policy{Channel: "beta"})
	require.ErrorIs(t, err, changelog.ErrTaken)
	assert.ErrorContains(t, err, "1.1.0, of which 1.1.0-beta.1 would be a pre-release, is tagged as v1.1.0 at 0000000200, which is not an ancestor")

	last := fmt.Sprintf("tag v1.1.0-beta.%d", uint64(math.MaxUint64))
	_, _, err = outcome(t, steps("chore: begin", "tag v1.0.0", "feat: a", last, "fix: b").history(), changelog.Policy{Channel: "beta"})
	require.ErrorIs(t, err, changelog.ErrOverflow)

	for name, want := range map[string]string{
		"beta": "", "next": "", "pr.x7": "", "0a": "", "1.x": "", "a-b": "",
		"beta.1": "ends in a number", "7": "ends in a number", "01.x": "a zero before it", "be ta": "is not made of", "a..b": "is not made of", "a+b": "is not made of", "ä": "is not made of",
	} {
		err := changelog.Policy{Channel: name}.Validate()
		if want == "" {
			assert.NoError(t, err, name)
		} else {
			assert.ErrorContains(t, err, want, name)
			assert.ErrorContains(t, err, "Channel: ", name)
		}
	}
}

// TestTakenBackAfterThePrerelease: a revert of what the last pre-release has is something new on the channel, though nothing
// of it is left since the last release.
func TestTakenBackAfterThePrerelease(t *testing.T) {
	revert := "Revert \"feat: a\""
	for _, tc := range []struct {
		name               string
		steps              []string
		beta, plain, final string
		news               []string // the subjects of what is skipped and new
	}{
		{"taken back", []string{"feat: a", "tag v1.1.0-beta.1", revert}, "1.1.0-beta.2", "-", "1.1.0", []string{revert}},
		{"came and went", []string{"feat: b", "tag v1.1.0-beta.1", "feat: a", revert}, "-", "1.1.0", "1.1.0", nil},
		{"came and went before", []string{"feat: a", revert, "feat: b", "tag v1.1.0-beta.1", "chore: c"}, "-", "1.1.0", "1.1.0", nil},
		{"brought back", []string{"feat: a", "tag v1.1.0-beta.1", revert, "tag v1.1.0-beta.2", "Reapply \"feat: a\""}, "1.1.0-beta.3", "1.1.0", "1.1.0", []string{"Reapply \"feat: a\""}},
		{"a chore", []string{"chore: a", "feat: b", "tag v1.1.0-beta.1", "Revert \"chore: a\""}, "1.1.0-beta.2", "1.1.0", "1.1.0", []string{"Revert \"chore: a\""}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := steps(append([]string{"chore: begin", "tag v1.0.0"}, tc.steps...)...).history()
			got, d, err := outcome(t, h, changelog.Policy{Channel: "beta"})
			require.NoError(t, err)
			assert.Equal(t, tc.beta, got)
			var news []string
			for _, s := range d.Skipped {
				if s.New {
					assert.True(t, s.Cancelled)
					news = append(news, s.Subject)
				}
			}
			assert.Equal(t, tc.news, news)
			got, _, _ = outcome(t, h, changelog.Policy{})
			assert.Equal(t, tc.plain, got)
			got, _, _ = outcome(t, h, changelog.Policy{Final: true})
			assert.Equal(t, tc.final, got)
		})
	}
}

// TestNotesAfterAnOvertakenPrerelease: 1.1.0 was made of 1.1.0-beta.1 when there was a 1.1.0-beta.2. The notes of the next
// pre-release do not tell again what that brought, and those of the next final release do.
func TestNotesAfterAnOvertakenPrerelease(t *testing.T) {
	h := steps("chore: begin", "tag v1.0.0", "on beta", "feat: a", "tag v1.1.0-beta.1", "on main", "merge beta", "tag v1.1.0",
		"on beta", "fix: bb", "tag v1.1.0-beta.2", "merge main", "fix: c").history()
	texts := func(policy changelog.Policy, o changelog.NotesOptions) (texts []string) {
		_, d, err := outcome(t, h, policy)
		require.NoError(t, err)
		for _, s := range d.Notes(o).Sections {
			for _, item := range s.Items {
				texts = append(texts, item.Text)
			}
		}
		return append(texts, d.Next.String(), d.Notes(o).PreviousTag)
	}
	beta := changelog.Policy{Channel: "beta"}
	assert.Equal(t, []string{"c", "1.1.1-beta.1", "v1.1.0"}, texts(beta, changelog.NotesOptions{}))
	assert.Equal(t, []string{"bb", "c", "1.1.1-beta.1", "v1.1.0"}, texts(beta, changelog.NotesOptions{Whole: true}))
	assert.Equal(t, []string{"bb", "c", "1.1.1-rc.1", "v1.1.0"}, texts(changelog.Policy{Channel: "rc"}, changelog.NotesOptions{}))
	assert.Equal(t, []string{"bb", "c", "1.1.1", "v1.1.0"}, texts(changelog.Policy{}, changelog.NotesOptions{}))
}
