package changelog_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

// contents are the sections of notes with the texts of their changes.
func contents(n changelog.Notes) string {
	var all []string
	for _, s := range n.Sections {
		line := string(s.Kind) + ":"
		for _, i := range s.Items {
			line += " " + i.Text
		}
		all = append(all, line)
	}
	return strings.Join(all, "; ")
}

func TestNotesForAnAudience(t *testing.T) {
	d := next(t, since(t, "1.2.3",
		"feat: a", "fix(HELM): b", "perf: c", "feat!: d", "chore: e", "refactor(config): f", "security: g",
		"fix: h\n\nAudience: operators", "chore: i\n\nAudience: Users, operators", "feat!: j\n\nAudience: developers", "feat: k\n\nAudience: auditors",
		"docs: l\n\nAudience: none",
	), changelog.Policy{Types: map[string]changelog.Level{"security": changelog.Patch}})
	for audience, want := range map[changelog.Audience]string{
		"":                   "breaking: d j; security: g; features: a k; fixes: b h; performance: c",
		changelog.Users:      "breaking: d; security: g; features: a; performance: c; other: i",
		changelog.Operators:  "breaking: d; security: g; fixes: b h; performance: c; other: i",
		changelog.Developers: "breaking: d j; security: g; features: a; fixes: b; performance: c",
		"auditors":           "breaking: d; features: k",
	} {
		assert.Equal(t, want, contents(d.Notes(changelog.NotesOptions{Audience: audience})), audience)
	}
	assert.Contains(t, contents(d.Notes(changelog.NotesOptions{Audience: changelog.Developers, Other: true})), "other: e")
	own := changelog.NotesOptions{Audience: changelog.Users, Audiences: []changelog.AudienceRule{
		{Types: []string{"FEAT"}, Audiences: []changelog.Audience{changelog.Users}}, {Scopes: []string{"helm"}, Audiences: []changelog.Audience{changelog.Users, "x"}},
	}}
	assert.Equal(t, "breaking: d; features: a; fixes: b; other: i", contents(d.Notes(own)))
	assert.Equal(t, changelog.Users, d.Notes(own).Audience)
}

func TestNotesBySections(t *testing.T) {
	d := next(t, since(t, "1.2.3",
		"feat: a", "fix(ui): b", "fix(security): c", "feat!: d", "perf(ui): e", "deprecate: f", "remove: g", "chore: h", "fix: i", "deps: j", "Revert \"feat: z\"",
	), changelog.Policy{Types: map[string]changelog.Level{"deprecate": changelog.Minor, "remove": changelog.Minor, "deps": changelog.Patch}})
	assert.Equal(t, `breaking: d; security: c; features: a; fixes: b i; performance: e; deprecated: f; removed: g; reverts: Revert "feat: z"; other: j`,
		contents(d.Notes(changelog.NotesOptions{})))
	n := d.Notes(changelog.NotesOptions{Sections: []changelog.SectionRule{
		{Kind: changelog.Fixes, Title: "Mended"},
		{Kind: "Screens & <more>", Scopes: []string{"UI"}},
		{Kind: changelog.Reverts, Hidden: true},
		{Kind: changelog.Dependencies, Types: []string{"deps"}},
		{Kind: changelog.Features, Types: []string{"deprecate", "remove"}},
	}})
	assert.Equal(t, "breaking: d; fixes: i; Screens & <more>: b e; dependencies: j; features: a f g; security: c", contents(n))
	assert.Contains(t, n.Markdown(), "### Mended\n")
	assert.Contains(t, n.Markdown(), "### Screens &amp; &lt;more&gt;\n")
	assert.Equal(t, "2.0.0: 1 breaking change, 1 fix, 2 in Screens & <more>, 1 dependency, 3 features, 1 security fix", n.Short())

	err := changelog.NotesOptions{
		Sections:  []changelog.SectionRule{{Kind: changelog.Breaking, Hidden: true}, {}},
		Audiences: []changelog.AudienceRule{{}, {Audiences: []changelog.Audience{""}}},
		Logins:    map[string]string{"A@b.c": "a"},
		Links:     changelog.Links{Commit: "x"},
	}.Validate()
	for _, field := range []string{"Sections[0]: ", "Sections[1].Kind: ", "Audiences[0]: ", "Audiences[1].Audiences: ", `Logins["A@b.c"]: `, "Links: "} {
		assert.ErrorContains(t, err, field)
	}
}

