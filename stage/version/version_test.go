package version_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/git"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/stagetest"
	"github.com/davit-sdk/davit/stage/version"
)

// run runs git with an identity of its own, whatever the machine has.
func run(t testing.TB, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "GIT_") })
	cmd.Env = append(cmd.Env, "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@shop.example", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@shop.example")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "git %s: %s", args, out)
	return strings.TrimSpace(string(out))
}

func repository(t testing.TB, messages ...string) string {
	t.Helper()
	dir := t.TempDir()
	run(t, dir, "init", "-q", "-b", "main")
	for i, m := range messages {
		if tag, ok := strings.CutPrefix(m, "tag "); ok {
			run(t, dir, "tag", tag)
			continue
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), fmt.Append(nil, i), 0o600))
		run(t, dir, "add", "file")
		run(t, dir, "commit", "-q", "-m", m)
	}
	return dir
}

func TestConformance(t *testing.T) {
	dir := repository(t, "feat: begin", "tag v1.0.0", "fix: mend")
	stagetest.Run(t, func() stage.Stage { return version.Stage{Dir: dir} }, stagetest.Case{Name: "a fix"})
	done := repository(t, "feat: begin", "tag v1.0.0", "docs: tell")
	stagetest.Run(t, func() stage.Stage { return version.Stage{Dir: done} }, stagetest.Case{Name: "nothing to do", Want: stage.Skipped})
}

func TestWritesVersionAndNotes(t *testing.T) {
	dir := repository(t, "feat: begin", "tag v1.2.3", "docs: tell", "feat(api)!: other answers")
	s := version.Stage{Dir: dir}
	h := stagetest.NewHost(s)
	h.Release.RequestedAt = time.Date(2026, 3, 1, 23, 30, 0, 0, time.FixedZone("west", -3600))
	require.NoError(t, s.Run(t.Context(), h.Task()))
	for key, want := range map[stage.Key[string]]string{stage.Version: "2.0.0", stage.Previous: "1.2.3"} {
		got, err := stagetest.Value(h, key)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	notes, err := stagetest.Value(h, stage.Notes)
	require.NoError(t, err)
	assert.Contains(t, notes, "2.0.0 - 2026-03-02", "the day in UTC on which the release was asked for")
	assert.Contains(t, notes, "other answers")
	var d changelog.Decision
	require.Len(t, h.Details(), 1)
	require.NoError(t, json.Unmarshal(h.Details()[0].Data, &d))
	assert.Equal(t, changelog.Major, d.Level)
	assert.Len(t, d.Skipped, 1)
}

func TestFirstVersion(t *testing.T) {
	s := version.Stage{Dir: repository(t, "feat: begin")}
	h := stagetest.NewHost(s)
	require.NoError(t, s.Run(t.Context(), h.Task()))
	previous, err := stagetest.Value(h, stage.Previous)
	require.NoError(t, err)
	assert.Empty(t, previous)
	v, err := stagetest.Value(h, stage.Version)
	require.NoError(t, err)
	assert.Equal(t, "0.1.0", v)
}

// imported is a repository with these messages after a tag v1.0.0, made in one go.
func imported(t *testing.T, messages ...string) string {
	t.Helper()
	dir := repository(t, "feat: begin", "tag v1.0.0")
	var stream strings.Builder
	for i, message := range messages {
		fmt.Fprintf(&stream, "commit refs/heads/main\ncommitter Ada <ada@shop.example> %d +0000\ndata %d\n%s\n", 1800000000+i, len(message), message)
		if i == 0 {
			stream.WriteString("from refs/heads/main^0\n")
		}
	}
	cmd := exec.Command("git", "fast-import", "--quiet")
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stream.String())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return dir
}

func repeated(n int, format string) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(format, i)
	}
	return all
}

