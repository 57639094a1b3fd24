//go:build !race

package crash_test

// stride: each way to die is tried.
const (
	stride     = 1
	bytesApart = 1
	enough     = 1
)
