// Package deliveries (PURE) makes up how services were delivered for three years, from a seed. Benchmarks of package metrics/dora
// and of what stands beside it use it, so that all of them look at the same events.
package deliveries
