package document_test

import (
	"strings"
	"testing"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/document"
)

var today = time.Date(2024, 5, 6, 0, 0, 0, 0, time.UTC)

func version(text string) *semver.Version {
	if text == "" {
		return nil
	}
	return semver.MustParse(text)
}

// notes are notes with an item for each "kind text id".
func notes(v string, items ...string) changelog.Notes {
	n := changelog.Notes{Version: version(v)}
	if v != "" {
		n.Date = today
	}
	for _, line := range items {
		kind, rest, _ := strings.Cut(line, " ")
		at := strings.LastIndexByte(rest, ' ')
		item := changelog.Item{Text: rest[:at], Commit: rest[at+1:]}
		if text, number, ok := strings.Cut(item.Text, " (#"); ok {
			item.Text, item.References = text, []changelog.Reference{{Target: "#" + strings.TrimSuffix(number, ")")}}
		}
		if l := len(n.Sections); l > 0 && n.Sections[l-1].Kind == changelog.SectionKind(kind) {
			n.Sections[l-1].Items = append(n.Sections[l-1].Items, item)
			continue
		}
		n.Sections = append(n.Sections, changelog.Section{Kind: changelog.SectionKind(kind), Items: []changelog.Item{item}})
	}
	return n
}

// upserted is a document after an Upsert, which is done twice.
func upserted(t *testing.T, text string, n changelog.Notes, o document.Options) string {
	t.Helper()
	d := document.Parse(text)
	require.NoError(t, d.Upsert(n, o))
	once := d.String()
	require.NoError(t, d.Upsert(n, o))
	assert.Equal(t, once, d.String(), "twice is once")
	return once
}

// shown is a text without the marks of generated entries.
func shown(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if i := strings.Index(line, " <!-- generated "); i >= 0 {
			line = line[:i] + strings.TrimLeft(line[strings.Index(line, "-->")+3:], " ")
		}
		b.WriteString(line)
	}
	return b.String()
}

const sample = `# Changelog

All that is new.

## [Unreleased]

### Added

- By hand (#9)

## [1.2.0] - 2024-01-02

### Fixed

- Old fix

[Unreleased]: https://git.example.org/o/r/compare/v1.2.0...HEAD
[1.2.0]: https://git.example.org/o/r/compare/v1.1.0...v1.2.0
`

