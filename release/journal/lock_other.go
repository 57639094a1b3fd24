//go:build !linux && !darwin

package journal

import (
	"errors"
	"fmt"
	"os"
	"runtime"
)

// lock refuses: without a lock that ends with its process, nobody could tell a folder in use from one
// that was left. Who only reads does without.
func lock(_ *os.File, shared bool) error {
	if shared {
		return nil
	}
	return fmt.Errorf("a journal on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

func unlock(*os.File) error { return nil }

func supported() error { return fmt.Errorf("a journal on %s: %w", runtime.GOOS, errors.ErrUnsupported) }
