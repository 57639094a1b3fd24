package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// program is the built program.
var program string

func TestMain(m *testing.M) {
	flag.Parse()
	dir, err := os.MkdirTemp("", "changelog")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	program = filepath.Join(dir, "changelog.exe")
	out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		os.RemoveAll(dir)
		os.Exit(1)
	}
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}

// said is what the program says and how it ends.
type said struct {
	out, err string
	status   int
}

func call(t *testing.T, dir string, args ...string) said {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	var out, told bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &told
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return said{out.String(), told.String(), cmd.ProcessState.ExitCode()}
}

// right is an answer.
func right(out string) said { return said{out: out} }

func runGit(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@shop.example", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@shop.example",
		"GIT_AUTHOR_DATE=2026-03-01T12:00:00Z", "GIT_COMMITTER_DATE=2026-03-01T12:00:00Z")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "git %s: %s", args, out)
	return strings.TrimSpace(string(out))
}

// repository has a commit for each text, which changes the file before " < " if there is one, and a tag for each "tag NAME".
func repository(t *testing.T, history ...string) string {
	t.Helper()
	dir := t.TempDir()
	runGit(t, dir, "init", "-q", "-b", "main")
	for i, text := range history {
		if name, ok := strings.CutPrefix(text, "tag "); ok {
			runGit(t, dir, "tag", name)
			continue
		}
		path, message, ok := strings.Cut(text, " < ")
		if !ok {
			path, message = "file", text
		}
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(path)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, path), fmt.Append(nil, i), 0o644))
		runGit(t, dir, "add", "--all")
		runGit(t, dir, "commit", "-q", "-m", message)
	}
	return dir
}

func TestNext(t *testing.T) {
	for _, tc := range []struct {
		name    string
		history []string
		flags   []string
		want    string
	}{
		{"a feature", []string{"feat: begin", "tag v1.2.3", "feat: add"}, nil, "1.3.0\n"},
		{"nothing", []string{"feat: begin", "tag v1.2.3", "docs: tell"}, nil, "\n"},
		{"the first", []string{"feat: begin"}, nil, "0.1.0\n"},
		{"breaking", []string{"feat: begin", "tag v1.2.3", "fix!: other"}, nil, "2.0.0\n"},
		{"a channel", []string{"feat: begin", "tag v1.2.3", "feat: add"}, []string{"-channel", "beta"}, "1.3.0-beta.1\n"},
		{"the next of a channel", []string{"feat: begin", "tag v1.2.3", "feat: add", "tag v1.3.0-beta.1", "fix: mend"}, []string{"-channel", "beta"}, "1.3.0-beta.2\n"},
		{"graduation", []string{"feat: begin", "tag v1.2.3", "feat: add", "tag v1.3.0-rc.1"}, []string{"-final"}, "1.3.0\n"},
		{"graduation of a channel", []string{"feat: begin", "tag v1.2.3", "feat: add", "tag v1.3.0-rc.1", "docs: x"}, []string{"--final"}, "1.3.0\n"},
		{"graduation, whatever the channel", []string{"feat: begin", "tag v1.2.3", "feat: add", "tag v1.3.0-rc.1"}, []string{"-final", "-channel", "rc"}, "1.3.0\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := repository(t, tc.history...)
			before := runGit(t, dir, "for-each-ref") + runGit(t, dir, "status", "--porcelain")
			assert.Equal(t, right(tc.want), call(t, dir, append([]string{"-next"}, tc.flags...)...))
			assert.Equal(t, right(tc.want), call(t, t.TempDir(), append([]string{"-C", dir, "-next"}, tc.flags...)...))
			assert.Equal(t, before, runGit(t, dir, "for-each-ref")+runGit(t, dir, "status", "--porcelain"))
		})
	}
}

func TestNotes(t *testing.T) {
	dir := repository(t, "feat: begin", "tag v1.2.3", "feat(api): add <b>", "fix: mend", "docs: tell")
	notes := call(t, dir)
	assert.Equal(t, 0, notes.status)
	assert.Regexp(t, `(?s)^## 1\.3\.0\n\n### Features\n\n- \*\*api:\*\* add &lt;b&gt; .*\n### Fixes\n\n- mend `, notes.out)
	assert.NotContains(t, notes.out, "tell")
	assert.Equal(t, notes, call(t, dir, "-notes"))
	assert.Equal(t, notes, call(t, filepath.Join(dir, ".git")))
	runGit(t, dir, "tag", "v1.3.0")
	assert.Equal(t, right("Nothing to release. (-why tells of each commit why it does not count.)\n"), call(t, dir))
}

