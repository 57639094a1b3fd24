// Package preset (PURE) holds gates that decide as four well-known tools do by default, so that a
// team can move from one of them to this library, or compare what it had with what it gets:
// ArgoRollouts, Flagger, Kayenta and PipeCD.
//
// Each preset is a struct with the tool's own names. A zero field is the tool's shipped default; what
// the tool itself asks for (a metric, a query, thresholds) is asked for here, too. Each is a gate.Gate,
// which keeps what it counted in the Memory of its verdicts, and each shows the same rules as plain
// functions over a state (ArgoRun, FlaggerRun, KayentaRun, PipeCDRun), so that they can be simulated:
//
//	g := preset.Flagger{Source: router, Metrics: []preset.FlaggerMetric{
//		{Name: "request-success-rate", ThresholdRange: preset.Range{Min: new(99.0)}},
//		{Name: "request-duration", ThresholdRange: preset.Range{Max: new(500.0)}},
//	}}
//
// # Warning
//
// The rules are the tools' own, also where they are not good. None of the four states how often it takes
// back a release that is harmless, or how often it misses harm; ArgoRollouts and Flagger judge the
// candidate alone, and blame it for what everybody suffers; PipeCD passes a metric that has no data at
// all, and Kayenta leaves one out of its score. Where a tool passes without having measured anything, a
// field named Strict makes the preset answer continue instead; it is off, because the default is what
// the tool does. For a judgement with a stated rate of false alarms use package metrics/judge; its
// BENCHMARKS.md measures all of them side by side.
//
// # What is taken over
//
// What a tool measures with a query is here a Value, taken from a Window of the Source: a success rate,
// a quantile of the latency, a named count. What a tool moves by itself (weights, replicas) is the plan's
// business here; only Flagger.Advance tells which weight it would choose next. A time limit for one
// query is the caller's context.
//
// Each tool measures on a rhythm of its own. A gate that is asked more often answers from memory; one
// that is asked later measures each look for the stretch before the time at which it was due, so that
// the verdict does not depend on when it is asked. A source that is down is asked again, as the tool does.
//
// # Errors
//
// Check is an error where the settings are not valid, the memory is not of this preset and these
// settings, or the source is down or knows no such group, unless the tool has a rule for that.
//
// # Concurrency
//
// All types are values without state of their own, and safe for concurrent use where the Source is.
package preset
