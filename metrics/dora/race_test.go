//go:build race

package dora_test

// raced divides how many histories and events are tried, because the race detector is slow.
const raced = 8
