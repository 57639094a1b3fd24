// Package gate (SHELL) is a stage that asks a gate of metrics/gate until it has an answer. Nothing but
// a pass lets the release go on; every other end carries the verdict as its evidence.
//
//	gate.Stage{Name: "error-rate", Gate: errorRate, Bake: 10 * time.Minute}
package gate
