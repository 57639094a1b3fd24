//go:build race

package journal_test

// How much less is tried, because the race detector is slow.
const (
	stride = 29 // of the crashes of a matrix, one in so many
	raced  = 4  // divides the number of rounds
)
