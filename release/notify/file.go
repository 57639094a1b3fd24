package notify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// FileCursors keep each cursor in a file of a folder: written beside it, made to last, and put in its place by one rename. The one before is kept
// as well: a file that is torn is told by its checksum, and then the one before counts. What was sent since is sent again then, with the same IDs.
//
// A folder is for one notifier at a time: a lock of the system on a file in it, named lock, sees to that, which ends with Close and with the process,
// however that ends. Make one with NewFileCursors.
type FileCursors struct {
	folder string
	locked *os.File
	mu     sync.Mutex
	closed bool
	whole  map[string]bool // channels whose newest file is known to be whole
}

var _ CursorStore = (*FileCursors)(nil)

// lockPatience is how long a lock that is held is tried again. A process that was killed while it started another one leaves its locks with that
// until it runs its own program, which is an instant.
const lockPatience = 300 * time.Millisecond

// NewFileCursors keeps cursors in that folder, which is made where it is missing, and is the caller's alone until Close. It fails with ErrLocked where
// another one has it, and with errors.ErrUnsupported on systems without a lock that ends with its process.
func NewFileCursors(folder string) (*FileCursors, error) {
	if folder == "" {
		return nil, errors.New("file cursors: the folder has no name")
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("file cursors: %w", err)
	}
	for tries := 0; ; tries++ {
		locked, err := lock(filepath.Join(folder, "lock"))
		switch {
		case err == nil:
			return &FileCursors{folder: folder, locked: locked, whole: map[string]bool{}}, nil
		case !errors.Is(err, ErrLocked) || tries == 10:
			return nil, fmt.Errorf("file cursors in %s: %w", folder, err)
		}
		time.Sleep(lockPatience / 10)
	}
}

// Close lets the folder go; call it when Run has returned. Load and Save fail after it with os.ErrClosed. Further calls do nothing.
func (f *FileCursors) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil
	}
	f.closed = true
	return f.locked.Close()
}

// open fails after Close.
func (f *FileCursors) open() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return fmt.Errorf("file cursors: %w", os.ErrClosed)
	}
	return nil
}

// magic is the first line of a file, before its checksum.
const magic = "davit notify cursor 1 sha256:"

func (f *FileCursors) name(channel string) string {
	return filepath.Join(f.folder, url.PathEscape(channel)+".cursor")
}

// Load gives the newest cursor that is whole. The error wraps ErrCursor where there are files, and none is.
func (f *FileCursors) Load(_ context.Context, channel string) ([]byte, error) {
	if err := f.open(); err != nil {
		return nil, err
	}
	name := f.name(channel)
	text, err := read(name)
	if err == nil {
		f.keep(channel, true)
		return text, nil
	}
	f.keep(channel, false)
	old, errOld := read(name + ".old")
	switch {
	case errOld == nil:
		return old, nil
	case errors.Is(err, fs.ErrNotExist) && errors.Is(errOld, fs.ErrNotExist):
		return nil, nil
	case errors.Is(errOld, fs.ErrNotExist):
		return nil, err
	}
	return nil, errors.Join(err, errOld)
}

func (f *FileCursors) keep(channel string, whole bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.whole[channel] = whole
}

// read reads a file, and proves its checksum.
func read(name string) ([]byte, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	head, body, ok := bytes.Cut(text, []byte("\n"))
	sum := sha256.Sum256(body)
	if !ok || string(head) != magic+hex.EncodeToString(sum[:]) {
		return nil, fmt.Errorf("%s: %w: it is torn or was changed", name, ErrCursor)
	}
	return body, nil
}

// Save puts the cursor in place of the one before.
func (f *FileCursors) Save(_ context.Context, channel string, cursor []byte) error {
	if err := f.open(); err != nil {
		return err
	}
	name := f.name(channel)
	sum := sha256.Sum256(cursor)
	if err := write(name+".new", []byte(magic+hex.EncodeToString(sum[:])+"\n"), cursor); err != nil {
		return fmt.Errorf("file cursors: %w", err)
	}
	f.mu.Lock()
	whole := f.whole[channel]
	f.mu.Unlock()
	if whole { // a file that is torn must not take the place of one that is not
		if err := os.Rename(name, name+".old"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("file cursors: %w", err)
		}
	}
	if err := os.Rename(name+".new", name); err != nil {
		return fmt.Errorf("file cursors: %w", err)
	}
	f.keep(channel, true)
	return settle(f.folder)
}

// write writes a file and makes it last.
func write(name string, parts ...[]byte) (err error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if closed := file.Close(); err == nil {
			err = closed
		}
	}()
	for _, p := range parts {
		if _, err := file.Write(p); err != nil {
			return err
		}
	}
	return file.Sync()
}

// settle makes the names in a folder last. Systems that cannot say so, do so by themselves.
func settle(folder string) error {
	d, err := os.Open(folder)
	if err != nil {
		return fmt.Errorf("file cursors: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrInvalid) {
		return fmt.Errorf("file cursors: %w", err)
	}
	return nil
}