// Whatever people commit, the release goes on: what is too long to be recorded is shortened.
func TestVersionStageGiants(t *testing.T) {
	for _, tc := range []struct {
		name     string
		messages []string
		version  string
		notes    []string
		detail   []string
	}{
		{"many", repeated(12_000, "feat(part-%[1]d): add something <b>that</b> users have been asking for (#%[1]d)"), "1.1.0",
			[]string{"- **part-0:** add something", "more, left out here for want of room*\n"}, []string{"1.1.0 (minor)", "more lines, left out"}},
		{"a text as a detail", repeated(1500, "fix: mend number %d"), "1.0.1",
			[]string{"- mend number 1499"}, []string{"1.0.1 (patch)"}},
		{"a long header", []string{"feat: " + strings.Repeat("a", 1<<20)}, "1.1.0", []string{"a … ("}, []string{"1.1.0 (minor)", "aaa …"}},
		{"brackets", []string{"feat: " + strings.Repeat("<", 70_000), "feat: " + strings.Repeat("<", 70_000)}, "1.1.0",
			[]string{"&lt;&lt; … ("}, []string{"1.1.0 (minor)", "<<< …"}},
		{"a long scope", []string{"feat(" + strings.Repeat("a", 1<<20) + "): x"}, "1.1.0", []string{"a …:** x ("}, []string{"aaa …"}},
		{"a long type", []string{"fix: y", strings.Repeat("a", 1<<20) + ": x"}, "1.0.1", []string{"- y ("}, []string{"aaa …"}},
		{"a long footer", []string{"fix: x\n\nBREAKING CHANGE: " + strings.Repeat("`y` & ", 1<<18)}, "2.0.0", []string{"- x (", "`y` &amp;"}, []string{"2.0.0 (major)"}},
		{"many footers", []string{"fix: x\n\n" + strings.Repeat("BREAKING CHANGE: y\n", 60_000)}, "2.0.0", []string{"- x (", "  y\n"}, []string{"2.0.0 (major)"}},
		{"many references", []string{"fix: x\n\nRefs: " + strings.Repeat("#1 ", 1<<19) + "#" + strings.Repeat("1", 1<<19)}, "1.0.1", []string{"- x (Refs #1"}, []string{"1.0.1 (patch)"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := version.Stage{Dir: imported(t, tc.messages...)}
			h := stagetest.NewHost(s)
			require.NoError(t, s.Run(t.Context(), h.Task()))
			got, err := stagetest.Value(h, stage.Version)
			require.NoError(t, err)
			assert.Equal(t, tc.version, got)
			notes, err := stagetest.Value(h, stage.Notes)
			require.NoError(t, err)
			raw, err := json.Marshal(notes)
			require.NoError(t, err)
			assert.LessOrEqual(t, len(raw), version.MaxNotes)
			for _, part := range tc.notes {
				assert.True(t, strings.Contains(notes, part), "%q is not in the notes", part)
			}
			var text string
			require.NoError(t, json.Unmarshal(h.Details()[0].Data, &text))
			for _, part := range tc.detail {
				assert.True(t, strings.Contains(text, part), "%q is not in the detail", part)
			}
		})
	}
}

func TestBadInput(t *testing.T) {
	dir := repository(t, "feat: begin")
	s := version.Stage{Dir: dir}
	h := stagetest.NewHost(s)
	h.Release.Commit = strings.Repeat("0", 40)
	require.ErrorContains(t, s.Run(t.Context(), h.Task()), "the repository is at")
	h = stagetest.NewHost(s)
	h.Release.Commit = run(t, dir, "rev-parse", "HEAD")
	require.NoError(t, s.Run(t.Context(), h.Task()))

	s = version.Stage{Dir: t.TempDir()}
	require.ErrorIs(t, s.Run(t.Context(), stagetest.NewHost(s).Task()), git.ErrNotRepository)

	err := version.Stage{
		Policy: changelog.Policy{Tags: "nothing"}, Notes: changelog.NotesOptions{Sections: []changelog.SectionRule{{Kind: ""}}},
	}.Validate()
	require.ErrorContains(t, err, "Version.Dir")
	require.ErrorContains(t, err, "Version.Notes: 1 error occurred:\n\t* Sections[0].Kind: is missing")
	require.ErrorContains(t, err, "Version.Policy")
}

