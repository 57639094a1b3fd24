package git_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/git"
)

func TestCommitsStream(t *testing.T) {
	w := newWorkshop(t)
	w.fill(20_000)
	r := w.open()
	t.Run("all", func(t *testing.T) {
		n := 0
		for _, err := range r.Commits(t.Context(), git.Range{}) {
			require.NoError(t, err)
			n++
		}
		assert.Equal(t, 20_000, n)
	})
	t.Run("a range", func(t *testing.T) {
		n := 0
		for _, err := range r.Commits(t.Context(), git.Range{From: "main~100", To: "main~90"}) {
			require.NoError(t, err)
			n++
		}
		assert.Equal(t, 10, n)
	})
	t.Run("leaving early", func(t *testing.T) {
		begin := time.Now()
		for range 20 {
			for c, err := range r.Commits(t.Context(), git.Range{}) {
				require.NoError(t, err)
				assert.Equal(t, "fix(core): number 19999\n", c.Text)
				break
			}
		}
		assert.Less(t, time.Since(begin), time.Minute)
	})
	t.Run("a context that ends", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		cause := errors.New("the release was called off")
		var last error
		n := 0
		for _, err := range r.Commits(ctx, git.Range{}) {
			if last = err; err == nil {
				n++
			}
			cancel(cause)
		}
		assert.ErrorIs(t, last, cause)
		assert.Less(t, n, 20_000)
	})
	t.Run("a context that has ended", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := r.History(ctx, changelog.Policy{})
		assert.ErrorIs(t, err, context.Canceled)
	})
	t.Run("a revision that is none", func(t *testing.T) {
		for _, between := range []git.Range{{To: "--output=x"}, {From: "nowhere"}, {To: "main:"}} {
			var last error
			for _, err := range r.Commits(t.Context(), between) {
				last = err
			}
			var failed *git.Error
			require.ErrorAs(t, last, &failed)
			assert.Contains(t, last.Error(), "resolve ")
		}
	})
}

// Several revisions are one history, each commit of it once and children before their parents.
func TestCommitsOfSeveralRevisions(t *testing.T) {
	w := newWorkshop(t)
	w.commit("feat: base")
	w.run("tag", "base")
	w.run("checkout", "--quiet", "-b", "side")
	w.commit("feat: side")
	w.run("checkout", "--quiet", "main")
	w.commit("feat: main")
	read := func(between git.Range) (texts []string) {
		for c, err := range w.open().Commits(t.Context(), between) {
			require.NoError(t, err)
			texts = append(texts, strings.TrimSpace(c.Text))
		}
		return texts
	}
	all := read(git.Range{Also: []string{"side", "base", "side"}})
	assert.ElementsMatch(t, []string{"feat: main", "feat: side", "feat: base"}, all)
	assert.Equal(t, "feat: base", all[2])
	assert.ElementsMatch(t, []string{"feat: main", "feat: side"}, read(git.Range{From: "base", Also: []string{"side"}}))
	for _, err := range w.open().Commits(t.Context(), git.Range{Also: []string{"nowhere"}}) {
		assert.Error(t, err)
	}
}
