//go:build race

package main

// stock leaves Kubernetes out: the race detector is for the code of this module, and with it all of
// Kubernetes would be compiled a second time.
func stock() map[string]func(args []string) error { return map[string]func([]string) error{} }
