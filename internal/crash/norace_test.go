//go:build !race

package crash_test

import "os"

const (
	stride     = 1
	bytesApart = 1
)

// enough is how many ways to die are tried of a long story: all where the variable is set, as .ci/run sets it.
var enough = func() int {
	if os.Getenv("DAVIT_EVERY_POINT") != "" {
		return 1 << 30
	}
	return 70
}()