func TestNotesByScope(t *testing.T) {
	d := next(t, since(t, "1.2.3", "feat(b): a\n\nBREAKING CHANGE: more", "feat(b): c", "feat: d", "feat(*a*): e", "feat(b)!: f"), changelog.Policy{})
	n := d.Notes(changelog.NotesOptions{ByScope: true})
	assert.Equal(t, `## 2.0.0

### Breaking changes

- **b:**
  - a (0000000100)

    more
  - f (0000000500)

### Features

- d (0000000300)
- **\*a\*:**
  - e (0000000400)
- **b:**
  - c (0000000200)
`, n.Markdown())
	assert.Equal(t, "2.0.0\n\nBreaking changes\n\n  - b: a (0000000100)\n    more\n  - b: f (0000000500)\n\nFeatures\n\n  - d (0000000300)\n  - *a*: e (0000000400)\n  - b: c (0000000200)\n", n.Text())
}

func TestNotesOfAComponent(t *testing.T) {
	d := changelog.Decision{
		Name: "*app*", Next: semver.MustParse("1.0.1"), NextTag: "app/v1.0.1",
		Dependencies: []changelog.Dependency{{Name: "lib", Previous: semver.MustParse("1.0.0"), Next: semver.MustParse("2.0.0")}, {Name: "core", Next: semver.MustParse("0.1.0")}, {Name: "none"}},
	}
	n := d.Notes(changelog.NotesOptions{})
	assert.Equal(t, "## \\*app\\* 1.0.1\n\n### Dependencies\n\n- **lib:** 2.0.0, formerly 1.0.0\n- **core:** 0.1.0\n", n.Markdown())
	assert.Equal(t, "*app* 1.0.1: 2 dependencies", n.Short())
}

func TestNotesOfAPrerelease(t *testing.T) {
	d := changelog.Decision{
		Next: semver.MustParse("1.1.0-beta.2"), NextTag: "v1.1.0-beta.2", Previous: semver.MustParse("1.0.0"), PreviousTag: "v1.0.0",
		Prerelease: semver.MustParse("1.1.0-beta.1"), PrereleaseTag: "v1.1.0-beta.1",
		Reasons: []changelog.Reason{
			{Commit: changelog.Commit{ID: "c", Text: "fix: new"}, New: true, Level: changelog.Patch}, {Commit: changelog.Commit{ID: "b", Text: "feat: old"}, Level: changelog.Minor},
		},
		Skipped: []changelog.Skipped{
			{Commit: changelog.Commit{ID: "d", Text: "Revert \"feat: x\""}, Cancelled: true, New: true},
			{Commit: changelog.Commit{ID: "a", Text: "feat: x"}, Cancelled: true},
		},
	}
	n := d.Notes(changelog.NotesOptions{})
	assert.Equal(t, `fixes: new; reverts: Revert "feat: x"`, contents(n))
	assert.Equal(t, "v1.1.0-beta.1", n.PreviousTag)
	n = d.Notes(changelog.NotesOptions{Whole: true})
	assert.Equal(t, "features: old; fixes: new", contents(n))
	assert.Equal(t, "v1.0.0", n.PreviousTag)
	d.Next = semver.MustParse("1.1.0")
	assert.Equal(t, "features: old; fixes: new", contents(d.Notes(changelog.NotesOptions{})), "a final release has all")
}

