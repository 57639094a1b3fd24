package git_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/git"
)

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
	w.run("tag", "plain")
	w.run("symbolic-ref", "refs/tags/other", "refs/tags/plain") // to be listed by git, since it is no plain reference
	for name, tc := range map[string]struct{ script, want string }{
		"ends within a commit": {`case "$*" in *" log "*) printf '\0abc\0'; exit 0;; esac`, "the output ends within a commit"},
		"dies within a commit": {`case "$*" in *" log "*) printf '\0abc\0'; echo 'fatal: broken' >&2; exit 128;; esac`, "fatal: broken"},
		"dies after a commit":  {`case "$*" in *" log "*) printf '\0abc\0\0\0\0001\0001\0\0'; exit 3;; esac`, "exit status 3"},
		"gives a wrong date":   {`case "$*" in *" log "*) printf '\0abc\0\0\0\0x\0x\0\0'; exec sleep 60;; esac`, "author date"},
		"begins otherwise":     {`case "$*" in *" log "*) printf 'abc\0'; exit 0;; esac`, "where a commit must begin"},
		"has no good path":     {`case "$*" in *" log "*) printf '\0abc\0\0\0\0001\0001\0\0path\0'; exit 0;; esac`, "where a path must begin"},
		"ends within a path":   {`case "$*" in *" log "*) printf '\0abc\0\0\0\0001\0001\0\0\npath'; exit 0;; esac`, "the output ends within a path"},
		"is too old":           {`case "$*" in *--is-shallow-repository*) echo --is-shallow-repository; exit 0;; esac`, "too old"},
		"lists other lines":    {`case "$*" in *for-each-ref*) echo x; exit 0;; esac`, "unexpected line"},
	} {
		t.Run(name, func(t *testing.T) {
			real, err := exec.LookPath("git")
			require.NoError(t, err)
			if name == "is too old" { // a limit to the search makes git search, not us
				t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(filepath.Dir(w.dir)))
			}
			program := filepath.Join(t.TempDir(), "git")
			require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\n"+tc.script+"\nexec '"+real+"' \"$@\"\n"), 0o700))
			r, err := git.Open(t.Context(), w.dir, git.Options{Program: program})
			if err == nil {
				_, err = r.History(t.Context(), changelog.Policy{})
			}
			if strings.Contains(name, "path") {
				for _, err = range r.Commits(t.Context(), git.Range{Paths: true}) {
				}
			}
			assert.ErrorContains(t, err, tc.want)
		})
	}
}
