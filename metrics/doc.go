// Package metrics (PURE) holds what a service under release is measured by: counts and latency
// distributions over a stretch of time, and the Source they are read from.
//
// A router, a monitoring system or a test implements Source; gates read it. The numbers are counts,
// not rates, because a rate does not say how much data stands behind it.
//
// Sources that come along: strategy/local's router, package trace for recordings, jsonl for a file that
// grows, and httpjson for services that answer JSON. Beside them, in a module of its own, prometheus reads
// Prometheus. One of your own is one method, and package metricstest proves it:
//
//	func (s mySource) Read(ctx context.Context, q metrics.Query) (metrics.Window, error) {
//		requests, failed, err := s.count(ctx, q.Group, q.From, q.To)
//		if err != nil {
//			return metrics.Window{}, err
//		}
//		return metrics.Window{From: q.From, To: q.To, Requests: requests, Errors: failed}, nil
//	}
//
// A group is a pool of instances of one revision, and its label is the String of its strategy.Pool: "1.5.0", or
// "1.5.0@86eb149574b4" where the digest is known, with "/baseline" behind it for a fresh baseline. How that is found
// in what you measure is for the source to know.
//
// # Errors
//
// A Source tells apart what must never be taken for good news: ErrNoData, ErrUnknownGroup, and any
// other error, which means that the source is down. [Histogram] has a Validate that reports every problem at once.
//
// # Concurrency
//
// Sources are called from any number of goroutines at once. All else are values: whoever changes a Histogram by
// Observe has it to themselves.
package metrics
