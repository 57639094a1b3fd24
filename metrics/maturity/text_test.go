package maturity_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/maturity"
)

// What names and notes say steers no terminal, breaks no line and no table, and becomes no link and no mark.
func TestHostileNames(t *testing.T) {
	const evil = "s\x1b[31m\n# x | <b> [a](http://evil.example) \u202e`x` https://evil.example"
	m := one(maturity.Practice{})
	m.Title = evil
	a := assess(t, m, maturity.Input{At: now, Services: []maturity.Service{{Name: evil}}, Declarations: []maturity.Declaration{
		{Practice: "p", Service: evil, Holds: true, By: evil, At: ago(1), Note: evil},
	}})
	for _, text := range []string{a.Text(), a.Markdown()} {
		for _, r := range text {
			require.False(t, unicode.IsControl(r) && r != '\n' || unicode.Is(unicode.Cf, r), "%q", r)
		}
	}
	lines := strings.Split(strings.TrimSpace(a.Markdown()), "\n")
	for _, line := range lines {
		plain := strings.ReplaceAll(line, `\|`, "")
		if strings.HasPrefix(plain, "|") {
			assert.Contains(t, []int{6 + 1, 5 + 1}, strings.Count(plain, "|"), line) // dimensions and steps, or practices
		}
		assert.NotContains(t, strings.ReplaceAll(plain, `\]`, ""), "](")
		assert.NotContains(t, plain, "://")
		assert.NotContains(t, strings.ReplaceAll(plain, `\<`, ""), "<")
		assert.NotContains(t, strings.TrimLeft(line, "# "), " # ")
	}
	assert.Len(t, strings.Split(assess(t, one(maturity.Practice{}), maturity.Input{At: now}).Text(), "\n"), 9, "no services at all")
}
