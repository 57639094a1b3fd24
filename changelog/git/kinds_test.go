package git_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/git"
)

// A partial clone has all commits, and trees or not. What it lacks is not fetched for us.
func TestPartialClones(t *testing.T) {
	w := newWorkshop(t)
	w.run("config", "uploadpack.allowFilter", "true")
	w.change("feat: begin", "a/x")
	w.run("tag", "v1.0.0")
	w.change("fix: mend", "a/x", "b/y")
	for _, tc := range []struct {
		filter string
		trees  bool
	}{{"blob:none", true}, {"tree:0", false}} {
		t.Run(tc.filter, func(t *testing.T) {
			clone := &workshop{t: t, dir: t.TempDir(), tick: w.tick}
			clone.run("clone", "--quiet", "--no-checkout", "--filter="+tc.filter, "file://"+w.dir, ".")
			missing := func() string { return clone.run("rev-list", "--objects", "--all", "--missing=print") }
			before := missing()
			require.Contains(t, before, "\n?", "the clone lacks something")
			assert.Equal(t, "v1.0.1", clone.next(""))
			var last error
			var paths []string
			for c, err := range clone.open().Commits(t.Context(), git.Range{Paths: true}) {
				last, paths = err, append(paths, c.Paths...)
			}
			if tc.trees {
				require.NoError(t, last)
				assert.Equal(t, []string{"a/x", "b/y", "a/x"}, paths)
			} else {
				require.ErrorIs(t, last, git.ErrPartial)
				_, err := clone.open().History(t.Context(), changelog.Policy{Components: []changelog.Component{{Name: "a", Paths: []string{"a"}}}})
				require.ErrorIs(t, err, git.ErrPartial)
			}
			assert.Equal(t, before, missing(), "nothing was fetched")
			if !tc.trees { // as the error says
				clone.run("-c", "maintenance.auto=false", "fetch", "--quiet", "--refetch", "--filter=blob:none")
				for _, err := range clone.open().Commits(t.Context(), git.Range{Paths: true}) {
					require.NoError(t, err)
				}
			}
		})
	}
}

func TestOtherHashes(t *testing.T) {
	w := &workshop{t: t, dir: t.TempDir(), tick: 1_700_000_000}
	w.run("init", "--quiet", "--initial-branch=main", "--object-format=sha256")
	w.commit("feat: begin")
	w.run("tag", "-a", "-m", "one", "v1.0.0")
	w.commit("fix: mend")
	assert.Len(t, w.history("").Head, 64)
	assert.Equal(t, "v1.0.1", w.next(""))
	w.run("checkout", "--quiet", "--detach")
	assert.Equal(t, "v1.0.1", w.next(""))
}

// Grafts are the old way to replace a part of the history.
func TestGraftsDoNotCount(t *testing.T) {
	w := newWorkshop(t)
	w.commit("feat: begin")
	w.run("tag", "v1.0.0")
	hidden := w.commit("feat!: hidden")
	last := w.commit("fix: mend")
	require.NoError(t, os.WriteFile(filepath.Join(w.dir, ".git", "info", "grafts"), []byte(last+" "+w.run("rev-parse", "v1.0.0")+"\n"), 0o600))
	require.NotContains(t, w.run("log", "--format=%H"), hidden, "git itself believes the graft")
	assert.Equal(t, "v2.0.0", w.next(""))
}

func TestSubmodules(t *testing.T) {
	sub := newWorkshop(t)
	sub.commit("feat: of the submodule")
	sub.run("tag", "v7.0.0")
	w := newWorkshop(t)
	w.commit("feat: begin")
	w.run("tag", "v1.0.0")
	w.run("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", sub.dir, "deps/sub")
	w.commit("fix: another submodule")
	within := &workshop{t: t, dir: filepath.Join(w.dir, "deps", "sub"), tick: w.tick}
	within.commit("fix: mend the submodule")
	assert.Equal(t, "v1.0.1", w.next(""))
	assert.Equal(t, "v7.0.1", within.next(""))
	w.run("add", "deps/sub")
	w.commit("fix: newer submodule")
	for c, err := range w.open().Commits(t.Context(), git.Range{From: "HEAD~1", Paths: true}) {
		require.NoError(t, err)
		assert.Equal(t, []string{"deps/sub"}, c.Paths)
	}
	w.run("submodule", "--quiet", "deinit", "--force", "deps/sub")
	emptied := &workshop{t: t, dir: within.dir, tick: w.tick}
	assert.Equal(t, "v1.0.1", emptied.next(""), "a folder without its submodule is part of the repository around it")
}

