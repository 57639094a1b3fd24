package document_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog/document"
)

// telemetry has headings of two versions, which cannot be read as one.
const telemetry = `# Changelog

## [Unreleased]

### Added

- By hand

## [1.44.0/0.66.0] 2026-05-01

## [1.43.0/0.65.0] 2026-04-01

## [1.23.1] - 2024-02-07

## [1.23.0] - 2024-02-06

[Unreleased]: https://git.example.org/o/r/compare/v1.44.0...HEAD
[1.44.0/0.66.0]: https://git.example.org/o/r/releases/tag/v1.44.0
[1.23.1]: https://git.example.org/o/r/releases/tag/v1.23.1
[1.23.0]: https://git.example.org/o/r/releases/tag/v1.23.0
`

// The link of Unreleased is changed by a version alone that is added as the highest one, and only if it began at the one before it.
func TestUnreleasedLink(t *testing.T) {
	link := func(text string) string {
		_, rest, _ := strings.Cut(text, "[Unreleased]: https://git.example.org/o/r/compare/")
		from, _, _ := strings.Cut(rest, "\n")
		return from
	}
	stale := strings.Replace(sample, "compare/v1.2.0...HEAD", "compare/v1.1.9...HEAD", 1)
	for name, c := range map[string]struct {
		text, version, want string
	}{
		"the newest":                      {sample, "1.3.0", "v1.3.0...HEAD"},
		"an old line":                     {sample, "1.1.1", "v1.2.0...HEAD"},
		"Unreleased":                      {sample, "", "v1.2.0...HEAD"},
		"one that is there":               {sample, "1.2.0", "v1.2.0...HEAD"},
		"one that is there, stale":        {stale, "1.2.0", "v1.1.9...HEAD"},
		"Unreleased, stale":               {stale, "", "v1.1.9...HEAD"},
		"the newest, stale":               {stale, "1.3.0", "v1.1.9...HEAD"},
		"the newest, two versions":        {strings.Replace(sample, "v1.2.0...HEAD", "v1.2.0-then-v2...HEAD", 1), "1.3.0", "v1.2.0-then-v2...HEAD"},
		"headings not read, Unreleased":   {telemetry, "", "v1.44.0...HEAD"},
		"headings not read, an old line":  {telemetry, "1.22.0", "v1.44.0...HEAD"},
		"headings not read, one of these": {telemetry, "1.23.1", "v1.44.0...HEAD"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, link(upserted(t, c.text, notes(c.version, "fixes y c0ffee0002"), document.Options{})))
		})
	}
	d := document.Parse(sample)
	require.NoError(t, d.Release(version("1.3.0"), today, document.Options{}))
	assert.Equal(t, "v1.3.0...HEAD", link(d.String()))
	d = document.Parse(stale)
	require.NoError(t, d.Release(version("1.2.0"), today, document.Options{}))
	assert.Equal(t, "v1.1.9...HEAD", link(d.String()))
}

// Where a heading that looks like a version's cannot be read, no version is put beside it.
func TestHeadingsNotRead(t *testing.T) {
	for name, c := range map[string]struct {
		text, version string
		line          int
		title         string
	}{
		"the newest":              {telemetry, "1.45.0", 9, "[1.44.0/0.66.0] 2026-05-01"},
		"Unreleased":              {strings.Replace(telemetry, "## [Unreleased]", "## About", 1), "", 9, "[1.44.0/0.66.0] 2026-05-01"},
		"none can be read":        {"# C\n\n## Unreleased\n\n## 1.44.0/0.66.0\n", "1.45.0", 5, "1.44.0/0.66.0"},
		"without Unreleased":      {"# C\n\n## v1.44.0/v0.66.0\n", "1.45.0", 3, "v1.44.0/v0.66.0"},
		"the lowest":              {"# C\n\n## 1.0.0\n\n## Version 0.9\n", "0.8.0", 5, "Version 0.9"},
		"not the oldest first":    {"# C\n\n## 1.4.0/0.6.0\n\n## 0.1.0\n\n## 0.2.0\n", "1.5.0", 3, "1.4.0/0.6.0"},
		"between":                 {"# C\n\n## 3.0.0\n\n## 2.0/2.1\n\n## 1.0.0\n", "2.0.5", 5, "2.0/2.1"},
		"elsewhere: above":        {"# C\n\n## 4.0/5.0\n\n## 3.0.0\n\n## 1.0.0\n", "2.0.5", 0, ""},
		"elsewhere: an old one":   {"# C\n\n## 1.0.0\n\n## 0.9\n", "1.0.1", 0, ""},
		"a number is no version":  {"# C\n\n## 2024 in numbers\n\n## 1.0.0\n", "1.0.1", 0, ""},
		"a heading in a section":  {"# C\n\n## 1.0.0\n\n### 1.5 times as fast\n\n## 0.1.0\n", "0.5.0", 0, ""},
		"a version that is there": {telemetry, "1.23.0", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := document.Parse(c.text)
			err := d.Upsert(notes(c.version, "fixes y c0ffee0002"), document.Options{})
			if c.line == 0 {
				require.NoError(t, err)
				return
			}
			var place *document.PlaceError
			require.ErrorAs(t, err, &place)
			assert.Equal(t, c.line, place.Line)
			assert.Contains(t, place.Why, `"`+c.title+`" cannot be read`)
			assert.Equal(t, c.text, d.String(), "nothing is changed")
		})
	}
}
