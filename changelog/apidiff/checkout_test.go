package apidiff_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog/apidiff"
)

// TestRevisions compares what was committed, and leaves the repository and the folder for temporary files as they were.
func TestRevisions(t *testing.T) {
	r := newRepository(t)
	old := r.commit(files{"m.go": "func F() {}", "big.txt": string(make([]byte, 1<<20)), "empty.txt": "", "ä \"b\"/c\n.txt": "x"})
	r.run("tag", "-a", "-m", "x", "v1.0.0")
	new := r.commit(files{"m.go": "func G() {}"})
	put(t, r.dir, files{"m.go": "func Uncommitted() {}"})
	before := r.run("status", "--porcelain") + r.run("worktree", "list") + r.run("for-each-ref")
	temp := t.TempDir()
	compare := func(old, new apidiff.Tree) apidiff.Report {
		t.Helper()
		got, err := apidiff.Compare(t.Context(), apidiff.Options{Old: old, New: new, Env: offline, Temp: temp})
		require.NoError(t, err)
		return got
	}
	at := func(revision string) apidiff.Tree { return apidiff.Tree{Dir: r.dir, Revision: revision} }
	got := compare(at("v1.0.0"), at("main"))
	assert.Equal(t, []string{"! m: F: removed", "+ m: G: added"}, lines(got))
	assert.Equal(t, []string{old, new}, []string{got.Old, got.New}, "the commit, and not the tag's own object")
	assert.Equal(t, []string{"! m: F: removed", "+ m: Uncommitted: added"}, lines(compare(at(old), apidiff.Tree{Dir: r.dir})))
	assert.Equal(t, before, r.run("status", "--porcelain")+r.run("worktree", "list")+r.run("for-each-ref"))

	bare := filepath.Join(t.TempDir(), "bare")
	r.run("clone", "--quiet", "--bare", ".", bare)
	assert.Equal(t, got.Packages, compare(apidiff.Tree{Dir: bare, Revision: "v1.0.0"}, apidiff.Tree{Dir: bare, Revision: "main"}).Packages)
	left, err := os.ReadDir(temp)
	require.NoError(t, err)
	assert.Empty(t, left)
}

// A module below the top is loaded with what lies beside it, also where it has moved.
func TestModuleBelow(t *testing.T) {
	r := newRepository(t)
	top := "module example.org/top\n\ngo 1.26\n"
	mod := "module example.org/m\n\ngo 1.26\n\nrequire example.org/top v0.0.0\n\nreplace example.org/top => ../..\n"
	text := "package m\nimport \"example.org/top\"\nfunc F() top.T { return 0 }"
	r.commit(files{"go.mod": top, "top.go": "package top\ntype T int", "a/m/go.mod": mod, "a/m/m.go": text})
	r.run("tag", "a/m/v1.0.0")
	r.commit(files{"go.mod": top, "top.go": "package top\ntype T int", "b/m/go.mod": mod, "b/m/m.go": text + "\nfunc G() {}"})
	below := filepath.Join(r.dir, "b")
	got, err := apidiff.Compare(t.Context(), apidiff.Options{
		Old: apidiff.Tree{Dir: below, Revision: "a/m/v1.0.0", Module: "a/m"}, New: apidiff.Tree{Dir: r.dir, Module: "b/m"}, Env: offline,
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"+ m: G: added"}, lines(got))
}

// TestSurroundings has what must not matter: attributes, filters, links, a workspace, the environment.
func TestSurroundings(t *testing.T) {
	r := newRepository(t)
	r.commit(files{
		"m.go": "func F() {}", "a/a.go": "func A() {}", "go.work": "go 1.26\n\nuse ./nowhere\n",
		".gitattributes": "a export-ignore\n*.go filter=broken text eol=crlf ident\n",
	})
	require.NoError(t, os.Symlink("/nowhere", filepath.Join(r.dir, "link.go")))
	r.run("add", "link.go")
	r.run("commit", "--quiet", "-m", "x")
	r.run("config", "filter.broken.smudge", "false")
	r.run("config", "filter.broken.required", "true")
	other := newRepository(t)
	t.Setenv("GIT_DIR", filepath.Join(other.dir, ".git"))
	t.Setenv("GIT_WORK_TREE", other.dir)
	t.Setenv("GOOS", "plan9")
	t.Setenv("GOARCH", "386")
	t.Setenv("GOWORK", filepath.Join(r.dir, "go.work"))
	t.Setenv("GOPACKAGESDRIVER", "/nowhere")
	t.Setenv("GO111MODULE", "off")
	got, err := apidiff.Compare(t.Context(), apidiff.Options{
		Old: apidiff.Tree{Dir: r.dir, Revision: "HEAD"}, New: folder(t, files{"m.go": "func F() {}", "a/a.go": "func A() {}", "m_linux.go": "func L() {}"}),
		Env: offline, Targets: []apidiff.Target{{OS: "linux", Arch: "amd64"}},
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"+ m: L: added"}, lines(got))
}
