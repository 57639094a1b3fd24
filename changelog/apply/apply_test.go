package apply_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/apply"
	"github.com/davit-sdk/davit/changelog/git"
)

func TestApply(t *testing.T) {
	y := newYard(t)
	plan, a := y.plan(t), y.applier(t)
	steps, err := a.Steps(plan)
	require.NoError(t, err)
	assert.Equal(t, "[file package.json file version.go file docs.txt commit chore(release): 1.1.0 tag v1.1.0 push v1.1.0 publish v1.1.0 by page]", fmt.Sprint(steps))
	assert.Empty(t, y.git(t, "shop", "tag", "--list", "v1.1.0"), "nothing was done")

	result, err := a.Apply(t.Context(), plan)
	require.NoError(t, err)
	assert.Equal(t, y.git(t, "shop", "rev-parse", "HEAD"), result.Commit)
	assert.Equal(t, []string{"v1.1.0"}, result.Tags)
	assert.False(t, result.Time.IsZero())
	state := y.state(t)
	for _, part := range []string{
		"log: chore(release): 1.1.0\n\n\ndocs.txt\npackage.json\nversion.go\n", `"version": "1.1.0"`, "// Version is 1.0.0 or later.\nconst Version = \"1.1.0\"",
		"refs/tags/v1.1.0 tag 1.1.0: 1 feature", "remote: HEAD\nHEAD", "status: \n", "page: v1.1.0 HEAD KEY v1.1.0\n",
	} {
		assert.Contains(t, state, part)
	}
	again, err := a.Apply(t.Context(), plan)
	require.NoError(t, err)
	assert.Equal(t, result, again)
	assert.Equal(t, state, y.state(t), "what is done is not done again")

	_, err = a.Apply(t.Context(), y.plan(t))
	assert.ErrorIs(t, err, apply.ErrNothing, "the release itself calls for no other one")
	_, err = a.Resume(t.Context())
	assert.ErrorIs(t, err, apply.ErrNothing)

	y.git(t, "shop", "commit", "--quiet", "--allow-empty", "-m", "fix: mend")
	_, err = a.Apply(t.Context(), y.plan(t))
	require.NoError(t, err)
	assert.Equal(t, "v1.1.1", y.git(t, "remote", "describe", "main"))
}

