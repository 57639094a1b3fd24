//go:build !race

package haproxy_test

const raced = false
