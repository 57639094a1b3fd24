package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func runGit(t *testing.T, dir, when string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@shop.example", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@shop.example",
		"GIT_AUTHOR_DATE="+when, "GIT_COMMITTER_DATE="+when)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "git %s: %s", args, out)
}

// shopRepository has commits and tags, by the days of March on which they were made.
func shopRepository(t *testing.T, history ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	require.NoError(t, os.Mkdir(dir, 0o755))
	runGit(t, dir, "", "init", "-q", "-b", "main")
	for _, text := range history {
		day, text, _ := strings.Cut(text, " ")
		when := "2025-03-" + day + "T12:00:00Z"
		if name, ok := strings.CutPrefix(text, "tag "); ok {
			runGit(t, dir, when, "tag", "-a", "-m", name, name)
		} else {
			runGit(t, dir, when, "commit", "-q", "--allow-empty", "-m", text)
		}
	}
	return dir
}

// Tags are deployments, and each commit is in the first one that has it.
func TestRepository(t *testing.T) {
	dir := shopRepository(t, "01 feat: begin", "02 feat: more", "04 tag v1.0.0", "05 fix: mend", "07 tag v1.0.1", "08 feat: not yet")
	o := answered(t, "-C", dir)
	assert.Equal(t, 2.0, get(t, o, "deployment_frequency", "n"))
	assert.Equal(t, 3.0, get(t, o, "lead_time", "n"))
	assert.Equal(t, 2*86400.0, get(t, o, "lead_time", "p50"))
	assert.Equal(t, "shop", o["services"].([]any)[0].(map[string]any)["name"])
	for _, name := range []string{"change_failure_rate", "rework_rate", "attempt_failure_rate", "availability"} {
		assert.NotContains(t, o, name, "tags say nothing of it")
	}
	later := answered(t, "-C", dir, "-from", "2025-03-05T00:00:00Z")
	assert.Equal(t, 1.0, get(t, later, "lead_time", "n"))

	// What the first version brought is told of, as it may be years of work.
	note := "the first version, v1.0.0, brought all 2 commits before it"
	assert.Contains(t, call(t, "-C", dir).err, note)
	assert.Contains(t, call(t, "-C", dir).err, "-from 2025-03-04T12:00:01Z leaves it out")
	assert.Empty(t, call(t, "-C", dir, "-from", "2025-03-04T12:00:01Z").err)
}

// What is no deployment is told, with its number.
func TestTagsLeftOut(t *testing.T) {
	dir := shopRepository(t, "01 feat: begin", "02 tag v1.0.0", "03 fix: mend", "04 tag v1.1.0-rc.1", "05 tag v1.1.0-rc.2", "06 tag nightly")
	got := call(t, "-C", dir)
	assert.Equal(t, 0, got.status)
	assert.Equal(t, "dora: note: pre-releases, whose changes are released with the final version: 2, such as v1.1.0-rc.1\n"+
		"dora: note: tags that are no semantic version: 1, such as nightly\n", got.err)
}

func TestRepositoriesWithoutAnswer(t *testing.T) {
	source := shopRepository(t, "01 feat: begin", "02 tag v1.0.0", "03 fix: mend")
	shallow := t.TempDir()
	runGit(t, source, "", "clone", "-q", "--depth=1", "file://"+source, shallow)
	for name, tc := range map[string]struct{ dir, want string }{
		"without tags": {shopRepository(t, "01 feat: begin", "02 tag nightly"), "no tag is a version"},
		"empty":        {shopRepository(t), "no commits"},
		"shallow":      {shallow, "git fetch --unshallow"},
		"none":         {t.TempDir(), "not a git repository"},
		"nowhere":      {filepath.Join(source, "nowhere"), "no such file"},
	} {
		got := call(t, "-C", tc.dir)
		assert.Equal(t, 1, got.status, name)
		assert.Empty(t, got.out, name)
		assert.Contains(t, got.err, tc.want, name)
		assert.True(t, strings.HasPrefix(got.err, "dora: "), got.err)
	}
}
