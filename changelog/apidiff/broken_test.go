package apidiff_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog/apidiff"
	"github.com/davit-sdk/davit/changelog/git"
	"github.com/davit-sdk/davit/metrics/gate"
)

// TestBroken: what cannot be loaded is an error on either side, and never a pass of the gate.
func TestBroken(t *testing.T) {
	good := func() files { return files{"m.go": "func F() {}"} }
	for name, bad := range map[string]files{
		"syntax":            {"m.go": "func F( {}"},
		"types":             {"m.go": "func F() { var n int = \"\"; _ = n }"},
		"an import":         {"m.go": "package m\nimport _ \"example.org/m/nowhere\""},
		"a module":          {"go.mod": "module example.org/m\ngo 1.26\nrequire example.org/n v1.0.0\n", "m.go": "package m\nimport _ \"example.org/n\""},
		"a cycle":           {"m.go": "package m\nimport _ \"example.org/m/a\"", "a/a.go": "package a\nimport _ \"example.org/m\""},
		"two packages":      {"m.go": "func F() {}", "n.go": "package n\nfunc F() {}"},
		"below an internal": {"m.go": "func F() {}", "internal/a/a.go": "func A() int { return }"},
		"beside a good one": {"m.go": "func F() {}", "a/a.go": "func A() {}", "a/b.go": "package b\nfunc B() {}"},
		"no package":        {"README.md": "nothing"},
		"nothing but tests": {"m_test.go": "func F() {}"},
		"go.mod":            {"go.mod": "module example.org/m\nrequire nonsense\n", "m.go": "func F() {}"},
		"another Go's":      {"go.mod": "module example.org/m\ngo 1.999\n", "m.go": "func F() {}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for side, o := range map[string]apidiff.Options{
				"old": {Old: folder(t, bad), New: folder(t, good()), Env: offline},
				"new": {Old: folder(t, good()), New: folder(t, bad), Env: offline},
			} {
				r, err := apidiff.Compare(t.Context(), o)
				var broken *apidiff.BuildError
				require.ErrorAs(t, err, &broken, side)
				assert.Zero(t, r, side)
				assert.Equal(t, map[string]apidiff.Tree{"old": o.Old, "new": o.New}[side], broken.Tree)
				if name == "no package" || name == "nothing but tests" {
					assert.ErrorIs(t, err, apidiff.ErrNoPackages)
				}
				v, err := apidiff.Gate{Options: o, Decision: decision("1.0.0", "2.0.0")}.Check(t.Context(), gate.Subject{})
				assert.Error(t, err, side)
				assert.Zero(t, v, side)
			}
		})
	}
}

// A program that does not build here is nobody's API.
func TestProgramsAreNotBuilt(t *testing.T) {
	r, err := compared(t, files{"m.go": "func F() {}", "c/c.go": "package main\nfunc main() { nowhere() }"}, files{"m.go": "func F() {}", "c/c.go": "package main\nfunc main( {"})
	require.NoError(t, err)
	assert.Empty(t, lines(r))
}

func TestMissing(t *testing.T) {
	here := folder(t, files{"m.go": "func F() {}"})
	r := newRepository(t)
	r.commit(files{"m.go": "func F() {}"})
	at := func(revision string) apidiff.Tree { return apidiff.Tree{Dir: r.dir, Revision: revision} }
	for name, c := range map[string]struct {
		old  apidiff.Tree
		want error
	}{
		"no go.mod":         {apidiff.Tree{Dir: t.TempDir()}, apidiff.ErrNoModule},
		"no folder":         {apidiff.Tree{Dir: filepath.Join(here.Dir, "nowhere")}, apidiff.ErrNoModule},
		"no module path":    {folder(t, files{"go.mod": "go 1.26\n"}), apidiff.ErrNoModule},
		"no such tag":       {at("v9.9.9"), apidiff.ErrNoRevision},
		"an option":         {at("--help"), apidiff.ErrNoRevision},
		"a file's revision": {at("HEAD:m.go"), apidiff.ErrNoRevision},
		"no module there":   {apidiff.Tree{Dir: r.dir, Revision: "HEAD", Module: "a"}, apidiff.ErrNoModule},
		"no repository":     {apidiff.Tree{Dir: here.Dir, Revision: "HEAD"}, nil},
	} {
		temp := t.TempDir()
		_, err := apidiff.Compare(t.Context(), apidiff.Options{Old: c.old, New: here, Env: offline, Temp: temp})
		require.Error(t, err, name)
		if c.want != nil {
			assert.ErrorIs(t, err, c.want, name)
		}
		left, err := os.ReadDir(temp)
		require.NoError(t, err)
		assert.Empty(t, left, "%s: left behind", name)
	}
}

func TestNoPrograms(t *testing.T) {
	here := folder(t, files{"m.go": "func F() {}"})
	t.Setenv("PATH", t.TempDir())
	_, err := apidiff.Compare(t.Context(), apidiff.Options{Old: here, New: here})
	assert.ErrorIs(t, err, apidiff.ErrNoGo)
}

func TestNoGit(t *testing.T) {
	r := newRepository(t)
	r.commit(files{"m.go": "func F() {}"})
	bin := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(bin, "go"), []byte("#!/bin/sh\nexit 1\n"), 0o700))
	t.Setenv("PATH", bin)
	_, err := apidiff.Compare(t.Context(), apidiff.Options{Old: apidiff.Tree{Dir: r.dir, Revision: "HEAD"}, New: apidiff.Tree{Dir: r.dir}})
	assert.ErrorIs(t, err, git.ErrNoGit)
}

func TestCancelled(t *testing.T) {
	r := newRepository(t)
	commit := r.commit(files{"m.go": "func F() {}"})
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	temp := t.TempDir()
	for _, old := range []apidiff.Tree{{Dir: r.dir, Revision: commit}, {Dir: r.dir}} {
		_, err := apidiff.Compare(ctx, apidiff.Options{Old: old, New: old, Env: offline, Temp: temp})
		assert.ErrorIs(t, err, why)
	}
	left, err := os.ReadDir(temp)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestOptionsValidate(t *testing.T) {
	err := apidiff.Options{
		New:     apidiff.Tree{Dir: ".", Module: "../x", Revision: "a\nb"},
		Targets: []apidiff.Target{{OS: "linux"}, {OS: "linux"}, {Tags: []string{"a,b"}}},
		Env:     []string{"X"},
	}.Validate()
	require.Error(t, err)
	for _, want := range []string{"Old.Dir:", `New.Module: "../x"`, "New.Revision:", "Targets[1]: linux/default is there twice", `Targets[2].Tags: "a,b"`, "Env[0]:"} {
		assert.ErrorContains(t, err, want)
	}
	assert.NoError(t, apidiff.Options{Old: apidiff.Tree{Dir: "."}, New: apidiff.Tree{Dir: ".", Module: "a/b", Revision: "v1"}}.Validate())
	_, err = apidiff.Compare(t.Context(), apidiff.Options{})
	assert.ErrorContains(t, err, "Old.Dir")
}
