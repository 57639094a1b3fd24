//go:build race

package apply_test

// stride is at which of the points of a matrix a process dies, because the race detector is slow.
const stride = 11
