//go:build race

package rehearse_test

// raced divides the number of releases that are played, because the race detector is slow.
const raced = 8
