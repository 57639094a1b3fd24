//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package notify

import (
	"errors"
	"fmt"
	"os"
	"runtime"
)

// lock refuses: without a lock that ends with its process, nobody could tell a folder in use from one that was left.
func lock(string) (*os.File, error) {
	return nil, fmt.Errorf("file cursors on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
