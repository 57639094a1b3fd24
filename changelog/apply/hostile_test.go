package apply_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog/apply"
	"github.com/davit-sdk/davit/changelog/git"
)

// errFull is what a system says where no room is left.
var errFull = &os.PathError{Op: "write", Path: "version.go", Err: syscall.ENOSPC}

// failsAt fails at one point, the n-th, and tells whether that has come.
func failsAt(n int, came *bool) func(string) error {
	return func(string) error {
		if n--; n == -1 {
			*came = true
			return errFull
		}
		return nil
	}
}

// Whatever fails, and wherever: once there is room again, Resume comes to the same end.
func TestFailsAnywhere(t *testing.T) {
	t.Parallel()
	template := newYard(t)
	plan := template.plan(t)
	reference := template.copy(t)
	_, err := reference.applier(t).Apply(t.Context(), plan)
	require.NoError(t, err)
	want := reference.state(t)
	for n := 0; ; n += min(3*stride, 5) { // the others are left to the kills
		y, came := template.copy(t), false
		before := y.place(t)
		_, err := y.applier(t).WithPoints(failsAt(n, &came)).Apply(t.Context(), plan)
		if !came {
			require.NoError(t, err)
			assert.GreaterOrEqual(t, n, 40, "the points were counted")
			return
		}
		require.ErrorIs(t, err, syscall.ENOSPC)
		drafts, err := filepath.Glob(filepath.Join(y.repository(), ".*.draft"))
		require.NoError(t, err)
		require.Empty(t, drafts)
		_, err = y.applier(t).Resume(t.Context())
		if errors.Is(err, apply.ErrNothing) { // it was not begun, or it was through
			if n < 4 {
				require.Equal(t, before, y.place(t))
			}
			_, err = y.applier(t).Apply(t.Context(), plan)
		}
		require.NoError(t, err)
		require.Equal(t, want, y.state(t))
	}
}

// half is a release that a push ends that is refused.
func half(t *testing.T) (yard, apply.Applier) {
	t.Helper()
	y := newYard(t)
	y.advance(t)
	a := y.applier(t)
	_, err := a.Apply(t.Context(), y.plan(t))
	require.ErrorIs(t, err, git.ErrRejected)
	return y, a
}

// What is taken back in half stays no dead end, whatever fails, and whatever somebody does by hand meanwhile.
func TestAbandonFailsAnywhere(t *testing.T) {
	t.Parallel()
	template := newYard(t)
	before, plan := template.place(t), template.plan(t)
	template.advance(t)
	_, err := template.applier(t).Apply(t.Context(), plan)
	require.ErrorIs(t, err, git.ErrRejected)
	for name, meanwhile := range map[string]func(y yard) (place string){
		"nothing": func(yard) string { return before },
		"reset": func(y yard) string {
			y.git(t, "shop", "fetch", "--quiet", "origin")
			y.git(t, "shop", "reset", "--quiet", "--hard", "origin/main")
			y.git(t, "shop", "clean", "--quiet", "--force")
			return ""
		},
		"a commit on top": func(y yard) string {
			y.git(t, "shop", "commit", "--quiet", "--allow-empty", "-m", "fix: later")
			return ""
		},
		"a file": func(y yard) string {
			y.write(t, "version.go", "package mine\n")
			return ""
		},
		"a tag": func(y yard) string {
			y.git(t, "shop", "tag", "--force", "v1.1.0", "HEAD~1")
			return ""
		},
	} {
		t.Run(name, func(t *testing.T) {
			apart := 5 * stride
			if name == "nothing" {
				apart = 2 * stride
			}
			for n := 0; ; n += apart {
				y, came := template.copy(t), false
				_, err := y.applier(t).WithPoints(failsAt(n, &came)).Abandon(t.Context())
				if !came {
					require.NoError(t, err)
					assert.Greater(t, n, 14, "the points were counted")
					return
				}
				require.ErrorIs(t, err, syscall.ENOSPC)
				after := meanwhile(y)
				head := y.git(t, "shop", "rev-parse", "HEAD")
				_, err = y.applier(t).Abandon(t.Context())
				if !errors.Is(err, apply.ErrNothing) { // all was done and written down
					require.NoError(t, err, "point %d", n)
				}
				if after != "" {
					require.Equal(t, after, y.place(t))
					continue
				}
				switch name {
				case "reset", "a commit on top":
					assert.Equal(t, head, y.git(t, "shop", "rev-parse", "HEAD"))
				case "a file":
					assert.Contains(t, y.place(t), "package mine")
				case "a tag":
					assert.Equal(t, "v1.0.0\nv1.1.0", y.git(t, "shop", "tag"))
				}
				_, err = y.applier(t).Abandon(t.Context())
				require.ErrorIs(t, err, apply.ErrNothing)
			}
		})
	}
}

