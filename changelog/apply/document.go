package apply

import (
	"errors"
	"time"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/document"
)

// Document keeps a changelog file by package changelog/document: the notes of the version become its section, dated with the
// day of the release in UTC, and what people wrote under Unreleased moves there. Entries
// that were generated under Unreleased go: the notes have them, if they still hold. A file that is missing is begun. A file is that of one
// component, or of the umbrella.
type Document struct {
	// Title is the heading of a file that is begun. Default: "Changelog".
	Title string
	// Notes say what the notes hold. Their Date is set.
	Notes changelog.NotesOptions
	// Options say how it is written.
	Options document.Options
}

var _ FileUpdater = Document{}

// mixes reports whether two files are one changelog for two components, whose versions nobody could tell apart in it.
func (f File) mixes(other File) bool {
	_, ok := f.Updater.(Document)
	_, too := other.Updater.(Document)
	return ok && too && f.Path == other.Path && f.Component != other.Component
}

// Update writes the section of the version.
func (d Document) Update(text []byte, r Release) ([]byte, error) {
	title := d.Title
	if title == "" {
		title = "Changelog"
	}
	if text == nil {
		text = []byte("# " + title + "\n\n## [Unreleased]\n")
	}
	doc := document.Parse(string(text))
	day := r.Time.UTC().Truncate(24 * time.Hour)
	notes := d.Notes
	notes.Date = day
	wanted := r.Notes(notes)
	if err := doc.Upsert(wanted, d.Options); err != nil {
		return nil, err
	}
	if err := doc.Release(r.Next, day, d.Options); err != nil && !errors.Is(err, document.ErrNothing) {
		return nil, err
	}
	// Among what was under Unreleased may be entries that the program made of commits that were rebased or reverted since.
	if err := doc.Upsert(wanted, d.Options); err != nil {
		return nil, err
	}
	return []byte(doc.String()), nil
}
