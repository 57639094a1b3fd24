// Package post (SHELL) sends a request of a channel of package release/notify over HTTP, and makes of the answer what a notifier wants to know.
// It follows no redirect, reads no more of an answer than it shows, and never shows the address, which may be a secret.
package post