// A commit, and a push, never go to a branch that somebody has changed to meanwhile.
func TestAnotherBranch(t *testing.T) {
	t.Run("resume", func(t *testing.T) {
		for _, step := range []string{"commit", "push"} {
			y := newYard(t)
			plan, a := y.plan(t), y.applier(t)
			if step == "commit" {
				a.Committer = stopper{a.Committer, nil, true, errBroken}
			} else {
				a.Pusher = broken{}
			}
			_, err := a.Apply(t.Context(), plan)
			require.ErrorIs(t, err, errBroken)
			y.git(t, "shop", "checkout", "--quiet", "-b", "other")
			var other *apply.BranchError
			_, err = y.applier(t).Resume(t.Context())
			require.ErrorAs(t, err, &other)
			assert.Equal(t, apply.BranchError{Begun: "main", Now: "other"}, *other)
			y.git(t, "shop", "checkout", "--quiet", "--detach")
			_, err = y.applier(t).Resume(t.Context())
			require.ErrorContains(t, err, "no branch is checked out")
			y.git(t, "shop", "checkout", "--quiet", "main")
			_, err = y.applier(t).Resume(t.Context())
			require.NoError(t, err)
			assert.Equal(t, "v1.1.0", y.git(t, "remote", "describe", "main"))
		}
	})
	t.Run("a file", func(t *testing.T) {
		for name, meanwhile := range map[string]func(y yard){
			"another branch": func(y yard) { y.git(t, "shop", "checkout", "--quiet", "-b", "other") },
			"a commit":       func(y yard) { y.git(t, "shop", "commit", "--quiet", "--allow-empty", "-m", "fix: of somebody else") },
		} {
			y := newYard(t)
			a := y.applier(t).WithPoints(func(point string) error {
				if point == "before file version.go" {
					return errFull
				}
				return nil
			})
			_, err := a.Apply(t.Context(), y.plan(t))
			require.ErrorIs(t, err, syscall.ENOSPC)
			meanwhile(y)
			before := y.place(t)
			_, err = y.applier(t).Resume(t.Context())
			var other *apply.BranchError
			var moved *apply.MovedError
			require.True(t, errors.As(err, &other) || errors.As(err, &moved), "%s: %v", name, err)
			assert.Equal(t, before, y.place(t), name)
			_, err = y.applier(t).Abandon(t.Context())
			require.NoError(t, err)
			assert.Empty(t, y.git(t, "shop", "status", "--porcelain"), name)
		}
	})
	t.Run("abandon", func(t *testing.T) {
		y, a := half(t)
		made := y.git(t, "shop", "rev-parse", "HEAD")
		y.git(t, "shop", "checkout", "--quiet", "-b", "other")
		got, err := a.Abandon(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []string{"commit " + made + ": main is not checked out"}, got.Left)
		assert.Equal(t, made, y.git(t, "shop", "rev-parse", "other"), "a branch of somebody else is not brought back")
		assert.Empty(t, y.git(t, "shop", "status", "--porcelain"))
	})
}

// What could never be committed, or pushed, is refused before anything is done.
func TestImpossible(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(t *testing.T, y yard, a *apply.Applier)
		want  string
	}{
		"behind a link": {func(t *testing.T, y yard, a *apply.Applier) {
			require.NoError(t, os.Mkdir(filepath.Join(y.repository(), "real"), 0o777))
			require.NoError(t, os.Symlink("real", filepath.Join(y.repository(), "link")))
			a.Files[2].Path = "link/docs.txt"
		}, "link is no folder"},
		"no branch": {func(t *testing.T, y yard, _ *apply.Applier) {
			y.git(t, "shop", "checkout", "--quiet", "--detach")
		}, "HEAD is on no branch"},
		"another folder": {func(t *testing.T, y yard, a *apply.Applier) {
			a.Dir = filepath.Join(y.repository(), "sub")
			require.NoError(t, os.Mkdir(a.Dir, 0o777))
		}, "is not the root of the working tree"},
		"nowhere to write": {func(t *testing.T, y yard, _ *apply.Applier) {
			require.NoError(t, os.MkdirAll(filepath.Join(y.repository(), ".version.go.draft", "full"), 0o777))
		}, "file version.go"},
		"a path with two names": {func(t *testing.T, _ yard, a *apply.Applier) {
			a.Files[2].Path = "./version.go"
		}, `must be written as "version.go"`},
	} {
		t.Run(name, func(t *testing.T) {
			y := newYard(t)
			plan, a := y.plan(t), y.applier(t)
			tc.spoil(t, y, &a)
			before := y.place(t)
			_, err := a.Apply(t.Context(), plan)
			require.ErrorContains(t, err, tc.want)
			assert.Equal(t, before, y.place(t))
			_, err = a.Resume(t.Context())
			require.Error(t, err)
			_, err = y.applier(t).Resume(t.Context())
			require.ErrorIs(t, err, apply.ErrNothing, "nothing was begun")
		})
	}
}

