package git_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

func TestHistory(t *testing.T) {
	w := newWorkshop(t)
	first := w.commit("feat: begin")
	w.run("tag", "v1.2.3")
	second := w.commit("fix: mend\n\nbody\n\nRefs: #1")
	third := w.commit("feat: add")

	h := w.history("")
	assert.Equal(t, third, h.Head)
	d := w.decision("")
	assert.Equal(t, "v1.2.3", d.PreviousTag)
	assert.Equal(t, "1.2.3", d.Previous.String())
	assert.Equal(t, "v1.2.3 is the highest release tag that can be reached from HEAD", d.PreviousWhy)
	assert.Equal(t, []changelog.Ref{{Name: "v1.2.3", Commit: first, Object: "commit", Time: h.Tags[0].Time, Reachable: true}}, h.Tags)
	assert.False(t, h.Tags[0].Time.IsZero())
	assert.Equal(t, "main", h.Branch)
	require.Equal(t, []string{third, second}, ids(h.Commits))
	mended := h.Commits[1]
	assert.Equal(t, "fix: mend\n\nbody\n\nRefs: #1", strings.TrimSpace(mended.Text))
	assert.Equal(t, []string{first}, mended.Parents)
	assert.Equal(t, "Ada", mended.Author)
	assert.Equal(t, "ada@example.org", mended.AuthorEmail)
	assert.Equal(t, mended.Authored, mended.Committed)
	assert.Equal(t, int64(1_700_000_005), mended.Authored.Unix())
	assert.Equal(t, "v1.3.0", w.next(""))

	w.run("tag", "v1.3.0")
	assert.Equal(t, "-", w.next(""), "HEAD is released")
	assert.Empty(t, w.history("").Commits)
}

// A revert that is older than what it takes back, by a clock that was wrong.
func TestChildrenComeBeforeTheirParents(t *testing.T) {
	w := newWorkshop(t)
	w.commit("chore: begin")
	w.run("tag", "v1.2.3")
	feature := w.edit("feat: x")
	w.run("checkout", "--quiet", "-b", "back")
	w.tick -= 1_000_000
	w.run("revert", "--no-edit", feature)
	w.tick += 1_000_000
	w.run("checkout", "--quiet", "main")
	w.edit("chore: y")
	w.run("merge", "--quiet", "--no-ff", "back")
	assert.Equal(t, "-", w.next(""))
}
