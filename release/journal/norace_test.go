//go:build !race

package journal_test

// How much less is tried under the race detector; here all is.
const (
	stride = 1
	raced  = 1
)
