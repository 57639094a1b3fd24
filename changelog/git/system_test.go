package git_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog/git"
)

// How a remote is reached, and who writes, may be configured for the whole machine. What is read does not go by that.
func TestWritesGoByTheWholeConfiguration(t *testing.T) {
	w := newWorkshop(t)
	w.commit("feat: begin")
	head := w.run("rev-parse", "HEAD")
	remote := t.TempDir()
	w.run("init", "--quiet", "--bare", remote)
	w.run("remote", "add", "origin", "machine:shop")
	config := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(config, []byte("[user]\n\tname = Ada\n\temail = ada@example.org\n[url \""+filepath.ToSlash(remote)+"\"]\n\tinsteadOf = machine:shop\n"), 0o600))
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_SYSTEM", config)
	r := w.open()
	require.NoError(t, git.Tagger{Repository: r}.Tag(t.Context(), "v0.1.0", head, "first\n"))
	require.NoError(t, git.Remote{Repository: r}.Push(t.Context(), "", []string{"v0.1.0"}))
	assert.Equal(t, head, w.run("--git-dir", remote, "rev-parse", "v0.1.0^{commit}"))

	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	assert.ErrorIs(t, git.Tagger{Repository: r}.Tag(t.Context(), "v0.2.0", head, "second\n"), git.ErrIdentity, "whoever wants none of it says so")
}
