package metrics

import (
	"context"
	"errors"
	"time"
)

// SeriesSource reads named series: what a monitoring system draws as a line.
//
// Series answers the points in [From, To), by ascending time. It is called from any number of
// goroutines at once, must respect ctx, and tells apart ErrUnknownMetric, ErrUnknownGroup, ErrNoData
// and any other error, which means that the source is down. A value may be NaN or infinite: whoever
// reads it must not take that for good news.
type SeriesSource interface {
	Series(ctx context.Context, q SeriesQuery) ([]Point, error)
}

// SeriesQuery asks for one series over a stretch of time.
type SeriesQuery struct {
	// Name is the name of the series.
	Name string
	// Group is the label of the group; empty for a series that belongs to none.
	Group string
	// From is where the stretch begins (included), To where it ends (excluded).
	From, To time.Time
}

// Point is one value of a series.
type Point struct {
	At    time.Time
	Value float64
}

// ErrUnknownMetric says that the source has never heard of a series, a count or a gauge of that name.
var ErrUnknownMetric = errors.New("unknown metric")
