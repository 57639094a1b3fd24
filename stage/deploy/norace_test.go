//go:build !race

package deploy_test

// stride is which of the positions of a matrix are tried: each.
const stride = 1
