package git_test

import (
	"fmt"
	"math/rand/v2"
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

// without is a git that dies when it is asked for one thing.
func without(t *testing.T, what string) string {
	t.Helper()
	real, err := exec.LookPath("git")
	require.NoError(t, err)
	program := filepath.Join(t.TempDir(), "git")
	script := fmt.Sprintf("#!/bin/sh\ncase \"$*\" in *'%s'*) exit 9;; esac\nexec '%s' \"$@\"\n", what, real)
	require.NoError(t, os.WriteFile(program, []byte(script), 0o700))
	return program
}

// tagsWithout are the tags by a git that cannot do one thing.
func (w *workshop) tagsWithout(what string) []changelog.Ref {
	w.t.Helper()
	r, err := git.Open(w.t.Context(), w.dir, git.Options{Program: without(w.t.(*testing.T), what)})
	require.NoError(w.t, err)
	tags, err := r.Tags(w.t.Context())
	require.NoError(w.t, err)
	return tags
}

// What is read from the files of a repository is what git lists.
func TestNamesAreThoseOfGit(t *testing.T) {
	for seed := range drawn(6) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := newWorkshop(t)
		var commits []string
		for i := range 4 {
			commits = append(commits, w.edit(fmt.Sprintf("fix: number %d", i)))
		}
		blob, tree := w.run("hash-object", "-w", ".git/HEAD"), w.run("rev-parse", "HEAD^{tree}")
		w.run("tag", "-a", "-m", "inner", "inner", commits[0])
		for i := range 24 {
			name := []string{"v1.%d.0", "a/b/v1.%d.0", "odd@%d", "V%d", "a.b/%d"}[r.IntN(5)]
			args := []string{"tag", "--force", fmt.Sprintf(name, r.IntN(6)), append(commits, blob, tree, "inner")[r.IntN(7)]}
			if r.IntN(2) == 0 {
				args = append([]string{"-c", "advice.nestedTag=false", args[0], "-a", "-m", strings.Repeat("a long one\n", r.IntN(3)*2000)}, args[1:]...)
			}
			w.run(args...)
			switch r.IntN(8) {
			case 0:
				w.run("pack-refs", "--all")
			case 1:
				w.run("tag", "--delete", "inner")
				w.run("tag", "-a", "-m", "inner", "inner", commits[r.IntN(4)])
			case 2:
				w.run("tag", fmt.Sprint("deleted", i))
				w.run("pack-refs", "--all", "--prune")
				w.run("tag", "--delete", fmt.Sprint("deleted", i))
			}
		}
		require.NoError(t, os.WriteFile(filepath.Join(w.dir, ".git", "refs", "tags", "v9.0.0.lock"), nil, 0o600))
		byFiles := w.tagsWithout("for-each-ref")
		assert.Equal(t, w.run("rev-parse", "HEAD"), w.history("").Head)
		w.run("symbolic-ref", "refs/tags/zzz", "refs/tags/inner") // now git has to list them
		byGit := w.tagsWithout("--batch --buffer")
		require.Greater(t, len(byFiles), 5)
		assert.Equal(t, byGit[:len(byGit)-1], byFiles, "seed %d", seed)
	}
}

// A reference that is none of the plain ones is left to git.
func TestOddNamesAreLeftToGit(t *testing.T) {
	for name, odd := range map[string]func(w *workshop){
		"symbolic":  func(w *workshop) { w.run("symbolic-ref", "refs/tags/odd", "refs/tags/v1.0.0") },
		"not ASCII": func(w *workshop) { w.run("tag", "Žofie") },
		"not ASCII, packed": func(w *workshop) {
			w.run("tag", "Žofie")
			w.run("pack-refs", "--all")
		},
		"a branch that stands for another one": func(w *workshop) {
			w.run("symbolic-ref", "refs/heads/other", "refs/heads/main")
			w.run("symbolic-ref", "HEAD", "refs/heads/other")
		},
		"no branch": func(w *workshop) {
			w.run("update-ref", "refs/odd/main", "HEAD")
			w.run("symbolic-ref", "HEAD", "refs/odd/main")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorkshop(t)
			w.commit("feat: begin")
			w.run("tag", "v1.0.0")
			odd(w)
			tags := w.tagsWithout("--batch --buffer")
			assert.Equal(t, w.run("for-each-ref", "--format=%(refname:lstrip=2)", "refs/tags"), strings.Join(names(tags), "\n"))
			assert.Equal(t, w.run("rev-parse", "HEAD"), w.history("").Head)
		})
	}
}

func names(tags []changelog.Ref) []string {
	var all []string
	for _, tag := range tags {
		all = append(all, tag.Name)
	}
	return all
}

// An object that is missing is an error, which git words.
func TestMissingTags(t *testing.T) {
	w := newWorkshop(t)
	w.commit("feat: begin")
	file := filepath.Join(w.dir, ".git", "refs", "tags", "v1.0.0")
	require.NoError(t, os.WriteFile(file, []byte(strings.Repeat("12345678", 5)+"\n"), 0o600))
	_, err := w.open().History(t.Context(), changelog.Policy{})
	var failed *git.Error
	require.ErrorAs(t, err, &failed)
	assert.Contains(t, failed.Stderr, "missing object")
}