// A folder that is only read is found before anything is written. The administrator may write everywhere.
func TestReadOnly(t *testing.T) {
	y := newYard(t)
	a, plan := y.applier(t), y.plan(t)
	dir := filepath.Join(y.repository(), "sealed")
	require.NoError(t, os.Mkdir(dir, 0o555))
	t.Cleanup(func() { require.NoError(t, os.Chmod(dir, 0o777)) })
	a.Files[2].Path = "sealed/docs.txt"
	before := y.place(t)
	_, err := a.Apply(t.Context(), plan)
	if os.Getuid() == 0 {
		require.NoError(t, err)
		return
	}
	require.ErrorIs(t, err, fs.ErrPermission)
	assert.Equal(t, before, y.place(t))
	_, err = y.applier(t).Resume(t.Context())
	require.ErrorIs(t, err, apply.ErrNothing, "nothing was begun")
}

// A remote that refuses by a hook of its own leaves nothing behind there, and is no dead end here.
func TestRemoteRefuses(t *testing.T) {
	y := newYard(t)
	before, plan, a := y.place(t), y.plan(t), y.applier(t)
	hook := filepath.Join(y.remote(), "hooks", "update")
	require.NoError(t, os.MkdirAll(filepath.Dir(hook), 0o777))
	require.NoError(t, os.WriteFile(hook, []byte("#!/bin/sh\ncase $1 in refs/tags/*) echo protected; exit 1;; esac\n"), 0o755))
	remote := y.git(t, "remote", "for-each-ref")
	_, err := a.Apply(t.Context(), plan)
	require.ErrorIs(t, err, git.ErrRejected)
	assert.Equal(t, remote, y.git(t, "remote", "for-each-ref"), "the branch neither")
	_, err = a.Abandon(t.Context())
	require.NoError(t, err)
	assert.Equal(t, before, y.place(t))
	require.NoError(t, os.Remove(hook))
	_, err = a.Apply(t.Context(), plan)
	require.NoError(t, err)
}

// The journal of a checkout that is gone is no dead end in a new one.
func TestAnotherCheckout(t *testing.T) {
	y, _ := half(t)
	record, err := os.ReadFile(y.open(t).Private("release.json"))
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(y.repository()))
	y.git(t, ".", "clone", "--quiet", y.remote(), y.repository())
	path := y.open(t).Private("release.json")
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
	require.NoError(t, os.WriteFile(path, record, 0o600))
	before := y.place(t)
	a := y.applier(t)
	_, err = a.Resume(t.Context())
	require.Error(t, err)
	_, err = a.Abandon(t.Context())
	require.NoError(t, err)
	assert.Equal(t, before, y.place(t))
	_, err = a.Apply(t.Context(), y.plan(t))
	require.NoError(t, err)
	assert.Equal(t, "v1.1.0", y.git(t, "remote", "describe", "main"))
}

// A disk that fills up while the journal is written is told, and stops everything.
func TestJournalFull(t *testing.T) {
	t.Parallel()
	for n := range 4 {
		n *= 2
		y := newYard(t)
		plan, a := y.plan(t), y.applier(t)
		a.Journal = &filling{FileJournal: a.Journal.(apply.FileJournal), left: n}
		_, err := a.Apply(t.Context(), plan)
		require.ErrorIs(t, err, syscall.ENOSPC)
		require.ErrorContains(t, err, "write the journal")
		_, err = y.applier(t).Apply(t.Context(), plan)
		require.NoError(t, err)
		assert.Contains(t, y.state(t), "complete: true")
	}
}

// filling has room for so many records.
type filling struct {
	apply.FileJournal
	left int
}

func (f *filling) Save(ctx context.Context, r *apply.Record) error {
	if f.left--; f.left < 0 {
		return errFull
	}
	return f.FileJournal.Save(ctx, r)
}
