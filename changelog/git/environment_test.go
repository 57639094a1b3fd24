package git_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEnvironment has what must not matter: what surrounds the process, and how git is configured.
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
