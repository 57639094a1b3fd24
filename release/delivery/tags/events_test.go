package tags_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/git"
	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/release/delivery/tags"
)

// workshop is a real repository, in which each command is an hour after the one before.
type workshop struct {
	t   *testing.T
	dir string
	at  time.Time
}

func newWorkshop(t *testing.T) *workshop {
	w := &workshop{t: t, dir: t.TempDir(), at: time.Date(2025, 3, 3, 0, 0, 0, 0, time.UTC)}
	w.run("init", "--quiet", "--initial-branch=main")
	return w
}

func (w *workshop) run(args ...string) string {
	w.t.Helper()
	w.at = w.at.Add(time.Hour)
	date := fmt.Sprintf("@%d +0000", w.at.Unix())
	cmd := exec.Command("git", args...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.org", "GIT_AUTHOR_DATE="+date,
		"GIT_COMMITTER_NAME=Bob", "GIT_COMMITTER_EMAIL=bob@example.org", "GIT_COMMITTER_DATE="+date, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull)
	out, err := cmd.CombinedOutput()
	require.NoError(w.t, err, "git %v: %s", args, out)
	return strings.TrimSpace(string(out))
}

func (w *workshop) commit(message string, paths ...string) {
	w.t.Helper()
	for _, p := range paths {
		file := filepath.Join(w.dir, filepath.FromSlash(p))
		require.NoError(w.t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(w.t, os.WriteFile(file, []byte(message), 0o644))
		w.run("add", p)
		w.at = w.at.Add(-time.Hour)
	}
	w.run("commit", "--quiet", "--allow-empty", "-m", message)
}

func (w *workshop) events(p changelog.Policy, o tags.Options) []dora.Event {
	w.t.Helper()
	repo, err := git.Open(w.t.Context(), w.dir, git.Options{})
	require.NoError(w.t, err)
	var all []dora.Event
	for e, err := range tags.Events(w.t.Context(), repo, p, o) {
		require.NoError(w.t, err)
		all = append(all, e)
	}
	return all
}

func TestEvents(t *testing.T) {
	w := newWorkshop(t)                         // 01:00
	w.commit("feat: a")                         // 02:00
	w.run("tag", "-a", "v1.0.0", "-m", "1.0.0") // 03:00
	w.commit("feat: b")                         // 04:00
	w.commit("fix: c")                          // 05:00
	w.run("tag", "v1.1.0-rc.1")                 // 06:00
	w.commit("docs: d")                         // 07:00
	w.run("tag", "v1.1.0")                      // 08:00, but a lightweight tag is as old as its commit
	w.commit("feat: not released")              // 09:00
	events := w.events(changelog.Policy{}, tags.Options{Service: "shop", Environment: "production", Repo: "shop.git"})
	require.Len(t, events, 6)
	hour := func(h int) time.Time { return time.Date(2025, 3, 3, h, 0, 0, 0, time.UTC) }
	d := events[3].(dora.Deployment)
	assert.Equal(t, []any{"v1.1.0", "shop", "production", "1.1.0", 3}, []any{d.ID, d.Service, d.Environment, d.Version, len(d.Changes)})
	assert.True(t, d.Time.Equal(hour(7)))
	assert.Equal(t, "shop.git", events[0].(dora.Change).Repo)
	assert.Equal(t, "v1.0.0", events[5].(dora.Deployment).ID)

	var h dora.History
	for _, e := range events {
		require.NoError(t, h.Add(e))
	}
	report, err := h.Report(dora.Rules{}, dora.Query{From: hour(0), To: hour(24)})
	require.NoError(t, err)
	assert.Equal(t, 2, report.DeploymentFrequency.N)
	assert.Equal(t, 4, report.LeadTime.N, "1 h; 3 h, 2 h and none at all")
	assert.InDelta(t, 1.5*3600, report.LeadTime.P50.Or(0), 1e-9)
	assert.InDelta(t, 1.5*3600, report.LeadTime.Mean.Or(0), 1e-9)

	assert.Len(t, w.events(changelog.Policy{}, tags.Options{Prereleases: true}), 7)
}

func TestComponents(t *testing.T) {
	w := newWorkshop(t)
	w.commit("feat: both", "api/x", "web/x")
	w.run("tag", "-a", "api/v1.0.0", "-m", "x")
	w.run("tag", "-a", "web/v1.0.0", "-m", "x")
	w.commit("feat: one", "web/x")
	w.run("tag", "-a", "web/v1.1.0", "-m", "x")
	policy := changelog.Policy{Components: []changelog.Component{{Name: "api", Paths: []string{"api"}, Tags: "api/v{version}"}, {Name: "web", Paths: []string{"web"}, Tags: "web/v{version}"}}}
	brought, changes := map[string]int{}, 0
	for _, e := range w.events(policy, tags.Options{Service: "unused"}) {
		switch e := e.(type) {
		case dora.Deployment:
			brought[e.Service+" "+e.ID] = len(e.Changes)
		case dora.Change:
			changes++
		}
	}
	assert.Equal(t, map[string]int{"api api/v1.0.0": 1, "web web/v1.0.0": 1, "web web/v1.1.0": 1}, brought)
	assert.Equal(t, 2, changes, "each is told once")
	for _, e := range w.events(policy, tags.Options{Components: []string{"api"}}) {
		if d, ok := e.(dora.Deployment); ok {
			assert.Equal(t, "api", d.Service)
		}
	}
}

func TestWhatIsWrong(t *testing.T) {
	w := newWorkshop(t)
	w.commit("feat: a")
	assert.Empty(t, w.events(changelog.Policy{}, tags.Options{}), "no tags")
	repo, err := git.Open(t.Context(), w.dir, git.Options{})
	require.NoError(t, err)
	for _, err := range tags.Events(t.Context(), repo, changelog.Policy{}, tags.Options{Components: []string{"x"}}) {
		assert.ErrorContains(t, err, `no component "x"`)
	}
	n := 0
	for _, err := range tags.Events(t.Context(), nil, changelog.Policy{}, tags.Options{}) {
		assert.ErrorContains(t, err, "no repository")
		n++
	}
	assert.Equal(t, 1, n)
}

// brought are the changes of each deployment, by its tag.
func brought(events []dora.Event) map[string]int {
	all := map[string]int{}
	for _, e := range events {
		if d, ok := e.(dora.Deployment); ok {
			all[d.ID] = len(d.Changes)
		}
	}
	return all
}

// A version of a branch is one, too; its pre-release on main is part of it, and whatever is written with a v or without counts.
func TestAllBranches(t *testing.T) {
	w := newWorkshop(t)
	w.commit("feat: a")
	w.run("tag", "1.0.0")
	w.commit("feat: b")
	w.commit("feat: c")
	w.run("tag", "v1.1.0-rc.1")
	w.run("checkout", "--quiet", "-b", "release-1.1")
	w.commit("fix: d")
	w.run("tag", "v1.1.0")
	w.commit("fix: e")
	w.run("tag", "-a", "v1.1.1", "-m", "x")
	w.run("checkout", "--quiet", "-b", "candidate", "main")
	w.commit("chore: a candidate")
	w.run("tag", "v1.2.0-rc.1")
	w.run("checkout", "--quiet", "main")
	w.commit("feat: f")
	w.run("tag", "v1.2.0")
	w.run("tag", "1.2.0")
	w.commit("feat: g")
	w.run("tag", "v1.3.0-rc.1")
	w.run("tag", "nightly-20250303")
	w.run("tag", "stable", "main^{tree}")
	w.run("tag", "docs-1.0.0")
	want := map[string]int{"1.0.0": 1, "v1.1.0": 3, "v1.1.1": 1, "v1.2.0": 1}
	assert.Equal(t, want, brought(w.events(changelog.Policy{}, tags.Options{})))

	repo, err := git.Open(t.Context(), w.dir, git.Options{})
	require.NoError(t, err)
	story, err := tags.Read(t.Context(), repo, changelog.Policy{}, tags.Options{})
	require.NoError(t, err)
	assert.Equal(t, want, brought(story.Events))
	assert.Equal(t, []tags.Remark{
		{Code: tags.CodePrerelease, Tags: []string{"v1.1.0-rc.1", "v1.2.0-rc.1", "v1.3.0-rc.1"}}, {Code: tags.CodeSameVersion, Tags: []string{"1.2.0"}},
		{Code: tags.CodeOtherForm, Tags: []string{"docs-1.0.0"}}, {Code: tags.CodeNoCommit, Tags: []string{"stable"}}, {Code: tags.CodeNoVersion, Tags: []string{"nightly-20250303"}},
	}, story.Remarks)
	assert.Equal(t, "pre-releases, whose changes are released with the final version: 3, such as v1.1.0-rc.1", story.Remarks[0].String())

	// On whatever branch one looks, the answer is the same.
	w.run("checkout", "--quiet", "--detach", "1.0.0")
	assert.Equal(t, want, brought(w.events(changelog.Policy{}, tags.Options{})))
	// Whoever says how tags are written has that form alone.
	assert.Equal(t, map[string]int{"1.0.0": 1, "1.2.0": 3}, brought(w.events(changelog.Policy{Tags: "{version}"}, tags.Options{})))
	all := brought(w.events(changelog.Policy{}, tags.Options{Prereleases: true}))
	assert.Equal(t, map[string]int{"1.0.0": 1, "v1.1.0-rc.1": 2, "v1.1.0": 1, "v1.1.1": 1, "v1.2.0-rc.1": 1, "v1.2.0": 1, "v1.3.0-rc.1": 1}, all)
}

// A component that has nothing but pre-releases is told by them, and one that has a final version is not.
func TestPrereleasesAlone(t *testing.T) {
	w := newWorkshop(t)
	w.commit("feat: both", "api/x", "web/x")
	w.run("tag", "api/v0.1.0-alpha.1")
	w.run("tag", "web/v1.0.0")
	w.commit("feat: both", "api/y", "web/y")
	w.run("tag", "api/v0.1.0-alpha.2")
	w.run("tag", "web/v1.1.0-alpha.1")
	policy := changelog.Policy{Components: []changelog.Component{{Name: "api", Paths: []string{"api"}}, {Name: "web", Paths: []string{"web"}}}}
	repo, err := git.Open(t.Context(), w.dir, git.Options{})
	require.NoError(t, err)
	story, err := tags.Read(t.Context(), repo, policy, tags.Options{})
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"api/v0.1.0-alpha.1": 1, "api/v0.1.0-alpha.2": 1, "web/v1.0.0": 1}, brought(story.Events))
	assert.Equal(t, []tags.Remark{
		{Code: tags.CodePrerelease, Tags: []string{"web/v1.1.0-alpha.1"}}, {Code: tags.CodeAlone, Tags: []string{"api/v0.1.0-alpha.1", "api/v0.1.0-alpha.2"}},
	}, story.Remarks)
	_, err = tags.Read(t.Context(), nil, policy, tags.Options{})
	assert.ErrorContains(t, err, "no repository")
	_, err = tags.Read(t.Context(), repo, policy, tags.Options{Components: []string{"x"}})
	assert.ErrorContains(t, err, `no component "x"`)
	n := 0
	for range tags.Events(t.Context(), repo, policy, tags.Options{}) {
		n++
		break
	}
	assert.Equal(t, 1, n, "whoever has seen enough is left alone")
}
