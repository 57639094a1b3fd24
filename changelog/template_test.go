package changelog_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

// tempting are notes with a text that wants to be more than a text.
func tempting(text string) changelog.Notes {
	return changelog.Notes{
		Version: semver.MustParse("1.2.3"), Tag: "v1.2.3", PreviousTag: "v1.2.2", Date: time.Date(2024, 5, 6, 0, 0, 0, 0, time.UTC),
		Links: changelog.Links{Commit: "https://git.example.org/{id}?a=1&b=2", Compare: "https://git.example.org/{from}...{to}", Author: "https://git.example.org/{login}"},
		Sections: []changelog.Section{{Kind: changelog.Features, Title: text, Items: []changelog.Item{{
			Type: "feat", Scope: text, Text: text, Notes: []string{"one\n\ntwo " + text}, Commit: "c0ffee000012",
			References: []changelog.Reference{{Action: text, Target: "#1"}}, Authors: []changelog.Contributor{{Name: text, Login: text}},
		}}}},
	}
}

func executed(t *testing.T, text string, o changelog.TemplateOptions, n changelog.Notes) string {
	t.Helper()
	parsed, err := changelog.ParseTemplate(text, o)
	require.NoError(t, err)
	var b strings.Builder
	require.NoError(t, parsed.Execute(&b, n))
	return b.String()
}

func TestTemplateTextsEscapeThemselves(t *testing.T) {
	const text = "<b>\n@a"
	markdown, html := "&lt;b&gt; @\u2060a", "&lt;b&gt; @a"
	for _, way := range []string{
		`{{.Text}}`, `{{.Text | printf "%s"}}`, `{{printf "%v" .Text}}`, `{{printf "%+v" .Text}}`, `{{printf "%#v" .Text}}`, `{{printf "%d" .Text}}`, `{{printf "%x" .Text}}`,
		`{{print .Text}}`, `{{with .Text}}{{.}}{{end}}`, `{{$x := .Text}}{{$x}}`, `{{define "x"}}{{.}}{{end}}{{template "x" .Text}}`, `{{slice .Text 0}}`, `{{.Scope}}`, `{{or .Text "x"}}`,
		`{{(index .References 0).Action}}`, `{{(index .Authors 0).Name}}`, `{{range .Authors}}{{.Login}}{{end}}`,
	} {
		way = `{{range .Sections}}{{range .Items}}` + way + `{{end}}{{end}}`
		if _, definition, ok := strings.Cut(way, `{{define "x"}}`); ok {
			way = `{{define "x"}}{{.}}{{end}}` + `{{range .Sections}}{{range .Items}}{{template "x" .Text}}{{end}}{{end}}`
			_ = definition
		}
		assert.Equal(t, markdown, executed(t, way, changelog.TemplateOptions{}, tempting(text)), way)
		assert.Equal(t, html, executed(t, way, changelog.TemplateOptions{Form: changelog.FormHTML}, tempting(text)), way)
		assert.Equal(t, "<b> @a", executed(t, way, changelog.TemplateOptions{Form: changelog.FormText}, tempting(text)), way)
	}
	item := func(way string) string { return `{{range .Sections}}{{range .Items}}` + way + `{{end}}{{end}}` }
	assert.Equal(t, text, executed(t, item(`{{.Text.Raw}}`), changelog.TemplateOptions{}, tempting(text)))
	assert.Equal(t, `"`+html+`"`, executed(t, item(`{{printf "%q" .Text}}`), changelog.TemplateOptions{Form: changelog.FormHTML}, tempting(text)))
	assert.Equal(t, "[one][two "+markdown+"]", executed(t, item(`{{range .Notes}}[{{.}}]{{end}}`), changelog.TemplateOptions{}, tempting(text)))
	assert.Equal(t, "yes 4 no", executed(t, item(`{{if eq .Type "feat"}}yes{{end}} {{len .Type}} {{if .Scope}}{{else}}no{{end}}`), changelog.TemplateOptions{}, tempting("")))
	for _, all := range []string{`{{.}}`, `{{range .Sections}}{{.}}{{end}}`} {
		assert.NotContains(t, executed(t, all, changelog.TemplateOptions{}, tempting(text)), "<b>")
		assert.NotContains(t, executed(t, all, changelog.TemplateOptions{Form: changelog.FormHTML}, tempting(text)), "<b>")
	}
}

