// Package gate (PURE) decides whether a release may go on: a Gate looks at evidence and answers
// pass, fail, continue or inconclusive. Nothing but a pass lets a release pass.
//
// The gates here are bare thresholds over a metrics.Source. Any other judgement is a Gate of your
// own, one method or one Func:
//
//	gate.Func(func(ctx context.Context, s gate.Subject) (gate.Verdict, error) {
//		if open := tickets.Blocking(ctx); open > 0 {
//			return gate.Verdict{Outcome: gate.Fail, Reason: fmt.Sprintf("%d blocking tickets are open", open)}, nil
//		}
//		return gate.Verdict{Outcome: gate.Pass, Reason: "no blocking ticket is open"}, nil
//	})
//
// # Errors
//
// An error of Check means that there is no verdict: a source that is down, a group that nobody
// measures, a number that is none. The caller asks again; it never takes an error for an answer.
// A source that works and has no data yet is no error: the gate answers continue.
//
// # Concurrency
//
// The gates of this package hold no state, and are safe for concurrent use where their Source is.
package gate
