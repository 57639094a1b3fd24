package notify

import (
	"errors"
	"os"
	"syscall"
)

// errorSharing is what Windows says of a file that another one has opened for itself.
const errorSharing = syscall.Errno(32)

// lock opens a file that nobody else can open until it is closed, by this process or with it.
func lock(path string) (*os.File, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	alone := uint32(0)
	handle, err := syscall.CreateFile(name, syscall.GENERIC_READ, alone, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	switch {
	case errors.Is(err, errorSharing):
		return nil, ErrLocked
	case err != nil:
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(handle), path), nil
}
