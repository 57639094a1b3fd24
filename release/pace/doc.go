// Package pace (PURE) learns from the events of earlier releases how long stages, rollout steps and people take, and says how long a pipeline
// will take, how far a release is, and when it will be done.
//
// It is for hosts and pages that show an estimate, and for whatever has to know beforehand whether a release fits before a freeze:
//
//	book := pace.NewBook(pace.Options{})
//	err := book.Add(pace.Rehearsal, events)        // the same pipeline, run against a rehearsal environment
//	err = book.Add(pace.Real, more)                // earlier releases
//	expectation, err := book.Expect(outline)       // release.Pipeline.Outline
//	need, err := expectation.Runway()              // must fit before the next close
//
//	course := new(pace.Course)                     // of a release that is under way
//	for e, err := range runner.Watch(ctx, id, 0) {
//		err = course.Apply(e)
//		fmt.Println(book.Forecast(course, time.Now()))
//	}
//
// # What is learned
//
// A stage counts when it succeeded in the end, from its first attempt on: those that failed and were tried again, and the waits until then, are
// part of what it takes. What a stopped host interrupted is not, nor the time for which a person had to say what becomes of a stage; and a stage
// that went on from a checkpoint after an interruption tells nothing. Its time is parted in two. Work is what it ran, and waits for a time that it had named itself. Waits are the time
// that people took: to approve, to answer a pause of a rollout, to resume one. All waits of a stage that asks people, or that only holds
// (stage.Asks, stage.Holds), are waits. The steps of a deployment by stage/deploy are learned one by one; those of several regions are not, as
// they go side by side.
//
// # Rehearsals and real runs
//
// Are told apart by whoever adds them. As long as fewer than Options.Enough real runs of a stage are known, its rehearsals count as if they were
// real; from then on they do not count at all. Of each kind the latest Options.Keep count. Each figure says of how many of either it is made.
//
// # How figures are made
//
// A quantile lies between the two runs next to it, in proportion (type 7 of Hyndman and Fan, 1996): of 12, 13, 14, 15 and 30 minutes, half is
// 14, nine tenths are 24, and 95 % are 27. Beside it stands the interval between the two runs that have it between them with
// Options.Confidence, by the binomial distribution, whatever the times are distributed like. Of few runs there is no run above the 95 %: then
// the interval is open.
//
// The time of a pipeline is no sum of quantiles, since not all stages are slow on the same day: as a rule, the 95 % of a sum are less than the
// sum of the 95 %. The pipeline is played through Options.Draws times, with its needs, its parallelism and its lists as the engine has them, and
// each stage takes a time drawn from what it took, apart from all others; figures are those of the ends. The draws of a stage are one from
// each of as many equal parts of its distribution, in an order shuffled by Options.Seed: the same book gives the same figures, byte for byte.
// Where stages are slow together, since the same machine is, the real 95 % are more: [Expectation.Together] is what they come to when all
// stages are slow at once.
//
// The stages of a list that is not known yet take what all of them together took.
//
// A stage that has run for a while has what is left of its distribution. One that has run longer than ever is overdue: nothing is known of
// what is left, and the forecast is told as "at least". So is one with a stage that was never seen. It is assumed that what is to come goes well.
//
// # In the midst of a release
//
// A stage that waits for a window with room for what comes behind it asks for that, and not for the whole pipeline:
//
//	window.Stage{Schedule: open, Expect: func(ctx context.Context, t *stage.Task) (time.Duration, error) {
//		course, err := pace.Follow(store.Events(ctx, t.Release().ID, 0))
//		if err != nil {
//			return 0, err
//		}
//		return book.Forecast(course, time.Now()).Runway()
//	}}
//
// # Errors
//
// Add and Apply refuse what is no history of a release (ledger.ErrBroken), and Add one of another pipeline (ErrOther). [Expectation.Runway] and
// [Forecast.Runway] fail with ErrUnseen where a stage was never seen, with ErrFew where it was seen fewer than Options.Least times, and with ErrNoEnd: what is not known is not taken as nothing.
//
// # Concurrency
//
// A Book may be read by any number of goroutines at once while nobody adds. A Course belongs to one at a time.
package pace
