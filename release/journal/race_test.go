//go:build race

package journal_test

// stride is how many crashes of a matrix are left out, because the race detector is slow.
const stride = 29
