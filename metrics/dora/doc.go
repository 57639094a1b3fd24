// Package dora (PURE) says how delivery is going: how often is deployed, how long changes take, how many deployments fail, how soon
// that is repaired, and how much of the work is repair, as DORA defines it, and what belongs to it.
//
// Whoever has events of deployments imports it, and gets no engine with it:
//
//	var history dora.History
//	err := history.Add(dora.Deployment{ID: "d1", Service: "shop", Time: at, Changes: []string{"c1"}})
//	...
//	report, err := history.Report(dora.Rules{}, dora.Query{From: from, To: to})
//	fmt.Println(report.LeadTime.P50) // seconds
//
// # Rules
//
// No two tools agree on these figures. Every point they differ in is a knob of Rules, whose zero value is
// what the definitions of DORA suggest. Preset has the rules of well-known tools, and Compare says, event
// by event, why two of them differ.
//
// # What a figure says
//
// A figure is absent where there is no data: 0 would be good news. Rates come with both counts and the
// interval of Wilson; medians with an interval between two order statistics, which holds whatever the
// distribution; failures that nothing has ended yet are counted as such. Evidence has the ids of the events
// behind a figure. What cannot be so is told as an Anomaly; nothing is dropped in silence.
//
// # Time
//
// Windows are half-open. Days and weeks begin when clocks in Query.Location say so: a day may have 23 hours.
// Nothing is rounded, unless a preset does.
//
// # Errors
//
// History.Add names each field that keeps an event from being taken (AddAll besides which event it is); Decode does besides what is not the JSON
// of an event (ErrUnknownType). Rules, Query, Calendar, TierModel and Objective have a Validate that reports every problem at
// once. ErrNoWindow, ErrUnknownService and ErrUnknownEnvironment keep a misspelt question from being answered with nothing.
//
// # While events come in
//
// A Meter keeps the report of a fixed window up to date, and computes anew only the week and the service that an event
// belongs to. BENCHMARKS.md has what all this costs: a million events are told in less than a tenth of a second.
//
// # Beyond the five
//
// The report has besides: mean time to restore, cycle time by stage, attempts that failed, availability, downtime per release, the
// error budget, velocity, CSAT and NPS, work outside of working hours, the score of the quick check, and tiers. SLO tells how fast a budget burns;
// CompareLoadTimes and CostOfDowntime stand by themselves.
//
// Where events tell nothing of failures, Report.WithoutFailures leaves out what would look as if there were none. Package report shows a
// report as text, Markdown, JSON, HTML with charts, and for Prometheus.
//
// # Concurrency
//
// A History may be asked by any number of goroutines at once while none adds. Nothing is started, and no
// clock is read: the same events give the same report, byte for byte, in whatever order they came.
package dora