func TestDirtyTree(t *testing.T) {
	dir := repository(t, "feat: begin")
	s := version.Stage{Dir: dir}
	h := stagetest.NewHost(s)
	require.NoError(t, s.Run(t.Context(), h.Task()))
	commit, err := stagetest.Value(h, version.Commit)
	require.NoError(t, err)
	assert.Equal(t, run(t, dir, "rev-parse", "HEAD"), commit)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), []byte("edited"), 0o600))
	err = s.Run(t.Context(), stagetest.NewHost(s).Task())
	require.ErrorIs(t, err, version.ErrDirty)
	assert.ErrorContains(t, err, `["file"]`)
	s.AllowDirty = true
	require.NoError(t, s.Run(t.Context(), stagetest.NewHost(s).Task()))

	for n := range 25 {
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprint("new", n)), nil, 0o600))
	}
	run(t, dir, "add", "--all")
	s.AllowDirty = false
	require.ErrorContains(t, s.Run(t.Context(), stagetest.NewHost(s).Task()), "and 6 more; commit them")
}

func ExampleStage() {
	// In a pipeline the stage comes first; a unit test runs it on its own.
	s := version.Stage{
		Dir:    "testdata", // a folder of the repository that is released
		Policy: changelog.Policy{Initial: semver.MustParse("1.0.0"), Tags: "shop/v{version}"},
	}
	fmt.Println(s.Validate())
	fmt.Println(s.Writes())
	// Output:
	// <nil>
	// [version (string) previous-version (string) notes (string) commit (string) version-level (changelog.Level) version-tag (string) version-channel (string)]
}

func TestItIsPure(t *testing.T) {
	assert.Equal(t, stage.Pure, stage.EffectOf(version.Stage{}))
}

func TestOneOfManyComponents(t *testing.T) {
	dir := repository(t, "feat: begin", "tag api/v1.0.0", "tag web/v2.0.0", "fix(api): mend", "feat(web): add")
	policy := changelog.Policy{
		Channel:    "beta",
		Components: []changelog.Component{{Name: "api", Paths: []string{"api"}, Scopes: []string{"api"}}, {Name: "web", Paths: []string{"web"}, Scopes: []string{"web"}}},
	}
	for name, want := range map[string]struct {
		version, tag string
		level        changelog.Level
	}{"api": {"1.0.1-beta.1", "api/v1.0.1-beta.1", changelog.Patch}, "web": {"2.1.0-beta.1", "web/v2.1.0-beta.1", changelog.Minor}} {
		s := version.Stage{Dir: dir, Policy: policy, Component: name}
		require.NoError(t, s.Validate())
		h := stagetest.NewHost(s)
		require.NoError(t, s.Run(t.Context(), h.Task()))
		for key, text := range map[stage.Key[string]]string{stage.Version: want.version, version.Tag: want.tag, version.Channel: "beta"} {
			got, err := stagetest.Value(h, key)
			require.NoError(t, err)
			assert.Equal(t, text, got)
		}
		level, err := stagetest.Value(h, version.Level)
		require.NoError(t, err)
		assert.Equal(t, want.level, level)
		require.Len(t, h.Details(), 2)
		var plan changelog.Plan
		assert.Equal(t, version.DetailPlan, h.Details()[1].Name)
		require.NoError(t, json.Unmarshal(h.Details()[1].Data, &plan))
		assert.Len(t, plan.Components, 2)
	}
	assert.ErrorContains(t, version.Stage{Dir: dir, Policy: policy}.Validate(), "Version.Component: is missing")
	err := version.Stage{Dir: dir, Policy: policy, Component: "cli"}.Validate()
	require.ErrorContains(t, err, `Version.Component: "cli" is no component`)
	require.ErrorContains(t, version.Stage{Dir: dir, Component: "cli"}.Validate(), "is no component")
	s := version.Stage{Dir: dir, Policy: policy, Component: "cli"}
	require.ErrorContains(t, s.Run(t.Context(), stagetest.NewHost(s).Task()), "is no component")
	policy.Umbrella = &changelog.Component{Name: "all"}
	for _, name := range []string{"", "all"} {
		s := version.Stage{Dir: dir, Policy: policy, Component: name}
		require.NoError(t, s.Validate())
		h := stagetest.NewHost(s)
		require.NoError(t, s.Run(t.Context(), h.Task()))
		level, err := stagetest.Value(h, version.Level)
		require.NoError(t, err)
		assert.Equal(t, changelog.Minor, level)
	}
}
