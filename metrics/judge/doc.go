// Package judge (PURE) compares a candidate with the version it is to replace while data arrives, and
// tells as early as it can: harm, harmless, or not yet.
//
// A Judge may be asked after each look, as often as one likes: if the candidate is harmless, a release
// with all its metrics and all its looks is called harmful with probability Alpha at most. It is a
// state machine without a clock: the same samples give the same judgements, bit for bit, and its
// whole state is a few kilobytes of JSON, so that it survives a change of process in mid-bake.
//
//	j, err := judge.New(judge.Balanced())
//	...
//	judgement, err := j.Observe(judge.Sample{From: from, To: to, Candidate: candidate, Baseline: stable, Share: 0.05})
//	fmt.Println(judgement) // every number behind the outcome, for people
//
// A rollout does not call it: Gate wraps it as a gate.Gate that reads a metrics.Source by itself.
//
// # How it judges
//
// A bettor starts with one coin and bets, block of data by block of data, against "the candidate is
// harmless". Each bet is fair if that is so, whatever the two arms' common error rate does meanwhile;
// who has a hundred coins has shown harm at 100:1 (Ville's inequality). What is common to both arms
// (bursts, day and night, an incident of everybody's) cancels, because arms are compared within a block only.
// The money is spread over the metrics, so no metric has an alpha of its own. A second bettor bets
// against "the candidate is worse by the margin or more": where that one wins for every metric, the release passes.
//
// # What is not promised
//
// Alpha holds exactly for requests that fail independently of each other given their arm's rate. For
// what fails in clumps (retries, instances that differ) the odds are damped by the noise that is seen
// among the parts of the baseline (Sample.Parts); that this suffices is measured, not proved: see
// BENCHMARKS.md. Without parts there is no such guard. It does not suffice where arms really differ for
// minutes on end: if each arm's error rate swings on its own by a factor of 1.6 (a standard deviation of
// 0.5 of its logarithm, with a memory of two minutes), two to eight of a hundred harmless releases are
// called harmful; raise Errors.Tolerance there.
//
// Gauges (Gauge) hold a pass, and fail nothing unless Gauge.Fails says so, and then without that promise. What
// a gauge says at one look it may say again at the next for no other reason than that little time has gone by:
// odds are damped by how long the difference of the two arms remembers what it was, as far as it was
// watched. Of 300 harmless releases of an hour each, with one value of each arm in 5 s that is 0, 0.5, 0.9,
// 0.95 or 0.99 times the one before and something new (20 % in all), none was called harmful by a Gauge that
// Fails; of as many that were worse by just the margin, 2 at most passed. The price is that what wanders for
// minutes gives no answer within the hour: 3 of 300 passed at 0.99, 114 at 0.9. It is seen less well below
// noise: with 0.98 and as much noise besides, 4 of 300 were called harmful, and 44 of 300 that were worse by
// the margin passed. No memory can be seen in what stays: of 300 releases of one instance beside ten others
// that differ by 10 %, 48 were called harmful. Where instances differ, sample many of the candidate's, or leave
// the gauge to hold.
//
// Nor do parts show how users differ, where each sticks to one arm: users with very different error rates
// (a standard deviation of 1.5 of the logarithm) make two arms of a harmless release really differ. Of a
// hundred such releases with a fifth of 200 users on the candidate some 20 are called harmful, with 1000
// users some 11, with 5000 two. Give the candidate more users, or raise Errors.Tolerance.
//
// A cold start is told from harm by its fading. A candidate that is slow for longer than MaxWarmUp and
// does not get clearly faster is called harmful, and so is one that takes longer than three times
// MaxWarmUp. With a fresh baseline (FreshBaseline) none of this matters.
//
// With little traffic there are few answers: a tenth of a request a second in each arm shows an outage after some
// fifteen requests of the candidate, that one in ten fails or that all take half as long again within half an hour or
// so, smaller harm mostly not within the hour, and never that a candidate is harmless. Config.Forecast says what can
// be expected.
//
// # Errors
//
// A sample that cannot be (more errors than requests, stretches that overlap, histograms that are
// none) is an error that names the field, and leaves the Judge as it was. It is never a verdict.
//
// # Concurrency
//
// A Judge belongs to one goroutine. Config, Gate and all results are values without hidden state, safe for
// concurrent use; a Gate is where its Source is.
package judge
