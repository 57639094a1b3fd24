package changelog_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

func TestNotes(t *testing.T) {
	d := next(t, since(t, "1.2.3",
		"feat(api): add x (#12)\n\nCloses #10",
		"feat!: drop y\n\nBREAKING CHANGE: use x\ninstead of y.\n\nIt is faster.\nRefs: 676104e",
		"fix: 1. of all",
		"chore: tidy",
		"Some text",
		"deps: newer z",
		"perf: hurry",
		"Revert \"feat: w\"",
		"Reapply \"feat(api): v (#3)\"",
		"Merge branch 'a'",
		"fix(core): later",
	), changelog.Policy{Types: map[string]changelog.Level{"deps": changelog.Patch}})
	n := d.Notes(changelog.NotesOptions{Date: time.Date(2024, 5, 6, 23, 0, 0, 0, time.UTC)})
	assert.Equal(t, `## 2.0.0 - 2024-05-06

### Breaking changes

- drop y (Refs 676104e, 0000000200)

  use x instead of y.

  It is faster.

### Features

- **api:** add x (#12, Closes #10, 0000000100)
- **api:** v (#3, 0000000900)

### Fixes

- 1\. of all (0000000300)
- **core:** later (0000000b00)

### Performance

- hurry (0000000700)

### Reverts

- Revert "feat: w" (0000000800)

### Other changes

- newer z (0000000600)
`, n.Markdown())
	assert.Equal(t, "2.0.0: 1 breaking change, 2 features, 2 fixes, 1 performance gain, 1 revert, 1 other change", n.Short())

	other := d.Notes(changelog.NotesOptions{Other: true})
	assert.True(t, strings.HasSuffix(other.Markdown(), `### Other changes

- newer z (0000000600)
- tidy (0000000400)
- Some text (0000000500)
`), other.Markdown())

	text, err := json.Marshal(n)
	require.NoError(t, err)
	var back changelog.Notes
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, n.Markdown(), back.Markdown())

	empty := next(t, since(t, "1.2.3"), changelog.Policy{}).Notes(changelog.NotesOptions{})
	assert.Equal(t, "## Unreleased\n", empty.Markdown())
	assert.Equal(t, "Unreleased: no changes", empty.Short())
}

func TestNotesWithinASize(t *testing.T) {
	var messages []string
	for n := range 3000 {
		messages = append(messages, fmt.Sprintf("fix: <%d> and `more`", n), fmt.Sprintf("feat!: a & %d", n))
	}
	n := next(t, since(t, "1.2.3", messages...), changelog.Policy{}).Notes(changelog.NotesOptions{})
	assert.Equal(t, n, n.Within(1<<20), "it fits")
	assert.Equal(t, n.Within(changelog.SmallestNotes), n.Within(0))
	for _, size := range []int{changelog.SmallestNotes, 100_000, 200_000, 250_000} {
		short := n.Within(size)
		raw, err := json.Marshal(short.Markdown())
		require.NoError(t, err)
		assert.LessOrEqual(t, len(raw), size)
		assert.Greater(t, len(raw), size-200, "as much as fits")
		assert.Equal(t, n.Short(), short.Short(), "the counts stay")
		for i, s := range short.Sections {
			assert.Equal(t, n.Sections[i].Items[:len(s.Items)], append([]changelog.Item{}, s.Items...), "whole changes, from the oldest on")
			assert.Equal(t, 3000, len(s.Items)+s.LeftOut)
		}
		assert.Equal(t, short, short.Within(size))
	}
	text := n.Within(0).Markdown()
	assert.Contains(t, text, "more, left out here for want of room*\n\n### Fixes\n\n- *3000 fixes, left out here for want of room*\n")

	// A text is cut before it is escaped, and between two characters.
	long := next(t, since(t, "1.2.3", "feat: "+strings.Repeat("ö<`", 1<<15)), changelog.Policy{}).Notes(changelog.NotesOptions{}).Within(0)
	require.Len(t, long.Sections[0].Items, 1)
	assert.Regexp(t, "^(ö<`)+ö?<? …$", long.Sections[0].Items[0].Text)
	assert.Less(t, len(long.Markdown()), 10_000)
}

