// Package jsonl (SHELL) reads metrics from a file of JSON lines that grows while it is read: a service, a
// sidecar or a cron job appends a line now and then, and gates see it at their next question. The lines are those
// of package trace.
//
//	source, err := jsonl.NewSource(jsonl.Options{Path: "/var/log/shop/metrics.jsonl"})
//
// Each question reads what has come since the one before, and nothing twice. A line counts once its newline
// is there: what is behind the last one may be torn. Lines with "at" carry their own times; those with "t"
// count from Options.Start.
//
// What a line counts is known when it is written, not before: whoever judges stretch by stretch must wait
// for as long as a line covers, as judge.Gate does with such a Delay.
//
// What is kept is bounded by Options.Keep and Options.MaxLines. A question about an earlier time is
// answered by what is left, whose From is later, or by metrics.ErrNoData.
//
// # Errors
//
// A file that is not there is an error until it is. A line that cannot be read is a trace.LineError, and stays
// one, as nobody knows what it stood for. A file that was replaced or cut, as by rotation, is
// ErrReplaced, and stays that: what was counted before and what was not can no longer be told. Make a new
// Source then.
//
// # Concurrency
//
// All methods may be called by any number of goroutines at once; one of them reads the file, and the
// others wait for it, as long as their contexts let them. No goroutine is started, and no file kept open.
package jsonl