// Tags without a date have that of their commit: those of old gits, and those that other programs make.
func TestTagsWithoutDates(t *testing.T) {
	w := newWorkshop(t)
	first := w.commit("feat: begin")
	made := w.tick - 1
	file := filepath.Join(t.TempDir(), "tag")
	require.NoError(t, os.WriteFile(file, []byte("object "+first+"\ntype commit\ntag v1.0.0\n\nold\n"), 0o600))
	w.run("update-ref", "refs/tags/v1.0.0", w.run("hash-object", "-t", "tag", "-w", "--literally", file))
	w.commit("fix: mend")
	h := w.history("")
	require.Len(t, h.Tags, 1)
	assert.Equal(t, time.Unix(made, 0).UTC(), h.Tags[0].Time)
	assert.Equal(t, first, h.Tags[0].Commit)
	assert.Equal(t, "v1.0.1", w.next(""))
}

// Tags of tags lead to whatever is at their end.
func TestTagsOfTags(t *testing.T) {
	w := newWorkshop(t)
	first := w.commit("feat: begin")
	w.run("config", "advice.nestedTag", "false")
	w.run("tag", "-a", "-m", "a", "inner")
	w.run("tag", "-a", "-m", "b", "middle", "inner")
	w.run("tag", "-a", "-m", "c", "v1.0.0", "middle")
	w.run("tag", "-a", "-m", "t", "tree", "HEAD^{tree}")
	w.run("tag", "-a", "-m", "u", "v3.0.0", "tree")
	tags, err := w.open().Tags(t.Context())
	require.NoError(t, err)
	of := map[string]changelog.Ref{}
	for _, tag := range tags {
		of[tag.Name] = tag
	}
	assert.Equal(t, first, of["v1.0.0"].Commit)
	assert.Equal(t, "commit", of["v1.0.0"].Object)
	assert.Empty(t, of["v3.0.0"].Commit)
	assert.Equal(t, "tree", of["v3.0.0"].Object)
}

func TestUnbornBranches(t *testing.T) {
	w := newWorkshop(t)
	w.commit("feat: begin")
	w.run("tag", "v1.0.0")
	w.run("checkout", "--quiet", "--orphan", "fresh")
	_, err := w.open().History(t.Context(), changelog.Policy{})
	assert.ErrorIs(t, err, git.ErrNoCommits)
	_, err = w.open().Head(t.Context())
	assert.ErrorIs(t, err, git.ErrNoCommits)
}

// A branch may be called like a tag, and HEAD may stand for something that is no branch.
func TestOddHeads(t *testing.T) {
	w := newWorkshop(t)
	w.commit("feat: begin")
	w.run("tag", "v1.0.0")
	w.commit("fix: mend")
	w.run("checkout", "--quiet", "-b", "v1.0.0")
	assert.Equal(t, "v1.0.0", w.history("").Branch)
	assert.Equal(t, "v1.0.1", w.next(""))
	w.run("checkout", "--quiet", "-b", "release/1.x")
	assert.Equal(t, "release/1.x", w.history("").Branch)
	w.run("update-ref", "refs/remotes/origin/main", "HEAD")
	w.run("symbolic-ref", "HEAD", "refs/remotes/origin/main")
	assert.Empty(t, w.history("").Branch)
	assert.Equal(t, "v1.0.1", w.next(""))
	w.run("checkout", "--quiet", "main")
	head := filepath.Join(w.dir, ".git", "HEAD")
	require.NoError(t, os.Remove(head))
	if err := os.Symlink("refs/heads/main", head); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	assert.Equal(t, "main", w.history("").Branch)
	assert.Equal(t, "v1.0.1", w.next(""))
}

