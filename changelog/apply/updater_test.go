package apply_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/apply"
	"github.com/davit-sdk/davit/changelog/document"
)

func to(version string) apply.Release {
	return apply.Release{Decision: changelog.Decision{Next: semver.MustParse(version)}}
}

func TestPattern(t *testing.T) {
	for _, tc := range []struct{ pattern, text, want string }{
		{`version = "{version}"`, `version = "1.2.3"`, `version = "2.0.0-rc.1+b"`},
		{`version = "{version}"`, `version = "1.2.3-beta.1+5"`, `version = "2.0.0-rc.1+b"`},
		{`v{version}`, "a v1.2.3, b v0.0.0\n", "a v2.0.0-rc.1+b, b v2.0.0-rc.1+b\n"},
		{`{version} is out`, `1.2.3 is out`, `2.0.0-rc.1+b is out`},
		{`.*{version}`, `x1.2.3 .*1.2.3`, `x1.2.3 .*2.0.0-rc.1+b`},
		{`shop@{version}"`, "shop@1.2.3\"\xff\r\n", "shop@2.0.0-rc.1+b\"\xff\r\n"},
		{`v{version}`, "v1.2", ""},
		{`v{version}`, "v01.2.3", ""},
		{`v{version}`, "", ""},
		{`v`, "v1.2.3", ""},
		{`{version}`, "1.2.3", ""},
		{`{version} {version}`, "1.2.3 1.2.3", ""},
	} {
		t.Run(tc.pattern+" in "+tc.text, func(t *testing.T) {
			got, err := apply.Pattern(tc.pattern).Update([]byte(tc.text), to("2.0.0-rc.1+b"))
			if tc.want == "" {
				assert.Error(t, err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tc.want, string(got))
		})
	}
}

func TestPointer(t *testing.T) {
	for _, tc := range []struct{ pointer, text, want string }{
		{"/version", `{"version":"1.2.3"}`, `{"version":"2.0.0"}`},
		{"/version", "{\n\t\"a\": [1, {\"version\": \"0\"}],\n\t\"version\"  :\n \"1\\\"2\\\\\" ,\"z\":null}\n\n", "{\n\t\"a\": [1, {\"version\": \"0\"}],\n\t\"version\"  :\n \"2.0.0\" ,\"z\":null}\n\n"},
		{"/packages//version", `{"packages":{"":{"version":""}}}`, `{"packages":{"":{"version":"2.0.0"}}}`},
		{"/a~1b/m~0n", `{"a/b":{"m~n":"x"}}`, `{"a/b":{"m~n":"2.0.0"}}`},
		{"/1/v", `[{"v":"a"},{"v":"b"}]`, `[{"v":"a"},{"v":"2.0.0"}]`},
		{"/0", `["a"]`, `["2.0.0"]`},
		{"/01", `["a","b"]`, ""},
		{"/2", `["a","b"]`, ""},
		{"/-", `["a","b"]`, ""},
		{"/version", `{"version":1}`, ""},
		{"/version", `{"version":{"a":"b"}}`, ""},
		{"/version/x", `{"version":"a"}`, ""},
		{"/none", `{"version":"a"}`, ""},
		{"version", `{"version":"a"}`, ""},
		{"", `"a"`, ""},
		{"/version", `{"version":"a"`, ""},
		{"/version", `{"version":"a"} x`, ""},
		{"/version", ``, ""},
		{"/a", `{"a":"1","a":"2"}`, ""},
	} {
		t.Run(tc.pointer+" in "+tc.text, func(t *testing.T) {
			got, err := apply.Pointer(tc.pointer).Update([]byte(tc.text), to("2.0.0"))
			if tc.want == "" {
				assert.Error(t, err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tc.want, string(got))
		})
	}
}

// FuzzPointer compares with a file that is read, changed and written as a whole.
func FuzzPointer(f *testing.F) {
	f.Add(`{"version":"1.2.3"}`, "version")
	f.Add(`{"a":["\\\"",{"version":"x"}],"version":"\\"}`, "version")
	f.Add(`{"\u0061":"b"}`, "a")
	f.Add(`{"a":"1","a":"2"}`, "a")
	f.Fuzz(func(t *testing.T, text, key string) {
		pointer := "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
		got, err := apply.Pointer(pointer).Update([]byte(text), to("2.0.0"))
		var was map[string]any
		if json.Unmarshal([]byte(text), &was) != nil {
			return
		}
		if err != nil {
			return
		}
		var is map[string]any
		require.NoError(t, json.Unmarshal(got, &is))
		assert.Equal(t, "2.0.0", is[key])
		was[key] = "2.0.0"
		assert.Equal(t, was, is)
	})
}

func ExamplePattern() {
	text := []byte("const Version = \"1.2.3\" // since 1.0.0\n")
	text, err := apply.Pattern(`Version = "{version}"`).Update(text, to("1.3.0"))
	fmt.Print(string(text), err)
	// Output:
	// const Version = "1.3.0" // since 1.0.0
	// <nil>
}

func TestDocument(t *testing.T) {
	y := newYard(t)
	r := apply.Release{Decision: y.plan(t).Components[0], Time: time.Date(2026, 3, 1, 23, 0, 0, 0, time.FixedZone("", -7200))}
	begun, err := apply.Document{}.Update(nil, r)
	require.NoError(t, err)
	assert.Regexp(t, `(?s)^# Changelog\n.*## \[?1\.1\.0\]? - 2026-03-02\n\n### Added\n\n- add`, string(begun))
	again, err := apply.Document{}.Update(begun, r)
	require.NoError(t, err)
	assert.Equal(t, string(begun), string(again), "twice is once")
	kept, err := apply.Document{}.Update([]byte("# Log\n\nOurs.\n\n## [Unreleased]\n\n### Fixed\n\n- By hand\n\n## 1.0.0\n\n* old   text\n"), r)
	require.NoError(t, err)
	assert.Regexp(t, `(?s)^# Log\n\nOurs\.\n\n## \[Unreleased\]\n\n## .?1\.1\.0.? - 2026-03-02\n.*- add.*- By hand\n.*## 1\.0\.0\n\n\* old   text\n$`, string(kept))
}

// What was generated under Unreleased before is not told twice, nor told where it does not hold any more; what people made of it stays.
func TestDocumentReleasesUnreleased(t *testing.T) {
	y := newYard(t)
	y.git(t, "shop", "commit", "--quiet", "--allow-empty", "-m", "fix: mend")
	y.git(t, "shop", "commit", "--quiet", "--allow-empty", "-m", "fix: dropped later")
	y.git(t, "shop", "commit", "--quiet", "--allow-empty", "-m", "fix: reworded by hand")
	doc := document.Parse("# C\n\n## [Unreleased]\n\n### Fixed\n\n- By hand\n\n## [1.0.0] - 2020-01-01\n")
	pending := y.plan(t).Components[0].Notes(changelog.NotesOptions{})
	pending.Version = nil
	require.NoError(t, doc.Upsert(pending, document.Options{}))
	text := strings.Replace(doc.String(), "reworded by hand", "in better words", 1)

	y.git(t, "shop", "reset", "--quiet", "--hard", "HEAD~3")
	y.git(t, "shop", "commit", "--quiet", "--allow-empty", "-m", "fix: mend", "-m", "With another id.")
	r := apply.Release{Decision: y.plan(t).Components[0], Time: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	out, err := apply.Document{}.Update([]byte(text), r)
	require.NoError(t, err)
	unreleased, released, ok := strings.Cut(string(out), "## [1.1.0] - 2026-03-01")
	require.True(t, ok, "%s", out)
	assert.NotContains(t, unreleased, "- ")
	for line, times := range map[string]int{"- add": 1, "- mend": 1, "- By hand": 1, "- in better words": 1, "dropped later": 0} {
		assert.Equal(t, times, strings.Count(released, line), "%s in %s", line, released)
	}
	again, err := apply.Document{}.Update(out, r)
	require.NoError(t, err)
	assert.Equal(t, string(out), string(again), "twice is once")
}
