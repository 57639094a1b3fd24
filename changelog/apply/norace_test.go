//go:build !race

package apply_test

import "os"

// stride is at which of the points of a matrix a process dies: at each where the variable is set, as .ci/run
// sets it, and otherwise at one in seven: an odd number, so that what follows by turns is tried too.
var stride = func() int {
	if os.Getenv("DAVIT_EVERY_POINT") != "" {
		return 1
	}
	return 7
}()
