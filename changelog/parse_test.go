package changelog_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

func codes(m changelog.Message) []changelog.Code {
	var all []changelog.Code
	for _, d := range m.Diagnostics {
		all = append(all, d.Code)
	}
	return all
}

// TestSpecification has the sixteen clauses of Conventional Commits 1.0.0, each with what it allows
// and what it forbids.
func TestSpecification(t *testing.T) {
	footers := func(pairs ...string) []changelog.Footer {
		var all []changelog.Footer
		for i := 0; i < len(pairs); i += 3 {
			all = append(all, changelog.Footer{Token: pairs[i], Separator: pairs[i+1], Value: pairs[i+2]})
		}
		return all
	}
	type want struct {
		Kind                           changelog.Kind
		Type, Scope, Description, Body string
		Bang, Breaking                 bool
		Footers                        []changelog.Footer
		Codes                          []changelog.Code
	}
	conv := func(typ, description string) want {
		return want{Kind: changelog.Conventional, Type: typ, Description: description}
	}
	free := func(header string) want {
		return want{Kind: changelog.Free, Description: header, Codes: []changelog.Code{changelog.CodeHeader}}
	}
	with := func(w want, change func(*want)) want { change(&w); return w }

	for _, tc := range []struct {
		name, text string
		want       want
	}{
		{"1: a type, a colon and a space", "feat: x", conv("feat", "x")},
		{"1: all optional parts", "feat(api)!: x", with(conv("feat", "x"), func(w *want) { w.Scope, w.Bang, w.Breaking = "api", true, true })},
		{"1: no type", ": x", free(": x")},
		{"1: no colon", "feat x", free("feat x")},
		{"1: no space behind the colon", "feat:x", free("feat:x")},
		{"1: a tab behind the colon", "feat:\tx", free("feat:\tx")},
		{"1: a space before the colon", "feat : x", free("feat : x")},
		{"1: indented", " feat: x", free("feat: x")},
		{"1: two words", "new feature: x", free("new feature: x")},
		{"1: only the first counts", "chore: feat: x", conv("chore", "feat: x")},
		{"2: feat", "feat: add", conv("feat", "add")},
		{"3: fix", "fix: mend", conv("fix", "mend")},
		{"4: a scope", "fix(parser): x", with(conv("fix", "x"), func(w *want) { w.Scope = "parser" })},
		{"4: any noun", "fix(@a/b, c): x", with(conv("fix", "x"), func(w *want) { w.Scope = "@a/b, c" })},
		{"4: an empty scope", "fix(): x", free("fix(): x")},
		{"4: a blank scope", "fix( ): x", free("fix( ): x")},
		{"4: an open scope", "fix(a: x", free("fix(a: x")},
		{"4: nested parentheses", "fix(a(b)): x", free("fix(a(b)): x")},
		{"4: space within", "feat( t ): x", with(conv("feat", "x"), func(w *want) { w.Scope, w.Codes = "t", []changelog.Code{changelog.CodeSpacing} })},
		{"5: no description", "fix: ", free("fix:")},
		{"5: none at all", "fix:", free("fix:")},
		{"5: more space", "fix:   x", with(conv("fix", "x"), func(w *want) { w.Codes = []changelog.Code{changelog.CodeSpacing} })},
		{"6: a body", "fix: x\n\nmore", with(conv("fix", "x"), func(w *want) { w.Body = "more" })},
		{"6: no blank line", "fix: x\nmore", with(conv("fix", "x"), func(w *want) { w.Body, w.Codes = "more", []changelog.Code{changelog.CodeBlankLine} })},
		{"7: paragraphs", "fix: x\n\none\ntwo\n\n  three\n", with(conv("fix", "x"), func(w *want) { w.Body = "one\ntwo\n\n  three" })},
		{"8: both separators", "fix: x\n\nbody\n\nReviewed-by: Z\nRefs #133", with(conv("fix", "x"), func(w *want) {
			w.Body, w.Footers = "body", footers("Reviewed-by", ": ", "Z", "Refs", " #", "133")
		})},
		{"8: without a body", "fix: x\n\nReviewed-by: Z", with(conv("fix", "x"), func(w *want) { w.Footers = footers("Reviewed-by", ": ", "Z") })},
		{"8: no blank line before", "fix: x\n\nbody\nReviewed-by: Z", with(conv("fix", "x"), func(w *want) { w.Body = "body\nReviewed-by: Z" })},
		{"8: no token", "fix: x\n\none(four): test\ntwo: #100", with(conv("fix", "x"), func(w *want) { w.Body = "one(four): test\ntwo: #100" })},
		{"8: no value", "fix: x\n\nChanges:\n- a", with(conv("fix", "x"), func(w *want) { w.Body = "Changes:\n- a" })},
		{"9: white space in a token", "fix: x\n\nAcked by: Z", with(conv("fix", "x"), func(w *want) { w.Body = "Acked by: Z" })},
		{"9: the exception", "fix: x\n\nBREAKING CHANGE: y", with(conv("fix", "x"), func(w *want) {
			w.Breaking, w.Footers = true, footers("BREAKING CHANGE", ": ", "y")
		})},
		{"10: values of several lines", "fix: x\n\nNote: one\n  two: not a token\n\nthree\nRefs: #1", with(conv("fix", "x"), func(w *want) {
			w.Footers = footers("Note", ": ", "one\n  two: not a token\n\nthree", "Refs", ": ", "#1")
		})},
		{"11: in the prefix", "chore!: x", with(conv("chore", "x"), func(w *want) { w.Bang, w.Breaking = true, true })},
		{"11: nowhere", "chore: breaking", conv("chore", "breaking")},
		{"12: lower case", "fix: x\n\nBreaking Change: y", with(conv("fix", "x"), func(w *want) {
			w.Body, w.Codes = "Breaking Change: y", []changelog.Code{changelog.CodeNotBreaking}
		})},
		{"12: no colon", "fix: x\n\nBREAKING CHANGE this is not one", with(conv("fix", "x"), func(w *want) {
			w.Body, w.Codes = "BREAKING CHANGE this is not one", []changelog.Code{changelog.CodeNotBreaking}
		})},
		{"12: the other separator", "fix: x\n\nBREAKING CHANGE #1", with(conv("fix", "x"), func(w *want) {
			w.Body, w.Codes = "BREAKING CHANGE #1", []changelog.Code{changelog.CodeNotBreaking}
		})},
		{"12: no description", "fix: x\n\nBREAKING CHANGE:\n", with(conv("fix", "x"), func(w *want) {
			w.Breaking, w.Footers, w.Codes = true, footers("BREAKING CHANGE", ": ", ""), []changelog.Code{changelog.CodeNoValue}
		})},
		{"13: right before the colon", "feat! : x", free("feat! : x")},
		{"13: before the scope", "feat!(api): x", free("feat!(api): x")},
		{"13: within the description", "docs: say that fix!: means major", conv("docs", "say that fix!: means major")},
		{"14: other types", "build-deps: x", conv("build-deps", "x")},
		{"14: letters of any script", "döcs: x", conv("döcs", "x")},
		{"15: any case", "FeAt: X", conv("feat", "X")},
		{"16: the synonym", "fix: x\n\nBREAKING-CHANGE: y", with(conv("fix", "x"), func(w *want) {
			w.Breaking, w.Footers = true, footers("BREAKING-CHANGE", ": ", "y")
		})},
		{"16: the synonym in lower case", "fix: x\n\nbreaking-change: y", with(conv("fix", "x"), func(w *want) {
			w.Footers, w.Codes = footers("breaking-change", ": ", "y"), []changelog.Code{changelog.CodeNotBreaking}
		})},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := changelog.Parse(tc.text)
			got := want{
				Kind: m.Kind, Type: m.Type, Scope: m.Scope, Description: m.Description, Body: m.Body,
				Bang: m.Bang, Breaking: m.Breaking(), Codes: codes(m),
			}
			for _, f := range m.Footers {
				got.Footers = append(got.Footers, changelog.Footer{Token: f.Token, Separator: f.Separator, Value: f.Value})
			}
			assert.Equal(t, tc.want, got)
		})
	}
}

