package changelog_test

import (
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

func TestOtherFormat(t *testing.T) {
	first := semver.MustParse("3.0.0")
	for _, tc := range []struct {
		name   string
		steps  []string
		policy changelog.Policy
		next   string
		found  changelog.TagFormat // of the error
		noted  bool                // whether there is a diagnostic
	}{
		{"no v", []string{"feat: a", "tag 1.2.3", "feat: b"}, changelog.Policy{}, "error", "{version}", false},
		{"a word", []string{"feat: a", "tag release-1.2.3", "feat: b"}, changelog.Policy{}, "error", "release-{version}", false},
		{"the name", []string{"feat: a", "tag boat-1.2.3", "feat: b"}, changelog.Policy{}, "error", "boat-{version}", false},
		{"a word behind it", []string{"feat: a", "tag 1.2.3.RELEASE", "feat: b"}, changelog.Policy{}, "error", "{version}.RELEASE", false},
		{"on another branch", []string{"feat: a", "on other", "fix: x", "tag 1.2.3", "on main", "feat: b"}, changelog.Policy{}, "error", "{version}", false},
		{"a pre-release alone", []string{"feat: a", "tag 1.2.3-rc.1", "feat: b"}, changelog.Policy{}, "error", "{version}", false},
		{"nothing to be released", []string{"chore: a", "tag 1.2.3", "chore: b"}, changelog.Policy{}, "error", "{version}", false},
		{"a v that is not wanted", []string{"feat: a", "tag v1.2.3", "feat: b"}, changelog.Policy{Tags: "{version}"}, "error", "v{version}", false},
		{"the form that most have", []string{"feat: a", "tag rel-1.0.0", "tag 1.2.3", "tag 1.2.4", "feat: b"}, changelog.Policy{}, "error", "{version}", false},
		{"its own form", []string{"feat: a", "tag 1.2.3", "feat: b"}, changelog.Policy{Tags: "{version}"}, "1.3.0", "", false},
		{"of folders", []string{"feat: a", "tag api/v1.2.3", "feat: b"}, changelog.Policy{}, "0.1.0", "", true},
		{"of several", []string{"feat: a", "tag api-1.2.3", "tag web-1.2.3", "feat: b"}, changelog.Policy{}, "0.1.0", "", true},
		{"of several, to begin anew", []string{"feat: a", "tag api-1.2.3", "tag web-1.2.3", "feat: b"}, changelog.Policy{Initial: first}, "3.0.0", "", false},
		{"of several since, more than of the whole", []string{"feat: a", "tag v1.2.3", "feat: b", "tag api-1.2.3", "tag web-1.2.3", "feat: c"}, changelog.Policy{}, "1.3.0", "", true},
		{"of several since, not more than of the whole", []string{"feat: a", "tag v1.2.3", "feat: b", "tag api-1.2.3", "feat: c"}, changelog.Policy{}, "1.3.0", "", false},
		{"of several before", []string{"feat: a", "tag api-1.2.3", "tag web-1.2.3", "tag v1.2.3", "feat: c"}, changelog.Policy{}, "1.3.0", "", false},
		{"dates with a name", []string{"feat: a", "tag nightly-2026.7.1", "tag weekly-2026.7.2", "feat: b"}, changelog.Policy{}, "0.1.0", "", false},
		{"no versions", []string{"feat: a", "tag nightly", "tag 2026-01-02", "tag v2", "tag 1.2.3.4", "tag 1.02.3", "feat: b"}, changelog.Policy{}, "0.1.0", "", false},
		{"to begin anew", []string{"feat: a", "tag 1.2.3", "feat: b"}, changelog.Policy{Initial: first}, "3.0.0", "", true},
		{"to begin anew below", []string{"feat: a", "tag 4.2.3", "feat: b"}, changelog.Policy{Initial: first}, "error", "{version}", false},
		{"asked for", []string{"feat: a", "tag 1.2.3", "feat: b\n\nRelease-As: 2.0.0"}, changelog.Policy{}, "2.0.0", "", false},
		{"released since", []string{"feat: a", "tag v1.2.3", "feat: b", "tag 1.3.0", "feat: c", "tag 1.4.0", "feat: d"}, changelog.Policy{}, "error", "{version}", false},
		{"one released since", []string{"feat: a", "tag v1.2.3", "feat: b", "tag 1.3.1", "feat: d"}, changelog.Policy{}, "1.3.0", "", true},
		{"more than its own", []string{"feat: a", "tag v1.2.3", "feat: b", "tag rel-1.3.0", "tag rel-1.4.0", "feat: d"}, changelog.Policy{}, "error", "rel-{version}", false},
		{"not more than its own", []string{"feat: a", "tag v1.2.3", "feat: b", "tag rel-1.3.0", "feat: d"}, changelog.Policy{}, "1.3.0", "", true},
		{"dates", []string{"feat: a", "tag v1.2.3", "feat: b", "tag 2026.7.1", "tag 2026.7.2", "feat: d"}, changelog.Policy{}, "1.3.0", "", true},
		{"of former times", []string{"feat: a", "tag 1.2.3", "tag 1.2.4", "feat: b", "tag v1.3.0", "feat: d"}, changelog.Policy{}, "1.4.0", "", false},
		{"lower ones", []string{"feat: a", "tag v1.2.3", "feat: b", "tag rel-1.1.0", "tag rel-1.1.1", "feat: d"}, changelog.Policy{}, "1.3.0", "", false},
		{"pre-releases alone", []string{"feat: a", "tag 1.2.3", "feat: b", "tag v1.3.0-rc.1", "feat: d"}, changelog.Policy{}, "1.3.0", "", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := steps(tc.steps...).history()
			got, _, err := outcome(t, h, tc.policy)
			require.Equal(t, tc.next, got, "%v", err)
			plan, _ := changelog.Decide(h, tc.policy)
			noted := false
			for _, d := range plan.Diagnostics {
				noted = noted || d.Code == changelog.CodeOtherFormat && d.Commit != ""
			}
			assert.Equal(t, tc.noted, noted, "%v", plan.Diagnostics)
			if tc.found == "" {
				return
			}
			require.ErrorIs(t, err, changelog.ErrOtherFormat)
			var other *changelog.OtherFormatError
			require.ErrorAs(t, err, &other)
			assert.Equal(t, tc.found, other.Found)
			tc.policy.Tags, tc.policy.Initial = other.Found, nil
			_, _, err = outcome(t, h, tc.policy)
			assert.NotErrorIs(t, err, changelog.ErrOtherFormat, "the form that it names is the mend")
		})
	}
}

