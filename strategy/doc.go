// Package strategy (PURE) turns "from what runs now to what shall run" into a list of desired
// states: rolling, blue-green, canary and recreate are values, and a plan is data.
//
// Nothing in this package touches the world. There is no clock, no goroutine, no I/O and no map
// whose order could leak into a result: the same input gives the same plan, byte for byte. A plan
// can therefore be printed and approved, costed, proved safe and simulated before anything moves,
// and what was approved is the very data that is executed.
package strategy
