//go:build !race

package apply_test

// stride is at which of the points of a matrix a process dies: at each.
const stride = 1
