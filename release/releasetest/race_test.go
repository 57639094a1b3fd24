//go:build race

package releasetest_test

// raced divides the number of mutants that are tried, because the race detector is slow.
const raced = 4
