//go:build !race

package pace_test

const raced = 1