// Before anything is done, everything is checked.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(t *testing.T, y yard, a *apply.Applier)
		check func(t *testing.T, err error)
	}{
		"HEAD moved": {
			func(t *testing.T, y yard, _ *apply.Applier) {
				y.git(t, "shop", "commit", "--quiet", "--allow-empty", "-m", "fix: later")
			},
			func(t *testing.T, err error) {
				var moved *apply.MovedError
				require.ErrorAs(t, err, &moved)
				assert.NotEqual(t, moved.Plan, moved.Head)
			},
		},
		"a file is not committed": {
			func(t *testing.T, y yard, _ *apply.Applier) { y.write(t, "version.go", "package shop\n") },
			func(t *testing.T, err error) {
				var dirty *apply.DirtyError
				require.ErrorAs(t, err, &dirty)
				assert.Equal(t, []string{"version.go"}, dirty.Files)
			},
		},
		"the tag is taken": {
			func(t *testing.T, y yard, _ *apply.Applier) { y.git(t, "shop", "tag", "v1.1.0", "HEAD~1") },
			func(t *testing.T, err error) {
				var taken *apply.TakenError
				require.ErrorAs(t, err, &taken)
				assert.Equal(t, "v1.1.0", taken.Tag)
			},
		},
		"the tag is on a file": {
			func(t *testing.T, y yard, _ *apply.Applier) { y.git(t, "shop", "tag", "v1.1.0", "HEAD:version.go") },
			func(t *testing.T, err error) { assert.ErrorContains(t, err, "tag v1.1.0 is on") },
		},
		"a pattern stands nowhere": {
			func(_ *testing.T, _ yard, a *apply.Applier) {
				a.Files = append(a.Files, apply.File{Path: "version.go", Updater: apply.Pattern("nowhere {version}")})
			},
			func(t *testing.T, err error) {
				var bad *apply.FileError
				require.ErrorAs(t, err, &bad)
				assert.Equal(t, "version.go", bad.Path)
			},
		},
		"a file is a link": {
			func(t *testing.T, y yard, a *apply.Applier) {
				require.NoError(t, os.Symlink(filepath.Join(y.dir, "page"), filepath.Join(y.repository(), "link")))
				a.Files = append(a.Files, apply.File{Path: "link", Updater: apply.Pattern("v{version}")})
			},
			func(t *testing.T, err error) { assert.ErrorContains(t, err, "not a regular file") },
		},
		"a link leads out": {
			func(t *testing.T, y yard, a *apply.Applier) {
				require.NoError(t, os.Symlink(y.dir, filepath.Join(y.repository(), "out")))
				a.Files = append(a.Files, apply.File{Path: "out/page", Updater: apply.Pattern("v{version}")})
			},
			func(t *testing.T, err error) { assert.ErrorContains(t, err, "is no folder") },
		},
		"the journal is broken": {
			func(t *testing.T, _ yard, a *apply.Applier) {
				path := a.Journal.(apply.FileJournal).Path
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
				require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
			},
			func(t *testing.T, err error) { assert.ErrorContains(t, err, "read the journal") },
		},
		"a field is missing": {
			func(t *testing.T, _ yard, a *apply.Applier) { a.Repository = nil },
			func(t *testing.T, err error) { assert.ErrorContains(t, err, "Repository: is missing") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			y := newYard(t)
			plan, a := y.plan(t), y.applier(t)
			tc.spoil(t, y, &a)
			before := y.git(t, "shop", "for-each-ref") + y.git(t, "shop", "diff", "HEAD")
			_, err := a.Apply(t.Context(), plan)
			require.Error(t, err)
			tc.check(t, err)
			assert.Equal(t, before, y.git(t, "shop", "for-each-ref")+y.git(t, "shop", "diff", "HEAD"), "nothing was done")
			assert.NoFileExists(t, y.page())
		})
	}
}

type failing struct{ left int }

func (f *failing) Publish(context.Context, apply.Publication) error {
	if f.left--; f.left >= 0 {
		return errors.New("the page is down")
	}
	return nil
}

func TestAnotherPlanIsHalfDone(t *testing.T) {
	y := newYard(t)
	plan, a := y.plan(t), y.applier(t)
	a.Publishers = append(a.Publishers, apply.NamedPublisher{Name: "down", Publisher: &failing{left: 2}})
	_, err := a.Apply(t.Context(), plan)
	require.ErrorContains(t, err, "publish v1.1.0 by down: the page is down")

	y.git(t, "shop", "commit", "--quiet", "--allow-empty", "-m", "feat: more")
	other := y.plan(t)
	_, err = a.Apply(t.Context(), other)
	var pending *apply.PendingError
	require.ErrorAs(t, err, &pending)
	assert.Equal(t, []string{"publish v1.1.0 by down"}, pending.Left)
	assert.Equal(t, []string{"v1.1.0"}, pending.Tags)
	assert.ErrorContains(t, err, "finish it first with Resume")

	_, err = y.applier(t).Resume(t.Context())
	require.ErrorIs(t, err, apply.ErrSteps, "without the publisher that failed")
	_, err = a.Resume(t.Context())
	require.ErrorContains(t, err, "the page is down")
	_, err = a.Resume(t.Context())
	require.NoError(t, err)
	page, err := os.ReadFile(y.page())
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(string(page), "\n"), "what was done was not done again")
	_, err = a.Apply(t.Context(), other)
	require.NoError(t, err)
}

