//go:build race

package haproxy_test

// race tells whether the race detector is on.
const race = true
