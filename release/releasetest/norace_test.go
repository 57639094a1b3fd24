//go:build !race

package releasetest_test

const raced = 1
