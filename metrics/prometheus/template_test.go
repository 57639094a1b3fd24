package prometheus

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTemplates(t *testing.T) {
	for _, c := range []struct {
		text, filled string
		plain        bool
		selectors    int
	}{
		{`up`, `up`, true, 1},
		{` job:rate5m{} `, ` job:rate5m{} `, true, 1},
		{`a{version="{version}"}`, `a{version="1.1.0"}`, true, 1},
		{`a {version = '{version}' , x!~"{version}.*",}`, `a {version = '1.1.0' , x!~"1\\.1\\.0.*",}`, true, 1},
		{`{__name__="a",b="{group}"}`, `{__name__="a",b="1.1.0@ab"}`, true, 1},
		{`{"http.requests","b.c"="{group}"}`, `{"http.requests","b.c"="1.1.0@ab"}`, true, 1},
		{`sum(rate(a{v="{version}"}[{window}])) by (x)`, `sum(rate(a{v="1.1.0"}[90000ms])) by (x)`, false, 1},
		{`a{v="{version}"} and {w="{digest}"} or b{x="y"}`, `a{v="1.1.0"} and {w="ab"} or b{x="y"}`, false, 3},
		{`a{v="{version}"}[5m]`, `a{v="1.1.0"}[5m]`, false, 1},
		{`a{v="{version}"} offset 5m`, `a{v="1.1.0"} offset 5m`, false, 1},
		{`-a{v="{version}"}`, `-a{v="1.1.0"}`, false, 1},
		{`label_replace(a{v="{version}"}, "x", "{group}", "", "")`, `label_replace(a{v="1.1.0"}, "x", "1.1.0@ab", "", "")`, false, 1},
		{`a{p=~"\\p{Greek}[a-z]{2}",q="{Version}{}{1}"}`, `a{p=~"\\p{Greek}[a-z]{2}",q="{Version}{}{1}"}`, true, 1},
		{"a{p=~`\\d+`,v=\"{version}\"}", "a{p=~`\\d+`,v=\"1.1.0\"}", true, 1},
		{`a{v="\"{version}"}`, `a{v="\"1.1.0"}`, true, 1},
	} {
		tmpl, err := newTemplate("X", c.text)
		require.NoError(t, err, c.text)
		filled, err := tmpl.fill(values(PoolLabels("1.1.0@ab")), 90*time.Second)
		require.NoError(t, err)
		assert.Equal(t, c.filled, filled)
		assert.Equal(t, c.plain, tmpl.plain, c.text)
		assert.Len(t, tmpl.selectors, c.selectors, c.text)
	}
	for text, want := range map[string]string{
		`a{version={version}}`:                "has no value in quotes",
		`{version}`:                           "{version} stands outside of a string",
		`a[{version}]`:                        "{version} stands outside of a string",
		`a{b="{window}"}`:                     "{window} stands within a string",
		"a{b=`{version}`}":                    "{version} stands within backticks",
		`a{"{version}"="b"}`:                  "a placeholder stands in a name",
		`a{b="x`:                              "a string has no end",
		`a{b="x"`:                             "a brace is not closed",
		`a{b }`:                               "none of = != =~ !~",
		`a{b="x" c="y"}`:                      "with commas between them",
		`a{=}`:                                "conditions like",
		`a # {version}`:                       "a comment",
		"a{b=\"x\ny\"}":                       "goes on in the next line",
		"a{b=\"\xff\"}":                       "not UTF-8",
		`a{b="c"} or b{c=~"{version}"} + "{x`: "a string has no end",
		`sum(a{b="c"}) by ({version}) or "\"{x}"`: "{version} stands outside",
	} {
		_, err := newTemplate("X", text)
		assert.ErrorContains(t, err, want, text)
	}
}

