package apply_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog/apply"
	"github.com/davit-sdk/davit/changelog/git"
)

// Nobody to commit as, and no key to sign with, are found before a file is written.
func TestReady(t *testing.T) {
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	for _, name := range []string{"GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"} {
		t.Setenv(name, "")
		require.NoError(t, os.Unsetenv(name))
	}
	ada := git.Identity{Name: "Ada", Email: "ada@shop.example"}
	for name, c := range map[string]struct {
		spoil func(a *apply.Applier, repo *git.Repository)
		want  error
	}{
		"nobody commits": {func(a *apply.Applier, repo *git.Repository) { a.Committer = git.Committer{Repository: repo} }, git.ErrIdentity},
		"nobody tags":    {func(a *apply.Applier, repo *git.Repository) { a.Tagger = git.Tagger{Repository: repo} }, git.ErrIdentity},
		"no signed commit": {func(a *apply.Applier, repo *git.Repository) {
			a.Committer = git.Committer{Repository: repo, Identity: ada, Sign: true}
		}, git.ErrSigning},
		"no signed tag": {func(a *apply.Applier, repo *git.Repository) {
			a.Tagger = git.Tagger{Repository: repo, Identity: ada, Sign: true}
		}, git.ErrSigning},
	} {
		t.Run(name, func(t *testing.T) {
			y := newYard(t)
			y.git(t, "shop", "config", "gpg.program", "false")
			a, before := y.applier(t), y.place(t)
			c.spoil(&a, y.open(t))
			_, err := a.Apply(t.Context(), y.plan(t))
			require.ErrorIs(t, err, c.want)
			require.Equal(t, before, y.place(t))
			_, err = a.Resume(t.Context())
			require.ErrorIs(t, err, apply.ErrNothing, "nothing was begun")
		})
	}
}
