package changelog_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

// codesOf are the codes of diagnostics, in their order.
func codesOf(all []changelog.Diagnostic) (codes []changelog.Code) {
	for _, d := range all {
		codes = append(codes, d.Code)
	}
	return codes
}

// TestRevertsThatAreNone: what a body says of a revert takes nothing back without the header of one, and is told.
func TestRevertsThatAreNone(t *testing.T) {
	l := steps("feat: begin", "tag v1.0.0", "feat: x")
	l.step("fix: use another one\n\nThis reverts commit " + l.head() + ".")
	got, _, err := outcome(t, l.history(), changelog.Policy{})
	require.NoError(t, err)
	assert.Equal(t, "1.1.0", got)
	plan, err := changelog.Decide(l.history(), changelog.Policy{})
	require.NoError(t, err)
	require.Equal(t, []changelog.Code{changelog.CodeNotRevert}, codesOf(plan.Diagnostics))
	d := plan.Diagnostics[0]
	assert.Equal(t, "This reverts commit "+id(1)+".", l.commits[2].Text[d.Span.Start:d.Span.End])
	for _, header := range []string{"revert: feat: x", `Revert "feat: x"`, "Merge pull request #3 from a/b"} {
		assert.NotContains(t, codesOf(changelog.Parse(header+"\n\nThis reverts commit "+id(2)+".").Diagnostics), changelog.CodeNotRevert, header)
	}
}

// TestMergesByTheirParents: what has several parents is a merge, in whatever words, unless it is conventional.
func TestMergesByTheirParents(t *testing.T) {
	two := []string{id(1), id(2)}
	for text, want := range map[string]changelog.Kind{
		"Merge main": changelog.Merging, "Sync with upstream": changelog.Merging, "feat: x": changelog.Conventional,
		`Revert "feat: x"`: changelog.Reverting, "": changelog.Free,
	} {
		m := changelog.Commit{ID: id(3), Parents: two, Text: text}.Message(changelog.Reading{})
		assert.Equal(t, want, m.Kind, text)
		assert.NotContains(t, codesOf(m.Diagnostics), changelog.CodeHeader, text)
	}
	assert.Equal(t, changelog.Free, changelog.Commit{ID: id(3), Parents: two[:1], Text: "Merge main"}.Message(changelog.Reading{}).Kind)

	l := steps("feat: begin", "tag v1.0.0", "on other", "chore: a", "on main", "chore: b")
	l.commit("Merge main", l.head(), l.branches["other"])
	got, _, _ := outcome(t, l.history(), changelog.Policy{Free: changelog.Patch})
	assert.Equal(t, "-", got, "a merge makes no release")
}

// TestReleaseNotesInMessages: bots quote the notes of what they update.
func TestReleaseNotesInMessages(t *testing.T) {
	text := "chore(deps): bump x (#9)\n\n* feat!: drop y by @z in https://github.com/a/b/pull/1\n* fix: a by hand in https://x.example\n"
	m := changelog.Parse(text)
	require.Len(t, m.Inner, 1)
	assert.Equal(t, "a by hand in https://x.example", m.Inner[0].Description)
	assert.False(t, m.Breaking())
	assert.Contains(t, codesOf(m.Diagnostics), changelog.CodeQuoted)
}

func TestPathsThatNobodyTouched(t *testing.T) {
	policy := changelog.Policy{Components: []changelog.Component{part("api"), {Name: "web", Paths: []string{"apps/web", "apps/wbe"}}}}
	h := line("", changes("feat: a", "api/x"), changes("feat: b", "apps/web/src/x", "apps/webs/y"))
	plan, err := changelog.Decide(h, policy)
	require.NoError(t, err)
	require.Equal(t, []changelog.Code{changelog.CodeUntouched}, codesOf(plan.Diagnostics))
	assert.Equal(t, `component web: no commit has ever changed the path "apps/wbe"`, plan.Diagnostics[0].Text)

	h.Commits = h.Commits[:1] // what came before might have touched it
	plan, err = changelog.Decide(h, policy)
	require.NoError(t, err)
	assert.Empty(t, plan.Diagnostics)
}

func TestPathsAndModulesThatCannotBe(t *testing.T) {
	for _, tc := range []struct {
		component changelog.Component
		why       string
	}{
		{changelog.Component{Name: "a", Paths: []string{"a/*"}}, `Paths[0]: "a/*" has a wildcard in it: folders and files are wanted`},
		{changelog.Component{Name: "a", Paths: []string{"a"}, Excludes: []string{"a/**/x"}}, `Excludes[0]: "a/**/x" has a wildcard`},
		{changelog.Component{Name: "a", Paths: []string{"a"}, GoModule: "x.org/a/v1"}, `GoModule: "x.org/a/v1" ends in v1, which Go refuses`},
		{changelog.Component{Name: "a", Paths: []string{"a"}, GoModule: "x.org/a/v0"}, `ends in v0, which Go refuses`},
	} {
		require.ErrorContains(t, changelog.Policy{Components: []changelog.Component{tc.component}}.Validate(), tc.why)
	}
	require.NoError(t, changelog.Policy{Components: []changelog.Component{{Name: "a", Paths: []string{"app/[slug]"}, Tags: "a{version}"}, {Name: "b", Paths: []string{"b"}, GoModule: "gopkg.in/a.v1"}}}.Validate())
}

// TestAddressesOfMessages: whoever writes a commit does not say where notes lead.
func TestAddressesOfMessages(t *testing.T) {
	r := changelog.Parse("fix: a\n\nCloses: https://evil.example/o/r/issues/3").References()[0]
	require.NotEmpty(t, r.URL)
	links, err := changelog.LinksFor("https://github.com/o/r", "")
	require.NoError(t, err)
	assert.Empty(t, changelog.Links{}.ReferenceURL(r))
	assert.Empty(t, links.ReferenceURL(r))
	r.URL = "https://github.com/o/r/issues/3"
	assert.Equal(t, r.URL, links.ReferenceURL(r))
	r.URL = "https://github.com.evil.example/o/r/issues/3"
	assert.Empty(t, links.ReferenceURL(r))
}
