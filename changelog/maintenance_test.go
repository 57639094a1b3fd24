package changelog_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

func TestMaintenance(t *testing.T) {
	for _, tc := range []struct {
		name, branch, line string
		commit             string
		want, outOf        string
	}{
		{"a fix", "1.2.x", "", "fix: b", "1.2.4", ""},
		{"a feature", "1.2.x", "", "feat: b", "error", ">=1.2.0 <1.3.0"},
		{"a feature on a wider line", "1.x", "", "feat: b", "1.3.0", ""},
		{"a break", "1.x", "", "feat!: b", "error", ">=1.0.0 <2.0.0"},
		{"in a folder", "release/1.2.x", "", "feat: b", "error", ">=1.2.0 <1.3.0"},
		{"in folders", "a/b/1.x", "", "feat!: b", "error", ">=1.0.0 <2.0.0"},
		{"with a v", "v1.2.x", "", "feat: b", "error", ">=1.2.0 <1.3.0"},
		{"with two x", "1.x.x", "", "feat!: b", "error", ">=1.0.0 <2.0.0"},
		{"by the policy", "main", "1.2.x", "feat: b", "error", ">=1.2.0 <1.3.0"},
		{"by the policy, not by the branch", "1.2.x", "1.x", "feat: b", "1.3.0", ""},
		{"none", "1.2.x", "none", "feat!: b", "2.0.0", ""},
		{"of the future", "2.x", "", "feat!: b", "2.0.0", ""},
		{"of the future, too early", "2.x", "", "fix: b", "error", ">=2.0.0 <3.0.0"},
		{"a branch that looks alike", "1.2", "", "feat!: b", "2.0.0", ""},
		{"another one", "1.2.x-fix", "", "feat!: b", "2.0.0", ""},
		{"another one", "x", "", "feat!: b", "2.0.0", ""},
		{"another one", "01.x", "", "feat!: b", "2.0.0", ""},
		{"another one", "1.02.x", "", "feat!: b", "2.0.0", ""},
		{"another one", "1.y", "", "feat!: b", "2.0.0", ""},
		{"another one", "1.x.2", "", "feat!: b", "2.0.0", ""},
		{"another one", "1.2.x.x", "", "feat!: b", "2.0.0", ""},
		{"another one", "99999999999999999999.x", "", "feat!: b", "2.0.0", ""},
		{"another one", "+1.x", "", "feat!: b", "2.0.0", ""},
		{"nothing to release", "1.2.x", "", "docs: b", "-", ""},
		{"the last line of all", "18446744073709551615.x", "", "fix: b", "error", ">=18446744073709551615.0.0"},
		{"the last line of one", "1.18446744073709551615.x", "", "fix: b", "error", ">=1.18446744073709551615.0 <2.0.0"},
	} {
		t.Run(tc.name+" "+tc.branch, func(t *testing.T) {
			h := steps("feat: begin", "tag v1.2.3", "on "+tc.branch, tc.commit).history()
			got, d, err := outcome(t, h, changelog.Policy{Maintenance: tc.line})
			require.Equal(t, tc.want, got, "%v", err)
			if tc.outOf == "" {
				return
			}
			require.ErrorIs(t, err, changelog.ErrOutOfRange)
			var out *changelog.RangeError
			require.ErrorAs(t, err, &out)
			assert.Equal(t, tc.outOf, out.Range)
			assert.Empty(t, out.Tag)
			assert.ErrorContains(t, err, "the commits lead to "+out.Version.String())
			assert.Equal(t, "v1.2.3", d.PreviousTag)
			assert.NotEmpty(t, d.Reasons, "the plan still says what calls for the version")
		})
	}
}

// TestMaintenanceWithoutReleases: the first branch of a line without any tags says which field to set, and that is the mend.
func TestMaintenanceWithoutReleases(t *testing.T) {
	for branch, begin := range map[string]string{"1.x": "1.0.0", "release/1.2.x": "1.2.0"} {
		h := steps("feat: a", "fix: b").history()
		h.Branch = branch
		_, _, err := outcome(t, h, changelog.Policy{})
		var out *changelog.RangeError
		require.ErrorAs(t, err, &out)
		require.ErrorContains(t, err, "nothing was released yet, so that 0.1.0 would be the first version: set Initial to "+begin)
		got, _, err := outcome(t, h, changelog.Policy{Initial: out.Begin})
		require.NoError(t, err)
		assert.Equal(t, begin, got)
		h.Tags = []changelog.Ref{{Name: "v0.2.0-rc.1", Commit: id(0)}}
		_, _, err = outcome(t, h, changelog.Policy{})
		require.NotContains(t, err.Error(), "Initial", "it is not the first version by the policy")
	}
}

