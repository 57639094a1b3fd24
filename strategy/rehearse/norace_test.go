//go:build !race

package rehearse_test

// raced divides the number of releases that are played under the race detector; here it does not.
const raced = 1
