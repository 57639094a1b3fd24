//go:build race

package calendar_test

// raced divides how much is tried, because the race detector is slow.
const raced = 20
