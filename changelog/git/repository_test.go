package git_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/git"
)

func TestKindsOfRepositories(t *testing.T) {
	w := newWorkshop(t)
	w.commit("feat: begin")
	w.run("tag", "v1.0.0")
	w.commit("fix: mend")
	source := w.dir

	t.Run("bare", func(t *testing.T) {
		bare := &workshop{t: t, dir: t.TempDir()}
		bare.run("clone", "--quiet", "--bare", source, ".")
		assert.Equal(t, "v1.0.1", bare.next(""))
	})
	t.Run("detached", func(t *testing.T) {
		clone := &workshop{t: t, dir: t.TempDir()}
		clone.run("clone", "--quiet", source, ".")
		clone.run("checkout", "--quiet", "--detach")
		assert.Equal(t, "v1.0.1", clone.next(""))
	})
	t.Run("a linked working tree", func(t *testing.T) {
		linked := &workshop{t: t, dir: filepath.Join(t.TempDir(), "tree")}
		w.run("worktree", "add", "--quiet", "-b", "other", linked.dir)
		linked.commit("feat: add")
		assert.Equal(t, "v1.1.0", linked.next(""))
	})
	t.Run("a folder within", func(t *testing.T) {
		within := &workshop{t: t, dir: filepath.Join(source, "a", "b")}
		require.NoError(t, os.MkdirAll(within.dir, 0o700))
		assert.Equal(t, "v1.0.1", within.next(""))
	})
	t.Run("shallow", func(t *testing.T) {
		dir := t.TempDir()
		w.run("clone", "--quiet", "--depth=1", "file://"+source, dir)
		_, err := git.Open(t.Context(), dir, git.Options{})
		require.ErrorIs(t, err, git.ErrShallow)
		assert.ErrorContains(t, err, "git fetch --unshallow --tags")
	})
	t.Run("empty", func(t *testing.T) {
		_, err := newWorkshop(t).open().History(t.Context(), changelog.Policy{})
		assert.ErrorIs(t, err, git.ErrNoCommits)
	})
	t.Run("none", func(t *testing.T) {
		dir := t.TempDir()
		t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(dir))
		_, err := git.Open(t.Context(), dir, git.Options{})
		assert.ErrorIs(t, err, git.ErrNotRepository)
	})
	t.Run("no folder", func(t *testing.T) {
		_, err := git.Open(t.Context(), filepath.Join(source, "nowhere"), git.Options{})
		assert.ErrorIs(t, err, os.ErrNotExist)
		_, err = git.Open(t.Context(), filepath.Join(source, ".git", "config"), git.Options{})
		assert.ErrorContains(t, err, "is not a folder")
	})
}

func TestChangedFiles(t *testing.T) {
	w := newWorkshop(t)
	w.edit("feat: begin")
	w.edit("feat: more")
	changed := func() []string {
		t.Helper()
		files, err := w.open().Changed(t.Context())
		require.NoError(t, err)
		return files
	}
	assert.Empty(t, changed())
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600))
	}
	write("untracked", "by a build")
	assert.Empty(t, changed())
	entries := strings.Fields(w.run("ls-files"))
	write(entries[1], "another text")
	require.NoError(t, os.Remove(filepath.Join(w.dir, entries[0])))
	write("new and odd\tname", "")
	w.run("add", "new and odd\tname")
	assert.Equal(t, []string{entries[0], entries[1], "new and odd\tname"}, changed())
	bare := &workshop{t: t, dir: t.TempDir()}
	bare.run("clone", "--quiet", "--bare", w.dir, ".")
	files, err := bare.open().Changed(t.Context())
	require.NoError(t, err)
	assert.Empty(t, files)
}
