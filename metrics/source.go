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
	// for, by the source's resolution, and begin later, where the source keeps nothing older.
	From, To time.Time
	// Requests counts the answers, Errors those of them that failed.
	Requests, Errors uint64
	// Latency is the distribution of the time that answers took, in seconds.
	Latency Histogram
}

// ErrorRate is Errors/Requests; it is zero where there was no request, so look at Requests first.
func (w Window) ErrorRate() float64 {
	if w.Requests == 0 {
		return 0
	}
	return float64(w.Errors) / float64(w.Requests)
}
