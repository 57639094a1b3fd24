package changelog_test

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestMain collects garbage less often, of which these tests leave much and keep little: that takes a quarter off their time.
func TestMain(m *testing.M) {
	debug.SetGCPercent(800)
	os.Exit(m.Run())
}