func TestMaintenanceOfWhatWentOn(t *testing.T) {
	t.Run("a version that main has", func(t *testing.T) {
		_, _, err := outcome(t, steps("feat: begin", "tag v1.2.3", "on main", "feat: a", "tag v1.3.0", "on main", "feat: c").history(), changelog.Policy{Maintenance: "1.x"})
		require.NoError(t, err)
		l := steps("feat: begin", "tag v1.2.3", "on 1.x", "feat: b", "on main", "feat: a", "tag v1.3.0", "on 1.x")
		_, _, err = outcome(t, l.history(), changelog.Policy{})
		require.ErrorIs(t, err, changelog.ErrTaken)
		got, _, err := outcome(t, l.history(), changelog.Policy{Reach: changelog.ReachLine})
		require.NoError(t, err)
		assert.Equal(t, "1.4.0", got, "counted as one line")
	})
	t.Run("a release above the line was merged", func(t *testing.T) {
		_, _, err := outcome(t, steps("feat: begin", "tag v1.2.3", "feat!: a", "tag v2.0.0", "on 1.x", "fix: b").history(), changelog.Policy{})
		var out *changelog.RangeError
		require.ErrorAs(t, err, &out)
		assert.Equal(t, "v2.0.0", out.Tag)
		assert.EqualError(t, out, "the version is out of range: the line 1.x is >=1.0.0 <2.0.0, and v2.0.0 is among the ancestors of what shall be released: begin the branch before it, or set Policy.Maintenance to another line")
	})
	t.Run("a pre-release above the line was merged", func(t *testing.T) {
		_, _, err := outcome(t, steps("feat: begin", "tag v1.2.3", "feat!: a", "tag v2.0.0-beta.1", "on 1.x", "fix: b").history(), changelog.Policy{})
		assert.ErrorIs(t, err, changelog.ErrOutOfRange)
	})
	t.Run("a pre-release of the line", func(t *testing.T) {
		got, _, err := outcome(t, steps("feat: begin", "tag v1.2.3", "on 1.x", "fix: b").history(), changelog.Policy{Channel: "rc"})
		require.NoError(t, err)
		assert.Equal(t, "1.2.4-rc.1", got)
	})
	t.Run("below 1.0.0", func(t *testing.T) {
		got, _, err := outcome(t, steps("feat: begin", "tag v0.3.1", "on 0.3.x", "fix: b").history(), changelog.Policy{})
		require.NoError(t, err)
		assert.Equal(t, "0.3.2", got)
		_, _, err = outcome(t, steps("feat: begin", "tag v0.3.1", "on 0.3.x", "feat!: b").history(), changelog.Policy{})
		assert.ErrorIs(t, err, changelog.ErrOutOfRange)
	})
	t.Run("the first version", func(t *testing.T) {
		got, _, err := outcome(t, steps("on 1.x", "feat: begin").history(), changelog.Policy{Initial: version(t, "1.0.0")})
		require.NoError(t, err)
		assert.Equal(t, "1.0.0", got)
		_, _, err = outcome(t, steps("on 1.x", "feat: begin").history(), changelog.Policy{})
		assert.ErrorIs(t, err, changelog.ErrOutOfRange)
		got, _, err = outcome(t, steps("on 1.x", "feat: begin", "on main", "feat: a", "tag v2.0.0", "on 1.x").history(), changelog.Policy{Initial: version(t, "1.0.0")})
		require.NoError(t, err)
		assert.Equal(t, "1.0.0", got, "what is above the line is of another one")
		_, _, err = outcome(t, steps("on 1.x", "feat: begin", "on main", "feat: a", "tag v1.0.5", "on 1.x").history(), changelog.Policy{Initial: version(t, "1.0.0")})
		assert.ErrorIs(t, err, changelog.ErrLower)
	})
	t.Run("of one component", func(t *testing.T) {
		policy := changelog.Policy{Components: []changelog.Component{{Name: "api", Scopes: []string{"api"}}, {Name: "web", Scopes: []string{"web"}}}}
		for branch, want := range map[string]string{"api/1.x": "api out of web 2.0.0", "release/web/1.x": "api 2.0.0 web out of", "release/1.x": "api out of web out of", "tapi/1.x": "api out of web out of"} {
			h := steps("chore: begin", "tag api/v1.0.0", "tag web/v1.0.0", "on "+branch, "feat(api)!: a", "feat(web)!: b").history()
			plan, err := changelog.Decide(h, policy)
			assert.ErrorIs(t, err, changelog.ErrOutOfRange)
			var got []string
			for _, d := range plan.Components {
				if got = append(got, d.Name, "out of"); d.Next != nil {
					got[len(got)-1] = d.Next.String()
				}
			}
			assert.Equal(t, want, strings.Join(got, " "), branch)
		}
	})
}

func TestPoliciesOfChoice(t *testing.T) {
	err := changelog.Policy{ReleaseAs: "x", Reach: "y", Maintenance: "z", Channel: "?"}.Validate()
	for _, want := range []string{
		`ReleaseAs: "x" is neither "obey" nor "ignore"`, `Reach: "y" is none of "ancestors", "all" and "line"`,
		`Maintenance: "z" is neither "none" nor a line such as "1.x" and "1.2.x"`, `Channel: "?" is not made of letters, digits and hyphens`,
	} {
		assert.ErrorContains(t, err, want)
	}
	assert.NoError(t, changelog.Policy{ReleaseAs: changelog.Disregard, Reach: changelog.ReachLine, Maintenance: "none", Channel: "rc", Final: true}.Validate())
	assert.NoError(t, changelog.Policy{Maintenance: "v1.2.x"}.Validate())
}
