package apply_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog/apply"
	"github.com/davit-sdk/davit/changelog/git"
)

// advance moves the remote's main on, by somebody else.
func (y yard) advance(t testing.TB) {
	t.Helper()
	other := y.git(t, "remote", "commit-tree", "-p", "main", "-m", "fix: of somebody else", "main^{tree}")
	y.git(t, "remote", "update-ref", "refs/heads/main", other)
}

// place is where everything stands that a release changes here.
func (y yard) place(t testing.TB) string {
	t.Helper()
	state := []string{y.git(t, "shop", "rev-parse", "HEAD"), y.git(t, "shop", "rev-parse", "--symbolic-full-name", "HEAD"),
		y.git(t, "shop", "tag"), y.git(t, "shop", "status", "--porcelain", "--untracked-files=all", "--ignored")}
	for _, name := range []string{"package.json", "version.go", "docs.txt"} {
		text, err := os.ReadFile(filepath.Join(y.repository(), name))
		if !errors.Is(err, os.ErrNotExist) {
			require.NoError(t, err)
		}
		state = append(state, string(text))
	}
	return strings.Join(state, "\n")
}

// A push that is refused because the branch has moved on is no dead end.
func TestAbandon(t *testing.T) {
	y := newYard(t)
	before, plan, a := y.place(t), y.plan(t), y.applier(t)
	_, err := a.Abandon(t.Context())
	require.ErrorIs(t, err, apply.ErrNothing)
	y.advance(t)
	_, err = a.Apply(t.Context(), plan)
	require.ErrorIs(t, err, git.ErrRejected)
	assert.ErrorContains(t, err, "Abandon")
	made := y.git(t, "shop", "rev-parse", "HEAD")
	_, err = a.Resume(t.Context())
	require.ErrorIs(t, err, git.ErrRejected)

	got, err := a.Abandon(t.Context())
	require.NoError(t, err)
	assert.Equal(t, apply.Abandoned{Head: plan.Head, Tags: []string{"v1.1.0"}, Commit: made, Files: []string{"package.json", "version.go", "docs.txt"}}, got)
	assert.Equal(t, before, y.place(t))
	_, err = a.Abandon(t.Context())
	require.ErrorIs(t, err, apply.ErrNothing)
	_, err = a.Resume(t.Context())
	require.ErrorIs(t, err, apply.ErrNothing)
	_, err = a.Apply(t.Context(), plan)
	require.ErrorIs(t, err, git.ErrRejected, "the same plan can be begun again")
	_, err = a.Abandon(t.Context())
	require.NoError(t, err)

	y.git(t, "shop", "pull", "--quiet", "--ff-only", "origin", "main")
	_, err = a.Apply(t.Context(), y.plan(t))
	require.NoError(t, err)
	assert.Equal(t, "v1.1.0", y.git(t, "remote", "describe", "main"))
	_, err = a.Abandon(t.Context())
	require.ErrorIs(t, err, apply.ErrNothing)
}

// What somebody writes into a file at the very moment that it is taken back is not written over.
func TestAbandonWhileSomebodyWrites(t *testing.T) {
	y := newYard(t)
	plan, a := y.plan(t), y.applier(t)
	y.advance(t)
	_, err := a.Apply(t.Context(), plan)
	require.ErrorIs(t, err, git.ErrRejected)
	_, err = a.WithPoints(func(point string) error {
		if point == "before restore package.json" {
			y.write(t, "package.json", "of somebody else")
		}
		return nil
	}).Abandon(t.Context())
	require.ErrorIs(t, err, apply.ErrForeign)
	got, err := a.Abandon(t.Context())
	require.NoError(t, err)
	assert.Contains(t, got.Left, "file package.json: it was changed by somebody else")
	text, err := os.ReadFile(filepath.Join(y.repository(), "package.json"))
	require.NoError(t, err)
	assert.Equal(t, "of somebody else", string(text))
}