func TestFull(t *testing.T) {
	dir := repository(t, "feat: begin", "tag v1.0.0", "fix: mend", "tag v1.0.1-rc.1", "tag v1.0.1", "feat: add")
	full := call(t, dir, "-full")
	assert.Equal(t, 0, full.status, full.err)
	assert.Regexp(t, `(?s)^# Changelog\n\n## Unreleased\n\n### Features\n\n- add .*\n\n## 1\.0\.1 - 2026-03-01\n\n### Fixes\n\n- mend .*\n\n## 1\.0\.0 - 2026-03-01\n\n### Features\n\n- begin [^\n]*\n$`, full.out)
	runGit(t, dir, "tag", "v1.1.0")
	assert.Regexp(t, `^# Changelog\n\n## 1\.1\.0`, call(t, dir, "-full").out)
}

func TestWhy(t *testing.T) {
	dir := repository(t, "feat: begin", "tag v1.2.3", "tag latest", "feat: add", "docs: tell")
	why := call(t, dir, "-why")
	assert.Equal(t, 0, why.status)
	for _, part := range []string{"1.2.3 -> 1.3.0 (minor)", "v1.2.3 is the highest release tag", "feat is minor", "docs is none", "latest"} {
		assert.Contains(t, why.out, part)
	}
}

func TestJSON(t *testing.T) {
	dir := repository(t, "feat: begin", "tag v1.2.3", "tag latest", "feat: add", "docs: tell", "no type at all")
	told := call(t, dir, "-json")
	require.Equal(t, 0, told.status, told.err)
	var plan struct {
		Components []struct {
			Name        string
			Previous    string
			PreviousWhy string `json:"previous_why"`
			Next        string
			Level       string
			Reasons     []struct{ Commit, Rule, Level, Subject string }
			Skipped     []struct{ Commit, Why string }
			IgnoredTags []struct{ Tag, Why string } `json:"ignored_tags"`
		}
		Diagnostics []struct{ Commit, Code string }
	}
	require.NoError(t, json.Unmarshal([]byte(told.out), &plan))
	require.Len(t, plan.Components, 1)
	c := plan.Components[0]
	assert.Equal(t, []string{"", "1.2.3", "1.3.0", "minor"}, []string{c.Name, c.Previous, c.Next, c.Level})
	assert.NotEmpty(t, c.PreviousWhy)
	require.Len(t, c.Reasons, 1)
	assert.Equal(t, []string{runGit(t, dir, "rev-parse", "HEAD~2"), "feat is minor", "minor", "feat: add"},
		[]string{c.Reasons[0].Commit, c.Reasons[0].Rule, c.Reasons[0].Level, c.Reasons[0].Subject})
	assert.Len(t, c.Skipped, 2)
	require.Len(t, c.IgnoredTags, 1)
	assert.Equal(t, "latest", c.IgnoredTags[0].Tag)
	require.NotEmpty(t, plan.Diagnostics)
	assert.Equal(t, runGit(t, dir, "rev-parse", "HEAD"), plan.Diagnostics[0].Commit)
}

var update = flag.Bool("update", false, "write the golden files anew")

// TestJSONShape: the fields of the documented shape, and no others.
func TestJSONShape(t *testing.T) {
	dir := repository(t, "api/x < feat: begin", "web/x < feat: begin", "tag api/v1.0.0", "tag web/v2.0.0", "tag v3.0.0", "tag api/vnext", "tag latest",
		"api/x < feat: add\n\nBREAKING CHANGE: other", "web/x < docs: tell", "other < fix: nobody's", "api/x < no type at all")
	file := filepath.Join(t.TempDir(), "policy.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"umbrella": {"name": "all"}, "components": [{"name": "api", "paths": ["api"]}, {"name": "web", "paths": ["web"], "depends_on": ["api"]}, {"name": "new", "paths": ["web/new"]}]}`), 0o600))
	got := call(t, dir, "-json", "-config", file)
	require.Equal(t, 0, got.status, got.err)
	golden := filepath.Join("testdata", "plan.json")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got.out), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), got.out)
	assert.NotContains(t, got.out, "null")
}

