//go:build !race

package notify_test

// stride is how many of the cases are left out: none.
const stride = 1
