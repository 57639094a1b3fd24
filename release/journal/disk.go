package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// disk is all that the journal does to the world. Names are without a folder: there is only one.
type disk interface {
	// Make makes the folder where there is none, so that it stays.
	Make() error
	// List are the names of all files.
	List() ([]string, error)
	// Open opens a file for reading, or, with write, for both, and then makes or empties it with
	// create.
	Open(name string, write, create bool) (file, error)
	Rename(from, to string) error
	Remove(name string) error
	// Sync makes names last: those that are new, and those that are gone.
	Sync() error
	// Lock keeps others out until it is closed: all of them, or, shared, only those that write.
	// ErrLocked says that somebody else does that.
	Lock(name string, shared bool) (io.Closer, error)
}

type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	Sync() error
}

// folder is the disk in earnest.
type folder string

func (d folder) Make() error {
	path, err := filepath.Abs(string(d))
	if err != nil {
		return err
	}
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
		missing = append(missing, at)
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	for _, made := range missing {
		if err := folder(filepath.Dir(made)).Sync(); err != nil {
			return err
		}
	}
	return nil
}

func (d folder) List() ([]string, error) {
	entries, err := os.ReadDir(string(d))
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

func (d folder) Open(name string, write, create bool) (file, error) {
	flag := os.O_RDONLY
	if write {
		flag = os.O_RDWR
	}
	if create {
		flag |= os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(d.path(name), flag, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (d folder) path(name string) string      { return filepath.Join(string(d), name) }
func (d folder) Rename(from, to string) error { return os.Rename(d.path(from), d.path(to)) }
func (d folder) Remove(name string) error     { return os.Remove(d.path(name)) }

func (d folder) Sync() error {
	f, err := os.Open(string(d))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func (d folder) Lock(name string, shared bool) (io.Closer, error) {
	flag := os.O_RDWR | os.O_CREATE
	if shared {
		flag = os.O_RDONLY
	}
	f, err := os.OpenFile(d.path(name), flag, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(f, shared); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", f.Name(), err), f.Close())
	}
	return f, nil
}

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// window reads a file piece by piece.
type window struct {
	from io.ReaderAt
	size int64 // of the file
	base int64 // where buf begins
	buf  []byte
	// chunk is how much is read at once. Zero: as much as the constant says.
	chunk int
}

// view is n bytes of the file, until the next call. What lies beyond the end is io.ErrUnexpectedEOF.
func (w *window) view(at int64, n int) ([]byte, error) {
	if at < 0 || n < 0 || at > w.size || int64(n) > w.size-at {
		return nil, io.ErrUnexpectedEOF
	}
	if at < w.base || at+int64(n) > w.base+int64(len(w.buf)) {
		much := w.chunk
		if much == 0 {
			much = chunk
		}
		want := int(min(max(int64(n), int64(much)), w.size-at))
		if cap(w.buf) < want {
			w.buf = make([]byte, want)
		}
		w.buf, w.base = w.buf[:want], at
		if got, err := w.from.ReadAt(w.buf, at); got < want {
			w.buf = w.buf[:0]
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	return w.buf[at-w.base:][:n], nil
}

// rest is up to n bytes.
func (w *window) rest(at int64, n int) ([]byte, error) {
	return w.view(at, int(min(int64(n), max(w.size-at, 0))))
}

// chunk is how much is read at once.
const chunk = 256 << 10
