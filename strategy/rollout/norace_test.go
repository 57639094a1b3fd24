//go:build !race

package rollout_test

// stride is which of the instants of a matrix are tried: each.
const stride = 1