func TestOtherFormatSaysWhatToDo(t *testing.T) {
	_, _, err := outcome(t, steps("feat: a", "tag 1.2.3", "tag 1.2.1", "tag 1.2.2", "tag 1.2.0", "feat: b").history(), changelog.Policy{})
	require.EqualError(t, err, `the releases are tagged in another form: no release has the form v{version}, and 1.2.3, 1.2.2, 1.2.1 have the form {version} (4 in all): `+
		`set the tag format (Tags) to "{version}", or, to begin anew, an Initial version above them`)
	_, _, err = outcome(t, steps("feat: a", "tag v1.2.3", "fix: b", "tag 1.2.4", "fix: c", "tag 1.2.5", "feat: b").history(), changelog.Policy{})
	require.EqualError(t, err, `the releases are tagged in another form: the last release of the form v{version} is v1.2.3, and 1.2.5, 1.2.4 have the form {version}: `+
		`set the tag format (Tags) to "{version}", or tag them again`)
}

func TestOtherFormatOfComponents(t *testing.T) {
	history := func(tags string) changelog.History {
		return line(tags, changes("feat: a", "api/x", "web/x"), changes("feat: b", "api/x", "web/x"))
	}
	policy := changelog.Policy{Components: []changelog.Component{part("api"), part("web")}}
	for tags, want := range map[string]string{
		"api-1.2.3@0 web/v2.0.0@0":      "api",
		"api/1.2.3@0 web/v2.0.0@0":      "api",
		"api_1.2.3@0 web/v2.0.0@0":      "api",
		"v1.2.3@0 web/v2.0.0@0":         "", // of the whole, as it was before it had components
		"other-1.2.3@0 web/v2.0.0@0":    "",
		"api-v1.2.3@0 web-v1.2.3@0":     "api web",
		"api/v1.2.3@0 api-v1.1.0@0":     "",
		"api/v1.2.3@0 web-2.0.0@1":      "web",
		"api-dev/v1.2.3@0 apis/1.0.0@0": "",
	} {
		plan, err := changelog.Decide(history(tags), policy)
		got := ""
		for _, d := range plan.Components {
			if d.Next == nil {
				got += " " + d.Name
			}
		}
		if want != "" {
			require.ErrorIs(t, err, changelog.ErrOtherFormat, tags)
			want = " " + want
		} else {
			require.NoError(t, err, tags)
		}
		assert.Equal(t, want, got, tags)
	}
	policy.Groups = []changelog.Group{{Name: "all", Kind: changelog.Fixed, Components: []string{"api", "web"}}}
	_, err := changelog.Decide(history("api-1.2.3@0"), policy)
	require.ErrorIs(t, err, changelog.ErrOtherFormat, "a group has its version from all members")
	policy.Groups, policy.Umbrella = nil, &changelog.Component{Name: "all"}
	_, err = changelog.Decide(history("1.2.3@0"), policy)
	require.ErrorIs(t, err, changelog.ErrOtherFormat, "an umbrella has the tags of the whole")
}

