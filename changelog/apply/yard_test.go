package apply_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/apply"
	"github.com/davit-sdk/davit/changelog/git"
)

// yard is a folder with a repository, a bare one that it is pushed to, and a page where versions are published.
type yard struct{ dir string }

func (y yard) repository() string { return filepath.Join(y.dir, "shop") }
func (y yard) remote() string     { return filepath.Join(y.dir, "remote") }
func (y yard) page() string       { return filepath.Join(y.dir, "page") }

const (
	manifest = "{\n  \"name\": \"shop\",\n  \"version\": \"1.0.0\"\n}\n"
	source   = "package shop\n\n// Version is 1.0.0 or later.\nconst Version = \"1.0.0\"\n"
)

// first is the yard that all others are copies of: to make one takes twenty processes of git, and a copy takes two.
var (
	first yard
	laid  sync.Once
)

// newYard has a release v1.0.0 and a feature after it.
func newYard(t *testing.T) yard {
	t.Helper()
	laid.Do(func() {
		first.git(t, ".", "init", "--quiet", "--bare", "--initial-branch=main", first.remote())
		first.git(t, ".", "init", "--quiet", "--initial-branch=main", first.repository())
		first.write(t, "package.json", manifest)
		first.write(t, "version.go", source)
		first.git(t, "shop", "add", "--all")
		first.git(t, "shop", "commit", "--quiet", "-m", "feat: begin")
		first.git(t, "shop", "tag", "v1.0.0")
		first.git(t, "shop", "commit", "--quiet", "--allow-empty", "-m", "feat: add")
		first.git(t, "shop", "remote", "add", "origin", first.remote())
		first.git(t, "shop", "push", "--quiet", "origin", "main", "v1.0.0")
	})
	return first.copy(t)
}

func (y yard) git(t testing.TB, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = filepath.Join(y.dir, dir)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@shop.example", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@shop.example")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "git %s: %s", args, out)
	return strings.TrimSpace(string(out))
}

func (y yard) write(t testing.TB, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(y.repository(), name), []byte(text), 0o644))
}

func (y yard) open(t testing.TB) *git.Repository {
	t.Helper()
	repo, err := git.Open(t.Context(), y.repository(), git.Options{})
	require.NoError(t, err)
	return repo
}

// applier does all that can be done.
func (y yard) applier(t testing.TB) apply.Applier {
	t.Helper()
	return y.applierOf(y.open(t))
}

func (y yard) applierOf(repo *git.Repository) apply.Applier {
	ada := git.Identity{Name: "Ada", Email: "ada@shop.example"}
	return apply.Applier{
		Repository: repo,
		Journal:    apply.FileJournal{Path: repo.Private("release.json")},
		Dir:        y.repository(),
		Files: []apply.File{
			{Path: "package.json", Updater: apply.Pointer("/version")},
			{Path: "version.go", Updater: apply.Pattern(`const Version = "{version}"`)},
			{Path: "docs.txt", Updater: apply.UpdaterFunc(func(text []byte, r apply.Release) ([]byte, error) {
				return fmt.Appendf(text, "%s of %s\n", r.Next, r.Time.Format(time.RFC3339)), nil
			})},
		},
		Committer:  git.Committer{Repository: repo, Identity: ada},
		Tagger:     git.Tagger{Repository: repo, Identity: ada},
		Pusher:     git.Remote{Repository: repo},
		Publishers: []apply.NamedPublisher{{Name: "page", Publisher: y}},
	}
}

// Publish writes a line for each version, once.
func (y yard) Publish(_ context.Context, p apply.Publication) error {
	text, err := os.ReadFile(y.page())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if strings.Contains(string(text), p.Key) {
		return nil
	}
	return os.WriteFile(y.page(), fmt.Appendf(text, "%s %s %s\n", p.NextTag, p.Commit, p.Key), 0o644)
}

func (y yard) plan(t testing.TB) changelog.Plan {
	t.Helper()
	h, err := y.open(t).History(t.Context(), changelog.Policy{})
	require.NoError(t, err)
	plan, err := changelog.Decide(h, changelog.Policy{})
	require.NoError(t, err)
	return plan
}

// state is everything that a release of 1.1.0 changes, without times and what depends on them.
func (y yard) state(t testing.TB) string {
	t.Helper()
	repo := y.open(t)
	record, err := apply.FileJournal{Path: repo.Private("release.json")}.Load(t.Context())
	require.NoError(t, err)
	page, err := os.ReadFile(y.page())
	require.NoError(t, err)
	head := y.git(t, "shop", "rev-parse", "HEAD")
	docs := y.git(t, "shop", "show", "HEAD:docs.txt")
	require.True(t, strings.HasPrefix(docs, "1.1.0 of 2"), docs)
	return strings.ReplaceAll(strings.Join([]string{
		"log: " + y.git(t, "shop", "log", "--format=%s%n%b", "--name-only", "HEAD"),
		"package.json: " + y.git(t, "shop", "show", "HEAD:package.json"),
		"version.go: " + y.git(t, "shop", "show", "HEAD:version.go"),
		"tag: " + y.git(t, "shop", "for-each-ref", "--format=%(refname) %(objecttype) %(contents)", "refs/tags"),
		"at: " + y.git(t, "shop", "rev-parse", "v1.1.0^{commit}"),
		"remote: " + y.git(t, "remote", "rev-parse", "main", "v1.1.0^{commit}"),
		"status: " + y.git(t, "shop", "status", "--porcelain"),
		"page: " + strings.ReplaceAll(string(page), record.Key, "KEY"),
		fmt.Sprint("complete: ", record.Complete),
	}, "\n"), head, "HEAD")
}

func save(t testing.TB, file string, value any) {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, text, 0o600))
}