func TestUpsert(t *testing.T) {
	n := notes("1.3.0", "features add x (#12) c0ffee0001", "fixes hold y c0ffee0002")
	for name, c := range map[string]struct {
		before string
		notes  changelog.Notes
		want   string
	}{
		"into nothing": {"", n, `# Changelog

All notable changes, the newest version first, in the form of [Keep a Changelog](https://keepachangelog.com/).
Versions are those of [Semantic Versioning](https://semver.org/).

## 1.3.0 - 2024-05-06

### Added

- add x (#12, c0ffee0001)

### Fixed

- hold y (c0ffee0002)
`},
		"a new version": {sample, n, strings.NewReplacer("## [1.2.0]", `## [1.3.0] - 2024-05-06

### Added

- add x (#12, c0ffee0001)

### Fixed

- hold y (c0ffee0002)

## [1.2.0]`, "[Unreleased]: https://git.example.org/o/r/compare/v1.2.0...HEAD\n", `[Unreleased]: https://git.example.org/o/r/compare/v1.3.0...HEAD
[1.3.0]: https://git.example.org/o/r/compare/v1.2.0...v1.3.0
`).Replace(sample)},
		"what is not released": {sample, notes("", "features add x c0ffee0001", "breaking drop z c0ffee0003"),
			strings.Replace(sample, "- By hand (#9)\n", "- By hand (#9)\n- add x (c0ffee0001)\n\n### Changed\n\n- **Breaking:** drop z (c0ffee0003)\n", 1)},
		"an entry that stands for one": {sample, notes("", "features by HAND c0ffee0001", "features other (#9) c0ffee0002", "features third c0ffee0003"),
			strings.Replace(sample, "- By hand (#9)\n", "- By hand (#9)\n- third (c0ffee0003)\n", 1)},
		"an entry that says the same with its scope": {"## 1.3.0\n\n### Added\n\n- **api:** add *X*\n", changelog.Notes{Version: version("1.3.0"), Sections: []changelog.Section{
			{Kind: changelog.Features, Items: []changelog.Item{{Scope: "api", Text: "add x", Commit: "c0ffee0001"}, {Scope: "ui", Text: "add x", Commit: "c0ffee0002"}}}}},
			"## 1.3.0\n\n### Added\n\n- **api:** add *X*\n- **ui:** add x (c0ffee0002)\n"},
		"links with tags of another kind": {"## [1.2.0](https://git.example.org/compare/rel-1.1.0...rel-1.2.0)\n", notes("1.3.0", "fixes y c0ffee0002"),
			"## [1.3.0](https://git.example.org/compare/rel-1.2.0...rel-1.3.0) - 2024-05-06\n\n### Fixed\n\n- y (c0ffee0002)\n\n## [1.2.0](https://git.example.org/compare/rel-1.1.0...rel-1.2.0)\n"},
		"an old line": {sample, notes("1.1.1", "fixes y c0ffee0002"), strings.NewReplacer("- Old fix\n", "- Old fix\n\n## [1.1.1] - 2024-05-06\n\n### Fixed\n\n- y (c0ffee0002)\n").Replace(sample)},
		"between two": {strings.Replace(sample, "\n[Unreleased]:", "\n## [1.0.0] - 2023-01-01\n\n[Unreleased]:", 1), notes("1.1.1", "fixes y c0ffee0002"),
			strings.NewReplacer("- Old fix\n", "- Old fix\n\n## [1.1.1] - 2024-05-06\n\n### Fixed\n\n- y (c0ffee0002)\n\n## [1.0.0] - 2023-01-01\n",
				"...v1.2.0\n", "...v1.2.0\n[1.1.1]: https://git.example.org/o/r/compare/v1.0.0...v1.1.1\n").Replace(sample)},
		"without a final line end":                  {"## 1.0.0", n, "## 1.3.0 - 2024-05-06\n\n### Added\n\n- add x (#12, c0ffee0001)\n\n### Fixed\n\n- hold y (c0ffee0002)\n\n## 1.0.0"},
		"behind the last, without a final line end": {"## 2.0.0\n\n- x", notes("1.0.0", "fixes y c0ffee0002"), "## 2.0.0\n\n- x\n\n## 1.0.0 - 2024-05-06\n\n### Fixed\n\n- y (c0ffee0002)\n"},
		"headings of versions on the third level": {"### Version 1.2.0 (Mon Jan 1 2024)\n- x\n", notes("", "features y c0ffee0002"),
			"### [Unreleased]\n\n#### Added\n\n- y (c0ffee0002)\n\n### Version 1.2.0 (Mon Jan 1 2024)\n- x\n"},
		"dates right behind versions": {"# Log\n\n## v1.2.0(2024-01-01)\n\n- x\n", notes("1.3.0", "features y c0ffee0002"),
			"# Log\n\n## v1.3.0(2024-05-06)\n\n### Added\n\n- y (c0ffee0002)\n\n## v1.2.0(2024-01-01)\n\n- x\n"},
		"in the way of the file": {"# History\r\n\r\n### v1.2.0 (2024-01-01)\r\n\r\n#### Bugs\r\n\r\n* x\r\n", notes("1.3.0", "fixes y c0ffee0002"),
			"# History\r\n\r\n### v1.3.0 (2024-05-06)\r\n\r\n#### Fixed\r\n\r\n* y (c0ffee0002)\r\n\r\n### v1.2.0 (2024-01-01)\r\n\r\n#### Bugs\r\n\r\n* x\r\n"},
		"links in headings": {"## [1.2.0](https://git.example.org/o/r/compare/v1.1.0...v1.2.0) - 2024-01-01\n", notes("1.3.0", "fixes y c0ffee0002"),
			"## [1.3.0](https://git.example.org/o/r/compare/v1.2.0...v1.3.0) - 2024-05-06\n\n### Fixed\n\n- y (c0ffee0002)\n\n## [1.2.0](https://git.example.org/o/r/compare/v1.1.0...v1.2.0) - 2024-01-01\n"},
		"above an anchor": {"# C\n\n<a name=\"1.2.0\"></a>\n## 1.2.0\n\n* x\n", notes("1.3.0", "fixes y c0ffee0002"),
			"# C\n\n## 1.3.0 - 2024-05-06\n\n### Fixed\n\n* y (c0ffee0002)\n\n<a name=\"1.2.0\"></a>\n## 1.2.0\n\n* x\n"},
		"headings that are none": {"# C\n\n```\n## 9.0.0\n```\n\n<!--\n## 8.0.0\n-->\n\n    ## 7.0.0\n\n- a\n\n  ## 6.0.0\n\n## 1.2.0\n", notes("1.3.0", "fixes y c0ffee0002"),
			"# C\n\n```\n## 9.0.0\n```\n\n<!--\n## 8.0.0\n-->\n\n    ## 7.0.0\n\n- a\n\n  ## 6.0.0\n\n## 1.3.0 - 2024-05-06\n\n### Fixed\n\n- y (c0ffee0002)\n\n## 1.2.0\n"},
		"headings that are underlined": {"Changelog\n=========\n\n1.2.0 - 2024-01-01\n------------------\n\n- x\n", notes("1.3.0", "fixes y c0ffee0002"),
			"Changelog\n=========\n\n## 1.3.0 - 2024-05-06\n\n### Fixed\n\n- y (c0ffee0002)\n\n1.2.0 - 2024-01-01\n------------------\n\n- x\n"},
		"a date for a heading": {"## [1.3.0] - Unreleased\n\n### Fixed\n\n- z\n", notes("1.3.0", "fixes y c0ffee0002"), "## [1.3.0] - 2024-05-06\n\n### Fixed\n\n- z\n- y (c0ffee0002)\n"},
		"order of headings":    {"## 1.3.0 - 2024-05-06\n\n### Security\n\n- a\n", n, "## 1.3.0 - 2024-05-06\n\n### Added\n\n- add x (#12, c0ffee0001)\n\n### Fixed\n\n- hold y (c0ffee0002)\n\n### Security\n\n- a\n"},
		"a component":          {"", changelog.Notes{Version: version("1.0.0"), Sections: []changelog.Section{{Kind: changelog.Dependencies, Items: []changelog.Item{{Scope: "lib", Text: "2.0.0"}}}}}, "# Changelog\n\nAll notable changes, the newest version first, in the form of [Keep a Changelog](https://keepachangelog.com/).\nVersions are those of [Semantic Versioning](https://semver.org/).\n\n## 1.0.0\n\n### Changed\n\n- **lib:** 2.0.0\n"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, shown(upserted(t, c.before, c.notes, document.Options{})))
		})
	}
}

