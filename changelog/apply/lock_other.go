//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package apply

import (
	"errors"
	"fmt"
	"os"
	"runtime"
)

// lock refuses: without a lock that ends with its process, nobody could tell a release that is under way from one that died.
func lock(string) (*os.File, error) {
	return nil, fmt.Errorf("a FileJournal on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