// TestMessagesOfTheWild has what other tools get wrong.
func TestMessagesOfTheWild(t *testing.T) {
	t.Run("a note ends where a trailer begins", func(t *testing.T) {
		for _, gap := range []string{"\n", "\n\n"} {
			m := changelog.Parse("feat: x\n\nBREAKING CHANGE: y" + gap + "Co-authored-by: Z <z@z>")
			assert.Equal(t, []string{"y"}, m.BreakingNotes())
			require.Len(t, m.Footers, 2)
			assert.True(t, m.Footers[1].Is("co-authored-by"))
			assert.Equal(t, "Z <z@z>", m.Footers[1].Value)
		}
	})
	t.Run("carriage returns", func(t *testing.T) {
		m := changelog.Parse("fix(a): x\r\n\r\nbody\r\nmore\r\n\r\nBREAKING CHANGE: y\r\nz\r\n")
		assert.Equal(t, []string{"y\nz"}, m.BreakingNotes())
		assert.Equal(t, "body\nmore", m.Body)
		assert.Empty(t, m.Diagnostics)
	})
	t.Run("a squash list ends a note", func(t *testing.T) {
		const text = "fix: some (#1)\n\n* fix: a\n\n* fix: b\n\nBREAKING CHANGE: mine\n\n* fix: c\n\nmore\n\nRefs: #2"
		m := changelog.Parse(text)
		assert.Equal(t, []string{"mine"}, m.BreakingNotes())
		require.Len(t, m.Inner, 3)
		assert.Empty(t, codes(m))
		assert.Empty(t, m.Body+m.Inner[0].Body+m.Inner[1].Body)
		assert.Equal(t, "more", m.Inner[2].Body)
		assert.Equal(t, "Refs", m.Inner[2].Footers[0].Token)

		m = changelog.ParseWith(text, changelog.Reading{Bullets: changelog.Ignore})
		assert.Equal(t, []string{"mine"}, m.BreakingNotes())
		assert.Equal(t, "* fix: a\n\n* fix: b", m.Body)
		assert.Equal(t, []changelog.Code{changelog.CodeAfterFooter}, codes(m))
		assert.Equal(t, "Refs", m.Footers[len(m.Footers)-1].Token)
	})
	t.Run("breaking without a blank line", func(t *testing.T) {
		for _, text := range []string{"fix: x\nBREAKING CHANGE: y", "fix: x\n\nbody\nBREAKING CHANGE: y"} {
			m := changelog.Parse(text)
			assert.Equal(t, []string{"y"}, m.BreakingNotes(), text)
			assert.Contains(t, codes(m), changelog.CodeBlankLine)
		}
	})
	t.Run("breaking in prose", func(t *testing.T) {
		for _, text := range []string{
			"docs: a\n\nwrites about BREAKING CHANGE: inside a line",
			"docs: x\n\nthe commit has no\nbreaking-change footers at all",
			"docs: x\n\n    BREAKING CHANGE: an indented sample",
			"fix: x\n\nBREAKING CHANGES: y",
		} {
			m := changelog.Parse(text)
			assert.Equal(t, changelog.Conventional, m.Kind)
			assert.False(t, m.Breaking(), text)
		}
		assert.Equal(t, []changelog.Code{changelog.CodeNotBreaking}, codes(changelog.Parse("fix: x\n\nBREAKING CHANGES: y")))
		assert.Empty(t, codes(changelog.Parse("docs: x\n\nthe commit has no\nbreaking-change footers at all")))
	})
	t.Run("parentheses in a body", func(t *testing.T) {
		m := changelog.Parse("feat(o): read\n\nMIN(COALESCE(a, b)) read over it")
		assert.Equal(t, "feat", m.Type)
		assert.Equal(t, "MIN(COALESCE(a, b)) read over it", m.Body)
	})
	t.Run("breaking of a message that is not conventional", func(t *testing.T) {
		m := changelog.Parse("Tidy up\n\nBREAKING CHANGE: y")
		assert.False(t, m.Breaking())
		assert.Nil(t, m.BreakingNotes())
		assert.Len(t, m.Footers, 1)
	})
	t.Run("bytes that are no text", func(t *testing.T) {
		m := changelog.Parse("fix(\xff): \xfe\xff x\n\nb\xffdy\n\nRefs: \xff")
		assert.Equal(t, "\uFFFD\uFFFD x", m.Description)
		assert.Equal(t, "b\uFFFDdy", m.Body)
	})
	t.Run("blank lines before the header", func(t *testing.T) {
		assert.Equal(t, "fix", changelog.Parse("\n \r\nfix: x").Type)
	})
}

