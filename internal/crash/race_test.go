//go:build race

package crash_test

// The race detector makes all of this ten times as slow, so only some of the ways to die are tried.
const (
	stride     = 5
	bytesApart = 67
	enough     = 15 // of one story
)