// What was pushed stays, also where nobody has written down that it was.
func TestAbandonPushed(t *testing.T) {
	t.Parallel()
	for name, push := range map[string][]string{
		"all":        {"main", "v1.1.0"},
		"the tag":    {"v1.1.0"},
		"the commit": {"main"},
	} {
		t.Run(name, func(t *testing.T) {
			y := newYard(t)
			a := y.applier(t)
			y.git(t, "shop", "remote", "set-url", "origin", "nowhere")
			_, err := a.Apply(t.Context(), y.plan(t))
			require.Error(t, err)
			_, err = a.Abandon(t.Context())
			require.ErrorContains(t, err, "ask whether it was pushed")
			y.git(t, "shop", "remote", "set-url", "origin", y.remote())
			y.git(t, "shop", append([]string{"push", "--quiet", "origin"}, push...)...)
			before := y.place(t)
			var pushed *apply.PushedError
			_, err = a.Abandon(t.Context())
			require.ErrorAs(t, err, &pushed)
			assert.Equal(t, []string{"v1.1.0"}, pushed.Tags)
			assert.Equal(t, before, y.place(t))
			_, err = a.Resume(t.Context())
			require.NoError(t, err)
		})
	}
	t.Run("publishing", func(t *testing.T) {
		y := newYard(t)
		a := y.applier(t)
		a.Pusher, a.Publishers[0].Publisher = nil, broken{}
		_, err := a.Apply(t.Context(), y.plan(t))
		require.ErrorIs(t, err, errBroken)
		var pushed *apply.PushedError
		_, err = a.Abandon(t.Context())
		require.ErrorAs(t, err, &pushed)
		assert.ErrorContains(t, err, "publishing was begun")
	})
	t.Run("nobody can tell", func(t *testing.T) {
		y := newYard(t)
		a := y.applier(t)
		a.Pusher = broken{}
		_, err := a.Apply(t.Context(), y.plan(t))
		require.ErrorIs(t, err, errBroken)
		var pushed *apply.PushedError
		_, err = a.Abandon(t.Context())
		require.ErrorAs(t, err, &pushed)
	})
	t.Run("somebody else's tag", func(t *testing.T) {
		y := newYard(t)
		a := y.applier(t)
		y.git(t, "remote", "tag", "v1.1.0", "main")
		_, err := a.Apply(t.Context(), y.plan(t))
		require.ErrorIs(t, err, git.ErrRejected)
		_, err = a.Abandon(t.Context())
		require.NoError(t, err)
	})
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) Push(context.Context, string, []string) error     { return errBroken }
func (broken) Publish(context.Context, apply.Publication) error { return errBroken }

// What people have done since is left alone.
func TestAbandonLeaves(t *testing.T) {
	begin := func(t *testing.T) (yard, apply.Applier) {
		y := newYard(t)
		a := y.applier(t)
		y.advance(t)
		_, err := a.Apply(t.Context(), y.plan(t))
		require.ErrorIs(t, err, git.ErrRejected)
		return y, a
	}
	t.Run("a commit on top", func(t *testing.T) {
		y, a := begin(t)
		made := y.git(t, "shop", "rev-parse", "HEAD")
		y.git(t, "shop", "commit", "--quiet", "--allow-empty", "-m", "fix: later")
		head := y.git(t, "shop", "rev-parse", "HEAD")
		got, err := a.Abandon(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []string{"v1.1.0"}, got.Tags)
		assert.Empty(t, got.Commit)
		assert.Empty(t, got.Files)
		assert.Equal(t, []string{"commit " + made + ": HEAD is at " + head}, got.Left)
		assert.Equal(t, head, y.git(t, "shop", "rev-parse", "HEAD"))
		assert.Empty(t, y.git(t, "shop", "status", "--porcelain"))
	})
	t.Run("reset by hand", func(t *testing.T) {
		y, a := begin(t)
		y.git(t, "shop", "fetch", "--quiet", "origin")
		y.git(t, "shop", "reset", "--quiet", "--hard", "origin/main")
		y.git(t, "shop", "tag", "--delete", "v1.1.0")
		before := y.place(t)
		got, err := a.Abandon(t.Context())
		require.NoError(t, err)
		assert.Empty(t, append(got.Tags, got.Files...))
		assert.Equal(t, before, y.place(t))
		_, err = a.Apply(t.Context(), y.plan(t))
		require.NoError(t, err)
	})
	t.Run("a file", func(t *testing.T) {
		y, a := begin(t)
		y.write(t, "version.go", "package mine\n")
		got, err := a.Abandon(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []string{"package.json", "docs.txt"}, got.Files)
		assert.Equal(t, []string{"file version.go: it was changed by somebody else"}, got.Left)
		assert.Equal(t, "M version.go", y.git(t, "shop", "status", "--porcelain"))
		assert.Contains(t, y.place(t), "package mine")
	})
	t.Run("a tag from before", func(t *testing.T) {
		y := newYard(t)
		a := y.applier(t)
		a.Files, a.Pusher, a.Committer = nil, broken{}, nil
		plan := y.plan(t)
		y.git(t, "shop", "tag", "v1.1.0")
		_, err := a.Apply(t.Context(), plan)
		require.ErrorIs(t, err, errBroken)
		a.Pusher = unpushed{}
		got, err := a.Abandon(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []string{"tag v1.1.0: it was there before"}, got.Left)
		assert.Equal(t, plan.Head, y.git(t, "shop", "rev-parse", "v1.1.0"))
	})
}

