package git_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

// What a hotfix has brought is read for the pre-release after it, though it is older than the last release.
func TestHotfixIsRead(t *testing.T) {
	w := newWorkshop(t)
	w.commit("feat: begin")
	w.run("tag", "v1.0.0")
	w.run("checkout", "--quiet", "-b", "beta")
	w.commit("feat: a")
	w.run("tag", "v1.1.0-beta.1")
	w.run("checkout", "--quiet", "main")
	w.commit("fix: hot")
	w.run("tag", "v1.0.1")
	w.commit("docs: later")
	w.run("checkout", "--quiet", "beta")
	w.run("merge", "--quiet", "--no-ff", "-m", "Merge branch 'main'", "main")
	policy := changelog.Policy{Channel: "beta"}
	h, err := w.open().History(t.Context(), policy)
	require.NoError(t, err)
	plan, err := changelog.Decide(h, policy)
	require.NoError(t, err)
	d := plan.Components[0]
	assert.Equal(t, "1.1.0-beta.2", d.Next.String())
	require.Len(t, d.Merged, 1)
	assert.Equal(t, "fix: hot", d.Merged[0].Subject)
	assert.Contains(t, d.Notes(changelog.NotesOptions{}).Markdown(), "- hot (")

	w.run("tag", "v1.1.0-beta.2")
	w.commit("fix: b")
	h, err = w.open().History(t.Context(), policy)
	require.NoError(t, err)
	for _, c := range h.Commits {
		assert.NotContains(t, c.Text, "begin", "no more is read than is needed")
	}
}

// What a release has brought that overtook the pre-releases is read as well.
func TestReleaseThatOvertookIsRead(t *testing.T) {
	w := newWorkshop(t)
	w.commit("feat: begin")
	w.run("tag", "v1.0.0")
	w.run("checkout", "--quiet", "-b", "beta")
	w.commit("feat: a")
	w.run("tag", "v1.1.0-beta.1")
	w.run("checkout", "--quiet", "main")
	w.commit("fix!: hot")
	w.run("tag", "v2.0.0")
	w.run("checkout", "--quiet", "beta")
	w.run("merge", "--quiet", "--no-ff", "-m", "Merge branch 'main'", "main")
	policy := changelog.Policy{Channel: "beta"}
	for next, merged := range []int{1, 0} {
		h, err := w.open().History(t.Context(), policy)
		require.NoError(t, err)
		plan, err := changelog.Decide(h, policy)
		require.NoError(t, err)
		d := plan.Components[0]
		assert.Equal(t, fmt.Sprintf("v2.1.0-beta.%d", next+1), d.NextTag)
		assert.Len(t, d.Merged, merged)
		w.run("tag", d.NextTag)
		w.commit("fix: more")
		for _, c := range h.Commits {
			assert.NotContains(t, c.Text, "begin", "no more is read than is needed")
		}
	}
}
