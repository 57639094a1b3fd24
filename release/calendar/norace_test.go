//go:build !race

package calendar_test

// raced divides how much is tried under the race detector; here it does not.
const raced = 1
