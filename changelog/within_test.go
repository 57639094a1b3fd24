package changelog_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

// TestChangesWithin: each change of a squashed commit has its own level, and its own place in the notes.
func TestChangesWithin(t *testing.T) {
	const text = "fix: some (#1)\n\n* feat(a): b\n\nBREAKING CHANGE: mine\n\n* fix: some\n\n* docs: c\n\n* feat(d): e"
	d := next(t, since(t, "1.2.3", text), changelog.Policy{})
	assert.Equal(t, "2.0.0", spoken(d))
	require.Len(t, d.Reasons, 1)
	assert.Equal(t, `a breaking change is major, by "feat(a): b" within`, d.Reasons[0].Rule)
	var rules []string
	for _, c := range d.Reasons[0].Changes {
		assert.Contains(t, text[c.Span.Start:c.Span.End], c.Subject)
		rules = append(rules, c.Subject+": "+c.Rule)
	}
	assert.Equal(t, []string{"fix: some (#1): fix is patch", "feat(a): b: a breaking change is major", "docs: c: docs is none", "feat(d): e: feat is minor"}, rules)
	want := "## 2.0.0\n\n### Breaking changes\n\n- **a:** b (#1, 0000000100)\n\n  mine\n\n### Features\n\n- **d:** e (#1, 0000000100)\n\n### Fixes\n\n- some (#1, 0000000100)\n"
	assert.Equal(t, want, d.Notes(changelog.NotesOptions{}).Markdown())

	raw, err := json.Marshal(d)
	require.NoError(t, err)
	var back changelog.Decision
	require.NoError(t, json.Unmarshal(raw, &back))
	assert.Equal(t, want, back.Notes(changelog.NotesOptions{}).Markdown())

	ignoring := next(t, since(t, "1.2.3", text), changelog.Policy{Messages: changelog.Reading{Bullets: changelog.Ignore}})
	assert.Equal(t, "2.0.0", spoken(ignoring), "by the letter, the footer is one of the whole message")
	assert.Empty(t, ignoring.Reasons[0].Changes)
	assert.Equal(t, ignoring.Messages.Bullets, changelog.Ignore)
}

// TestRevertsWithin: what a squashed commit holds can be taken back alone.
func TestRevertsWithin(t *testing.T) {
	squash := "chore: all (#7)\n\n* feat: a\n\n* fix: b"
	for _, tc := range []struct {
		name     string
		messages []string
		want     string
		notes    []string
	}{
		{"one of two", []string{squash, `Revert "feat: a"`}, "1.2.4", []string{"b"}},
		{"the other", []string{squash, `revert: fix: b`}, "1.3.0", []string{"a"}},
		{"both", []string{squash, `Revert "fix: b"`, `Revert "feat: a"`}, "-", nil},
		{"all by id", []string{squash, undo(0)}, "-", nil},
		{"all by header", []string{squash, `Revert "chore: all (#7)" (#8)`}, "-", nil},
		{"all by number", []string{"chore: all (#6)\n\n* fix: z", squash, "Revert \"all of it\" (#8)\n\nReverts o/r#7"}, "1.2.4", []string{"z"}},
		{"a revert within", []string{"feat: a", "chore: all (#7)\n\n* Revert \"feat: a\"\n\n* fix: b"}, "1.2.4", []string{"b"}},
		{"in the same message", []string{"chore: all (#7)\n\n* feat: a\n\n* revert: feat: a\n\n* fix: b"}, "1.2.4", []string{"b"}},
		{"of the title's namesake", []string{"feat: a (#7)\n\n* feat: a\n\n* Revert \"feat: a\"\n\n* fix: b"}, "1.3.0", []string{"a", "b"}},
		{"the title and its namesake", []string{"feat: a (#7)\n\n* feat: a\n\n* fix: b", `Revert "feat: a"`}, "-", nil},
		{"a later namesake", []string{"chore: all\n\n* Revert \"feat: a\"\n\n* feat: a"}, "1.3.0", []string{"a", `Revert "feat: a"`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := next(t, since(t, "1.2.3", tc.messages...), changelog.Policy{})
			assert.Equal(t, tc.want, spoken(d))
			var notes []string
			for _, s := range d.Notes(changelog.NotesOptions{}).Sections {
				for _, item := range s.Items {
					notes = append(notes, item.Text)
				}
			}
			assert.Equal(t, tc.notes, notes)
		})
	}
}

// TestCountReverts: by that policy nothing is taken back.
func TestCountReverts(t *testing.T) {
	h := since(t, "1.2.3", "feat: x", undo(0))
	d := next(t, h, changelog.Policy{Reverts: changelog.CountReverts})
	assert.Equal(t, "1.3.0", spoken(d))
	assert.Len(t, d.Reasons, 2)
	d = next(t, h, changelog.Policy{Reverts: changelog.CancelReverts})
	assert.Equal(t, "-", spoken(d))
}

