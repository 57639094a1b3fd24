//go:build !race

package ledger_test

import "os"

// raced divides the number of random courses that are tried: by nothing where the variable is set, as .ci/run sets it.
var raced = func() int {
	if os.Getenv("DAVIT_EVERY_POINT") != "" {
		return 1
	}
	return 3
}()