func TestUpsertAgain(t *testing.T) {
	first := notes("1.3.0", "features add x c0ffee0001", "fixes hold y c0ffee0002", "fixes hold z c0ffee0003", "performance q c0ffee0004")
	text := upserted(t, sample, first, document.Options{})
	assert.Contains(t, text, "- hold y (c0ffee0002) <!-- generated c0ffee0002 ")

	// Somebody writes an entry of their own, edits one, and wraps another.
	text = strings.Replace(text, "- hold y (c0ffee0002)", "- Mine\n- Hold y as it should be held", 1)
	text = strings.Replace(text, "- hold z (", "-   hold\n  z (", 1)
	second := notes("1.3.0", "features add x, much better c0ffee0001", "fixes hold y c0ffee0002", "fixes hold w c0ffee0005")
	again := upserted(t, text, second, document.Options{})
	assert.Contains(t, shown(again), `## [1.3.0] - 2024-05-06

### Added

- add x, much better (c0ffee0001)

### Fixed

- Mine
- Hold y as it should be held
- hold w (c0ffee0005)

## [1.2.0]`)
	assert.Equal(t, text[:strings.Index(text, "## [1.3.0]")], again[:strings.Index(again, "## [1.3.0]")])
	assert.Equal(t, text[strings.Index(text, "## [1.2.0]"):], again[strings.Index(again, "## [1.2.0]"):])
}