// What somebody else does in between is seen, and not overwritten.
func TestInterference(t *testing.T) {
	stop := errors.New("stopped")
	// until is an applier that stops at a step.
	until := func(y yard, step string) apply.Applier {
		a := y.applier(t)
		a.Committer, a.Tagger = stopper{a.Committer, nil, step == "commit", stop}, stopper{nil, a.Tagger, step == "tag", stop}
		return a
	}
	t.Run("in a file", func(t *testing.T) {
		y := newYard(t)
		plan := y.plan(t)
		_, err := until(y, "commit").Apply(t.Context(), plan)
		require.ErrorIs(t, err, stop)
		y.write(t, "stranger.txt", "of somebody else")
		y.git(t, "shop", "add", "stranger.txt")
		_, err = y.applier(t).Apply(t.Context(), plan)
		require.NoError(t, err)
		assert.Equal(t, "docs.txt\npackage.json\nversion.go", y.git(t, "shop", "diff", "--name-only", "HEAD~1", "HEAD"))
		assert.Equal(t, "A  stranger.txt", y.git(t, "shop", "status", "--porcelain"))
	})
	t.Run("by a commit", func(t *testing.T) {
		y := newYard(t)
		plan := y.plan(t)
		_, err := until(y, "commit").Apply(t.Context(), plan)
		require.ErrorIs(t, err, stop)
		y.git(t, "shop", "commit", "--quiet", "--allow-empty", "-m", "fix: of somebody else")
		_, err = y.applier(t).Apply(t.Context(), plan)
		require.ErrorIs(t, err, git.ErrMoved)
		y.git(t, "shop", "reset", "--quiet", "--soft", "HEAD~1")
		_, err = y.applier(t).Apply(t.Context(), plan)
		require.NoError(t, err)
	})
	t.Run("by a tag", func(t *testing.T) {
		y := newYard(t)
		plan := y.plan(t)
		_, err := until(y, "tag").Apply(t.Context(), plan)
		require.ErrorIs(t, err, stop)
		y.git(t, "shop", "tag", "v1.1.0", "HEAD~1")
		_, err = y.applier(t).Apply(t.Context(), plan)
		require.ErrorIs(t, err, git.ErrTagged)
	})
	t.Run("after the commit", func(t *testing.T) {
		y := newYard(t)
		plan := y.plan(t)
		_, err := until(y, "tag").Apply(t.Context(), plan)
		require.ErrorIs(t, err, stop)
		made := y.git(t, "shop", "rev-parse", "HEAD")
		y.git(t, "shop", "commit", "--quiet", "--allow-empty", "-m", "fix: of somebody else")
		result, err := y.applier(t).Apply(t.Context(), plan)
		require.NoError(t, err)
		assert.Equal(t, made, result.Commit)
		assert.Equal(t, made, y.git(t, "remote", "rev-parse", "v1.1.0^{commit}"))
	})
	t.Run("in a file that is not written yet", func(t *testing.T) {
		y := newYard(t)
		plan, a := y.plan(t), y.applier(t)
		calls := 0
		a.Files[1].Updater = apply.UpdaterFunc(func(text []byte, r apply.Release) ([]byte, error) {
			if calls++; calls == 2 {
				return nil, stop
			}
			return apply.Pattern(`"{version}"`).Update(text, r)
		})
		_, err := a.Apply(t.Context(), plan)
		require.ErrorIs(t, err, stop)
		y.write(t, "version.go", `package other // "1.0.0"`)
		_, err = a.Apply(t.Context(), plan)
		require.ErrorIs(t, err, apply.ErrForeign)
		y.git(t, "shop", "checkout", "--quiet", "version.go")
		_, err = a.Apply(t.Context(), plan)
		require.NoError(t, err)
	})
}

// stopper does nothing but fail where it is told to.
type stopper struct {
	apply.Committer
	apply.Tagger
	here bool
	err  error
}

func (s stopper) Commit(ctx context.Context, parent, message string, paths []string) (string, error) {
	if s.here {
		return "", s.err
	}
	return s.Committer.Commit(ctx, parent, message, paths)
}

func (s stopper) Tag(ctx context.Context, name, commit, message string) error {
	if s.here {
		return s.err
	}
	return s.Tagger.Tag(ctx, name, commit, message)
}

func TestFilesThatNeedNoChange(t *testing.T) {
	y := newYard(t)
	a := y.applier(t)
	a.Files = a.Files[:1]
	y.write(t, "package.json", strings.Replace(manifest, "1.0.0", "1.1.0", 1))
	y.git(t, "shop", "commit", "--quiet", "--all", "-m", "chore: bump by hand")
	head := y.git(t, "shop", "rev-parse", "HEAD")
	result, err := a.Apply(t.Context(), y.plan(t))
	require.NoError(t, err)
	assert.Equal(t, head, result.Commit)
	assert.Equal(t, head, y.git(t, "remote", "rev-parse", "v1.1.0^{commit}"), "no empty commit")
}

