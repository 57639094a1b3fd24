//go:build !linux

package git

import (
	"io"
	"os"
)

// pipe is a pipe.
func pipe() (from io.ReadCloser, to *os.File, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	return r, w, nil
}