// A rule at the end of a version stays there.
// TestUpsertOfNothing: a version without changes has one entry that says so, unless somebody has written something, and until there is a change.
func TestUpsertOfNothing(t *testing.T) {
	const head = "# Changelog\n\n## 2.0.0 - 2024-05-06\n"
	nothing, some := notes("2.0.0"), notes("2.0.0", "features add x c0ffee0001")
	without := head + "\n### Changed\n\n- No notable changes.\n"
	with := head + "\n### Added\n\n- add x (c0ffee0001)\n"
	for _, text := range []string{"# Changelog\n", head, head + "\n### Changed\n"} {
		assert.Equal(t, without, shown(upserted(t, text, nothing, document.Options{})), text)
	}
	assert.Equal(t, strings.ReplaceAll(without, "\n", "\r\n"), shown(upserted(t, strings.ReplaceAll(head, "\n", "\r\n"), nothing, document.Options{})))
	assert.Equal(t, with, shown(upserted(t, upserted(t, head, nothing, document.Options{}), some, document.Options{})), "then there is one")
	assert.Equal(t, without, shown(upserted(t, upserted(t, head, some, document.Options{}), nothing, document.Options{})), "then there is none")
	for _, own := range []string{"\nSome words.\n", "\n- by hand\n", "\n### Fixed\n\n- by hand\n", "\nYanked: it breaks\n", "\n<details>\nx\n</details>\n"} {
		assert.Equal(t, head+own, upserted(t, head+own, nothing, document.Options{}))
	}
	nothing.With = []string{"core", "web*"}
	assert.Contains(t, upserted(t, head, nothing, document.Options{}), "- No changes of its own: released with core and web\\*. <!-- generated none ")
	d := document.Parse("# Changelog\n\n## Unreleased\n\n### Fixed\n\n- by hand\n")
	require.NoError(t, d.Upsert(nothing, document.Options{}))
	require.NoError(t, d.Release(nothing.Version, today, document.Options{}))
	require.NoError(t, d.Upsert(nothing, document.Options{}))
	assert.Equal(t, "# Changelog\n\n## Unreleased\n\n## 2.0.0 - 2024-05-06\n\n### Fixed\n\n- by hand\n", d.String())
}

func TestRuleBelowAVersion(t *testing.T) {
	text := upserted(t, "## 1.3.0\n\n### Fixed\n\n- mine\n\n---\n\n## 1.2.0\n\n### Fixes\n\n- z\n\n***\n", notes("1.3.0", "fixes y c0ffee0001", "features x c0ffee0002"), document.Options{})
	assert.Regexp(t, `(?s)- mine\n- y [^\n]*\n\n---\n\n## 1\.2\.0.*- z\n\n\*\*\*\n$`, text)
	notes, ok := document.Parse(text).Notes(version("1.2.0"))
	assert.True(t, ok)
	assert.NotContains(t, notes, "***")
}

// What is not released yet may be decorated as versions are.
func TestDecoratedUnreleased(t *testing.T) {
	for _, title := range []string{"✨ [Unreleased]", "✨ Unreleased", "🎉 🎉 Unreleased - x"} {
		d := document.Parse("# C\n\n## " + title + "\n\n- a\n\n## 🎉 1.2.3\n")
		assert.Len(t, d.Versions(), 2, title)
	}
	assert.Len(t, document.Parse("# C\n\n## Über Unreleased\n\n- a\n\n## 1.2.3\n").Versions(), 1)
}

