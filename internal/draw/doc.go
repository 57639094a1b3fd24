// Package draw (PURE) draws numbers of a given distribution from a generator whose seed the caller
// chose. It serves simulations: the same seed gives the same numbers, on every machine.
package draw
