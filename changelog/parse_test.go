package changelog_test

import (
	"strings"
	"testing"

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
