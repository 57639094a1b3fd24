package apidiff_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/apidiff"
)

// offline keeps go from asking anybody: the modules of these tests need nothing.
var offline = []string{"GOFLAGS=-mod=mod", "GOPROXY=off", "GOTOOLCHAIN=local"}

// files are the files of a module by name. A Go file may leave its package clause out, which is then that of its folder.
type files map[string]string

// put writes a module's files, and its go.mod where there is none among them.
func put(t testing.TB, dir string, all files) {
	t.Helper()
	if _, ok := all["go.mod"]; !ok {
		all["go.mod"] = "module example.org/m\n\ngo 1.26\n"
	}
	for name, text := range all {
		file := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		if strings.HasSuffix(name, ".go") && !strings.Contains(text, "package ") {
			folder := filepath.Base(filepath.Dir(name))
			if folder == "." {
				folder = "m"
			}
			text = "package " + folder + "\n\n" + text
		}
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
}

// folder is a new folder with a module.
func folder(t testing.TB, all files) apidiff.Tree {
	t.Helper()
	dir := t.TempDir()
	put(t, dir, all)
	return apidiff.Tree{Dir: dir}
}

// compared compares two modules in folders.
func compared(t *testing.T, old, new files, targets ...apidiff.Target) (apidiff.Report, error) {
	t.Helper()
	return apidiff.Compare(t.Context(), apidiff.Options{Old: folder(t, old), New: folder(t, new), Targets: targets, Env: offline})
}

// lines are the changes of a report: "! m: F: removed" with the last part of the package's path.
func lines(r apidiff.Report) []string {
	all := []string{}
	for _, p := range r.Packages {
		for _, c := range p.Changes {
			mark := "+"
			if c.Incompatible {
				mark = "!"
			}
			all = append(all, mark+" "+strings.TrimPrefix(p.Path, "example.org/")+": "+c.String())
		}
	}
	return all
}

// repository is a git repository in a temporary folder.
type repository struct {
	t   *testing.T
	dir string
}

func newRepository(t *testing.T) *repository {
	t.Helper()
	r := &repository{t: t, dir: t.TempDir()}
	r.run("init", "--quiet", "--initial-branch=main")
	return r
}

func (r *repository) run(args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.org")
	out, err := cmd.CombinedOutput()
	require.NoError(r.t, err, "git %v: %s", args, out)
	return strings.TrimSpace(string(out))
}

// commit makes these files all that the repository has, and returns the commit.
func (r *repository) commit(all files) string {
	r.t.Helper()
	r.run("rm", "-r", "--quiet", "--ignore-unmatch", ".")
	put(r.t, r.dir, all)
	r.run("add", "--all", "--force")
	r.run("commit", "--quiet", "--allow-empty", "--message=x")
	return r.run("rev-parse", "HEAD")
}

// decision is the step from one version to another.
func decision(from, to string) changelog.Decision {
	d := changelog.Decision{Previous: semver.MustParse(from), PreviousTag: "v" + from}
	if to != "" {
		d.Next = semver.MustParse(to)
	}
	return d
}
