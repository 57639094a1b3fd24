package git_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

func TestBranches(t *testing.T) {
	t.Run("a higher version on another branch", func(t *testing.T) {
		w := newWorkshop(t)
		w.commit("feat: begin")
		w.run("tag", "v1.2.3")
		w.run("checkout", "--quiet", "-b", "next")
		w.commit("feat!: new")
		w.run("tag", "v2.0.0")
		w.run("checkout", "--quiet", "main")
		w.commit("fix: mend")
		assert.Equal(t, "v1.2.4", w.next(""))
		assert.Equal(t, "v1.2.3 is the highest release tag that can be reached from HEAD, higher ones on other branches: 1", w.decision("").PreviousWhy)

		w.commit("feat!: new")
		_, err := changelog.Decide(w.history(""), changelog.Policy{})
		assert.ErrorIs(t, err, changelog.ErrTaken)
	})
	t.Run("a hotfix that is merged later", func(t *testing.T) {
		w := newWorkshop(t)
		w.commit("feat: begin")
		w.run("tag", "v1.2.0")
		w.run("checkout", "--quiet", "-b", "hotfix")
		w.commit("fix: hot")
		w.run("tag", "v1.2.1")
		w.run("checkout", "--quiet", "main")
		w.commit("feat: add")
		w.run("tag", "v1.3.0")
		fix := w.commit("fix: new")
		w.run("merge", "--quiet", "--no-ff", "hotfix")
		assert.Equal(t, "v1.3.1", w.next(""))
		assert.Contains(t, ids(w.history("").Commits), fix)
	})
	t.Run("an old commit that is merged later", func(t *testing.T) {
		w := newWorkshop(t)
		w.commit("feat: begin")
		w.run("tag", "v1.2.3")
		w.run("checkout", "--quiet", "-b", "feature")
		w.commit("feat: old")
		w.run("checkout", "--quiet", "main")
		w.commit("fix: mend")
		w.run("tag", "v1.2.4")
		w.run("merge", "--quiet", "--no-ff", "feature")
		assert.Equal(t, "v1.3.0", w.next(""))
	})
	t.Run("of equal versions the one further on", func(t *testing.T) {
		w := newWorkshop(t)
		w.commit("feat: begin")
		w.run("tag", "v1.2.3+b2")
		w.commit("feat: add")
		w.run("tag", "v1.2.3+b1")
		w.commit("fix: mend")
		assert.Equal(t, "v1.2.3+b1", w.decision("").PreviousTag)
		assert.Equal(t, "v1.2.4", w.next(""))
	})
	t.Run("an octopus and dates that run backwards", func(t *testing.T) {
		w := newWorkshop(t)
		w.commit("feat: begin")
		w.run("tag", "v1.0.0")
		for _, name := range []string{"a", "b", "c"} {
			w.run("checkout", "--quiet", "-b", name, "v1.0.0")
			w.tick -= 100_000
			w.commit("fix: " + name)
		}
		w.run("checkout", "--quiet", "main")
		w.run("merge", "--quiet", "--no-ff", "a", "b", "c")
		h := w.history("")
		require.Len(t, h.Commits, 4)
		assert.Len(t, h.Commits[0].Parents, 4)
		assert.Equal(t, "v1.0.1", w.next(""))
	})
}
