//go:build !race

package rollout_test

import "os"

// stride is which of the instants of a matrix are tried: each where the variable is set, as .ci/run sets it,
// and otherwise one in three.
var stride = func() int {
	if os.Getenv("DAVIT_EVERY_POINT") != "" {
		return 1
	}
	return 3
}()
