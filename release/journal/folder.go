package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// folder is the disk in earnest. It keeps the folder open, and names files by that and not by a path: so a
// folder that is moved is written on in its own place, and one that is put in its place is not touched.
type folder struct {
	path string
	root *os.Root
	self *os.File    // the folder itself, which carries the lock: no file in it that could be removed does
	info fs.FileInfo // which folder it is
	seen sighting    // of the file that was last asked about
}

// sighting is that the folder had a file when it was as it is told by a stamp.
type sighting struct {
	file file
	as   time.Time
}

// errMoved is why an append is refused whose events nobody would find.
var errMoved = errors.New("the folder was moved, removed or replaced")

func newFolder(path string) *folder { return &folder{path: path} }

func (d *folder) Enter(create bool) error {
	// The process may change its directory later.
	path, err := filepath.Abs(d.path)
	if err != nil {
		return err
	}
	d.path = path
	if create {
		if err := makeFolder(path, syncFolder); err != nil {
			return err
		}
	}
	if d.root, err = os.OpenRoot(path); err != nil {
		return err
	}
	if d.self, err = d.root.Open("."); err == nil {
		d.info, err = d.self.Stat()
	}
	if err != nil {
		return errors.Join(err, d.Leave())
	}
	return nil
}

// makeFolder makes a folder where there is none. It syncs the folder above each one that it makes.
func makeFolder(path string, sync func(string) error) error {
	var missing []string
	for at := path; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err == nil {
			if !info.IsDir() {
				return fmt.Errorf("%s is not a folder", at)
			}
			break
		}
		if !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at) {
			return err
		}
		if _, err := os.Lstat(at); err == nil {
			return fmt.Errorf("%s is a symbolic link that leads nowhere", at)
		}
		missing = append(missing, at)
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	for _, made := range missing {
		if err := sync(filepath.Dir(made)); err != nil {
			return err
		}
	}
	return nil
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func (d *folder) Lock() error {
	if err := lock(d.self, false); err != nil {
		return fmt.Errorf("lock %s: %w", d.path, err)
	}
	// It may have been replaced before it was locked.
	return d.Stands("", nil)
}

func (d *folder) Free() error {
	if err := lock(d.self, true); err != nil {
		return fmt.Errorf("look whether %s is in use: %w", d.path, err)
	}
	return unlock(d.self)
}

// Leave closes the folder. The kernel ends the lock with that.
func (d *folder) Leave() error {
	var err error
	if d.self != nil {
		err = d.self.Close()
	}
	return errors.Join(err, d.root.Close())
}

// Stands looks at the file only where the folder was changed since it was seen there, if that can be told.
// For a file whose times were looked at, Linux notes the next write's with it, and a sync must
// wait for that as well: it would take half as long again.
func (d *folder) Stands(name string, f file) error {
	// What changes a folder later than this has a later stamp, however coarse the system's clock is.
	before := time.Now().Add(-tick)
	info, err := leadsTo(d.path, d.info)
	if err != nil || f == nil {
		return err
	}
	as := stamp(info)
	if f == d.seen.file && as.Equal(d.seen.as) {
		return nil
	}
	d.seen = sighting{}
	want, err := f.(osFile).Stat() // from Open, as all
	if err != nil {
		return err
	}
	if _, err := leadsTo(filepath.Join(d.path, name), want); err != nil {
		return err
	}
	if as.Nanosecond() != 0 && as.Before(before) { // with whole seconds, it is one of a file system that knows no others
		d.seen = sighting{f, as}
	}
	return nil
}

// tick is beyond what passes between two times of a file system's clock.
const tick = 100 * time.Millisecond

// leadsTo says whether a path leads there.
func leadsTo(path string, want fs.FileInfo) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %w", errMoved, err)
	case err != nil:
		return nil, err
	case !os.SameFile(info, want):
		return nil, fmt.Errorf("%w: %s is another one now", errMoved, path)
	}
	return info, nil
}

func (d *folder) List() ([]string, error) {
	f, err := d.root.Open(".")
	if err != nil {
		return nil, err
	}
	names, err := f.Readdirnames(-1)
	return names, errors.Join(err, f.Close())
}

func (d *folder) Open(name string, write, create bool) (file, error) {
	flag := os.O_RDONLY
	if write {
		flag = os.O_RDWR
	}
	if create {
		flag |= os.O_CREATE | os.O_TRUNC
	}
	f, err := d.root.OpenFile(name, flag, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (d *folder) Rename(from, to string) error { return d.root.Rename(from, to) }
func (d *folder) Remove(name string) error     { return d.root.Remove(name) }
func (d *folder) Sync() error                  { return d.self.Sync() }

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