func TestRelease(t *testing.T) {
	released := func(text string) string {
		d := document.Parse(text)
		require.NoError(t, d.Release(version("1.3.0"), today, document.Options{}), text)
		once := d.String()
		require.NoError(t, d.Release(version("1.3.0"), today, document.Options{}))
		assert.Equal(t, once, d.String(), "twice is once")
		return once
	}
	assert.Equal(t, strings.NewReplacer("## [Unreleased]\n", "## [Unreleased]\n\n## [1.3.0] - 2024-05-06\n",
		"[Unreleased]: https://git.example.org/o/r/compare/v1.2.0...HEAD\n", "[Unreleased]: https://git.example.org/o/r/compare/v1.3.0...HEAD\n[1.3.0]: https://git.example.org/o/r/compare/v1.2.0...v1.3.0\n",
	).Replace(sample), released(sample))

	for name, c := range map[string]struct{ before, want string }{
		"headings without entries": {"## Unreleased\n\n### Added\n\n- a\n\n### Changed\n\n### Fixed\n\n## 1.0.0\n", "## Unreleased\n\n## 1.3.0 - 2024-05-06\n\n### Added\n\n- a\n\n## 1.0.0\n"},
		"nothing":                  {"## Unreleased\n\n## 1.0.0\n", "## Unreleased\n\n## 1.3.0 - 2024-05-06\n\n## 1.0.0\n"},
		"the end of the file":      {"## Unreleased\n\n- a", "## Unreleased\n\n## 1.3.0 - 2024-05-06\n\n- a\n"},
		"several": {"## Unreleased\n\n### Added\n\n- a\n\n## [Unreleased]\n\nText.\n\n### Fixed\n- f\n\n### added\n\n- b\n\n## 1.0.0\n\n## UNRELEASED\n### Added\n- a\n",
			"## Unreleased\n\n## 1.3.0 - 2024-05-06\n\nText.\n\n### Added\n\n- a\n- b\n\n### Fixed\n\n- f\n\n## 1.0.0\n"},
		"an old line":      {"## Unreleased\n\n- a\n\n## 2.0.0\n\n## 1.2.0\n", "## Unreleased\n\n## 2.0.0\n\n## 1.3.0 - 2024-05-06\n\n- a\n\n## 1.2.0\n"},
		"no Unreleased":    {"## 1.3.0\n\n- a\n", "## 1.3.0 - 2024-05-06\n\n- a\n"},
		"equal headings":   {"## Unreleased\n\n### Added\n\n- a\n\n### Fixed\n\n- f\n\n### Added\n\n- b\n", "## Unreleased\n\n## 1.3.0 - 2024-05-06\n\n### Added\n\n- a\n- b\n\n### Fixed\n\n- f\n"},
		"text and a list":  {"## Unreleased\n\n### Added\n\nText.\n\n### Added\n\n- b\n", "## Unreleased\n\n## 1.3.0 - 2024-05-06\n\n### Added\n\nText.\n\n- b\n"},
		"spelled":          {"## [UNRELEASED] - yyyy-mm-dd\n\n- a\n", "## [UNRELEASED] - yyyy-mm-dd\n\n## [1.3.0] - 2024-05-06\n\n- a\n"},
		"into one by hand": {"## Unreleased\n\n### Fixed\n\n- f\n\n## v1.3.0 - 2020-01-01\n\n### Added\n\n- a\n", "## Unreleased\n\n## v1.3.0 - 2024-05-06\n\n### Added\n\n- a\n\n### Fixed\n\n- f\n"},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, released(c.before)) })
	}
}

// Where nothing is merged, what people wrote twice is theirs.
func TestReleaseOfWhatIsThereTwice(t *testing.T) {
	d := document.Parse("# Log\n\n## Unreleased\n\n- x\n- y\n- x\n")
	require.NoError(t, d.Release(version("1.3.0"), today, document.Options{}))
	assert.Contains(t, d.String(), "- x\n- y\n- x\n")
}

// The links of notes are those of the heading, unless the options have others.
func TestLinksOfNotes(t *testing.T) {
	n := notes("1.3.0", "features y c0ffee0002")
	n.Tag, n.PreviousTag = "v1.3.0", "v1.2.0"
	for _, name := range []string{"boat", "ship"} {
		links, err := changelog.LinksFor("https://github.com/o/"+name, changelog.GitHub)
		require.NoError(t, err)
		o := document.Options{}
		if n.Links == (changelog.Links{}) {
			n.Links = links
		} else {
			o.Links = links
		}
		got := upserted(t, "# Log\n\n## [1.2.0]\n\n- x\n", n, o)
		assert.Contains(t, got, "\n[1.3.0]: https://github.com/o/"+name+"/compare/v1.2.0...v1.3.0\n")
	}
}

func TestReleaseMergesWhatWasGenerated(t *testing.T) {
	text := upserted(t, sample, notes("1.3.0", "features nine (#9) c0ffee0001", "fixes y c0ffee0002"), document.Options{})
	d := document.Parse(text)
	require.NoError(t, d.Release(version("1.3.0"), today, document.Options{}))
	assert.Contains(t, shown(d.String()), "## [Unreleased]\n\n## [1.3.0] - 2024-05-06\n\n### Added\n\n- By hand (#9)\n\n### Fixed\n\n- y (c0ffee0002)\n\n## [1.2.0]")

	again := d.String()
	require.NoError(t, d.Upsert(notes("1.3.0", "features nine (#9) c0ffee0001", "fixes y c0ffee0002"), document.Options{}))
	assert.Equal(t, again, d.String(), "the entry by hand still stands for the generated one")
}