// TestLinks: commits and ranges are links where the remote says which forge it is on.
func TestLinks(t *testing.T) {
	dir := repository(t, "feat: begin", "tag v1.2.3", "feat: add (#12)")
	runGit(t, dir, "-c", "user.name=Eve", "commit", "--quiet", "--allow-empty", "--author=Eve <eve@shop.example>", "-m", "fix: mend")
	id := runGit(t, dir, "rev-parse", "HEAD")
	for _, tc := range []struct {
		remote, forge, commit, compare string
	}{
		{"git@github.com:boat/shop.git", "", "https://github.com/boat/shop/commit/" + id, "https://github.com/boat/shop/compare/v1.2.3...v1.3.0"},
		{"https://gitlab.example/boat/shop", "gitlab", "https://gitlab.example/boat/shop/-/commit/" + id, "https://gitlab.example/boat/shop/-/compare/v1.2.3...v1.3.0"},
		{"https://codeberg.org/boat/shop", "", "https://codeberg.org/boat/shop/commit/" + id, "https://codeberg.org/boat/shop/compare/v1.2.3...v1.3.0"},
		{"https://bitbucket.org/boat/shop", "", "https://bitbucket.org/boat/shop/commits/" + id, "https://bitbucket.org/boat/shop/branches/compare/v1.3.0%0Dv1.2.3"},
		{"https://git.example/boat/shop", "gitea", "https://git.example/boat/shop/commit/" + id, "https://git.example/boat/shop/compare/v1.2.3...v1.3.0"},
		{"https://git.example/boat/shop", "", "", ""},
		{"https://github.com/boat/shop", "none", "", ""},
		{"../folder", "", "", ""},
		{"", "", "", ""},
	} {
		if tc.remote != "" {
			if strings.Contains(runGit(t, dir, "remote"), "origin") {
				runGit(t, dir, "remote", "remove", "origin")
			}
			runGit(t, dir, "remote", "add", "origin", tc.remote)
		}
		args := []string{}
		if tc.forge != "" {
			args = append(args, "-forge", tc.forge)
		}
		notes, full := call(t, dir, args...), call(t, dir, append(args, "-full")...)
		assert.Equal(t, 0, notes.status+full.status, notes.err+full.err)
		assert.Contains(t, notes.out, "by Eve")
		assert.Contains(t, full.out, "by Eve")
		assert.Contains(t, notes.out, "### Contributors\n\n- Ada\n- Eve (first contribution)\n")
		if tc.commit == "" {
			assert.NotContains(t, notes.out+full.out, "](")
			continue
		}
		assert.Contains(t, notes.out, "]("+tc.commit+")", tc.remote)
		assert.Contains(t, notes.out, "## [1.3.0]("+tc.compare+")", tc.remote)
		assert.Contains(t, full.out, "]("+tc.commit+")", tc.remote)
	}
	wrong := call(t, dir, "-forge", "github")
	assert.Equal(t, 1, wrong.status, "a folder has no pages, and somebody said that it has")
	runGit(t, dir, "remote", "set-url", "origin", "https://eve:secret@github.com/boat")
	wrong = call(t, dir, "-forge", "github")
	assert.Equal(t, 1, wrong.status)
	assert.NotContains(t, wrong.err, "secret")
	wrong = call(t, repository(t, "feat: begin"), "-forge", "github")
	assert.Equal(t, 1, wrong.status)
	assert.Contains(t, wrong.err, "there is no remote origin")
	first := call(t, repository(t, "feat: begin"))
	assert.Contains(t, first.out, "### Contributors\n\n- Ada\n", "of a first release everybody is new")
}

