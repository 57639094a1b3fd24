//go:build race

package deploy_test

// stride is which of the positions of a matrix are tried, because the race detector is slow.
const stride = 3
