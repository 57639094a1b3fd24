package document

import (
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/davit-sdk/davit/changelog"
)

// Yank marks a version as taken back, with the reason below its heading, which may be empty. Yank twice is Yank
// once, and another reason takes the place of the first.
//
// It fails with ErrNoVersion, a *DuplicateError or a *PlaceError.
func (d *Document) Yank(v *semver.Version, reason string) error {
	return d.tried(func(d *Document) error {
		at, err := d.one(v)
		if err != nil {
			return err
		}
		if at < 0 || v == nil {
			return ErrNoVersion
		}
		s := d.sections[at]
		if err := d.reaches(s.last + 1); err != nil {
			return err
		}
		if !s.yanked {
			start, err := d.titleAt(s)
			if err != nil {
				return err
			}
			end := start + len(d.lines[s.last].title)
			d.apply(edit{from: end, to: end, text: " [YANKED]"})
			s = d.sections[at]
		}
		if text := changelog.Escape(reason); text != "" {
			d.explain(s, "Yanked: "+text)
		}
		return nil
	})
}

// explain puts a sentence below the heading of a section, in the place of one that begins with the same word.
func (d *Document) explain(s section, sentence string) {
	for i := s.last + 1; i < s.end; i++ {
		if l := d.lines[i]; l.kind == blank {
			continue
		} else if l.kind == prose && strings.HasPrefix(l.text, "Yanked: ") {
			d.apply(edit{from: l.start, to: l.start + len(l.text), text: sentence})
			return
		}
		break
	}
	d.apply(d.block(s.last+1, sentence+d.newline))
}