func people(t *testing.T) changelog.Decision {
	h := since(t, "1.2.3",
		"feat: a\n\nCo-authored-by: Ben <ben@example.org>\nCo-authored-by: Ana <ANA@example.org>", "fix: b", "chore: c", "fix: d", "feat: e\n\nCo-authored-by: Dan <7+dan@users.noreply.github.com>", "Merge branch 'x'")
	for i, who := range []string{"Mia <mia@example.org>", "bot[bot] <b@example.org>", "Cy <cy@example.org>", "Ana <ana@example.org>", "*Bo* <ANA2@example.org>", "Ana <ana@example.org>"} {
		name, address, _ := strings.Cut(who, " <")
		h.Commits[i].Author, h.Commits[i].AuthorEmail = name, strings.TrimSuffix(address, ">")
	}
	return next(t, h, changelog.Policy{})
}

func TestNotesNamePeople(t *testing.T) {
	d := people(t)
	l, err := changelog.LinksFor("git@github.com:o/r.git", "")
	require.NoError(t, err)
	n := d.Notes(changelog.NotesOptions{
		Authors: true, Contributors: true, Logins: map[string]string{"ben@example.org": "b e\"n"}, Links: changelog.Links{Author: l.Author},
		Debuts: d.Debuts([]string{"Ana@example.org", "ana2@example.org"}),
	})
	text := n.Markdown()
	assert.Contains(t, text, "- a (0000000100, by Ana and [Ben](https://github.com/b%20e%22n))\n")
	assert.Contains(t, text, "- e (0000000500, by [Dan](https://github.com/dan))\n", "a bot is no author")
	assert.Contains(t, text, `
### Contributors

- \*Bo\*
- Ana
- [Ben](https://github.com/b%20e%22n) (first contribution)
- Cy (first contribution)
- [Dan](https://github.com/dan) (first contribution)
`)
	assert.Contains(t, n.Text(), "\nContributors: *Bo*, Ana, Ben (first contribution), Cy (first contribution), Dan (first contribution)\n")
	raw, err := json.Marshal(n)
	require.NoError(t, err)
	assert.NotContains(t, string(raw), "example.org\"", "no address is published")
	assert.NotContains(t, d.Notes(changelog.NotesOptions{}).Markdown(), "Ana")

	var commits []changelog.Commit
	for _, r := range d.Reasons {
		commits = append(commits, r.Commit)
	}
	for _, s := range d.Skipped {
		commits = append(commits, s.Commit)
	}
	slices.SortFunc(commits, func(a, b changelog.Commit) int { return strings.Compare(b.ID, a.ID) })
	whole, err := changelog.FindDebuts(stream(commits))
	require.NoError(t, err)
	assert.Equal(t, slices.Sorted(maps.Keys(d.Debuts(nil))), slices.Sorted(maps.Keys(whole)))
	assert.Equal(t, commits[len(commits)-1].ID, whole["ana@example.org"], "the oldest one")
}

func TestAPersonWithTwoAddresses(t *testing.T) {
	h := since(t, "1.2.3", "fix: a", "fix: b")
	h.Commits[0].Author, h.Commits[0].AuthorEmail = "Ana", "new@example.org"
	h.Commits[1].Author, h.Commits[1].AuthorEmail = "ana", "old@example.org"
	d := next(t, h, changelog.Policy{})
	n := d.Notes(changelog.NotesOptions{Contributors: true, Debuts: d.Debuts([]string{"old@example.org"})})
	assert.Equal(t, []changelog.Contributor{{Name: "ana"}}, n.Contributors, "is not new by a new address")
	both := since(t, "1.2.3", "fix: a\n\nCo-authored-by: ana <new@example.org>\nCo-authored-by: Ben <ben@example.org>")
	both.Commits[0].Author, both.Commits[0].AuthorEmail = "Ana", "old@example.org"
	items := next(t, both, changelog.Policy{}).Notes(changelog.NotesOptions{Authors: true, Logins: map[string]string{"new@example.org": "a"}}).Sections[0].Items
	assert.Equal(t, []changelog.Contributor{{Name: "Ana", Login: "a"}, {Name: "Ben"}}, items[0].Authors, "is named once")
	n = d.Notes(changelog.NotesOptions{Contributors: true, Logins: map[string]string{"new@example.org": "a"}, Debuts: d.Debuts(nil)})
	assert.Equal(t, []changelog.Contributor{{Name: "ana", Login: "a", First: true}}, n.Contributors)
}

