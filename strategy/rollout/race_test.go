//go:build race

package rollout_test

// stride is which of the instants of a matrix are tried: the detector of races is slow.
const stride = 7
