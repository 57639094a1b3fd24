package house_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shown is a test that a page names, as `folder TestName`.
var shown = regexp.MustCompile("`([a-z0-9/]+) ((?:Test|Fuzz|Benchmark|Example)[A-Za-z0-9_]*)`")

// unshownBy are the tests that the text names and that are not there.
func unshownBy(text string, there func(dir, test string) bool) (names []string, all int) {
	for _, m := range shown.FindAllStringSubmatch(text, -1) {
		if all++; !there(m[1], m[2]) {
			names = append(names, m[1]+" "+m[2])
		}
	}
	return names, all
}

// written reports whether there is such a test in a folder of the repository, nested modules included.
func written(dir, test string) bool {
	files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(dir), "*_test.go"))
	if err != nil {
		return false
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(text), "\nfunc "+test+"(") {
			return true
		}
	}
	return false
}

// TestFailuresAreShown: each test that the table of failures names exists, and each row names one, or says that
// it does not apply.
func TestFailuresAreShown(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "release", "FAILURES.md"))
	require.NoError(t, err)
	names, all := unshownBy(string(text), written)
	assert.Empty(t, names, "named, and not there")
	assert.Greater(t, all, 60)
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| #") || strings.HasPrefix(line, "| ---") {
			continue
		}
		assert.True(t, shown.MatchString(line) || strings.Contains(line, "does not apply: "), "nothing shows it: %s", line)
	}

	names, all = unshownBy("see `a/b TestX`, `a TestY` and `TestZ`", func(dir, test string) bool { return test == "TestY" })
	assert.Equal(t, []string{"a/b TestX"}, names)
	assert.Equal(t, 2, all)
}
