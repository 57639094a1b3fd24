// Package process (SHELL) starts a test program again as another process, in a role of its own: a host of
// releases, a writer, a rollout. The process can be stopped, woken and killed, as the real ones of users are.
package process
