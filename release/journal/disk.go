package journal

import (
	"errors"
	"io"
)

// disk is all that the journal does to the world. Names are without a folder: there is only one.
type disk interface {
	// Enter opens the folder, and with create makes it where there is none, so that it stays. All that
	// follows is done in this very folder, wherever it is moved to.
	Enter(create bool) error
	// Lock keeps others out until Leave. ErrLocked says that somebody else does that.
	Lock() error
	// Free is ErrLocked while somebody keeps others out. It keeps nobody out by itself.
	Free() error
	// Leave lets others in.
	Leave() error
	// Stands is errMoved where the folder is no longer what its path leads to, or does not have the
	// file by that name any more. Without a file, it is about the folder alone.
	Stands(name string, f file) error
	// List are the names of all files.
	List() ([]string, error)
	// Open opens a file for reading, or, with write, for both, and then makes or empties it with
	// create.
	Open(name string, write, create bool) (file, error)
	Rename(from, to string) error
	Remove(name string) error
	// Sync makes names last: those that are new, and those that are gone.
	Sync() error
}

type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	Sync() error
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
