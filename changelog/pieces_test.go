package changelog_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/davit-sdk/davit/changelog"
)

// pieces are what the fast ways through a text tell apart: ends of lines, letters of all lengths and what only looks like one, lines that
// begin something and lines that cannot.
var pieces = []string{
	"\n", "\n", "\n\n", "\r", "\r\n", "\r\r", "\r\r\n", " ", "\t", "\v", "\f", "x", "12345678", "a line of prose", "(", ")", "-", "--", "---", "- ", "* item",
	"ä", "日本", "\u3000", "\u0085", "\u009f", "\u07ff", "\u0800", "\uffff", "\U0001F600", "\ufeff", "\xff", "\xc2", "\xe3\x80", "\xe0\x80\x80", "\xed\xa0\x80",
	"\xf4\x90\x80\x80", "\x00", "\x7f", "feat: x", "fix(a): y", "* fix: z", "* feat!: q", "BREAKING CHANGE: b", "breaking change: b", "Refs: #1", "a: b", "```", "~~~",
	`Revert "feat: x"`, "This reverts commit 676104e1.", "fixup! ", "Merge branch 'x'", "Merged PR 1: feat: x", "Release-As: 1.0.0",
}

// What holds for every message holds for many made of such pieces, also without the fuzzer.
func TestParsePieces(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 / raced {
		var b strings.Builder
		for range r.IntN(30) {
			b.WriteString(strings.Repeat(pieces[r.IntN(len(pieces))], 1+r.IntN(10)/9*r.IntN(40)))
		}
		parsed(t, b.String(), byte(r.IntN(64)))
	}
}

// Parts of a message do not change when it is read into one that was used before, as a whole history is.
func TestReleasesReadEachMessageAnew(t *testing.T) {
	texts := []string{
		"feat: a\n\nBREAKING CHANGE: one\nCloses: #1\n", "fix: b\n", "fix: c\n\nCloses: #3\nBREAKING CHANGE: three\n",
		"Revert \"fix: z\"\n\nThis reverts commit 1234567.\n\nBREAKING CHANGE: four\n", "feat: d\n\nBREAKING CHANGE: five\n", "fix: e\n\nCloses: #6\n",
	}
	var commits []changelog.Commit
	for i, text := range texts {
		c := changelog.Commit{ID: strings.Repeat(string(rune('a'+i)), 40), Text: text}
		if i+1 < len(texts) {
			c.Parents = []string{strings.Repeat(string(rune('b'+i)), 40)}
		}
		commits = append(commits, c)
	}
	for release, err := range changelog.Releases(stream(commits), nil, changelog.Policy{}, changelog.ReleasesOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		plan, err := changelog.Decide(changelog.History{Head: commits[0].ID, Commits: commits}, changelog.Policy{})
		if err != nil {
			t.Fatal(err)
		}
		want := plan.Components[0].Notes(changelog.NotesOptions{})
		want.Version, want.Tag = nil, ""
		if got := release.Notes.Markdown(); got != want.Markdown() {
			t.Errorf("got\n%s\nwant\n%s", got, want.Markdown())
		}
	}
}
