// Package metricstest (SHELL) is for tests of sources. [Run] proves that a metrics.Source keeps the laws
// of its contract, each as a subtest, and [RunSeries] does so for a metrics.SeriesSource; [Check] and
// [CheckSeries] are the same as errors:
//
//	metricstest.Run(t, func() metrics.Source { return source }, metricstest.Case{
//		Group: "1.1.0",
//		Cuts:  []time.Time{noon, noon.Add(time.Minute), noon.Add(2 * time.Minute)},
//	})
//
// The laws are:
//
//	answers    each stretch of the case is answered
//	unknown    a group that was never measured is ErrUnknownGroup, and nothing else is said of it
//	metric     a series that nobody knows is ErrUnknownMetric, and nothing else is said of it
//	nodata     a stretch that the source knows nothing of is ErrNoData, and nothing else
//	down       a source that is down says neither of these, and answers nothing
//	backwards  a stretch that is empty, or ends before it begins, is an error and never an answer
//	window     there are no more errors than requests; the distribution is valid; From is not after To;
//	           no count or gauge is outside of Names
//	points     those of a series ascend, and lie in [From, To)
//	adds       what follows each other adds up: Read[a,b) + Read[b,c) = Read[a,c), in all that is counted,
//	           and the windows do not overlap; of series, the points follow each other
//	parts      the parts add up to the whole, there are as many as the case says, and each keeps its place
//	names      Names are sorted, not empty, each there once, and always the same
//	again      asked again, a source says the same, whatever was done to its last answer
//	cancel     when the context has ended, the answer is its error
//	hangs      a source that waits returns soon after the context has ended
//	together   asked by many at once, it says to each what it says to one
//
// They hold for Read, for Parts where the source is a metrics.Parter, and for Series. Laws that do not
// apply, because the case names no source that is down for example, are skipped by name. The law together
// says most under the race detector.
package metricstest
