package git_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/git"
)

// workshop is a real repository that a test builds.
type workshop struct {
	t    testing.TB
	dir  string
	env  []string
	tick int64
}

func newWorkshop(t testing.TB) *workshop {
	t.Helper()
	w := &workshop{t: t, dir: t.TempDir(), tick: 1_700_000_000}
	w.run("init", "--quiet", "--initial-branch=main")
	return w
}

// run runs git as nobody in particular, one second later each time, and returns its output.
func (w *workshop) run(args ...string) string {
	w.t.Helper()
	w.tick++
	date := fmt.Sprintf("@%d +0000", w.tick)
	cmd := exec.Command("git", args...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(),
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.org", "GIT_AUTHOR_DATE="+date,
		"GIT_COMMITTER_NAME=Bob", "GIT_COMMITTER_EMAIL=bob@example.org", "GIT_COMMITTER_DATE="+date,
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "LC_ALL=C")
	cmd.Env = append(cmd.Env, w.env...)
	out, err := cmd.CombinedOutput()
	require.NoError(w.t, err, "git %s: %s", strings.Join(args, " "), out)
	return strings.TrimSpace(string(out))
}

// commit makes a commit and returns its id.
func (w *workshop) commit(message string) string {
	w.t.Helper()
	w.run("commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "-m", message)
	return w.run("rev-parse", "HEAD")
}

func (w *workshop) open() *git.Repository {
	w.t.Helper()
	r, err := git.Open(w.t.Context(), w.dir, git.Options{})
	require.NoError(w.t, err)
	return r
}

func (w *workshop) history(format changelog.TagFormat) changelog.History {
	w.t.Helper()
	h, err := w.open().History(w.t.Context(), changelog.Policy{Tags: format})
	require.NoError(w.t, err)
	return h
}

func (w *workshop) decision(format changelog.TagFormat) changelog.Decision {
	w.t.Helper()
	plan, err := changelog.Decide(w.history(format), changelog.Policy{Tags: format})
	require.NoError(w.t, err)
	return plan.Components[0]
}

// next is the next version, "-" for none.
func (w *workshop) next(format changelog.TagFormat) string {
	w.t.Helper()
	d := w.decision(format)
	if d.Next == nil {
		return "-"
	}
	return d.NextTag
}

// edit makes a commit that changes a file of its own.
func (w *workshop) edit(message string) string {
	w.t.Helper()
	w.tick++
	require.NoError(w.t, os.WriteFile(filepath.Join(w.dir, fmt.Sprint(w.tick)), []byte(message), 0o600))
	w.run("add", "--all")
	return w.commit(message)
}

func (w *workshop) explain() string {
	w.t.Helper()
	return w.decision("").Explain()
}

// fill makes a linear history of n commits quickly.
func (w *workshop) fill(n int) {
	w.t.Helper()
	var stream strings.Builder
	for i := range n {
		message := fmt.Sprintf("fix(core): number %d\n", i)
		fmt.Fprintf(&stream, "commit refs/heads/main\ncommitter Bob <bob@example.org> %d +0000\ndata %d\n%s\n", 1_700_000_000+i, len(message), message)
	}
	cmd := exec.CommandContext(w.t.Context(), "git", "fast-import", "--quiet")
	cmd.Dir, cmd.Stdin = w.dir, strings.NewReader(stream.String())
	out, err := cmd.CombinedOutput()
	require.NoError(w.t, err, "%s", out)
}

func ids(commits []changelog.Commit) []string {
	var all []string
	for _, c := range commits {
		all = append(all, c.ID)
	}
	return all
}
