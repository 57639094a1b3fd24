// Package metrics (PURE) holds what a service under release is measured by: counts and latency
// distributions over a stretch of time, and the Source they are read from.
package metrics
