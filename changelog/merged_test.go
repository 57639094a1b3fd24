package changelog_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

// A pre-release after a hotfix tells its users of the hotfix, which they do not have. The final release, whose users have it,
// does not.
func TestNotesOfAHotfix(t *testing.T) {
	begin := []string{"chore: begin", "tag v1.0.0", "on beta", "feat: a", "tag v1.1.0-beta.1", "on main", "fix: hot", "docs: hot", "tag v1.0.1", "on beta"}
	for _, tc := range []struct {
		name   string
		steps  []string
		policy changelog.Policy
		notes  changelog.NotesOptions
		want   string
	}{
		{"merged", []string{"merge main"}, changelog.Policy{Channel: "beta"}, changelog.NotesOptions{},
			"## 1.1.0-beta.2\n\n### Fixes\n\n- hot (0000000300)\n"},
		{"and more", []string{"fix: b", "merge main", "feat: c"}, changelog.Policy{Channel: "beta"}, changelog.NotesOptions{},
			"## 1.1.0-beta.2\n\n### Features\n\n- c (0000000700)\n\n### Fixes\n\n- hot (0000000300)\n- b (0000000500)\n"},
		{"told once", []string{"merge main", "tag v1.1.0-beta.2", "fix: b"}, changelog.Policy{Channel: "beta"}, changelog.NotesOptions{},
			"## 1.1.0-beta.3\n\n### Fixes\n\n- b (0000000600)\n"},
		{"all since the last release", []string{"merge main"}, changelog.Policy{Channel: "beta"}, changelog.NotesOptions{Whole: true},
			"## 1.1.0-beta.2\n\n### Features\n\n- a (0000000200)\n"},
		{"of the final release", []string{"merge main"}, changelog.Policy{}, changelog.NotesOptions{}, "## 1.1.0\n\n### Features\n\n- a (0000000200)\n"},
		{"a hotfix that the branch has taken back", []string{"merge main", "Revert \"fix: hot\""}, changelog.Policy{Channel: "beta"}, changelog.NotesOptions{},
			"## 1.1.0-beta.2\n\n### Reverts\n\n- Revert \"fix: hot\" (0000000600)\n"},
		{"a hotfix that was taken back", []string{"on main", "Revert \"fix: hot\"", "tag v1.0.2", "on beta", "merge main"}, changelog.Policy{Channel: "beta"}, changelog.NotesOptions{}, "## 1.1.0-beta.2\n\nNo notable changes.\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := steps(append(begin[:len(begin):len(begin)], tc.steps...)...).history()
			plan, err := changelog.Decide(h, tc.policy)
			require.NoError(t, err)
			d := plan.Components[0]
			assert.Equal(t, tc.want, d.Notes(tc.notes).Markdown())
			text, err := json.Marshal(d)
			require.NoError(t, err)
			var back changelog.Decision
			require.NoError(t, json.Unmarshal(text, &back))
			assert.Equal(t, d.Notes(tc.notes).Markdown(), back.Notes(tc.notes).Markdown())
		})
	}
	overtaken := []string{"chore: begin", "tag v1.0.0", "on beta", "feat: a", "tag v1.1.0-beta.1", "on main", "fix!: hot", "tag v2.0.0", "on beta", "merge main"}
	for want, more := range map[string][]string{
		"## 2.1.0-beta.1\n\n### Breaking changes\n\n- hot (0000000300)\n":                                      nil,
		"## 2.1.0-beta.1\n\n### Breaking changes\n\n- hot (0000000300)\n\n### Features\n\n- b (0000000500)\n":  {"feat: b"},
		"## 2.1.0-beta.1\n\n### Reverts\n\n- Revert \"fix!: hot\" (0000000500)\n":                              {"Revert \"fix!: hot\""},
		"## 2.1.0-beta.2\n\n### Fixes\n\n- c (0000000500)\n":                                                   {"tag v2.1.0-beta.1", "fix: c"},
		"## 2.1.0-beta.1\n\n### Breaking changes\n\n- hot (0000000300)\n\n### Fixes\n\n- again (0000000500)\n": {"on main", "fix: again", "tag v2.0.1", "on beta", "merge main"},
	} {
		plan, err := changelog.Decide(steps(append(overtaken[:len(overtaken):len(overtaken)], more...)...).history(), changelog.Policy{Channel: "beta"})
		require.NoError(t, err)
		assert.Equal(t, want, plan.Components[0].Notes(changelog.NotesOptions{}).Markdown())
	}
	plan, err := changelog.Decide(steps(append(begin, "merge main")...).history(), changelog.Policy{Channel: "beta"})
	require.NoError(t, err)
	assert.Contains(t, plan.Explain(), "merged with v1.0.1:\n  0000000300  patch  fix: hot  (fix is patch; new)\n")
}

// Of several components, a hotfix is told to those alone that it belongs to.
func TestNotesOfAHotfixOfComponents(t *testing.T) {
	h := changelog.History{Head: id(5), Commits: []changelog.Commit{
		{ID: id(5), Parents: []string{id(2), id(4)}, Text: "Merge branch 'main'"},
		{ID: id(4), Parents: []string{id(3)}, Text: "fix: hot b", Paths: []string{"b/x"}},
		{ID: id(3), Parents: []string{id(0)}, Text: "fix: hot a", Paths: []string{"a/x"}},
		{ID: id(2), Parents: []string{id(1)}, Text: "docs: x", Paths: []string{"b/x"}},
		{ID: id(1), Parents: []string{id(0)}, Text: "feat: x", Paths: []string{"a/x", "b/x"}},
		{ID: id(0), Text: "feat: begin", Paths: []string{"a/x", "b/x"}},
	}, Tags: []changelog.Ref{
		{Name: "a/v1.0.0", Commit: id(0)}, {Name: "b/v1.0.0", Commit: id(0)}, {Name: "a/v1.1.0-beta.1", Commit: id(2)}, {Name: "b/v1.1.0-beta.1", Commit: id(2)},
		{Name: "a/v1.0.1", Commit: id(4)}, {Name: "b/v1.0.1", Commit: id(4)},
	}}
	plan, err := changelog.Decide(h, changelog.Policy{Channel: "beta", Components: []changelog.Component{part("a"), part("b")}})
	require.NoError(t, err)
	assert.Equal(t, "a 1.1.0-beta.2, b 1.1.0-beta.2", versions(plan))
	for _, d := range plan.Components {
		assert.Equal(t, "## "+d.Name+" 1.1.0-beta.2\n\n### Fixes\n\n- hot "+d.Name+" ("+map[string]string{"a": id(3), "b": id(4)}[d.Name][:10]+")\n", d.Notes(changelog.NotesOptions{}).Markdown())
	}
}