// A repository of somebody else could run their programs, so git refuses it.
func TestUntrustedRepositories(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	w := newWorkshop(t)
	w.commit("feat: begin")
	require.NoError(t, filepath.WalkDir(w.dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, 12345, 12345)
	}))
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	_, err := git.Open(t.Context(), w.dir, git.Options{})
	require.ErrorIs(t, err, git.ErrUntrusted)
	assert.ErrorContains(t, err, "git config --global --add safe.directory")
	config := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(config, []byte(fmt.Sprintf("[safe]\n\tdirectory = %q\n", w.dir)), 0o600))
	t.Setenv("GIT_CONFIG_GLOBAL", config)
	assert.Equal(t, "v0.1.0", w.next(""))
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_SYSTEM", config)
	assert.Equal(t, "v0.1.0", w.next(""), "a whole machine may trust it")
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	_, err = git.Open(t.Context(), w.dir, git.Options{})
	require.ErrorIs(t, err, git.ErrUntrusted)
}

// What is found without git is what git finds. A limit to the search, which changes nothing here, makes git search.
func TestTheSameIsFound(t *testing.T) {
	w := newWorkshop(t)
	w.commit("feat: begin")
	w.run("tag", "v1.0.0")
	w.commit("fix: mend")
	dirs := map[string]string{"top": w.dir, "git folder": filepath.Join(w.dir, ".git"), "hooks": filepath.Join(w.dir, ".git", "hooks")}
	dirs["within"] = filepath.Join(w.dir, "a", "b")
	require.NoError(t, os.MkdirAll(dirs["within"], 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(w.dir, "a", "HEAD"), []byte("ref: refs/heads/lie\n"), 0o600))
	dirs["bare"] = t.TempDir()
	w.run("clone", "--quiet", "--bare", ".", dirs["bare"])
	dirs["tree"] = filepath.Join(t.TempDir(), "tree")
	w.run("worktree", "add", "--quiet", "-b", "other", dirs["tree"])
	dirs["separate"] = t.TempDir()
	w.run("clone", "--quiet", "--separate-git-dir", filepath.Join(t.TempDir(), "store"), ".", dirs["separate"])
	dirs["link"] = filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(dirs["within"], dirs["link"]))
	dirs["not quite"] = filepath.Join(w.dir, "c")
	require.NoError(t, os.MkdirAll(filepath.Join(dirs["not quite"], ".git", "objects"), 0o700))
	for name, dir := range dirs {
		t.Run(name, func(t *testing.T) {
			at := &workshop{t: t, dir: dir}
			quick := at.history("")
			t.Setenv("GIT_CEILING_DIRECTORIES", t.TempDir())
			assert.Equal(t, at.history(""), quick)
			head, err := exec.Command("git", "-C", dir, "rev-parse", "HEAD").Output()
			require.NoError(t, err)
			assert.Equal(t, strings.TrimSpace(string(head)), quick.Head)
		})
	}
}

// A clone that was made shallow after it was opened is seen too.
func TestShallowLater(t *testing.T) {
	w := newWorkshop(t)
	w.commit("feat: begin")
	w.commit("fix: mend")
	clone := &workshop{t: t, dir: t.TempDir(), tick: w.tick}
	clone.run("clone", "--quiet", "file://"+w.dir, ".")
	r := clone.open()
	clone.run("fetch", "--quiet", "--depth=1")
	_, err := r.History(t.Context(), changelog.Policy{})
	require.ErrorIs(t, err, git.ErrShallow)
	linked := filepath.Join(t.TempDir(), "tree")
	clone.run("worktree", "add", "--quiet", linked)
	_, err = git.Open(t.Context(), linked, git.Options{})
	require.ErrorIs(t, err, git.ErrShallow)
	clone.run("fetch", "--quiet", "--unshallow")
	assert.Equal(t, "v0.1.0", clone.next(""))
}
