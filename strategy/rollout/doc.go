// Package rollout (SHELL) walks a plan on a target: start, ready, route, verified, drained, stop.
// It is the one executor for every strategy.
package rollout
