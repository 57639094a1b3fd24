// Package log (SHELL) writes messages of package release/notify into a log, for hosts whose log is read by people or by another program.
//
//	channels := map[string]notify.Channel{"log": log.Channel{Logger: logger}}
//
// A line has the subject as its text, and the rest as keys and values: id, kind, service, release, stage, environment, by, reason, to. It is
// an error where the message is urgent, a warning where it is one, and information otherwise. A digest is a line for each of its parts.
//
// # Errors
//
// Send fails only where its context is done before.
//
// # Concurrency
//
// A Channel may be used from any goroutine.
package log