type unpushed struct{ broken }

func (unpushed) Pushed(context.Context, string, []string) (bool, error) { return false, nil }

// However early or late it dies: run again, everything is as it was before the release.
func TestAbandonKilledAnywhere(t *testing.T) {
	t.Parallel()
	template := newYard(t)
	before, plan := template.place(t), template.plan(t)
	template.advance(t)
	_, err := template.applier(t).Apply(t.Context(), plan)
	require.ErrorIs(t, err, git.ErrRejected)
	save(t, filepath.Join(template.dir, "plan.json"), plan)
	for n := 0; ; n += stride {
		y := template.copy(t)
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "APPLY_YARD="+y.dir, "APPLY_ABANDON=1", "APPLY_POINTS="+strconv.Itoa(n))
		out, err := cmd.CombinedOutput()
		if err == nil {
			assert.Greater(t, n, 14, "the points were counted")
			return
		}
		require.Contains(t, string(out), "killed", "%s", out)
		if record, err := y.applier(t).Journal.Load(t.Context()); assert.NoError(t, err) && record.Abandoned != nil && !record.Complete {
			var pending *apply.PendingError
			_, err = y.applier(t).Resume(t.Context())
			require.ErrorAs(t, err, &pending)
			require.True(t, pending.Abandoned)
			_, err = y.applier(t).Apply(t.Context(), plan)
			require.ErrorAs(t, err, &pending)
		}
		got, err := y.applier(t).Abandon(t.Context())
		if !errors.Is(err, apply.ErrNothing) { // all was done and written down
			require.NoError(t, err, "%s", out)
			require.Equal(t, []string{"v1.1.0"}, got.Tags)
			require.Len(t, got.Files, 3)
		}
		require.Equal(t, before, y.place(t), "%s", out)
	}
}

// A release that died at whatever point can be abandoned until it is pushed.
func TestKilledAnywhereThenAbandoned(t *testing.T) {
	t.Parallel()
	template := newYard(t)
	before, plan := template.place(t), template.plan(t)
	save(t, filepath.Join(template.dir, "plan.json"), plan)
	undone, refused := 0, 0
	for n := 0; ; n += stride {
		y := template.copy(t)
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "APPLY_YARD="+y.dir, "APPLY_POINTS="+strconv.Itoa(n))
		out, err := cmd.CombinedOutput()
		if err == nil {
			assert.Greater(t, undone, 20/stride, "before the push")
			assert.GreaterOrEqual(t, refused, 4/stride, "after the push")
			return
		}
		var pushed *apply.PushedError
		_, err = y.applier(t).Abandon(t.Context())
		there := y.git(t, "remote", "tag", "--list", "v1.1.0") != ""
		switch {
		case errors.As(err, &pushed):
			require.True(t, there, "%s", out)
			refused++
		case errors.Is(err, apply.ErrNothing) && there: // it was through
		case errors.Is(err, apply.ErrNothing): // it was not begun
			require.Equal(t, before, y.place(t), "%s", out)
		default:
			require.NoError(t, err, "%s", out)
			require.False(t, there, "%s", out)
			require.Equal(t, before, y.place(t), "%s", out)
			undone++
		}
	}
}