// TestRevertsOfWhatWasReleased: a history may hold commits that were released, and the revert of one is a fix.
func TestRevertsOfWhatWasReleased(t *testing.T) {
	for _, text := range []string{"Revert \"feat: x\"", undo(0), "Revert \"feat: x (#3)\" (#4)\n\nReverts o/r#3"} {
		h := since(t, "", "feat: x (#3)", text)
		h.Tags = []changelog.Ref{{Name: "v1.2.3", Commit: id(0)}}
		for i := range h.Commits {
			if h.Commits[i].ID == id(1) {
				h.Commits[i].Parents = []string{id(0)}
			}
		}
		d := next(t, h, changelog.Policy{})
		assert.Equal(t, "1.2.4", spoken(d), text)
		assert.Equal(t, changelog.Reverts, d.Notes(changelog.NotesOptions{}).Sections[0].Kind)
	}
}

// TestSquashesUnderAMergeHeader: a commit with one parent is no merge, whatever its message says.
func TestSquashesUnderAMergeHeader(t *testing.T) {
	for text, want := range map[string]string{
		"Merged PR 12: feat: x\n\nRelated work items: #1":                     "1.3.0",
		"Merged in b (pull request #3)\n\nfeat: x\n\n* fix: y":                "1.3.0",
		"Merge branch 'b' into 'main'\n\nfeat!: x\n\nSee merge request g/p!7": "2.0.0",
		"Merge branch 'b' into 'main'":                                        "-",
	} {
		for parents, want := range map[int]string{1: want, 2: "-"} {
			h := since(t, "1.2.3", text)
			h.Commits[0].Parents = []string{id(8), id(9)}[:parents]
			assert.Equal(t, want, spoken(next(t, h, changelog.Policy{})), "%d parents: %q", parents, text)
		}
	}
}

func TestUnclearIDs(t *testing.T) {
	h := since(t, "1.2.3", "feat: x", "Revert \"x\"\n\nThis reverts commit 00000001.")
	h.Commits = append(h.Commits, changelog.Commit{ID: "00000001ff", Text: "docs: y"})
	plan, err := changelog.Decide(h, changelog.Policy{})
	require.NoError(t, err)
	require.Len(t, plan.Diagnostics, 1)
	assert.Equal(t, changelog.CodeUnclearRevert, plan.Diagnostics[0].Code)
	assert.Contains(t, plan.Diagnostics[0].Text, "ids that begin with 00000001,")
}

func TestReadingIsValidated(t *testing.T) {
	err := changelog.Policy{Reverts: "no", Messages: changelog.Reading{
		Bullets: "a", Paragraphs: "b", Merges: "c", EmptyScope: "d", Autosquash: "e", Unseparated: "f", Types: []string{"ok", "Feat", ""},
	}}.Validate()
	for _, want := range []string{
		`Messages.Bullets: "a" is none of "count" and "ignore"`, "Messages.Paragraphs", "Messages.Merges", "Messages.EmptyScope",
		"Messages.Autosquash", "Messages.Unseparated", `Messages.Types[1]: "Feat"`, `Messages.Types[2]: ""`, `Reverts: "no"`,
	} {
		assert.ErrorContains(t, err, want)
	}
	assert.NotContains(t, err.Error(), "Types[0]")
}

// TestRaisedWithin: whoever wrote a header learns what within the message is above it.
func TestRaisedWithin(t *testing.T) {
	for text, want := range map[string]string{
		"chore(deps): bump x (#9)\n\n* fix: a\n\n* feat!: dropped y": `the header calls for no release, but "feat!: dropped y" within the message is major`,
		"docs: x\n\nfeat: y":                 "the header calls for no release, but \"feat: y\" within the message is minor",
		"chore: x\n\n* docs: y":              "",
		"fix: x\n\n* feat!: y":               "the header is patch, but \"feat!: y\" within the message is major",
		"feat: x\n\n* feat!: y":              "the header is minor, but \"feat!: y\" within the message is major",
		"feat!: x\n\n* feat!: y":             "",
		"chore!: x\n\n* feat: y":             "",
		"Bump x (#9)\n\n* feat: y":           "",
		"chore: x\n\nNote: a\n\n* chore!: x": "the header calls for no release, but \"chore!: x\" within the message is major",
	} {
		plan, err := changelog.Decide(since(t, "1.2.3", text), changelog.Policy{})
		require.NoError(t, err)
		var got string
		for _, d := range plan.Diagnostics {
			if d.Code == changelog.CodeRaised {
				got += d.Text
				assert.Equal(t, id(0), d.Commit)
			}
		}
		assert.Equal(t, want, got, text)
	}
}

// TestCommitsBehindFooters: commits within may stand in several lists with footers between, as after several squashes.
func TestCommitsBehindFooters(t *testing.T) {
	for text, want := range map[string][]string{
		"feat: login (#7)\n\n* feat: login\n\n---------\n\nSigned-off-by: Z <z@example.org>\n\n* fix: x\n* fix: y\n\n---------\n\nSigned-off-by: Z <z@example.org>\n": {"login (#7)", "x", "y"},
		"feat: login (#7)\n\n* feat: login\n* fix: x\n\nSigned-off-by: Z <z@example.org>\n\n* fix: x\n* fix: y\n\nSigned-off-by: Z <z@example.org>\n\n* fix: z\n":     {"login (#7)", "x", "y", "z"},
	} {
		var got []string
		for _, change := range changelog.Parse(text).Changes() {
			got = append(got, change.Description)
		}
		assert.Equal(t, want, got, text)
	}
}
