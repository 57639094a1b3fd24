package markdown_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/document"
)

// parser reads what forges read: GitHub's Markdown with its links, tables and tasks, and more.
var parser = goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote, extension.DefinitionList)).Parser()

// active is what forges and parsers make links and mentions of. Code is left out before.
var active = regexp.MustCompile(`@[\pL\pN_]|#\d|://|(?i)www\.|\bgh-\d|[!$%~]\d`)

// escaped is a mark that a backslash makes a character.
var escaped = regexp.MustCompile("\\\\([!-/:-@\\[-`{-~])")

// allowed are the kinds of nodes that notes may have.
var allowed = map[ast.NodeKind]bool{
	ast.KindDocument: true, ast.KindHeading: true, ast.KindList: true, ast.KindListItem: true, ast.KindParagraph: true,
	ast.KindTextBlock: true, ast.KindText: true, ast.KindString: true, ast.KindEmphasis: true, ast.KindCodeSpan: true,
}

// check parses notes and reports what is active in them. It counts headings, entries and strong texts.
func check(source string, links bool) (problem string, headings, entries, strong int) {
	raw := []byte(source)
	err := ast.Walk(parser.Parse(text.NewReader(raw)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch kind := n.Kind(); {
		case kind == ast.KindLink && links:
			if to := string(n.(*ast.Link).Destination); !strings.HasPrefix(to, "https://git.example.org/") {
				return ast.WalkStop, fmt.Errorf("a link to %q", to)
			}
			return ast.WalkSkipChildren, nil
		case !allowed[kind]:
			return ast.WalkStop, fmt.Errorf("a node %s", kind)
		case kind == ast.KindCodeSpan:
			return ast.WalkSkipChildren, nil
		case kind == ast.KindHeading:
			headings++
		case kind == ast.KindListItem:
			entries++
		case kind == ast.KindEmphasis:
			if n.(*ast.Emphasis).Level != 2 {
				return ast.WalkStop, fmt.Errorf("emphasis")
			}
			strong++
		case kind == ast.KindText:
			shown := string(n.(*ast.Text).Segment.Value(raw))
			if found := active.FindString(escaped.ReplaceAllString(shown, "$1")); found != "" {
				return ast.WalkStop, fmt.Errorf("an active %q", found)
			}
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		problem = err.Error()
	}
	return problem, headings, entries, strong
}

// links are those of a forge.
var links = changelog.Links{
	Commit: "https://git.example.org/c/{id}", Compare: "https://git.example.org/{from}...{to}", Tag: "https://git.example.org/{tag}",
	Issue: "https://git.example.org/{number}", Elsewhere: "https://git.example.org/{repository}/{number}", Author: "https://git.example.org/{login}",
}

// inert fails if a text is active anywhere in notes.
func inert(t *testing.T, s string) {
	t.Helper()
	if changelog.Escape(s) == "" {
		return
	}
	n := changelog.Notes{
		Version: semver.MustParse("1.2.3"), Component: s, Tag: s, PreviousTag: "v1",
		Sections: []changelog.Section{
			{Kind: changelog.Features, Items: []changelog.Item{{Scope: s, Text: s, Notes: []string{s}, Commit: "c0ffee0000", Authors: []changelog.Contributor{{Name: s, Login: s}}}, {Text: s, Commit: s}}},
			{Kind: changelog.Fixes, Title: s, ByScope: true, Items: []changelog.Item{{Scope: s, Text: s}}},
		},
		Contributors: []changelog.Contributor{{Name: s, Login: s}},
	}
	for _, linked := range []bool{false, true} {
		if linked {
			n.Links = links
			// References are meant to be links.
			n.Sections[1].Items[0].References = []changelog.Reference{{Action: s, Target: s}, {Target: s + "#1"}}
		}
		source := n.Markdown()
		problem, headings, entries, strong := check(source, linked)
		if problem != "" || headings != 4 || entries != 5 || strong != 2 {
			t.Fatalf("%q: %s; %d headings, %d entries, %d strong texts in\n%s", s, problem, headings, entries, strong, source)
		}
		d := document.Parse("# C\n\n## 1.0.0\n\n- x\n")
		n.Sections[1].Title = ""
		require.NoError(t, d.Upsert(n, document.Options{}))
		n.Sections[1].Title = s
		source = regexp.MustCompile(`<!-- generated \S+ [0-9a-f]{8} -->`).ReplaceAllString(d.String(), "")
		if problem, headings, entries, _ = check(source, linked); problem != "" || headings != 5 || entries != 4 {
			t.Fatalf("%q: %s; %d headings, %d entries in the document\n%s", s, problem, headings, entries, source)
		}
	}
}

func TestTextsAreInert(t *testing.T) {
	for _, s := range []string{
		"use <T> & @octocat [z](y) | #12", "# h", "## h", "- x", "1. x", "1) x", "+ x", "* x", "> x", "---", "***", "===", "```", "~~~", "```x``` y", "`` ` ``", "`a` @b `c`",
		"x", "X", "[x]: http://a", "[^1]: x", "[^1]", "http://a.b", "https://a.b/c", "www.a.b", "a@b.c", "mailto:a@b.c", "<http://a>", "<a@b.c>", "<script>", "<!-- x", "<!-- x -->", "<?x?>", "<![CDATA[x]]>",
		"![x](y)", "&lt;b&gt;", "&#60;b&#62;", "&copy;", `\<b\>`, `\\<b>`, `\`, "a\\\n# h", "*x*", "_x_", "**x**", "__x__", "~x~", "~~x~~", "$x$", ": x", "x\n: y", "a | b\n--- | ---", "|a|\n|-|", "- [ ] x", "[ ] x",
		"a\n===", "a\n---", "a\n\n# h", "a\r# h", "a\u2028# h", "a\u0085# h", "    code", "\tcode", "ftp://a.b", "x://y", "#12", "o/r#12", "GH-12", "!12", "@@a", "＠a", "a`b", "`", "``", "`\\`<b>`",
		"`<b>", "<b>`", "*`*`", "`@a", "_`_` _x_", "[`](`)", "a\u202eb", "\u0000", "\xff<b>", "\u2060@\u2060a", "http:\u2060//a", "w ww.a", "xmpp:a@b.c", "//a.b", "a:b@c.d",
	} {
		inert(t, s)
	}
}

func TestRandomTextsAreInert(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	parts := []string{
		"a", "b", "1", "12", " ", "  ", "\n", "\n\n", "`", "``", "```", "<", ">", "&", "*", "**", "_", "[", "]", "(", ")", "!", "#", "@", "\\", "|", "~", "~~", "-", "+", "=", ":", "://", "/", ".", "www.", "http", "$", "\"", "'",
		"<b>", "</b>", "<!--", "-->", "&lt;", "&amp;", "GH-", "\t", "\r", "\u2060", "é", "^", "%",
	}
	for range 3_000 {
		var b strings.Builder
		for range 1 + r.IntN(12) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		inert(t, b.String())
	}
}

func FuzzInert(f *testing.F) {
	f.Add("use <T> & @octocat [z](y) | #12 `code`")
	f.Fuzz(inert)
}