// A text that is cut is cut before it is escaped: nothing comes alive where the end is missing.
func TestTemplateCutsBeforeItEscapes(t *testing.T) {
	const text = "use `<img src=x>` and @ann of <b>"
	item := func(text string) string { return `{{range .Sections}}{{range .Items}}` + text + `{{end}}{{end}}` }
	for most := range len(text) + 1 {
		for _, way := range []string{"%.*s", "%-60.*s|", "%60.*v"} {
			call := item(`{{printf "` + way + `" ` + strconv.Itoa(most) + ` .Text}}`)
			got := executed(t, call, changelog.TemplateOptions{}, tempting(text))
			assert.Contains(t, strings.TrimSpace(got), strings.TrimSpace(changelog.Escape(text[:most])))
			got = executed(t, call, changelog.TemplateOptions{Form: changelog.FormHTML}, tempting(text))
			assert.NotContains(t, got, "<")
		}
	}
	assert.Equal(t, "[größ        ]", executed(t, item(`[{{printf "%-12.4s" .Text}}]`), changelog.TemplateOptions{Form: changelog.FormText}, tempting("größer")))
	assert.Equal(t, `"größ"`, executed(t, item(`{{printf "%.4q" .Text}}`), changelog.TemplateOptions{Form: changelog.FormText}, tempting("größer")))
}

func TestTemplateLinks(t *testing.T) {
	const way = `{{.Link}} {{range .Sections}}{{range .Items}}{{.Commit.Link}} {{.Commit.URL}} {{range .Authors}}{{.Link}}{{end}}{{end}}{{end}}`
	assert.Equal(t, "[1.2.3](https://git.example.org/v1.2.2...v1.2.3) [c0ffee0000](https://git.example.org/c0ffee000012?a=1&amp;b=2) https://git.example.org/c0ffee000012?a=1&amp;b=2 [&lt;](https://git.example.org/%3C)",
		executed(t, way, changelog.TemplateOptions{}, tempting("<")))
	assert.Equal(t, `<a href="https://git.example.org/v1.2.2...v1.2.3">1.2.3</a> <a href="https://git.example.org/c0ffee000012?a=1&amp;b=2">c0ffee0000</a> https://git.example.org/c0ffee000012?a=1&amp;b=2 <a href="https://git.example.org/%3C">&lt;</a>`,
		executed(t, way, changelog.TemplateOptions{Form: changelog.FormHTML}, tempting("<")))
	assert.Equal(t, "1.2.3 c0ffee0000 https://git.example.org/c0ffee000012?a=1&b=2 <", executed(t, way, changelog.TemplateOptions{Form: changelog.FormText}, tempting("<")))
	bare := tempting("x")
	bare.Links = changelog.Links{}
	assert.Equal(t, "1.2.3 c0ffee0000  x", executed(t, way, changelog.TemplateOptions{}, bare))
}

func TestTemplateFails(t *testing.T) {
	for text, want := range map[string]string{
		"{{.Versoin}}":                           "can't evaluate field Versoin",
		"a\n{{range .Sections}}{{.Text}}{{end}}": "template: notes:2:",
		"{{if}}":                                 "template: notes:1: missing value for if",
		"{{.Title":                               "unclosed action",
		"{{template \"x\"}}":                     `template "x" not defined`,
	} {
		_, err := changelog.ParseTemplate(text, changelog.TemplateOptions{})
		assert.ErrorContains(t, err, want, text)
	}
	_, err := changelog.ParseTemplate("", changelog.TemplateOptions{Form: "pdf"})
	assert.ErrorContains(t, err, `Form: "pdf" is none of`)

	parsed, err := changelog.ParseTemplate(`before {{(index .Sections 0).Title}}`, changelog.TemplateOptions{})
	require.NoError(t, err)
	var b strings.Builder
	assert.ErrorContains(t, parsed.Execute(&b, changelog.Notes{}), "index out of range")
	assert.Empty(t, b.String(), "nothing is written")
	assert.ErrorContains(t, parsed.Execute(full{}, tempting("x")), "disk full")
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }
