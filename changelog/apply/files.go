package apply

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/davit-sdk/davit/changelog"
)

// FileUpdater says what becomes of a file. [Pattern], [Pointer], [Document] and [UpdaterFunc] are ones.
type FileUpdater interface {
	// Update is the new text of a file. The old one is nil where there is no file. The same text and release give
	// the same new text: it may be called again after a kill.
	Update(text []byte, r Release) ([]byte, error)
}

// UpdaterFunc is a function as a FileUpdater.
type UpdaterFunc func(text []byte, r Release) ([]byte, error)

// Update calls the function.
func (f UpdaterFunc) Update(text []byte, r Release) ([]byte, error) { return f(text, r) }

// Release is the version that a file is updated to.
type Release struct {
	// Decision is what was decided for the component. Its Next and NextTag are set.
	changelog.Decision
	// Time is when the release was begun.
	Time time.Time
}

// File is a file that holds a version.
type File struct {
	// Path is the file, from the root of the repository, with slashes. It stays within it.
	Path string
	// Component is whose version it holds. Empty: the only component, or, where there are several, the umbrella.
	Component string
	// Updater says what becomes of it.
	Updater FileUpdater
}

func (f File) validate() error {
	switch {
	case f.Updater == nil:
		return fmt.Errorf("%q: has no Updater", f.Path)
	case !filepath.IsLocal(filepath.FromSlash(f.Path)) || path.Clean(f.Path) == ".":
		return fmt.Errorf("%q: is not a path within the repository", f.Path)
	case path.Clean(f.Path) != f.Path:
		return fmt.Errorf("%q: must be written as %q", f.Path, path.Clean(f.Path)) // two names would be two files
	}
	return nil
}

// release is the decision that the file is updated to, if it is released.
func (f File) release(plan changelog.Plan) (changelog.Decision, bool) {
	switch {
	case f.Component != "":
		d, ok := plan.Component(f.Component)
		if u := plan.Umbrella; !ok && u != nil && u.Name == f.Component {
			d, ok = *u, true
		}
		return d, ok && d.Next != nil
	case plan.Umbrella != nil:
		return *plan.Umbrella, plan.Umbrella.Next != nil
	case len(plan.Components) == 1:
		return plan.Components[0], plan.Components[0].Next != nil
	}
	return changelog.Decision{}, false
}

// contents says what becomes of each file, and that it can.
func (a Applier) contents(record *Record) ([]FileRecord, error) {
	var all []FileRecord
	for _, f := range a.Files {
		if _, ok := f.release(record.Plan); !ok || slices.ContainsFunc(all, func(r FileRecord) bool { return r.Path == f.Path }) {
			continue
		}
		before, err := a.read(f.Path)
		if err != nil {
			return nil, err
		}
		after, err := a.updated(record, f.Path, before)
		if err != nil {
			return nil, err
		}
		r := FileRecord{Path: f.Path, After: sum(after)}
		if before != nil {
			r.Before = sum(before)
		}
		if r.Before != r.After {
			r.Old = before
			if err := replaceable(a.file(f.Path)); err != nil {
				return nil, &FileError{Path: f.Path, Err: err}
			}
		}
		all = append(all, r)
	}
	return all, nil
}

// updated is the new text of a file.
func (a Applier) updated(record *Record, name string, text []byte) ([]byte, error) {
	for _, f := range a.Files {
		d, ok := f.release(record.Plan)
		if f.Path != name || !ok {
			continue
		}
		var err error
		if text, err = f.Updater.Update(text, Release{Decision: d, Time: record.Time}); err != nil {
			return nil, &FileError{Path: name, Err: err}
		}
	}
	return text, nil
}

// write gives a file its new text, unless it has it.
func (a Applier) write(record *Record, path string) error {
	i := slices.IndexFunc(record.Files, func(r FileRecord) bool { return r.Path == path })
	if i < 0 {
		return &FileError{Path: path, Err: errors.New("the journal does not know it")}
	}
	text, err := a.read(path)
	if err != nil {
		return err
	}
	now := sumOf(text)
	if now == record.Files[i].After {
		return nil
	}
	if now != record.Files[i].Before {
		return &FileError{Path: path, Err: ErrForeign}
	}
	after, err := a.updated(record, path, text)
	if err != nil {
		return err
	}
	if sum(after) != record.Files[i].After {
		return &FileError{Path: path, Err: errors.New("its updater does not say the same twice: bring back the one that the release was begun with")}
	}
	if err := replace(a.file(path), after, 0o666, a.at); err != nil {
		return &FileError{Path: path, Err: err}
	}
	return nil
}

// sumOf is the sum of a text, "" of none.
func sumOf(text []byte) string {
	if text == nil {
		return ""
	}
	return sum(text)
}

// read is the text of a file, nil where there is none.
func (a Applier) read(path string) ([]byte, error) {
	if err := a.within(path); err != nil {
		return nil, &FileError{Path: path, Err: err}
	}
	text, err := os.ReadFile(a.file(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &FileError{Path: path, Err: err}
	}
	if text == nil {
		text = []byte{}
	}
	return text, nil
}

// within fails for what is no regular file, and where a link is on the way to it: git commits nothing behind one, and it could
// lead anywhere.
func (a Applier) within(name string) error {
	if info, err := os.Lstat(a.file(name)); err == nil && !info.Mode().IsRegular() {
		return errors.New("is not a regular file")
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		info, err := os.Lstat(a.file(dir))
		switch {
		case err != nil:
			return err
		case !info.IsDir():
			return fmt.Errorf("%s is no folder: name the file by where it is", dir)
		}
	}
	return nil
}

func (a Applier) file(path string) string { return filepath.Join(a.Dir, filepath.FromSlash(path)) }