func TestKinds(t *testing.T) {
	for header, kind := range map[string]changelog.Kind{
		`Revert "feat: x"`:                          changelog.Reverting,
		`Reapply "feat: x"`:                         changelog.Reverting,
		`revert: feat: x`:                           changelog.Conventional,
		"Merge pull request #12 from o/b":           changelog.Merging,
		"Merge branch 'a' into b":                   changelog.Merging,
		"Merge remote-tracking branch 'o/a'":        changelog.Merging,
		"Merged in feature/x (pull request #3)":     changelog.Merging,
		"Merge the two parsers":                     changelog.Free,
		"fixup! feat: x":                            changelog.Autosquash,
		"squash! fixup! feat: x":                    changelog.Autosquash,
		"amend! feat: x":                            changelog.Autosquash,
		"fixup!: feat":                              changelog.Conventional,
		"":                                          changelog.Free,
		" \n\t\n":                                   changelog.Free,
		"Update README.md":                          changelog.Free,
		"feat: @@__CHGLOG__@@ @@__CHGLOG_DELIMITER": changelog.Conventional,
	} {
		m := changelog.Parse(header)
		assert.Equal(t, kind, m.Kind, header)
		if kind != changelog.Conventional && kind != changelog.Reverting {
			require.Len(t, m.Diagnostics, 1, header)
			assert.NotEmpty(t, m.Diagnostics[0].Text)
		}
	}
}

