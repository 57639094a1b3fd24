//go:build !race

package haproxy_test

import "os"

// stride is at which of the steps of a change something happens: at each where the variable is set, as .ci/run sets it, and
// otherwise at one in three.
var stride = func() int {
	if os.Getenv("DAVIT_EVERY_POINT") != "" {
		return 1
	}
	return 3
}()
