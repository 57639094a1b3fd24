// Package load (PURE) learns from a load series how busy a service is at which time of the week, and finds the quietest
// time for a release within what a calendar allows.
//
// A host that plans releases imports it. The series comes from any metrics.SeriesSource:
//
//	points, err := source.Series(ctx, metrics.SeriesQuery{Name: "requests", From: now.AddDate(0, 0, -42), To: now})
//	profile, err := load.Learn(points, load.Options{Location: london})
//	times, err := profile.Quietest(load.Question{Schedule: schedule, From: now, Length: time.Hour, Count: 3})
//
// # What is learned
//
// The week is cut into slots by the local clock. Of each slot, each week gives one value: the median of its points, so
// that it does not matter how many there are. The load that is expected is the median of the weeks, and its spread the
// median distance from there, times 1.4826, which for a normal distribution is the standard deviation (Rousseeuw and
// Croux, 1993). So a week in four that was out of the ordinary changes neither by much. Points that are not finite are left out;
// a slot in which nothing was measured in enough weeks is not known, and never proposed.
//
// To find the quietest time costs about the same for any length: one step for each slot between From and To.
//
// An hour that comes twice, as clocks are put back, is one value; one that is left out is none.
//
// # Errors
//
// What the data do not suffice for is a *TooLittleError, which says what is there and what is needed. A series whose points are
// further apart than a slot is ErrCoarse, and a question to which there is no answer ErrNowhere.
//
// # Concurrency
//
// A Profile never changes and may be used by any number of goroutines.
package load
