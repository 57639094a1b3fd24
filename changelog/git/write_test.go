package git_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog/git"
)

var ada = git.Identity{Name: "Ada", Email: "ada@example.org"}

// unknown makes sure that git knows nobody.
func unknown(t *testing.T) {
	t.Helper()
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	for _, name := range []string{"GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"} {
		t.Setenv(name, "")
		require.NoError(t, os.Unsetenv(name))
	}
}

func TestTagger(t *testing.T) {
	unknown(t)
	w := newWorkshop(t)
	first := w.commit("feat: begin")
	second := w.commit("fix: mend")
	r := w.open()
	tag := git.Tagger{Repository: r, Identity: ada}

	require.NoError(t, tag.Tag(t.Context(), "v1.0.0", first, "# one\n\nmore\n"))
	assert.Equal(t, "tag # one\n\nmore\nAda", w.run("for-each-ref", "--format=%(objecttype) %(contents)%(taggername)", "refs/tags/v1.0.0"))
	require.NoError(t, tag.Tag(t.Context(), "v1.0.0", first, "again"), "it is there")
	err := tag.Tag(t.Context(), "v1.0.0", second, "elsewhere")
	require.ErrorIs(t, err, git.ErrTagged)
	assert.ErrorContains(t, err, first)

	light := git.Tagger{Repository: r, Lightweight: true}
	require.NoError(t, light.Tag(t.Context(), "v1.0.1", second, "nobody reads this"))
	assert.Equal(t, "commit", w.run("cat-file", "-t", "v1.0.1"))
	assert.ErrorContains(t, light.Tag(t.Context(), "-d", second, ""), "'-d' is not a valid tag name", "it is no option")

	err = git.Tagger{Repository: r}.Tag(t.Context(), "v1.0.2", second, "by nobody")
	require.ErrorIs(t, err, git.ErrIdentity)
	t.Setenv("GIT_COMMITTER_NAME", "Grace")
	t.Setenv("GIT_COMMITTER_EMAIL", "grace@example.org")
	require.NoError(t, git.Tagger{Repository: r}.Tag(t.Context(), "v1.0.2", second, "by Grace"))
	assert.Equal(t, "Grace", w.run("for-each-ref", "--format=%(taggername)", "refs/tags/v1.0.2"))

	w.run("config", "gpg.program", "false")
	w.run("config", "tag.gpgSign", "true")
	signer := git.Tagger{Repository: r, Sign: true, Identity: ada}
	require.ErrorIs(t, signer.Tag(t.Context(), "v1.0.3", second, "signed"), git.ErrSigning)
	require.NoError(t, tag.Tag(t.Context(), "v1.0.3", second, "not signed, whatever the configuration says"))
	gpg := filepath.Join(t.TempDir(), "gpg")
	require.NoError(t, os.WriteFile(gpg, []byte("#!/bin/sh\ncat >/dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\necho '-----BEGIN PGP SIGNATURE-----'\necho \"for $*\"\necho '-----END PGP SIGNATURE-----'\n"), 0o700))
	w.run("config", "gpg.program", gpg)
	signer.Key = "ABCD"
	require.NoError(t, signer.Tag(t.Context(), "v1.0.4", second, "signed"))
	assert.Contains(t, w.run("cat-file", "tag", "v1.0.4"), "-bsau ABCD")
	assert.ErrorContains(t, git.Tagger{Repository: r, Sign: true, Lightweight: true}.Tag(t.Context(), "v9.0.0", second, ""), "cannot be lightweight")
	assert.Error(t, tag.Tag(t.Context(), "v1..0", second, "no name for a tag"))
}

