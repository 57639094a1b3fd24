package metrics

import (
	"context"
	"errors"
	"time"
)

// Source reads measurements.
//
// Read returns what was measured for the query's group in [From, To). It is called from any number
// of goroutines at once, must respect ctx, and must tell three things apart, because none of them
// is a pass: ErrUnknownGroup (nobody has ever measured such a group), ErrNoData (the source works,
// and knows nothing of this stretch), and any other error (the source is down).
type Source interface {
	Read(ctx context.Context, q Query) (Window, error)
}

// Parter is implemented by a Source that can tell a group's members apart: one Window for each of its
// instances, say, or for each half of them. What differs among the members of one group is noise, so
// a judge that knows it is not fooled by it.
//
// Parts answers as Read does. The parts come in an order that stays the same from one stretch to the
// next, and add up to what Read answers. A group of one member has one part.
type Parter interface {
	Parts(ctx context.Context, q Query) ([]Window, error)
}

// Namer is implemented by a Source, or a SeriesSource, that knows beforehand which counts, gauges or
// series it has. Whoever is wired to a name that is not among them is refused then, not at run time.
type Namer interface {
	// Names are sorted, and never change.
	Names() []string
}

// Query asks for one group's measurements in a stretch of time.
type Query struct {
	// Group is the label of the group: the String of its strategy.Pool.
	Group string
	// From is where the stretch begins (included), To where it ends (excluded).
	From, To time.Time
}

var (
	// ErrNoData says that the source works and has nothing for that stretch.
	ErrNoData = errors.New("no data")
	// ErrUnknownGroup says that the source has never heard of the group.
	ErrUnknownGroup = errors.New("unknown group")
)

// Window is what was measured of one group over a stretch of time.
type Window struct {
	// From and To are the stretch that the numbers really cover; it may be wider than was asked
	// for, by the source's resolution, begin later, where the source keeps nothing older, and end
	// earlier, where the newest is not known yet.
	From, To time.Time
	// Requests counts the answers, Errors those of them that failed.
	Requests, Errors uint64
	// Latency is the distribution of the time that answers took, in seconds.
	Latency Histogram
	// Counts are further events that were counted in the stretch, by name: "restarts", "cache misses".
	// A name that is not in it was not measured, which is not the same as zero.
	Counts map[string]uint64
	// Gauges are the values that were sampled in the stretch, by name, in the order of time:
	// "heap bytes", "queue length". A name that is not in it was not measured.
	Gauges map[string][]float64
}

// ErrorRate is Errors/Requests; it is zero where there was no request, so look at Requests first.
func (w Window) ErrorRate() float64 {
	if w.Requests == 0 {
		return 0
	}
	return float64(w.Errors) / float64(w.Requests)
}
