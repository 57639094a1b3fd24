//go:build !linux

package crash_test

func parts() map[string]func(args []string) error { return nil }
