package changelog_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/davit-sdk/davit/changelog"
)

// typical are short messages as repositories are full of them.
var typical = []struct{ name, text string }{
	{"header", "feat(api): add the thing that everybody wants (#1234)\n"},
	{"body", "fix(core): mend the thing that broke (#12)\n\nIt was broken since the last change, and nobody\nhad seen it.\n\nCo-authored-by: Z <z@example.org>\n"},
	{"breaking", "refactor!: drop what is old\n\nBREAKING CHANGE: it is gone\n"},
	{"squash", "feat: login (#7)\n\n* feat(web): a form\n\n* fix: spelling\n\nSigned-off-by: Z <z@example.org>\n"},
	{"free", "upload-pack: fix a corner case\n\nIt was wrong.\n\nSigned-off-by: Z <z@example.org>\n"},
	{"merge", "Merge branch 'jc/topic'\n\nA few fixes.\n\n* jc/topic:\n  fix it\n"},
}

// hostile are what long messages are made of.
var hostile = []struct{ name, unit string }{
	{"one word", "x"}, {"lines", "a line of prose, and more of it\n"}, {"line ends", "\n"}, {"carriage returns", "\r"}, {"carriage returns and text", "\r\rx"},
	{"footers", "Refs: #1\n"}, {"short footers", "a: b\n"}, {"breaking", "BREAKING CHANGE: x\n"}, {"almost breaking", "BREAKING CHANGES: x\n\n"},
	{"bullets", "* fix: x\n"}, {"parted bullets", "* fix: x\n\n"}, {"breaking bullets", "* x!: y\n"}, {"paragraphs", "fix: x\n\n"}, {"paragraphs of prose", "a\n\n"},
	{"scopes", "("}, {"brackets", "[]()"}, {"numbers", "#1 "}, {"numbers in parentheses", "(#1)"}, {"backticks", "`"}, {"fences", "```\n"}, {"open fences", "```x\n"},
	{"fences of all lengths", "```\n````x\n`````\n"}, {"quotes", "\""}, {"reverts", "Revert \""}, {"reverted", "This reverts commit 676104e.\n"},
	{"lists of reverted", "This reverts commits 676104e and 676104e and"}, {"fixups", "fixup! "}, {"requests", "Release-As: 1.0.0\n"}, {"spaces", " "},
	{"not UTF-8", "\xff"}, {"NUL", "\x00"}, {"letters", "ä"}, {"wide", "\u3000"}, {"dashes", "---\n"}, {"dashed bullets", "* fix: x\n\n---\n"},
}

// shapes are where in a message they stand.
var shapes = []struct{ name, before string }{
	{"message", ""}, {"description", "feat: "}, {"scope", "feat("}, {"body", "feat: x\n\n"}, {"value", "feat: x\n\nNote: "}, {"bullet", "feat: x\n\n* fix: "},
	{"quote", "Revert \""}, {"merge", "Merged PR 1: feat: "},
}

// TestParseAllocatesLittle: a history has many messages, and a hostile one may be long.
func TestParseAllocatesLittle(t *testing.T) {
	most := map[string]float64{"header": 0, "body": 2, "breaking": 1, "squash": 4, "free": 2, "merge": 1}
	for _, tc := range typical {
		assert.LessOrEqual(t, testing.AllocsPerRun(10, func() { changelog.Parse(tc.text) }), most[tc.name], tc.name)
	}
	for _, h := range hostile {
		for _, s := range shapes {
			text := s.before + strings.Repeat(h.unit, 100_000/raced/len(h.unit))
			allocations := testing.AllocsPerRun(1, func() { changelog.Parse(text) })
			assert.LessOrEqual(t, allocations, 10_000.0, "%s in the %s", h.name, s.name)
			m := changelog.Parse(text)
			assert.LessOrEqual(t, len(m.Inner), 2048)
			assert.LessOrEqual(t, len(m.Diagnostics), 101)
		}
	}
}
