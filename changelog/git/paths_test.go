package git_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/git"
)

// write writes a file of the working tree and adds it.
func (w *workshop) write(path, text string) {
	w.t.Helper()
	file := filepath.Join(w.dir, path)
	require.NoError(w.t, os.MkdirAll(filepath.Dir(file), 0o777))
	require.NoError(w.t, os.WriteFile(file, []byte(text), 0o666))
	w.run("--literal-pathspecs", "add", "--all", "--", path)
}

// change makes a commit that changes these files.
func (w *workshop) change(message string, paths ...string) string {
	w.t.Helper()
	for _, path := range paths {
		w.write(path, message+path)
	}
	return w.commit(message)
}

// commits are all commits with their paths.
func (w *workshop) commits() []changelog.Commit {
	w.t.Helper()
	var all []changelog.Commit
	for c, err := range w.open().Commits(w.t.Context(), git.Range{Paths: true}) {
		require.NoError(w.t, err)
		all = append(all, c)
	}
	return all
}

func TestPaths(t *testing.T) {
	w := newWorkshop(t)
	root := w.change("feat: begin", "a/b/c.go", "README")
	hash := "0123456789012345678901234567890123456789"
	odd := []string{"\nbegins", "\x01", "\xff\xfe", " ", "a\nb", "a\tb", hash, "q\"uote\\", "ä"}
	w.change("feat: odd names", odd...)
	w.commit("chore: nothing")
	w.change("an end", "last\n")
	w.run("mv", "README", "LESEN")
	w.commit("docs: rename")
	w.run("checkout", "--quiet", "-b", "side", root)
	w.change("fix: side", "side/x")
	w.run("checkout", "--quiet", "main")
	w.run("merge", "--quiet", "--no-ff", "-m", "Merge branch 'side'", "side")

	var got [][]string
	for _, c := range w.commits() {
		got = append(got, c.Paths)
	}
	assert.ElementsMatch(t, odd, got[5])
	assert.Equal(t, [][]string{{"side/x"}, {"side/x"}, {"LESEN", "README"}, {"last\n"}, nil, got[5], {"README", "a/b/c.go"}}, got)

	t.Run("whatever the configuration says", func(t *testing.T) {
		for _, c := range [][2]string{
			{"diff.orderFile", "missing"}, {"diff.relative", "true"}, {"diff.renames", "copies"}, {"log.showRoot", "false"},
			{"log.diffMerges", "off"}, {"core.quotePath", "true"}, {"diff.ignoreSubmodules", "all"}, {"diff.external", "false"}, {"format.notes", "*"},
		} {
			w.run("config", c[0], c[1])
		}
		w.run("notes", "add", "-m", "a note", "HEAD")
		var again [][]string
		for _, c := range w.commits() {
			again = append(again, c.Paths)
		}
		assert.Equal(t, got, again)
	})
	t.Run("only when they are asked for", func(t *testing.T) {
		h, err := w.open().History(t.Context(), changelog.Policy{})
		require.NoError(t, err)
		for _, c := range h.Commits {
			assert.Empty(t, c.Paths)
		}
	})
}