func TestConfig(t *testing.T) {
	dir := repository(t, "api/x < feat: begin", "web/x < feat: begin", "tag api/v1.0.0", "tag web/v2.0.0", "api/x < fix: mend", "web/x < feat: add", "docs: tell")
	file := filepath.Join(t.TempDir(), "policy.json")
	config := func(text string) { require.NoError(t, os.WriteFile(file, []byte(text), 0o644)) }
	config(`{"components": [{"name": "api", "paths": ["api"]}, {"name": "web", "paths": ["web"]}, {"name": "rest", "paths": ["rest"]}]}`)
	assert.Equal(t, said{out: "api 1.0.1\nweb 2.1.0\n", err: "changelog: note: component rest: no commit has ever changed the path \"rest\"\n"},
		call(t, dir, "-next", "-config", file))
	notes := call(t, dir, "-config", file)
	assert.Regexp(t, `(?s)^## api 1\.0\.1.*mend.*\n\n## web 2\.1\.0.*add`, notes.out)
	full := call(t, dir, "-full", "-config", file)
	assert.Equal(t, 0, full.status, full.err)
	assert.Regexp(t, `(?s)mend.*## api 1\.0\.0`, full.out)

	config(`{"types": {"docs": "patch"}, "tags": "api/v{version}", "channel": "beta"}`)
	assert.Equal(t, right("1.1.0-beta.1\n"), call(t, dir, "-next", "-config", file))
	assert.Equal(t, right("1.1.0-rc.1\n"), call(t, dir, "-next", "-config", file, "-channel", "rc"), "flags are above the file")
	assert.Equal(t, right("1.1.0\n"), call(t, dir, "-next", "-config", file, "-final"))

	config(`{"typos": {}}`)
	wrong := call(t, dir, "-config", file)
	assert.Equal(t, 1, wrong.status)
	assert.Contains(t, wrong.err, file)
	assert.Contains(t, wrong.err, "typos")
	assert.Equal(t, 1, call(t, dir, "-config", file+".none").status)
}

func TestFailures(t *testing.T) {
	source := repository(t, "feat: begin", "tag v1.0.0", "fix: mend")
	shallow := t.TempDir()
	runGit(t, source, "clone", "-q", "--depth=1", "file://"+source, shallow)
	bare := filepath.Join(t.TempDir(), "bare")
	runGit(t, source, "clone", "-q", "--bare", source, bare)
	empty := t.TempDir()
	runGit(t, empty, "init", "-q")
	for _, ask := range []string{"-next", "-notes", "-full", "-why", "-json"} {
		assert.Equal(t, 0, call(t, bare, ask).status, ask)
		for name, tc := range map[string]struct{ dir, want string }{
			"shallow":   {shallow, "git fetch --unshallow --tags"},
			"no folder": {filepath.Join(source, "nowhere"), "no such file"},
			"empty":     {empty, "no commits"},
		} {
			got := call(t, ".", "-C", tc.dir, ask)
			assert.Equal(t, 1, got.status, "%s %s", name, ask)
			assert.Empty(t, got.out, "%s %s", name, ask)
			assert.Contains(t, got.err, tc.want, "%s %s", name, ask)
			assert.True(t, strings.HasPrefix(got.err, "changelog: "), got.err)
		}
	}
	t.Run("taken", func(t *testing.T) {
		runGit(t, source, "checkout", "-q", "-b", "other")
		runGit(t, source, "commit", "-q", "--allow-empty", "-m", "chore: x")
		runGit(t, source, "tag", "v1.0.1")
		runGit(t, source, "checkout", "-q", "main")
		for ask, want := range map[string]string{"-next": "", "-notes": "", "-why": "no version: ", "-json": `"rule": "fix is patch"`} {
			got := call(t, source, ask)
			assert.Equal(t, 1, got.status, ask)
			if assert.Contains(t, got.out, want, ask); want == "" {
				assert.Empty(t, got.out, ask)
			}
			assert.Contains(t, got.err, "v1.0.1", ask)
		}
	})
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{"-nonsense"}, {"-next", "-full"}, {"more"}, {"-forge", "svn"}, {"-C"}, {"-next=perhaps"},
	} {
		got := call(t, ".", args...)
		assert.Equal(t, 2, got.status, "%q", args)
		assert.Empty(t, got.out, "%q", args)
		assert.Contains(t, got.err, "usage: changelog", "%q", args)
	}
	for _, name := range []string{"-C", "-channel", "-config", "-forge"} {
		got := call(t, ".", name, "")
		assert.Equal(t, 2, got.status, name)
		assert.Empty(t, got.out, name)
		assert.Contains(t, got.err, "changelog: "+name+": empty", name)
	}
	help := call(t, ".", "-h")
	assert.Equal(t, 0, help.status)
	assert.Contains(t, help.out, "usage: changelog")
	channel := call(t, ".", "-channel", "no channel", "-C", repository(t, "feat: x"))
	assert.Equal(t, 2, channel.status)
	assert.Contains(t, channel.err, "changelog: -channel: Channel: ")
	lines := strings.Split(help.out, "\n")
	for _, name := range []string{"-C DIR", "-next", "-notes", "-full", "-why", "-json", "-channel NAME", "-final", "-config FILE", "-forge NAME"} {
		assert.True(t, slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "  "+name) }), name)
	}
}