func TestSpans(t *testing.T) {
	text := "fix( a ): x\r\n\r\nbody\r\nBREAKING CHANGE: y\r\nz\r\nbreaking-change: no\r\n"
	m := changelog.Parse(text)
	cut := func(s changelog.Span) string { return text[s.Start:s.End] }
	require.Equal(t, []changelog.Code{changelog.CodeSpacing, changelog.CodeBlankLine, changelog.CodeNotBreaking}, codes(m))
	assert.Equal(t, "( a )", cut(m.Diagnostics[0].Span))
	assert.Equal(t, "BREAKING CHANGE:", cut(m.Diagnostics[1].Span))
	assert.Equal(t, "breaking-change: ", cut(m.Diagnostics[2].Span))
	require.Len(t, m.Footers, 2)
	assert.Equal(t, "BREAKING CHANGE: y\r\nz", cut(m.Footers[0].Span))
	assert.Equal(t, "breaking-change: no", cut(m.Footers[1].Span))

	header := changelog.Parse("\n\nfeat(a) x")
	assert.Equal(t, changelog.Span{Start: 9, End: 11}, header.Diagnostics[0].Span)
}

func TestReferences(t *testing.T) {
	ref := func(action, target string) changelog.Reference {
		return changelog.Reference{Action: action, Target: target}
	}
	at := func(action, target, url string) changelog.Reference {
		return changelog.Reference{Action: action, Target: target, URL: url}
	}
	for text, want := range map[string][]changelog.Reference{
		"fix: x (#12)":                            {ref("", "#12")},
		"fix: x (#1) (#12)":                       {ref("", "#1"), ref("", "#12")},
		"fix: (#a) x":                             nil,
		"fix: x\n\nCloses #1, closes #2":          {ref("Closes", "#1"), ref("closes", "#2")},
		"fix: x\n\nCloses #1\nCloses #2":          {ref("Closes", "#1"), ref("Closes", "#2")},
		"fix: x\n\nCloses: #1, #2; fixes: #3.":    {ref("Closes", "#1"), ref("Closes", "#2"), ref("fixes", "#3")},
		"fix: x\n\nRefs: a1b2c3, d4e5f6":          {ref("Refs", "a1b2c3"), ref("Refs", "d4e5f6")},
		"fix: x\n\nRefs: a1b2, c3d4":              {ref("Refs", "a1b2"), ref("Refs", "c3d4")},
		"fix: x\n\nRefs: #1 o/r#2 ABC-3 and more": {ref("Refs", "#1"), ref("Refs", "o/r#2"), ref("Refs", "ABC-3")},
		"fix: x\n\nRefs: GH-1, A2B-34":            {ref("Refs", "GH-1"), ref("Refs", "A2B-34")},
		"fix: x\n\nRefs: !7, g/p!8, g/s/p#9":      {ref("Refs", "!7"), ref("Refs", "g/p!8"), ref("Refs", "g/s/p#9")},
		"fix: x\n\nBug: 123":                      {ref("Bug", "#123")},
		"fix: x\n\nReviewed-by: Z #3":             nil,
		"fix: x\n\nRefs: a1, abcde, face, abcdef": {ref("Refs", "abcdef")},
		"fix: x\n\nRefs: <img/src=x/onerror=alert(1)>#1, @octocat#2, ![x](http://evil/x.png)#3, o#4, /r#6, o/#7, o_o/r#8": nil,
		"fix: x\n\nRefs: my-org/a_b.c-d#9": {ref("Refs", "my-org/a_b.c-d#9")},
		"no type (#4)":                     {ref("", "#4")},
		"fix: x\n\nCloses: https://github.com/o/r/issues/12#issuecomment-3, <https://github.com/o/r/pull/13/files>.": {
			at("Closes", "o/r#12", "https://github.com/o/r/issues/12#issuecomment-3"), at("Closes", "o/r#13", "https://github.com/o/r/pull/13/files"),
		},
		"fix: x\n\nSee: https://gitlab.com/g/s/p/-/merge_requests/7 https://gitlab.com/g/p/-/issues/8": {
			at("See", "g/s/p!7", "https://gitlab.com/g/s/p/-/merge_requests/7"), at("See", "g/p#8", "https://gitlab.com/g/p/-/issues/8"),
		},
		"fix: x\n\nRefs: https://bitbucket.org/o/r/pull-requests/5, https://example.atlassian.net/browse/ABC-12": {
			at("Refs", "o/r#5", "https://bitbucket.org/o/r/pull-requests/5"), at("Refs", "ABC-12", "https://example.atlassian.net/browse/ABC-12"),
		},
		"fix: x\n\nRefs: https://github.com/o/r/commit/676104E12":                                                                         {at("Refs", "676104e12", "https://github.com/o/r/commit/676104E12")},
		"fix: x\n\nRefs: https://example.org/, https://e\"x/o/r/issues/1, ftp://github.com/o/r/issues/1, https://github.com/o/r/issues/x": nil,
	} {
		assert.Equal(t, want, changelog.Parse(text).References(), text)
	}
}

