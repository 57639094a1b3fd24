package crash_test

import (
	"fmt"
	"os"
	"runtime/debug"
	"testing"
)

// TestMain makes the test program play the processes that tests start: with a first argument from parts it
// does what that says, otherwise it runs the tests.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		if play := parts()[os.Args[1]]; play != nil {
			if err := play(os.Args[2:]); err != nil {
				fmt.Fprintln(os.Stderr, os.Args[1]+":", err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	// The tests leave much garbage and keep little: to collect it less often takes a quarter off their time.
	debug.SetGCPercent(800)
	os.Exit(m.Run())
}
