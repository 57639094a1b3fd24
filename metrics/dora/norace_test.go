//go:build !race

package dora_test

// raced divides how many histories and events are tried under the race detector; here it does not.
const raced = 1