// TestWarnings: what may make the answer wrong is told beside it.
func TestWarnings(t *testing.T) {
	dir := repository(t, "feat: begin", "tag v1.2.3", "fix: mend", "tag 2.0.0", "fix: again")
	for _, mode := range []string{"-next", "-notes"} {
		got := call(t, dir, mode)
		assert.Equal(t, 0, got.status)
		assert.Regexp(t, `^changelog: note: [0-9a-f]{10}: the last release of the form v\{version\} is v1\.2\.3, and 2\.0\.0 has the form \{version\}`, got.err)
	}
	for text, want := range map[string]string{
		"feat: x\n\n* feat!: drop":                  "the header is minor, but \"feat!: drop\" within the message is major\n",
		"chore: x\n\n* feat: y":                     "",
		"feat: x\n\nBreaking change: drop":          "this is no breaking change: write \"BREAKING CHANGE: \" at the beginning of a line, below a blank line\n",
		"fix: x\n\nThis reverts commit 0123456789.": "the header is not that of a revert, so that this takes nothing back: begin it with revert:, or leave git's words\n",
		"feat: x\n\ntext\nRelease-As: 2.0.0\nmore":  "\"Release-As\" counts, but it belongs among the footers at the end of the message\n",
		"feat!: x\n\nBreaking change: drop":         "",
		"feat: x\n\nnothing odd about this":         "",
		"Drop x":                                    "changelog: note: commits that are not conventional, and that call for no release by the policy: 1 (-why names them)\n",
		"docs: tell":                                "",
	} {
		dir := repository(t, "feat: begin", "tag v1.2.3", text)
		if want != "" && !strings.HasPrefix(want, "changelog") {
			want = "changelog: note: " + runGit(t, dir, "rev-parse", "--short=10", "HEAD") + ": " + want
		}
		assert.Equal(t, want, call(t, dir, "-next").err)
	}
	both := call(t, repository(t, "feat: begin", "tag v1.2.3", "feat!: drop", "chore: x\n\n* feat: y"), "-next")
	assert.Equal(t, right("2.0.0\n"), both, "what is raised within another commit has no say")
	parts := filepath.Join(t.TempDir(), "policy.json")
	require.NoError(t, os.WriteFile(parts, []byte(`{"components": [{"name": "api", "paths": ["api"]}]}`), 0o600))
	unheard := call(t, repository(t, "api/x < feat: begin", "tag api/v1.0.0", "api/x < fix: mend", "other < chore: go\n\nRelease-As: 2.0.0"), "-next", "-config", parts)
	assert.Equal(t, "1.0.1\n", unheard.out)
	assert.Contains(t, unheard.err, "Release-As: 2.0.0 is for no component")
	merged := repository(t, "feat: begin", "tag v1.0.0")
	runGit(t, merged, "checkout", "-q", "-b", "side")
	runGit(t, merged, "commit", "-q", "--allow-empty", "-m", "fix: mend")
	runGit(t, merged, "checkout", "-q", "main")
	runGit(t, merged, "merge", "-q", "--no-ff", "-m", "Merge pull request #1 from o/side\n\nfeat!: drop", "side")
	uncounted := call(t, merged, "-next")
	assert.Equal(t, "1.0.1\n", uncounted.out)
	assert.Contains(t, uncounted.err, `the merge says "feat!: drop", which is major`)
	odd := call(t, repository(t, "feat: begin", "tag \u009b31mred\u202e-1.2.3", "tag blue-1.2.3", "fix: x"), "-next")
	assert.Contains(t, odd.err, "such as blue-1.2.3, \uFFFD31mred\uFFFD-1.2.3,", "no terminal is told what to do")
	full := call(t, dir, "-full")
	assert.Equal(t, 0, full.status)
	assert.Regexp(t, `^changelog: note: [0-9a-f]{10}: `, full.err)
	assert.Contains(t, full.err, ": 2.0.0 is no release: it has the form {version}, and not v{version}; what came with it is told as unreleased\n", full.err)
	got := call(t, repository(t, "feat: begin", "tag 1.2.3", "feat: add"), "-next")
	assert.Equal(t, 1, got.status)
	assert.Empty(t, got.out)
	assert.Contains(t, got.err, `set the tag format (Tags) to "{version}"`)
}