func TestYank(t *testing.T) {
	d := document.Parse(sample)
	require.NoError(t, d.Yank(version("1.2.0"), "it lost <data>"))
	once := d.String()
	assert.Equal(t, strings.Replace(sample, "2024-01-02\n", "2024-01-02 [YANKED]\n\nYanked: it lost &lt;data&gt;\n", 1), once)
	require.NoError(t, d.Yank(version("1.2.0"), "it lost <data>"))
	require.NoError(t, d.Yank(version("1.2.0"), ""))
	assert.Equal(t, once, d.String())
	require.NoError(t, d.Yank(version("1.2.0"), "other"))
	assert.Contains(t, d.String(), "\n\nYanked: other\n\n### Fixed")
	assert.True(t, d.Versions()[1].Yanked)
	assert.ErrorIs(t, d.Yank(version("9.0.0"), ""), document.ErrNoVersion)

	under := document.Parse("1.0.0\n-----\n")
	require.NoError(t, under.Yank(version("1.0.0"), ""))
	assert.Equal(t, "1.0.0 [YANKED]\n-----\n", under.String())
	closed := document.Parse("## 1.0.0 ##\n")
	require.NoError(t, closed.Yank(version("1.0.0"), ""))
	assert.Equal(t, "## 1.0.0 [YANKED] ##\n", closed.String())
}

func TestErrors(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		edit func(*document.Document) error
		want string
	}{
		"a version there twice": {"## 1.0.0\n\n## 0.9.0\n\n## [v1.0.0]\n", func(d *document.Document) error { return d.Upsert(notes("1.0.0"), document.Options{}) },
			"changelog document: version 1.0.0 has 2 sections, on lines 1, 5: make one of them"},
		"an open block": {"# C\n\n```\n## 1.0.0\n", func(d *document.Document) error { return d.Upsert(notes("1.0.0"), document.Options{}) },
			"changelog document: line 3: what begins here, a block of code or of HTML, is never closed, and has the rest of the file in it"},
		"an open comment": {"## 1.0.0\n\n<!--\n", func(d *document.Document) error { return d.Upsert(notes("0.9.0"), document.Options{}) },
			"changelog document: line 3: what begins here, a block of code or of HTML, is never closed, and has the rest of the file in it"},
		"no place": {"# C\n\n## Install\n\n## Use\n", func(d *document.Document) error { return d.Upsert(notes("1.0.0"), document.Options{}) },
			"changelog document: line 3: there are headings, but none is of a version: write one, such as \"## Unreleased\", where the versions shall stand"},
		"the oldest first": {"## 0.1.0\n\n## 0.2.0\n", func(d *document.Document) error { return d.Upsert(notes("1.0.0"), document.Options{}) },
			"changelog document: line 1: the oldest version stands first: only a changelog with the newest first can get another one"},
		"nothing to release": {"# C\n\n## 0.1.0\n", func(d *document.Document) error { return d.Release(version("1.0.0"), today, document.Options{}) },
			"changelog document: the changelog has neither an Unreleased section nor one of the version"},
		"a heading of several lines": {"1.0.0 -\nUnreleased\n---\n", func(d *document.Document) error { return d.Release(version("1.0.0"), today, document.Options{}) },
			"changelog document: line 1: a heading of several lines cannot be changed: make it one line"},
		"no version": {"## Unreleased\n", func(d *document.Document) error { return d.Release(nil, today, document.Options{}) },
			"changelog document: the changelog has no section for the version"},
	} {
		t.Run(name, func(t *testing.T) {
			d := document.Parse(c.text)
			assert.EqualError(t, c.edit(d), c.want)
			assert.Equal(t, c.text, d.String(), "nothing is changed")
		})
	}
}

