// Package metrics (PURE) holds what a service under release is measured by: counts and latency
// distributions over a stretch of time, and the Source they are read from.
//
// A router, a monitoring system or a test implements Source; gates read it. The numbers are counts,
// not rates, because a rate does not say how much data stands behind it.
//
// Sources that come along: strategy/local's router, package trace for recordings, jsonl for a file that
// grows, and httpjson for services that answer JSON. Beside them, in a module of its own, prometheus reads
// Prometheus. Package metricstest proves one of your own.
//
// # Errors
//
// A Source tells apart what must never be taken for good news: ErrNoData, ErrUnknownGroup, and any
// other error, which means that the source is down.
package metrics