func TestBulletsWithinAFooter(t *testing.T) {
	m := changelog.Parse("feat: x\n\nBREAKING CHANGE: two things\n* fix: one\n* fix: two")
	require.Len(t, m.Footers, 1)
	assert.Equal(t, "two things\n* fix: one\n* fix: two", m.Footers[0].Value, "a list in a value is no squashed commit")
	m = changelog.Parse("feat: x\n\nBREAKING CHANGE: two things\n\n* fix: one\n* fix: two")
	assert.Equal(t, "two things", m.Footers[0].Value)
}

func TestReverts(t *testing.T) {
	const id = "676104e1234567890123456789012345678901ab"
	for text, want := range map[string][]string{
		"Revert \"x\"\n\nThis reverts commit " + id + ".":                            {id},
		"Revert \"x\"\n\nThis reverts commit " + id[:7] + " (x, 2024-01-01).":        {id[:7]},
		"Revert \"x\"\n\nThis reverts commit " + id + ", reversing\nchanges made to": {id},
		"Revert \"x\"\n\nThis reverts commits 676104E and a215868.":                  {"676104e", "a215868"},
		"Revert \"x\"\n\nThis reverts commit abc.":                                   nil,
		"revert: let us never speak of it\n\nRefs: 676104e, a215868":                 {"676104e", "a215868"},
		"revert: x\n\nThis reverts commit " + id + ".\n\nRefs: a215868":              {id},
		"fix: x\n\nRefs: 676104e":                                                    nil,
	} {
		assert.Equal(t, want, changelog.Parse(text).Reverts, text)
	}
}

