//go:build !race

package notify_test

import "os"

// stride is how many of the cases are left out: none where the variable is set, as .ci/run sets it.
var stride = func() int {
	if os.Getenv("DAVIT_EVERY_POINT") != "" {
		return 1
	}
	return 3
}()