func TestLoginsAreThoseOfTheForge(t *testing.T) {
	h := since(t, "1.2.3", "fix: a")
	h.Commits[0].Author, h.Commits[0].AuthorEmail = "Ana", "7+ana@users.noreply.github.com"
	for author, want := range map[string]string{"https://github.com/{login}": "ana", "https://gitlab.com/{login}": "", "": ""} {
		n := next(t, h, changelog.Policy{}).Notes(changelog.NotesOptions{Contributors: true, Links: changelog.Links{Author: author}})
		assert.Equal(t, []changelog.Contributor{{Name: "Ana", Login: want}}, n.Contributors)
	}
}

func TestNotesReadBack(t *testing.T) {
	l, err := changelog.LinksFor("git@github.com:o/r.git", "")
	require.NoError(t, err)
	n := people(t).Notes(changelog.NotesOptions{Authors: true, Contributors: true, ByScope: true, Links: l, Date: time.Date(2024, 5, 6, 0, 0, 0, 0, time.UTC), Audience: changelog.Users})
	raw, err := json.Marshal(n)
	require.NoError(t, err)
	var back changelog.Notes
	require.NoError(t, json.Unmarshal(raw, &back))
	assert.Equal(t, n.Markdown(), back.Markdown())
	again, err := json.Marshal(back)
	require.NoError(t, err)
	assert.Equal(t, string(raw), string(again))

	var o changelog.NotesOptions
	require.NoError(t, json.Unmarshal([]byte(`{"audience":"users","by_scope":true,"sections":[{"kind":"fixes","title":"Mended"}],"audiences":[{"types":["feat"],"audiences":["users"]}],"links":{"commit":"https://a.b/{id}"}}`), &o))
	assert.NoError(t, o.Validate())
	assert.Equal(t, "Mended", o.Sections[0].Title)
}

func TestNotesWithinASizeKeepPeople(t *testing.T) {
	var n changelog.Notes
	for i := range 5000 {
		n.Contributors = append(n.Contributors, changelog.Contributor{Name: strings.Repeat("&", 100) + fmt.Sprint(i)})
	}
	n.Sections = []changelog.Section{{Kind: changelog.Fixes, ByScope: true}}
	for i := range 5000 {
		n.Sections[0].Items = append(n.Sections[0].Items, changelog.Item{Text: fmt.Sprint(i), Scope: fmt.Sprint("s", i), Notes: []string{"a\n\nb"}, Authors: slices.Repeat([]changelog.Contributor{{Name: "Ana"}}, 50)})
	}
	short := n.Within(0)
	raw, err := json.Marshal(short.Markdown())
	require.NoError(t, err)
	assert.LessOrEqual(t, len(raw), changelog.SmallestNotes)
	assert.Greater(t, len(short.Sections[0].Items), 50)
	assert.Equal(t, 5000, len(short.Contributors)+short.MoreContributors)
	assert.Contains(t, short.Markdown(), "- *and 4950 others, left out here for want of room*\n")
	assert.Equal(t, short, short.Within(0))
}

// Somebody who is called x is a link, and no task that is done.
func TestAContributorIsNoTask(t *testing.T) {
	n := changelog.Notes{Contributors: []changelog.Contributor{{Name: "x", Login: "x"}, {Name: "X", Login: "x"}, {Name: "x"}, {Name: "xy", Login: "xy"}}}
	n.Links.Author = "https://h/{login}"
	assert.Contains(t, n.Markdown(), "- [&#120;](https://h/x)\n- [&#88;](https://h/x)\n- x\n- [xy](https://h/xy)\n")
}
