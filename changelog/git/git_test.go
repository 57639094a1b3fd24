package git_test

import (
	"context"
	"errors"
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

// workshop is a real repository that a test builds.
type workshop struct {
	t    *testing.T
	dir  string
	env  []string
	tick int64
}

func newWorkshop(t *testing.T) *workshop {
	t.Helper()
	w := &workshop{t: t, dir: t.TempDir(), tick: 1_700_000_000}
	w.run("init", "--quiet", "--initial-branch=main")
	return w
}

// run runs git as nobody in particular, one second later each time, and returns its output.
func (w *workshop) run(args ...string) string {
	w.t.Helper()
	w.tick++
	date := fmt.Sprintf("@%d +0000", w.tick)
	cmd := exec.Command("git", args...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(),
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.org", "GIT_AUTHOR_DATE="+date,
		"GIT_COMMITTER_NAME=Bob", "GIT_COMMITTER_EMAIL=bob@example.org", "GIT_COMMITTER_DATE="+date,
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "LC_ALL=C")
	cmd.Env = append(cmd.Env, w.env...)
	out, err := cmd.CombinedOutput()
	require.NoError(w.t, err, "git %s: %s", strings.Join(args, " "), out)
	return strings.TrimSpace(string(out))
}

// commit makes a commit and returns its id.
func (w *workshop) commit(message string) string {
	w.t.Helper()
	w.run("commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "-m", message)
	return w.run("rev-parse", "HEAD")
}

func (w *workshop) open() *git.Repository {
	w.t.Helper()
	r, err := git.Open(w.t.Context(), w.dir, git.Options{})
	require.NoError(w.t, err)
	return r
}

func (w *workshop) history(format changelog.TagFormat) changelog.History {
	w.t.Helper()
	h, err := w.open().History(w.t.Context(), changelog.Policy{Tags: format})
	require.NoError(w.t, err)
	return h
}

func (w *workshop) decision(format changelog.TagFormat) changelog.Decision {
	w.t.Helper()
	plan, err := changelog.Decide(w.history(format), changelog.Policy{Tags: format})
	require.NoError(w.t, err)
	return plan.Components[0]
}

// next is the next version, "-" for none.
func (w *workshop) next(format changelog.TagFormat) string {
	w.t.Helper()
	d := w.decision(format)
	if d.Next == nil {
		return "-"
	}
	return d.NextTag
}

func ids(commits []changelog.Commit) []string {
	var all []string
	for _, c := range commits {
		all = append(all, c.ID)
	}
	return all
}

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

func TestWhichTag(t *testing.T) {
	for _, tc := range []struct {
		name   string
		tags   []string
		format changelog.TagFormat
		want   string
	}{
		{"numbers, not letters", []string{"v1.9.0", "v1.10.0"}, "", "v1.10.1"},
		{"no tags", nil, "", "v0.1.0"},
		{"newer tags that are no versions", []string{"v1.2.3", "latest", "nightly-2024-01-01", "v1", "v2", "v1.02.4", "v1.8.5.1"}, "", "v1.2.4"},
		{"without a prefix", []string{"v3.0.0", "1.2.3"}, "{version}", "1.2.4"},
		{"in a folder of tags", []string{"v3.0.0", "pkg/a/v1.2.3", "pkg/ab/v2.0.0"}, "pkg/a/v{version}", "pkg/a/v1.2.4"},
		{"pre-releases do not count", []string{"v1.2.3", "v1.2.4-rc.1"}, "", "v1.2.4"},
		{"but are not undercut", []string{"v1.2.3", "v1.3.0-rc.1"}, "", "v1.3.0"},
		{"only a pre-release", []string{"v1.0.0-rc.1"}, "", "v1.0.0"},
		{"build metadata", []string{"v1.2.3+b1", "v1.2.3+b2"}, "", "v1.2.4"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorkshop(t)
			w.commit("feat: begin")
			for _, tag := range tc.tags {
				w.run("tag", tag)
			}
			w.commit("fix: mend")
			assert.Equal(t, tc.want, w.next(tc.format))
		})
	}
}

func TestIgnoredTagsHaveReasons(t *testing.T) {
	w := newWorkshop(t)
	w.commit("feat: begin")
	w.run("tag", "v1.2.3")
	require.NoError(t, os.WriteFile(filepath.Join(w.dir, "key"), []byte("key"), 0o600))
	w.run("tag", "v9.0.0", w.run("hash-object", "-w", "key"))
	w.run("tag", "-a", "-m", "a tree", "v9.0.1", "HEAD^{tree}")
	w.run("tag", "v1.8.5.1")
	w.run("tag", "latest")
	d := w.decision("")
	assert.Equal(t, "v1.2.3", d.PreviousTag)
	why := map[string]string{}
	for _, tag := range d.IgnoredTags {
		why[tag.Tag] = tag.Why
	}
	assert.Len(t, why, 4)
	assert.Equal(t, "points at a blob, not at a commit", why["v9.0.0"])
	assert.Equal(t, "points at a tree, not at a commit", why["v9.0.1"])
	assert.Contains(t, why["v1.8.5.1"], "is not a semantic version")
	assert.Contains(t, why["latest"], "does not have the form v{version}")

	// Now git has to walk the history, and meets the tags on a blob and a tree.
	w.commit("fix: mend")
	w.run("tag", "v1.3.0-rc.1")
	assert.Equal(t, "v1.2.3", w.decision("").PreviousTag)
	assert.Equal(t, "v1.3.0", w.next(""))
}

func TestAnnotatedTags(t *testing.T) {
	w := newWorkshop(t)
	first := w.commit("feat: begin")
	w.run("tag", "-a", "-m", "one", "v1.0.0")
	w.commit("fix: mend")
	w.run("tag", "-a", "-m", "two", "inner")
	w.run("-c", "advice.nestedTag=false", "tag", "-a", "-m", "a tag of a tag", "v1.0.1", "inner")
	second := w.run("rev-parse", "HEAD")
	w.commit("feat: add")
	h := w.history("")
	assert.Equal(t, "v1.1.0", w.next(""))
	require.Equal(t, "v1.0.0", h.Tags[1].Name)
	assert.Equal(t, first, h.Tags[1].Commit)
	require.Equal(t, "v1.0.1", h.Tags[2].Name)
	assert.Equal(t, second, h.Tags[2].Commit)
}

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

// edit makes a commit that changes a file of its own.
func (w *workshop) edit(message string) string {
	w.t.Helper()
	w.tick++
	require.NoError(w.t, os.WriteFile(filepath.Join(w.dir, fmt.Sprint(w.tick)), []byte(message), 0o600))
	w.run("add", "--all")
	return w.commit(message)
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

func (w *workshop) explain() string {
	w.t.Helper()
	return w.decision("").Explain()
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

// A signed commit is not checked, whatever the configuration says: the check would say something
// amid the commits.
func TestSignaturesAreNotShown(t *testing.T) {
	w := newWorkshop(t)
	w.commit("fix: begin")
	gpg := filepath.Join(t.TempDir(), "gpg")
	require.NoError(t, os.WriteFile(gpg, []byte("#!/bin/sh\necho 'gpg: well signed'\necho 'gpg: well signed' >&2\n"), 0o700))
	w.run("config", "log.showSignature", "true")
	w.run("config", "gpg.program", gpg)
	text := w.run("cat-file", "commit", "HEAD")
	head, message, _ := strings.Cut(text, "\n\n")
	file := filepath.Join(t.TempDir(), "commit")
	require.NoError(t, os.WriteFile(file, []byte(head+"\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n aaaa\n -----END PGP SIGNATURE-----\n\n"+message+"\n"), 0o600))
	w.run("reset", "--quiet", "--hard", w.run("hash-object", "-t", "commit", "-w", file))
	require.Contains(t, w.run("log"), "well signed", "the repository has the commit that this test is about")
	h := w.history("")
	require.Len(t, h.Commits, 1)
	assert.Equal(t, h.Head, h.Commits[0].ID)
}

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

// TestEnvironment has what must not matter: what surrounds the process, and how git is configured.
func TestClonesWithoutTags(t *testing.T) {
	w := newWorkshop(t)
	w.commit("feat: begin")
	w.run("tag", "v1.0.0")
	w.commit("fix: mend")
	clone := &workshop{t: t, dir: t.TempDir(), tick: w.tick}
	clone.run("clone", "--quiet", "--no-tags", w.dir, ".")
	_, err := clone.open().History(t.Context(), changelog.Policy{})
	require.ErrorIs(t, err, git.ErrNoTags)
	clone.run("fetch", "--quiet", "--tags")
	assert.Equal(t, "v1.0.1", clone.next(""), "once they are there, the setting does not matter")
	other := newWorkshop(t)
	other.commit("feat: begin")
	other.run("remote", "add", "origin", w.dir)
	assert.Equal(t, "v0.1.0", other.next(""), "a remote alone proves nothing")
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

func TestEnvironment(t *testing.T) {
	w := newWorkshop(t)
	w.commit("feat: begin")
	w.run("tag", "v1.0.0")
	w.commit("fix: größer")
	want := w.history("")

	other := newWorkshop(t)
	other.commit("feat!: something else")
	t.Setenv("GIT_DIR", filepath.Join(other.dir, ".git"))
	t.Setenv("GIT_WORK_TREE", other.dir)
	t.Setenv("GIT_PAGER", "false")
	t.Setenv("GIT_CONFIG_COUNT", "1")
	t.Setenv("GIT_CONFIG_KEY_0", "color.ui")
	t.Setenv("GIT_CONFIG_VALUE_0", "always")
	t.Setenv("LC_ALL", "de_DE.UTF-8")
	config := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(config, []byte(`
[core]
	pager = false
	abbrev = 4
[pager]
	log = false
[color]
	ui = always
[alias]
	log = !false
	rev-parse = !false
[log]
	showSignature = true
	decorate = full
	date = relative
	follow = true
	diffMerges = on
[i18n]
	logOutputEncoding = ISO-8859-1
[format]
	pretty = oneline
[diff]
	external = false
[tag]
	sort = -refname
`), 0o600))
	t.Setenv("GIT_CONFIG_GLOBAL", config)
	assert.Equal(t, want, w.history(""))
}

func TestOldEncodings(t *testing.T) {
	w := newWorkshop(t)
	w.run("-c", "i18n.commitEncoding=ISO-8859-1", "commit", "--quiet", "--allow-empty", "-m", "fix: gr\xf6\xdfer")
	h := w.history("")
	require.Len(t, h.Commits, 1)
	assert.Equal(t, "fix: größer", strings.TrimSpace(h.Commits[0].Text))
}

func TestReplacedObjectsDoNotCount(t *testing.T) {
	w := newWorkshop(t)
	w.commit("feat: begin")
	w.run("tag", "v1.0.0")
	real := w.commit("fix: mend")
	w.commit("feat!: something else")
	fake := w.run("rev-parse", "HEAD")
	w.run("reset", "--quiet", "--hard", real)
	w.run("replace", real, fake)
	assert.Equal(t, "v1.0.1", w.next(""))
}

func TestMessagesOfAllKinds(t *testing.T) {
	w := newWorkshop(t)
	messages := []string{
		"fix: one line", "@@__CHGLOG__@@ @@__CHGLOG_DELIMITER__@@", "fix: x\r\n\r\nbody\r\n", "fix: \x01\x02 \x1b[31m",
		"fix: x\n\n\n\nmany\n\n\n\nlines\n\n", "fix: " + strings.Repeat("long ", 50_000), "--format=%H", "-n 1",
	}
	want := []string{}
	for _, m := range messages {
		file := filepath.Join(t.TempDir(), "message")
		require.NoError(t, os.WriteFile(file, []byte(m), 0o600))
		w.run("commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "-F", file)
		want = append([]string{m}, want...)
	}
	var got []string
	for c, err := range w.open().Commits(t.Context(), git.Range{}) {
		require.NoError(t, err)
		got = append(got, c.Text)
	}
	require.Len(t, got, len(want))
	for i := range want {
		assert.Equal(t, strings.TrimRight(want[i], "\n"), strings.TrimRight(got[i], "\n"))
	}
}

// fill makes a linear history of n commits quickly.
func (w *workshop) fill(n int) {
	w.t.Helper()
	var stream strings.Builder
	for i := range n {
		message := fmt.Sprintf("fix(core): number %d\n", i)
		fmt.Fprintf(&stream, "commit refs/heads/main\ncommitter Bob <bob@example.org> %d +0000\ndata %d\n%s\n", 1_700_000_000+i, len(message), message)
	}
	cmd := exec.CommandContext(w.t.Context(), "git", "fast-import", "--quiet")
	cmd.Dir, cmd.Stdin = w.dir, strings.NewReader(stream.String())
	out, err := cmd.CombinedOutput()
	require.NoError(w.t, err, "%s", out)
}

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

func TestMissingGit(t *testing.T) {
	dir := newWorkshop(t).dir
	_, err := git.Open(t.Context(), dir, git.Options{Program: "no-such-git"})
	assert.ErrorIs(t, err, git.ErrNoGit)
	t.Setenv("PATH", t.TempDir())
	_, err = git.Open(t.Context(), dir, git.Options{})
	assert.ErrorIs(t, err, git.ErrNoGit)
}

// TestBrokenGit has a git that dies, lies, or is too old.
func TestBrokenGit(t *testing.T) {
	w := newWorkshop(t)
	w.commit("feat: begin")
	for name, tc := range map[string]struct{ script, want string }{
		"ends within a commit": {`case "$*" in *" log "*) printf 'abc\0'; exit 0;; esac`, "the output ends within a commit"},
		"dies within a commit": {`case "$*" in *" log "*) printf 'abc\0'; echo 'fatal: broken' >&2; exit 128;; esac`, "fatal: broken"},
		"dies after a commit":  {`case "$*" in *" log "*) printf 'abc\0\0\0\0001\0001\0\0'; exit 3;; esac`, "exit status 3"},
		"gives a wrong date":   {`case "$*" in *" log "*) printf 'abc\0\0\0\0x\0x\0\0'; exec sleep 60;; esac`, "author date"},
		"is too old":           {`case "$*" in *--is-shallow-repository*) echo --is-shallow-repository; exit 0;; esac`, "too old"},
		"lists other lines":    {`case "$*" in *for-each-ref*) echo x; exit 0;; esac`, "unexpected line"},
	} {
		t.Run(name, func(t *testing.T) {
			real, err := exec.LookPath("git")
			require.NoError(t, err)
			program := filepath.Join(t.TempDir(), "git")
			require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\n"+tc.script+"\nexec '"+real+"' \"$@\"\n"), 0o700))
			r, err := git.Open(t.Context(), w.dir, git.Options{Program: program})
			if err == nil {
				_, err = r.History(t.Context(), changelog.Policy{})
			}
			assert.ErrorContains(t, err, tc.want)
		})
	}
}
