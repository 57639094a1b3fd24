package changelog_test

import (
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

// TestVersionsWithoutChanges: nobody is left alone with a bare heading.
func TestVersionsWithoutChanges(t *testing.T) {
	n := changelog.Notes{Component: "lib", Version: semver.MustParse("2.0.0")}
	for _, tc := range []struct {
		with     []string
		audience changelog.Audience
		want     string
	}{
		{nil, "", "No notable changes."},
		{nil, changelog.Operators, "No changes for operators."},
		{nil, "<all>", "No changes for <all>."},
		{[]string{"core"}, changelog.Users, "No changes of its own: released with core."},
		{[]string{"app", "core", "web"}, "", "No changes of its own: released with app, core and web."},
		{strings.Split(strings.Repeat("x,", 29)+"y", ","), "", "No changes of its own: released with " + strings.Repeat("x, ", 19) + "x and 10 others."},
	} {
		n.With, n.Audience = tc.with, tc.audience
		assert.Equal(t, tc.want, n.NoChanges())
		assert.Equal(t, "## lib 2.0.0\n\n"+changelog.Escape(tc.want)+"\n", n.Markdown())
		assert.Equal(t, "lib 2.0.0\n\n"+tc.want+"\n", n.Text())
	}
	n.Version = nil
	assert.Equal(t, "## lib Unreleased\n", n.Markdown(), "what is to come is still open")
	n.With = []string{"core", "<b>"}
	tmpl, err := changelog.ParseTemplate(`{{range .With}}{{.}},{{end}}`, changelog.TemplateOptions{})
	require.NoError(t, err)
	var b strings.Builder
	require.NoError(t, tmpl.Execute(&b, n))
	assert.Equal(t, "core,&lt;b&gt;,", b.String())
}

// TestNotesOfAFixedGroup: the notes of a member without changes name those that it is released with, in a plan and in the whole changelog.
func TestNotesOfAFixedGroup(t *testing.T) {
	policy := changelog.Policy{
		Components: []changelog.Component{part("lib"), part("core"), part("app"), part("web")},
		Groups:     []changelog.Group{{Name: "g", Kind: changelog.Fixed, Components: []string{"lib", "core", "app"}}},
	}
	history := func(tags string) changelog.History {
		return line("lib/v1.0.0@0 core/v1.0.0@0 app/v1.0.0@0 web/v1.0.0@0 "+tags, changes("feat: a", "lib/x", "core/x", "app/x", "web/x"), changes("fix: b", "core/x"))
	}
	for tags, want := range map[string][]string{
		"":               {"app", "core"},
		"core/v1.0.1@1 ": {"app", "core"}, // half way
	} {
		plan, err := changelog.Decide(history(tags), policy)
		require.NoError(t, err)
		lib, _ := plan.Component("lib")
		assert.Equal(t, want, lib.With)
		notes := lib.Notes(changelog.NotesOptions{})
		assert.Equal(t, "## lib 1.0.1\n\nNo changes of its own: released with app and core.\n", notes.Markdown())
		if core, _ := plan.Component("core"); core.Next != nil {
			assert.Equal(t, []string{"app", "lib"}, core.With)
			assert.Empty(t, core.Notes(changelog.NotesOptions{}).With, "it has changes")
		}
		web, _ := plan.Component("web")
		assert.Empty(t, web.With)
	}
	policy.Groups[0].Kind = changelog.Linked
	plan, err := changelog.Decide(history("lib/v1.0.1@1"), policy)
	require.NoError(t, err)
	core, _ := plan.Component("core")
	assert.Empty(t, core.With, "linked ones are not bound to be released together")
	policy.Groups[0].Kind = changelog.Fixed

	h := history("lib/v1.0.1@1 core/v1.0.1@1 app/v1.0.1@1 web/v1.0.1@1")
	commits := func(yield func(changelog.Commit, error) bool) {
		for _, c := range h.Commits {
			if !yield(c, nil) {
				return
			}
		}
	}
	got := map[string]string{}
	for r, err := range changelog.Releases(commits, h.Tags, policy, changelog.ReleasesOptions{}) {
		require.NoError(t, err)
		if r.Tag == r.Component+"/v1.0.1" {
			_, got[r.Component], _ = strings.Cut(r.Notes.Markdown(), "\n\n")
		}
	}
	assert.Equal(t, map[string]string{
		"lib": "No changes of its own: released with app and core.\n", "app": "No changes of its own: released with core and lib.\n",
		"core": "### Fixes\n\n- b (0000000200)\n", "web": "No notable changes.\n",
	}, got)
}
