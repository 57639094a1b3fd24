package git_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog/git"
)

// An identity and a key that are missing are told before they are needed.
func TestCheck(t *testing.T) {
	unknown(t)
	w := newWorkshop(t)
	head := w.commit("feat: begin")
	r := w.open()
	require.ErrorIs(t, git.Committer{Repository: r}.Check(t.Context()), git.ErrIdentity)
	require.ErrorIs(t, git.Tagger{Repository: r}.Check(t.Context()), git.ErrIdentity)
	require.NoError(t, git.Tagger{Repository: r, Lightweight: true}.Check(t.Context()), "it has no name")
	require.NoError(t, git.Committer{Repository: r, Identity: ada}.Check(t.Context()))
	require.NoError(t, git.Tagger{Repository: r, Identity: ada}.Check(t.Context()))
	assert.ErrorContains(t, git.Tagger{Repository: r, Lightweight: true, Sign: true}.Check(t.Context()), "cannot be lightweight")

	w.run("config", "gpg.program", "false")
	w.run("config", "commit.gpgSign", "true")
	require.NoError(t, git.Committer{Repository: r, Identity: ada}.Check(t.Context()), "nothing is signed")
	require.ErrorIs(t, git.Committer{Repository: r, Identity: ada, Sign: true}.Check(t.Context()), git.ErrSigning)
	require.ErrorIs(t, git.Tagger{Repository: r, Identity: ada, Sign: true, Key: "ABCD"}.Check(t.Context()), git.ErrSigning)
	gpg, asked := filepath.Join(t.TempDir(), "gpg"), filepath.Join(t.TempDir(), "asked")
	require.NoError(t, os.WriteFile(gpg, []byte("#!/bin/sh\ncat >/dev/null\necho \"$*\" >'"+asked+"'\necho '[GNUPG:] SIG_CREATED ' >&2\necho '-----BEGIN PGP SIGNATURE-----'\necho '-----END PGP SIGNATURE-----'\n"), 0o700))
	w.run("config", "gpg.program", gpg)
	require.NoError(t, git.Tagger{Repository: r, Identity: ada, Sign: true, Key: "ABCD"}.Check(t.Context()))
	with, err := os.ReadFile(asked)
	require.NoError(t, err)
	assert.Contains(t, string(with), "-bsau ABCD")
	assert.Equal(t, head, w.run("rev-parse", "HEAD"))
	assert.Empty(t, w.run("status", "--porcelain"))
}
