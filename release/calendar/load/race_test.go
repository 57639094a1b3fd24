//go:build race

package load_test

// raced divides how much is drawn, because the race detector is slow.
const raced = 5
