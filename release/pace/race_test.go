//go:build race

package pace_test

// raced divides the number of random courses that are tried, because the race detector is slow.
const raced = 5
