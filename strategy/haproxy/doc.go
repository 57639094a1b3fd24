// Package haproxy (SHELL) routes the traffic of a rollout by HAProxy, which runs on its own: over the
// runtime API, read back and verified after each change.
package haproxy