func TestCommitter(t *testing.T) {
	unknown(t)
	w := newWorkshop(t)
	parent := w.change("feat: begin", "a/x", "b")
	w.write("b", "staged by somebody else")
	require.NoError(t, os.WriteFile(filepath.Join(w.dir, "a", "x"), []byte("new"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(w.dir, "a", "[y] -m"), []byte("a file that is new"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(w.dir, ".gitignore"), []byte("*\n"), 0o600))
	hook := filepath.Join(w.dir, ".git", "hooks", "pre-commit")
	require.NoError(t, os.MkdirAll(filepath.Dir(hook), 0o700))
	require.NoError(t, os.WriteFile(hook, []byte("#!/bin/sh\nexit 1\n"), 0o700))
	paths := []string{"a/x", "a/[y] -m"}
	below, err := git.Open(t.Context(), filepath.Join(w.dir, "a"), git.Options{})
	require.NoError(t, err)
	committer := git.Committer{Repository: below}

	_, err = committer.Commit(t.Context(), parent, "chore: x\n", paths)
	require.ErrorIs(t, err, git.ErrIdentity)
	w.run("config", "commit.gpgSign", "true")
	w.run("config", "gpg.program", "false")
	committer.Identity, committer.Sign = ada, true
	_, err = committer.Commit(t.Context(), parent, "chore: x\n", paths)
	require.ErrorIs(t, err, git.ErrSigning)
	committer.Sign = false
	made, err := committer.Commit(t.Context(), parent, "chore: x\n\n# no comment\n", paths)
	require.NoError(t, err)
	assert.Equal(t, made, w.run("rev-parse", "HEAD"))
	assert.Equal(t, "chore: x\n\n# no comment", w.run("log", "-1", "--format=%B"))
	assert.Equal(t, "a/[y] -m\na/x", w.run("show", "--name-only", "--format=", "HEAD"))
	assert.Equal(t, "M  b", w.run("status", "--porcelain"), "what somebody else staged stays so")

	again, err := committer.Commit(t.Context(), parent, "chore: x\n\n# no comment\n", paths)
	require.NoError(t, err)
	assert.Equal(t, made, again)
	for _, other := range []struct {
		parent, message string
		paths           []string
	}{{parent, "chore: y", paths}, {parent, "chore: x\n\n# no comment\n", paths[:1]}, {strings.Repeat("0", 40), "chore: x", paths}} {
		_, err = committer.Commit(t.Context(), other.parent, other.message, other.paths)
		require.Error(t, err)
	}
	w.run("-c", "commit.gpgSign=false", "commit", "--quiet", "--no-verify", "-m", "fix: later")
	_, err = committer.Commit(t.Context(), parent, "chore: x\n\n# no comment\n", paths)
	require.ErrorIs(t, err, git.ErrMoved)
}

func TestRemote(t *testing.T) {
	w := newWorkshop(t)
	first := w.commit("feat: begin")
	bare := &workshop{t: t, dir: t.TempDir()}
	bare.run("init", "--quiet", "--bare", "--initial-branch=main")
	w.run("remote", "add", "origin", bare.dir)
	w.run("tag", "-a", "-m", "one", "v1.0.0")
	w.run("tag", "-a", "-m", "not asked for", "other")
	w.run("config", "push.followTags", "true")
	remote := git.Remote{Repository: w.open()}

	require.NoError(t, remote.Push(t.Context(), "", []string{"v1.0.0"}))
	assert.Equal(t, "refs/tags/v1.0.0", bare.run("for-each-ref", "--format=%(refname)"))
	second := w.commit("fix: mend")
	require.NoError(t, remote.Push(t.Context(), first, []string{"v1.0.0"}))
	require.NoError(t, remote.Push(t.Context(), second, []string{"v1.0.0"}), "what is there is no failure")
	assert.Equal(t, second, bare.run("rev-parse", "main"))

	bare.run("update-ref", "refs/heads/main", bare.run("commit-tree", "-m", "of somebody else", "HEAD^{tree}"))
	w.run("tag", "v1.0.1")
	err := remote.Push(t.Context(), second, []string{"v1.0.1"})
	require.ErrorIs(t, err, git.ErrRejected)
	assert.Empty(t, bare.run("tag", "--list", "v1.0.1"), "all or nothing")
	bare.run("update-ref", "refs/tags/v1.0.1", first)
	require.ErrorIs(t, remote.Push(t.Context(), "", []string{"v1.0.1"}), git.ErrRejected)

	w.run("checkout", "--quiet", "--detach")
	assert.ErrorContains(t, remote.Push(t.Context(), second, nil), "Branch must say")
	remote.Branch = "release"
	require.NoError(t, remote.Push(t.Context(), second, nil))
	assert.Equal(t, second, bare.run("rev-parse", "release"))
	remote.Name = "nowhere"
	assert.Error(t, remote.Push(t.Context(), second, nil))
}
