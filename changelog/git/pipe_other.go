//go:build !linux

package git

import (
	"io"
	"os"
)

// filled would be a pipe that holds an input.
func filled(string) *os.File { return nil }

// pipe is a pipe.
func pipe() (from io.ReadCloser, to *os.File, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	return r, w, nil
}