func TestSelections(t *testing.T) {
	for text, want := range map[string]string{
		`up`:                                   `up{i=~"a\\.1|b"}`,
		`up{}`:                                 `up{i=~"a\\.1|b"}`,
		`a {v = "{version}", w=~'x{digest}',}`: `a{v="1.1.0",w=~'xab',i=~"a\\.1|b"}`,
		`{"http.requests", v="{version}"}`:     `{"http.requests",v="1.1.0",i=~"a\\.1|b"}`,
	} {
		tmpl, err := newTemplate("X", text)
		require.NoError(t, err)
		got, err := tmpl.selectors[0].selection(values(PoolLabels("1.1.0@ab")), anyOf("i", []string{"a.1", "b"}))
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	_, err := (selector{matchers: []matcher{{label: "a", op: "=", quote: '"', value: []piece{{name: "x", quote: '"'}}}}}).selection(nil)
	assert.ErrorContains(t, err, `the labels of the group have no "x"`)
}

// A value that is empty would match the series of all groups, or those of none.
func TestEmptyValues(t *testing.T) {
	for _, text := range []string{`req{d=~"sha256:{digest}.*"}`, `req{d="{digest}"}`, `sum(increase(req{d!="{digest}"}[{window}]))`} {
		tmpl, err := newTemplate("X", text)
		require.NoError(t, err)
		for _, v := range []values{values(PoolLabels("1.0.0")), {"digest": ""}} {
			_, err = tmpl.fill(v, time.Minute)
			require.ErrorIs(t, err, errEmpty, text)
			assert.ErrorContains(t, err, "{digest} is empty for this group")
			_, err = tmpl.selectors[0].selection(v)
			require.ErrorIs(t, err, errEmpty, text)
		}
	}
}

func TestPoolLabels(t *testing.T) {
	assert.Equal(t, map[string]string{"group": "1.1.0@86eb", "revision": "1.1.0@86eb", "version": "1.1.0", "digest": "86eb", "baseline": "false"}, PoolLabels("1.1.0@86eb"))
	assert.Equal(t, map[string]string{"group": "a@b@c/baseline", "revision": "a@b@c", "version": "a@b", "digest": "c", "baseline": "true"}, PoolLabels("a@b@c/baseline"))
	assert.Equal(t, map[string]string{"group": "1.1.0", "revision": "1.1.0", "version": "1.1.0", "digest": "", "baseline": "false"}, PoolLabels("1.1.0"))
}

// meant is the value that a string of PromQL stands for, its quotes included.
func meant(t *testing.T, text string) string {
	t.Helper()
	if text[0] == '\'' {
		inner := strings.ReplaceAll(text[1:len(text)-1], `\'`, `'`)
		text = `"` + strings.ReplaceAll(inner, `"`, `\"`) + `"`
	}
	value, err := strconv.Unquote(text)
	require.NoError(t, err, text)
	return value
}

// Whatever a group is called: it stays within its string, and the string means it.
func FuzzFill(f *testing.F) {
	for _, hostile := range []string{`1.1.0`, `"} or vector(1) #`, `'`, `\`, "a\nb", `{version}`, "\xff\x00", `.*|x`, `\"}`, "a`b", "ß\u2028"} {
		f.Add(hostile, `up{v="{group}",w='{group}',x=~"^{group}$"}`)
	}
	f.Add("x", `sum(a{b="{group}"}[{window}]) + {c!~'{version}'}`)
	f.Fuzz(func(t *testing.T, group, text string) {
		tmpl, err := newTemplate("X", text)
		if err != nil || len(group) > 200 || len(text) > 2000 {
			return
		}
		v := values{"group": group, "version": group, "digest": group}
		if group == "" {
			v = values{"group": "x", "version": "x", "digest": "x"}
			group = "x"
		}
		filled, err := tmpl.fill(v, time.Minute)
		if err != nil {
			return
		}
		again, err := scan(filled)
		if !strings.Contains(group, "{") { // one that looks like a placeholder is not filled in twice
			require.NoError(t, err, filled)
			before, err := scan(text)
			require.NoError(t, err)
			require.Len(t, again.selectors, len(before.selectors), filled)
		}
		fixed, err := newTemplate("X", `up{v="{group}",w='{group}',x=~"{group}"}`)
		require.NoError(t, err)
		got, err := fixed.fill(v, 0)
		require.NoError(t, err)
		var parts []string
		for rest := got; rest != ""; {
			i := strings.IndexAny(rest, `"'`)
			if i < 0 {
				break
			}
			_, n, err := quoted(strings.ReplaceAll(rest[i:], "{", "["), false) // as long
			require.NoError(t, err, got)
			parts = append(parts, rest[i:i+n])
			rest = rest[i+n:]
		}
		require.Len(t, parts, 3, got)
		require.Equal(t, group, meant(t, parts[0]))
		require.Equal(t, group, meant(t, parts[1]))
		pattern := meant(t, parts[2])
		require.Equal(t, regexp.QuoteMeta(group), pattern)
	})
}
