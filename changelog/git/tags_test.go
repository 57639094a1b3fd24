package git_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/git"
)

func TestWhichTag(t *testing.T) {
	for _, tc := range []struct {
		name   string
		tags   []string
		format changelog.TagFormat
		want   string
	}{
		{"numbers, not letters", []string{"v1.9.0", "v1.10.0"}, "", "v1.10.1"},
		{"no tags", nil, "", "v0.1.0"},
		{"newer tags that are no versions", []string{"v1.2.3", "latest", "nightly-2024-01-01", "v1", "v2", "v1.02.4", "v1.8.5.1"}, "", "v1.2.4"},
		{"without a prefix", []string{"v3.0.0", "1.2.3"}, "{version}", "1.2.4"},
		{"in a folder of tags", []string{"v3.0.0", "pkg/a/v1.2.3", "pkg/ab/v2.0.0"}, "pkg/a/v{version}", "pkg/a/v1.2.4"},
		{"pre-releases do not count", []string{"v1.2.3", "v1.2.4-rc.1"}, "", "v1.2.4"},
		{"but are not undercut", []string{"v1.2.3", "v1.3.0-rc.1"}, "", "v1.3.0"},
		{"only a pre-release", []string{"v1.0.0-rc.1"}, "", "v1.0.0"},
		{"build metadata", []string{"v1.2.3+b1", "v1.2.3+b2"}, "", "v1.2.4"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorkshop(t)
			w.commit("feat: begin")
			for _, tag := range tc.tags {
				w.run("tag", tag)
			}
			w.commit("fix: mend")
			assert.Equal(t, tc.want, w.next(tc.format))
		})
	}
}

func TestIgnoredTagsHaveReasons(t *testing.T) {
	w := newWorkshop(t)
	w.commit("feat: begin")
	w.run("tag", "v1.2.3")
	require.NoError(t, os.WriteFile(filepath.Join(w.dir, "key"), []byte("key"), 0o600))
	w.run("tag", "v9.0.0", w.run("hash-object", "-w", "key"))
	w.run("tag", "-a", "-m", "a tree", "v9.0.1", "HEAD^{tree}")
	w.run("tag", "v1.8.5.1")
	w.run("tag", "latest")
	d := w.decision("")
	assert.Equal(t, "v1.2.3", d.PreviousTag)
	why := map[string]string{}
	for _, tag := range d.IgnoredTags {
		why[tag.Tag] = tag.Why
	}
	assert.Len(t, why, 4)
	assert.Equal(t, "points at a blob, not at a commit", why["v9.0.0"])
	assert.Equal(t, "points at a tree, not at a commit", why["v9.0.1"])
	assert.Contains(t, why["v1.8.5.1"], "is not a semantic version")
	assert.Contains(t, why["latest"], "does not have the form v{version}")

	// Now git has to walk the history, and meets the tags on a blob and a tree.
	w.commit("fix: mend")
	w.run("tag", "v1.3.0-rc.1")
	assert.Equal(t, "v1.2.3", w.decision("").PreviousTag)
	assert.Equal(t, "v1.3.0", w.next(""))
}

func TestAnnotatedTags(t *testing.T) {
	w := newWorkshop(t)
	first := w.commit("feat: begin")
	w.run("tag", "-a", "-m", "one", "v1.0.0")
	w.commit("fix: mend")
	w.run("tag", "-a", "-m", "two", "inner")
	w.run("-c", "advice.nestedTag=false", "tag", "-a", "-m", "a tag of a tag", "v1.0.1", "inner")
	second := w.run("rev-parse", "HEAD")
	w.commit("feat: add")
	h := w.history("")
	assert.Equal(t, "v1.1.0", w.next(""))
	require.Equal(t, "v1.0.0", h.Tags[1].Name)
	assert.Equal(t, first, h.Tags[1].Commit)
	require.Equal(t, "v1.0.1", h.Tags[2].Name)
	assert.Equal(t, second, h.Tags[2].Commit)
}

func TestClonesWithoutTags(t *testing.T) {
	w := newWorkshop(t)
	w.commit("feat: begin")
	w.run("tag", "v1.0.0")
	w.commit("fix: mend")
	clone := &workshop{t: t, dir: t.TempDir(), tick: w.tick}
	clone.run("clone", "--quiet", "--no-tags", w.dir, ".")
	_, err := clone.open().History(t.Context(), changelog.Policy{})
	require.ErrorIs(t, err, git.ErrNoTags)
	clone.run("fetch", "--quiet", "--tags")
	assert.Equal(t, "v1.0.1", clone.next(""), "once they are there, the setting does not matter")
	other := newWorkshop(t)
	other.commit("feat: begin")
	other.run("remote", "add", "origin", w.dir)
	assert.Equal(t, "v0.1.0", other.next(""), "a remote alone proves nothing")
}
