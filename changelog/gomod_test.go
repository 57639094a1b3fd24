package changelog

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseGoMod(t *testing.T) {
	f, err := parseGoMod("// a comment\nmodule (\n\t`example.org/a`\n)\nrequire \"example.org/b\"v1.0.0//indirect\nrequire(\n\texample.org/c v2.0.0+incompatible // indirect; why\n\n\t// alone\n\texample.org/d v0.0.0 // directly\n) // end\nreplace example.org/b v1.0.0=>./b\nreplace example.org/b v1.0.0 => ./b\nfuture \"( thing\" [a, b] ( c )\n")
	require.ErrorContains(t, err, "line 12: replace: want a path => a folder")
	assert.Empty(t, f)
	f, err = parseGoMod("module (\n\t`example.org/a`\n)\nrequire \"example.org/b\"v1.0.0//indirect\nrequire(\n\texample.org/c v2.0.0+incompatible // indirect; why\n\n\t// alone\n\texample.org/d v0.0.0 // directly\n) // end\nreplace example.org/b v1.0.0 => ./b\nreplace example.org/c => example.org/e v1.0.0\nfuture \"( thing\" [a, b] ( c )\n")
	require.NoError(t, err)
	assert.Equal(t, goMod{
		module: "example.org/a",
		requires: []goRequire{
			{"example.org/b", "v1.0.0", true}, {"example.org/c", "v2.0.0+incompatible", true}, {"example.org/d", "v0.0.0", false},
		},
		replaces: []goReplace{{"example.org/b", "v1.0.0", "./b", ""}, {"example.org/c", "", "example.org/e", "v1.0.0"}},
	}, f)
	for text, want := range map[string]string{
		"":                               "line 1: there is no module directive",
		"module a\nmodule b":             "line 2: a second module directive",
		"module":                         "line 1: module: want a path",
		"module a b":                     "line 1: module: want a path",
		"module a\nrequire b":            "line 2: require: want a path and a version",
		"module a\nrequire b => c":       "line 2: require: want a path and a version",
		"module a\nrequire ( b v1 )":     `line 2: require: "(" is out of place`,
		"module a\nrequire (\nb v1":      "line 3: the block of require is not closed",
		"module a\nrequire (\nb v1\n) x": `line 4: "x" after the end of a block`,
		"module a\n)":                    `line 2: ")" where a directive must begin`,
		"module a\nreplace b => c":       `line 2: replace: "c" must be a folder that begins with ./ or ../, or a module with a version`,
		"module a\nreplace b => ./c v1":  `line 2: replace: "./c" must be a folder`,
		"module a\nreplace => ./c":       "line 2: replace: want a path => a folder",
		"module a\nrequire \"b v1":       "line 2: a quote is not closed",
		"module a /* b */":               "line 1: a comment must begin with //",
		"module \"\"":                    `line 1: module: "" is out of place`,
	} {
		_, err := parseGoMod(text)
		assert.ErrorContains(t, err, want, "%q", text)
	}
}

func FuzzGoMod(f *testing.F) {
	f.Add("module example.org/a\nrequire (\n\tb v1.0.0 // indirect\n)\nreplace b => ../b\n")
	f.Add("module \"a\"\nrequire b v1\nreplace b v1 => `c` v2\nretract [v1, v2]\n")
	f.Fuzz(func(t *testing.T, text string) {
		mod, err := parseGoMod(text)
		if err != nil {
			return
		}
		var b strings.Builder
		fmt.Fprintf(&b, "module %q\n", mod.module)
		for _, r := range mod.requires {
			fmt.Fprintf(&b, "require %q %q", r.path, r.version)
			if r.indirect {
				b.WriteString(" // indirect")
			}
			b.WriteString("\n")
		}
		for _, r := range mod.replaces {
			fmt.Fprintf(&b, "replace %q", r.oldPath)
			if r.oldVersion != "" {
				fmt.Fprintf(&b, " %q", r.oldVersion)
			}
			fmt.Fprintf(&b, " => %q", r.newPath)
			if r.newVersion != "" {
				fmt.Fprintf(&b, " %q", r.newVersion)
			}
			b.WriteString("\n")
		}
		again, err := parseGoMod(b.String())
		require.NoError(t, err, "%s", b.String())
		require.Equal(t, mod, again)
	})
}
