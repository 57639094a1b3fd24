//go:build race

package notify_test

// stride is how many of the cases are left out, in which the race detector sees nothing new.
const stride = 10
