//go:build race

package worlds_test

// raced divides the number of releases that are played, because the race detector is slow.
const raced = 8
