// Package strategytest (SHELL) proves strategies, targets, fleets and routers right, and holds a
// simulated world to rehearse rollouts in.
package strategytest