// TestLongMessages is about time: a parser that is not linear does not come back from these.
func TestLongMessages(t *testing.T) {
	const size = 1 << 18
	for name, unit := range map[string]string{
		"one word": "a", "footers": "a: b\n", "paragraphs": "a\n\n", "breaking": "\n\nBREAKING CHANGE: x",
		"almost": "BREAKING CHANGES: x\n\n", "bullets": "\n\n* fix: x", "parentheses": "(", "hashes": "(#1)", "bangs": "!",
		"reverts": "This reverts commit 676104e.\n", "carriage returns": "\r", "invalid": "\xff", "lists": "Refs: #1, #2\n",
		"fixups": "fixup! ",
	} {
		body := strings.Repeat(unit, size/len(unit))
		for _, text := range []string{body, "fix: " + body, "fix: x\n\n" + body, "feat(" + body, "Reapply \"" + body, "fix: x\n\nNote: a\n" + body} {
			m := changelog.Parse(text)
			assert.NotEmpty(t, m.Kind, name)
			m.References()
			for _, d := range m.Diagnostics {
				require.Less(t, len(d.Text), 500, name)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "feat: x", "feat(api)!: x\n\nbody\n\nBREAKING CHANGE: y\nz\nRefs: #1, a1b2c3", "fix: x\r\nBREAKING-CHANGE: y\r\n",
		"Revert \"feat: x\"\n\nThis reverts commit 676104e.", "fixup! x", "Merge branch 'x'", "fix: x\n\n* fix: y\n\nBREAKING CHANGE:\n\n* fix: z",
		"fix( a ):  x (#1) (#2)\n\nbreaking change : no", "\n\n\xff: \xfe",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m := changelog.Parse(text)
		if (m.Kind == changelog.Conventional) != (m.Type != "") {
			t.Fatalf("kind %q with type %q", m.Kind, m.Type)
		}
		if m.Kind != changelog.Conventional && m.Kind != changelog.Reverting && len(m.Diagnostics) == 0 {
			t.Fatal("not conventional, and nothing says why")
		}
		if m.Breaking() != (len(m.BreakingNotes()) > 0) {
			t.Fatal("a breaking change without a note, or a note without one")
		}
		for _, part := range []string{m.Header, m.Type, m.Scope, m.Description, m.Body} {
			if strings.Contains(part, "\r") || !utf8.ValidString(part) {
				t.Fatalf("not clean: %q", part)
			}
		}
		end := 0
		for _, footer := range m.Footers {
			if footer.Span.Start < end || footer.Span.End < footer.Span.Start || footer.Span.End > len(text) {
				t.Fatalf("footer %q at %v of %d after %d", footer.Token, footer.Span, len(text), end)
			}
			end = footer.Span.End
			if !strings.HasPrefix(text[footer.Span.Start:], footer.Token) && utf8.ValidString(text) {
				t.Fatalf("footer %q is not at %v", footer.Token, footer.Span)
			}
		}
		for _, d := range m.Diagnostics {
			if d.Span.Start < 0 || d.Span.End < d.Span.Start || d.Span.End > len(text) || d.Text == "" || d.Code == "" {
				t.Fatalf("diagnostic %+v of %d", d, len(text))
			}
		}
		plan, err := changelog.Decide(changelog.History{Commits: []changelog.Commit{{ID: "676104e1", Text: text}}}, changelog.Policy{})
		if err != nil {
			t.Fatal(err)
		}
		decision := plan.Components[0]
		if len(decision.Reasons)+len(decision.Skipped) != 1 {
			t.Fatal("the commit is lost")
		}
		notes := decision.Notes(changelog.NotesOptions{Other: true}).Markdown()
		for _, line := range strings.Split(notes, "\n") {
			if strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "## ") && !strings.HasPrefix(line, "### ") {
				t.Fatalf("a heading from a message: %q", line)
			}
		}
		if strings.ContainsAny(strings.ReplaceAll(notes, "\u2060", ""), "\r\x00\x1b") {
			t.Fatalf("control characters in %q", notes)
		}
	})
}