// TestWholeThatBecomesParts: components that begin anew in a repository with releases are told, with the mend, and the mend works.
func TestWholeThatBecomesParts(t *testing.T) {
	told := func(tags string, policy changelog.Policy) []string {
		plan, err := changelog.Decide(line(tags, changes("feat: a", "x"), changes("feat: b", "api/x", "web/x")), policy)
		require.NoError(t, err)
		var texts []string
		for _, d := range plan.Diagnostics {
			if d.Code == changelog.CodeOtherFormat {
				texts = append(texts, d.Text)
			}
		}
		return texts
	}
	policy := changelog.Policy{Components: []changelog.Component{part("api"), part("web")}}
	assert.Equal(t, []string{"v1.4.0 is a release of the whole repository that no component reads, and api, web begin anew: " +
		"to go on from it, tag its commit as api/v1.4.0, web/v1.4.0, or say where to begin by Initial"}, told("v1.3.0@0 v1.4.0@0", policy))
	assert.Equal(t, []string{"v1.4.0 is a release of the whole repository that no component reads, and web begins anew: " +
		"to go on from it, tag its commit as web/v1.4.0, or say where to begin by Initial"}, told("v1.4.0@0 api/v1.4.0@0", policy))
	assert.Empty(t, told("v1.4.0@0 api/v1.4.0@0 web/v1.4.0@0", policy))
	assert.Empty(t, told("v2026.1.2@0", policy), "a date")
	begun := policy
	begun.Initial = semver.MustParse("2.0.0")
	assert.Empty(t, told("v1.4.0@0", begun))
	policy.Components = append(policy.Components, changelog.Component{Name: "rest", Paths: []string{"."}})
	assert.Empty(t, told("v1.4.0@0", policy), "the rest reads it")
	other := changelog.Policy{Components: []changelog.Component{part("docs"), part("more")}}
	assert.Empty(t, told("v1.4.0@0", other), "neither is released")
}

func TestReleasesInAnotherFormat(t *testing.T) {
	tell := func(policy changelog.Policy, all ...string) (n int, err error) {
		h := steps(all...).history()
		commits := func(yield func(changelog.Commit, error) bool) {
			for _, c := range h.Commits {
				if !yield(c, nil) {
					return
				}
			}
		}
		for _, failed := range changelog.Releases(commits, h.Tags, policy, changelog.ReleasesOptions{}) {
			if n, err = n+1, failed; err != nil {
				return 0, err
			}
		}
		return n, nil
	}
	_, err := tell(changelog.Policy{}, "feat: a", "tag 1.2.3", "feat: b")
	require.ErrorIs(t, err, changelog.ErrOtherFormat)
	_, err = tell(changelog.Policy{}, "feat: a", "tag 1.2.3", "feat: b", "tag v1.3.0")
	require.NoError(t, err)
	n, err := tell(changelog.Policy{Tags: "{version}"}, "feat: a", "tag 1.2.3", "feat: b")
	require.NoError(t, err)
	assert.Equal(t, 2, n)
}
