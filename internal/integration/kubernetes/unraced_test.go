//go:build !race

package kubernetes_test

// stride is 1: everything is tried.
const stride = 1
