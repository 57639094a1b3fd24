package document

import (
	"fmt"
	"regexp"
)

// versionLike is a title that begins as that of a version does.
var versionLike = regexp.MustCompile(`(?i)^(?:(?:version|release)\s+)?\[?v?\d+\.\d+`)

// mostVersionLevel is how deep the headings may be that are taken for those of versions by their looks.
const mostVersionLevel = 2

// legible fails where some lines have a heading of a version that cannot be read, such as "1.44.0/0.66.0": nobody can say then on which side of
// it another version belongs.
func (d *Document) legible(from, to int) error {
	for i, l := range d.lines[from:to] {
		if l.kind != heading || l.level > mostVersionLevel || !versionLike.MatchString(l.title) {
			continue
		}
		if _, ok := readTitle(l.title); !ok {
			return &PlaceError{Line: from + i + 1, Why: fmt.Sprintf("the heading %q cannot be read as one version, "+
				"so that the place of another one is not known: write the heading of the new version by hand, or that one with a single version", l.title)}
		}
	}
	return nil
}
