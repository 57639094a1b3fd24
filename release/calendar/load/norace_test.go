//go:build !race

package load_test

// raced divides how much is drawn under the race detector; here all is.
const raced = 1
