//go:build race

package haproxy_test

// stride is at which of the steps of a change something happens, because the race detector is slow.
const stride = 4