// Several components get a commit together, and a tag each; what is not released is left alone.
func TestComponents(t *testing.T) {
	y := newYard(t)
	a := y.applier(t)
	head := y.git(t, "shop", "rev-parse", "HEAD")
	y.write(t, "a.txt", "a 0.1.0\n")
	y.write(t, "b.txt", "b 0.1.0\n")
	y.git(t, "shop", "add", "--all")
	y.git(t, "shop", "commit", "--quiet", "-m", "chore: parts")
	head = y.git(t, "shop", "rev-parse", "HEAD")
	next := func(name, version string) changelog.Decision {
		d := changelog.Decision{Name: name, Head: head}
		if version != "" {
			d.Next, d.NextTag = semver.MustParse(version), name+"/v"+version
		}
		return d
	}
	umbrella := next("all", "3.0.0")
	plan := changelog.Plan{Head: head, Components: []changelog.Decision{next("a", "0.2.0"), next("b", ""), next("c", "1.0.0")}, Umbrella: &umbrella}
	a.Files = []apply.File{
		{Path: "a.txt", Component: "a", Updater: apply.Pattern("a {version}")},
		{Path: "b.txt", Component: "b", Updater: apply.Pattern("b {version}")},
		{Path: "package.json", Updater: apply.Pointer("/version")},
	}
	_, err := a.Apply(t.Context(), plan)
	require.NoError(t, err)
	assert.Equal(t, "chore(release): a 0.2.0, c 1.0.0, all 3.0.0", y.git(t, "shop", "log", "-1", "--format=%s"))
	assert.Equal(t, "a 0.2.0", y.git(t, "remote", "show", "main:a.txt"))
	assert.Equal(t, "b 0.1.0", y.git(t, "remote", "show", "main:b.txt"))
	assert.Contains(t, y.git(t, "remote", "show", "main:package.json"), "3.0.0")
	assert.Equal(t, "a/v0.2.0\nall/v3.0.0\nc/v1.0.0\nv1.0.0", y.git(t, "remote", "tag"))

	plan.Components[0].NextTag = plan.Components[2].NextTag
	plan.Head = y.git(t, "shop", "rev-parse", "HEAD")
	_, err = a.Apply(t.Context(), plan)
	assert.ErrorContains(t, err, "two components have the tag c/v1.0.0")
}

func TestValidate(t *testing.T) {
	err := apply.Applier{
		Files:      []apply.File{{Path: "../x", Updater: apply.Pattern("v{version}")}, {Path: "x"}, {Path: "/etc/passwd", Updater: apply.Pointer("/")}},
		Publishers: []apply.NamedPublisher{{}, {Name: "a", Publisher: &failing{}}, {Name: "a", Publisher: &failing{}}},
	}.Validate()
	for _, part := range []string{
		"Repository: is missing", "Journal: is missing", "Tagger: is missing", "Dir: is missing", `Files[0]: "../x": is not a path within`,
		`Files[1]: "x": has no Updater`, `Files[2]: "/etc/passwd"`, "Publishers[0]: needs a Name", `Publishers[2]: there is another "a"`,
	} {
		assert.ErrorContains(t, err, part)
	}
	one := apply.Document{}
	mixed := apply.Applier{Files: []apply.File{
		{Path: "CHANGELOG.md", Component: "api", Updater: one}, {Path: "CHANGELOG.md", Component: "web", Updater: one}, {Path: "web/CHANGELOG.md", Component: "web", Updater: one},
		{Path: "web/CHANGELOG.md", Component: "api", Updater: apply.Pattern("{version}")},
	}}.Validate()
	require.ErrorContains(t, mixed, `Files[1]: "CHANGELOG.md" is the changelog of "api" already`)
	assert.NotContains(t, mixed.Error(), "Files[2]")
	assert.NotContains(t, mixed.Error(), "Files[3]")
}
