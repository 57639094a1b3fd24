package worlds

import "time"

// World is the traffic of a service during a release, and what becomes of it. The zero value of a field
// leaves it out.
type World struct {
	// Name is how the world is called in tables.
	Name string
	// Rate is requests a second, of all versions together; ErrorRate is the usual part that fails.
	Rate, ErrorRate float64

	// Bursts is the standard deviation of the logarithm of requests and error rate, which swing together
	// for both arms, with a memory of half a minute; latency swings by a tenth of that.
	Bursts float64
	// Diurnal is by which part requests, errors and (a quarter of it) latency rise and fall, for both arms,
	// over a day that is pressed into forty minutes.
	Diurnal float64
	// Incident is a time in which both arms fail more.
	Incident Incident

	// Retries is how many further failures follow a failure in the mean, at once and on the same arm.
	Retries float64
	// ErrorNoise and LatencyNoise are the standard deviations of the logarithms by which error rate and
	// latency of the candidate, and of each half of the baseline, swing on their own, with a memory of
	// two minutes.
	ErrorNoise, LatencyNoise float64

	// Cold is how the candidate is slow at first.
	Cold Cold
	// Fresh says that the baseline is a fresh group as large as the candidate, and is cold at first, too.
	Fresh bool
	// Blip is a time in which all requests of the candidate fail, once.
	Blip Span

	// Late is by how much later failures are measured than successes.
	Late time.Duration
	// Resets is the mean time between two restarts of an arm's part, each of which loses the counts of
	// one cell.
	Resets time.Duration
	// Silent says that nothing is ever measured of the candidate.
	Silent bool

	// Harm is what the candidate does worse.
	Harm Harm
}

// Span is a stretch of time, counted from the beginning of the release.
type Span struct {
	From, For time.Duration
}

func (s Span) holds(at time.Duration) bool { return at >= s.From && at < s.From+s.For }

// Incident is a time in which both arms fail more.
type Incident struct {
	Span
	// ErrorRate is the part of all requests that fail then.
	ErrorRate float64
}

// Cold is how the candidate is slow at first: by Slower (1: twice as slow) at the beginning, and less
// and less over the time For, or, with Step, by all of it up to then.
type Cold struct {
	Slower float64
	For    time.Duration
	Step   bool
}

// Harm is what a candidate does worse. The zero value is none.
type Harm struct {
	// ErrorRate is the part of its requests that fail, where the usual part would be World.ErrorRate.
	ErrorRate float64
	// Slower is by how much slower all of its requests are: 0.2 is 20 %.
	Slower float64
	// Tail is the part of its requests that are TailTimes as slow.
	Tail, TailTimes float64
	// ErrorLeak is by how much the part that fails grows in an hour, LatencyLeak by how much slower it
	// gets in a minute.
	ErrorLeak, LatencyLeak float64
	// After is when the harm begins.
	After time.Duration
}

// None reports whether there is no harm at all.
func (h Harm) None() bool {
	h.After = 0
	return h == Harm{}
}
