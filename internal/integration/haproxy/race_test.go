//go:build race

package haproxy_test

// raced says that the race detector watches, which makes everything several times as slow.
const raced = true
