package git_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// merged is a repository whose branch f, with a feature and a fix, was merged after a chore.
func merged(t *testing.T, message string) (w *workshop, merge string) {
	t.Helper()
	w = newWorkshop(t)
	w.commit("feat: begin")
	w.run("tag", "v1.2.3")
	w.run("checkout", "--quiet", "-b", "f")
	w.edit("feat: a new thing")
	w.edit("fix: b")
	w.run("checkout", "--quiet", "main")
	w.edit("chore: x")
	w.run("merge", "--quiet", "--no-ff", "-m", message, "f")
	return w, w.run("rev-parse", "HEAD")
}

func TestRevertsOfMerges(t *testing.T) {
	t.Run("by git", func(t *testing.T) {
		w, merge := merged(t, "Merge pull request #12 from o/f")
		assert.Equal(t, "v1.3.0", w.next(""))
		w.run("revert", "--no-edit", "-m", "1", merge)
		assert.Equal(t, "-", w.next(""))
		w.run("revert", "--no-edit", "HEAD")
		assert.Equal(t, "v1.3.0", w.next(""), "the revert was taken back")
	})
	t.Run("what came by other ways stays", func(t *testing.T) {
		w, merge := merged(t, "feat: merge of f")
		w.edit("fix: c")
		w.run("revert", "--no-edit", "-m", "1", merge)
		assert.Equal(t, "v1.2.4", w.next(""))
	})
	t.Run("to the second parent", func(t *testing.T) {
		w, merge := merged(t, "Merge branch 'f'")
		w.run("revert", "--no-edit", "-m", "2", merge)
		assert.Equal(t, "v1.3.0", w.next(""), "main's own chore was taken back")
		assert.Regexp(t, `chore: x +\(taken back by`, w.explain())
	})
	t.Run("squashed by a forge", func(t *testing.T) {
		w, _ := merged(t, "Merge pull request #12 from o/f")
		w.commit("Revert \"Merge pull request #12 from o/f\" (#13)")
		assert.Equal(t, "-", w.next(""))
	})
	t.Run("merged into the branch before", func(t *testing.T) {
		w := newWorkshop(t)
		w.commit("feat: begin")
		w.run("tag", "v1.2.3")
		w.run("checkout", "--quiet", "-b", "f")
		w.edit("feat: on f")
		w.run("checkout", "--quiet", "main")
		w.edit("fix: on main")
		w.run("checkout", "--quiet", "f")
		w.run("merge", "--quiet", "--no-ff", "main")
		w.run("checkout", "--quiet", "main")
		w.run("merge", "--quiet", "--no-ff", "f")
		w.run("revert", "--no-edit", "-m", "1", "HEAD")
		assert.Equal(t, "v1.2.4", w.next(""), "what main had itself stays")
	})
}