func TestVersions(t *testing.T) {
	for title, want := range map[string]string{
		"[1.2.3] - 2024-01-02":                "1.2.3 2024-01-02",
		"[1.2.3] - 2024-01-02 [YANKED]":       "1.2.3 2024-01-02 yanked",
		"1.2.3 [YANKED]":                      "1.2.3 yanked",
		"1.2.3 / 2024-01-02":                  "1.2.3 2024-01-02",
		"v1.2.3":                              "1.2.3",
		"V1.2.3":                              "1.2.3",
		"[v1.2.3-rc.1+b5]":                    "1.2.3-rc.1+b5",
		"[1.2.3](https://a.b/c) (2024-01-02)": "1.2.3 2024-01-02",
		"[1.2.3][tag] - 2024-01-02":           "1.2.3 2024-01-02",
		"[1.2.3][YANKED]":                     "1.2.3 yanked",
		"Version 1.2.3 (January 2, 2024)":     "1.2.3",
		"Release 1.2.3: Spring":               "1.2.3",
		"**1.2.3**":                           "1.2.3",
		"`1.2.3`":                             "1.2.3",
		"boat@1.2.3":                          "1.2.3",
		"boat/v1.2.3":                         "1.2.3",
		"boat-v1.2.3 - 2024-01-02":            "1.2.3 2024-01-02",
		"1.2.3 — 2024-01-02":                  "1.2.3 2024-01-02",
		"1.2.3 - 2024-13-45":                  "1.2.3",
		"Unreleased":                          "unreleased",
		"[Unreleased]":                        "unreleased",
		"[UNRELEASED] - YYYY-MM-DD":           "unreleased",
		"[Unreleased](https://git.example.org/compare/)": "unreleased",
		"Unreleased (2024-01-02)":                        "unreleased",
		"Unreleased changes":                             "unreleased",
		"Next":                                           "unreleased",
		"Upcoming Release":                               "unreleased",
		"Next steps":                                     "",
		"1.2":                                            "",
		"1.02.3":                                         "",
		"[1.2.3":                                         "",
		"Upgrade from 1.2.3":                             "",
		"Installation":                                   "",
		"":                                               "",
	} {
		var got []string
		for _, v := range document.Parse("# C\n\n## " + title + "\n\n- x\n").Versions() {
			text := "unreleased"
			if v.Version != nil {
				text = v.Version.String()
			}
			if !v.Date.IsZero() {
				text += v.Date.Format(" 2006-01-02")
			}
			if v.Yanked {
				text += " yanked"
			}
			got = append(got, text)
			assert.Equal(t, title, v.Title)
			assert.Equal(t, 3, v.Line)
		}
		assert.Equal(t, want, strings.Join(got, ", "), title)
	}
}

func TestHeadingsThatAreNone(t *testing.T) {
	for _, text := range []string{
		"---\n# 1.0.0\n---\n", "- a\n\n  ## 1.0.0\n", "- a\n  ## 1.0.0\n", "1. a\n\n   ## 1.0.0\n", "```\n## 1.0.0\n```\n", "~~~~\n~~~\n## 1.0.0\n", "- ```\n  ## 1.0.0\n", "<!--\n## 1.0.0\n-->\n",
		"<pre>\n\n## 1.0.0\n</pre>\n", "<details>\n## 1.0.0\n\n", "    ## 1.0.0\n", "> ## 1.0.0\n", "##1.0.0\n", "#### 1.0.0\n", "- 1.0.0\n---\n", "1.0.0\n- ---\n", "| 1.0.0 |\n| --- |\n", "\\## 1.0.0\n",
	} {
		assert.Empty(t, document.Parse(text).Versions(), text)
	}
	for _, text := range []string{
		"# 1.0.0", "## 1.0.0 ##\r\n", "   ## 1.0.0\n", "1.0.0\n==\n", "- a\n## 1.0.0\n", "- ```\n  x\n## 1.0.0\n", "<!-- x -->\n## 1.0.0\n", "<details>\n\n## 1.0.0\n", "a\n## 1.0.0\n", "---\n## 1.0.0\n", "\uFEFF## 1.0.0\n",
		"<a name=\"1.0.0\"></a>\n## 1.0.0\n", "``` `x`\n## 1.0.0\n", "> a\n\n1.0.0\n---\n",
	} {
		assert.Len(t, document.Parse(text).Versions(), 1, text)
	}
}

func TestNotes(t *testing.T) {
	d := document.Parse(upserted(t, sample, notes("1.3.0", "fixes y c0ffee0002"), document.Options{}))
	text, ok := d.Notes(version("1.3.0"))
	assert.True(t, ok)
	assert.Equal(t, "### Fixed\n\n- y (c0ffee0002)", text)
	text, _ = d.Notes(nil)
	assert.Equal(t, "### Added\n\n- By hand (#9)", text)
	_, ok = d.Notes(version("9.0.0"))
	assert.False(t, ok)
}
