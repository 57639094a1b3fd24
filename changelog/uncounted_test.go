package changelog_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

// TestMergesThatSayMore: a merge whose own message would lead to a higher version is told, unless the policy lets it count.
func TestMergesThatSayMore(t *testing.T) {
	const pull = "Merge pull request #1 from o/b\n\n"
	count := changelog.Policy{Messages: changelog.Reading{Merges: changelog.Count}}
	for _, tc := range []struct {
		merge, merged string
		policy        changelog.Policy
		version, want string
	}{
		{pull + "feat!: x", "fix: a", changelog.Policy{}, "1.0.1", `the merge says "feat!: x", which is major, and the release is patch by the commits that were merged: say it in one of those, or let merges count by Messages.Merges`},
		{pull + "fix: x\n\nBREAKING CHANGE: y", "feat: a", changelog.Policy{}, "1.1.0", `the merge says "fix: x", which is major, and the release is minor by`},
		{pull + "feat: x", "wip", changelog.Policy{}, "-", `the merge says "feat: x", which is minor, and nothing is released by`},
		{pull + "feat: x", "feat: a", changelog.Policy{}, "1.1.0", ""},
		{pull + "fix: x", "feat: a", changelog.Policy{}, "1.1.0", ""},
		{pull + "docs: x", "wip", changelog.Policy{}, "-", ""},
		{pull + "words", "wip", changelog.Policy{}, "-", ""},
		{"Merge branch 'b'", "wip", changelog.Policy{}, "-", ""},
		{"feat!: a merge that is conventional", "fix: a", changelog.Policy{}, "2.0.0", ""},
		{pull + "feat!: x", "fix: a", count, "2.0.0", ""},
		{pull + "boat: x", "fix: a", changelog.Policy{Types: map[string]changelog.Level{"boat": changelog.Minor}}, "1.0.1", `the merge says "boat: x", which is minor`},
	} {
		h := changelog.History{
			Head: id(3), Tags: []changelog.Ref{{Name: "v1.0.0", Commit: id(0)}},
			Commits: []changelog.Commit{
				{ID: id(3), Parents: []string{id(2), id(1)}, Text: tc.merge}, {ID: id(2), Parents: []string{id(0)}, Text: "docs: z"},
				{ID: id(1), Parents: []string{id(0)}, Text: tc.merged}, {ID: id(0), Text: "feat: begin"},
			},
		}
		got, _, err := outcome(t, h, tc.policy)
		require.NoError(t, err)
		assert.Equal(t, tc.version, got, tc.merge)
		plan, err := changelog.Decide(h, tc.policy)
		require.NoError(t, err)
		var texts []string
		for _, d := range plan.Diagnostics {
			if d.Code == changelog.CodeUncounted {
				assert.Equal(t, id(3), d.Commit)
				texts = append(texts, d.Text)
			}
		}
		if tc.want == "" {
			assert.Empty(t, texts, tc.merge)
			continue
		}
		require.Len(t, texts, 1, tc.merge)
		assert.Contains(t, texts[0], tc.want)
	}

	// What was taken back is over.
	h := changelog.History{
		Head: id(4), Tags: []changelog.Ref{{Name: "v1.0.0", Commit: id(0)}},
		Commits: []changelog.Commit{
			{ID: id(4), Parents: []string{id(3)}, Text: "Revert \"Merge pull request #1 from o/b\"\n\nThis reverts commit " + id(3) + ", reversing\nchanges made to " + id(2) + "."},
			{ID: id(3), Parents: []string{id(2), id(1)}, Text: pull + "feat!: x"}, {ID: id(2), Parents: []string{id(0)}, Text: "docs: z"},
			{ID: id(1), Parents: []string{id(0)}, Text: "fix: a"}, {ID: id(0), Text: "feat: begin"},
		},
	}
	plan, err := changelog.Decide(h, changelog.Policy{})
	require.NoError(t, err)
	for _, d := range plan.Diagnostics {
		assert.NotEqual(t, changelog.CodeUncounted, d.Code)
	}

	// Of two components it is told once.
	h = changelog.History{
		Head: id(3),
		Commits: []changelog.Commit{
			{ID: id(3), Parents: []string{id(2), id(1)}, Text: pull + "feat!: x", Paths: []string{"api/x", "web/x"}}, {ID: id(2), Parents: []string{id(0)}, Text: "docs: z", Paths: []string{"api/x"}},
			{ID: id(1), Parents: []string{id(0)}, Text: "wip", Paths: []string{"api/x", "web/x"}}, {ID: id(0), Text: "chore: begin", Paths: []string{"api/x", "web/x"}},
		},
	}
	plan, err = changelog.Decide(h, changelog.Policy{Components: []changelog.Component{part("api"), part("web")}})
	require.NoError(t, err)
	n := 0
	for _, d := range plan.Diagnostics {
		if d.Code == changelog.CodeUncounted {
			n++
		}
	}
	assert.Equal(t, 1, n)
}