// TestTextsAreInert has what a subject may try, and how it must look in Markdown. A ^ stands for the
// invisible word joiner.
func TestTextsAreInert(t *testing.T) {
	for subject, want := range map[string]string{
		"use <T> & @octocat [z](y) | #12":   `use &lt;T&gt; &amp; @^octocat \[z\](y) \| #^12`,
		"keep `<T> & @octocat [z](y)` code": "keep `<T> & @octocat [z](y)` code",
		"two ``a ` <b>`` runs":              "two ``a ` <b>`` runs",
		"an open ` and <b>":                 "an open \\` and &lt;b&gt;",
		"a run ` in `` a longer one <b>":    "a run \\` in \\`\\` a longer one &lt;b&gt;",
		"a `<i> ``` <b>` longer run":        "a `<i> ``` <b>` longer run",
		"uneven `` and ` <b>":               "uneven \\`\\` and \\` &lt;b&gt;",
		"a `b` <c> `d":                      "a `b` &lt;c&gt; \\`d",
		`a backslash \<b>`:                  `a backslash \\&lt;b&gt;`,
		"# heading":                         `\# heading`,
		"## heading":                        `\#^# heading`,
		"- item":                            `\- item`,
		"+ item":                            `\+ item`,
		"---":                               `\---`,
		"===":                               `\===`,
		"> quote":                           `&gt; quote`,
		"12) item":                          `12\) item`,
		"2024 was good":                     `2024 was good`,
		"*a* _b_ ~c~ $d$":                   `\*a\* \_b\_ \~^c\~ \$d\$`,
		"www.a.org, WWW.b.org, ww.c":        `www^.a.org, WWW^.b.org, ww.c`,
		"GH-12, gh-3, ngh-x, GH-":           `GH-^12, gh-^3, ngh-x, GH-`,
		"!12 $3 %4 &5 100% a!":              `!^12 \$^3 %^4 &amp;^5 100% a!`,
		"mailto:a@b.c":                      `mailto:a@^b.c`,
		"a: b, c:d, //e":                    `a: b, c:d, //e`,
		"![x](http://a/b.png)":              `!\[x\](http:^//a/b.png)`,
		"[x]: http://a":                     `\[x\]: http:^//a`,
		"<!-- x":                            `&lt;!-- x`,
		"a\tb  c":                           `a b c`,
		"a\x1b[31mb":                        "a\uFFFD\\[31mb",
		"a\u202eb":                          "a\uFFFDb",
		"&lt;b&gt;":                         "&amp;lt;b&amp;gt;",
		"mail z@z.org":                      "mail z@^z.org",
		"@ alone":                           "@ alone",
	} {
		text := next(t, since(t, "1.2.3", "feat: "+subject), changelog.Policy{}).Notes(changelog.NotesOptions{}).Markdown()
		lines := strings.Split(strings.TrimSpace(text), "\n")
		got := strings.TrimSuffix(strings.TrimPrefix(lines[len(lines)-1], "- "), " (0000000100)")
		want = strings.ReplaceAll(want, "^", "\u2060")
		assert.Equal(t, want, got, subject)
	}
}

func TestReferencesAreInert(t *testing.T) {
	d := next(t, since(t, "1.2.3", "fix: a\n\nRefs: <img/src=x/onerror=alert(1)>#1, @octocat#2, o/_r_#5\nCloses ![x](http://evil/x.png)#3\nFixes: [click](http://evil)#4"), changelog.Policy{})
	n := d.Notes(changelog.NotesOptions{})
	assert.Contains(t, n.Markdown(), `- a (Refs o/\_r\_#5, 0000000100)`)

	// Notes are data, and may come from elsewhere.
	n.Sections[0].Items[0].References = []changelog.Reference{{Target: "<b>#1"}, {Target: "@z#2"}, {Action: "<i>", Target: "#3"}}
	assert.Contains(t, n.Markdown(), "- a (&lt;i&gt; #3, 0000000100)")
}

func TestEscapingIsLinear(t *testing.T) {
	var runs strings.Builder
	for n := 1; runs.Len() < 1<<20; n++ {
		runs.WriteString(strings.Repeat("`", n) + " ")
	}
	for _, text := range []string{runs.String(), strings.Repeat("` `` ", 1<<18), strings.Repeat("`", 1<<20)} {
		d := next(t, since(t, "1.2.3", "feat: "+text), changelog.Policy{})
		assert.NotEmpty(t, d.Notes(changelog.NotesOptions{}).Markdown())
	}
}
