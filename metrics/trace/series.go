package trace

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/metrics"
)

// Series answers from series that are all there. It never changes.
type Series struct {
	names  []string
	points map[seriesKey][]metrics.Point
}

type seriesKey struct{ name, group string }

var (
	_ metrics.SeriesSource = (*Series)(nil)
	_ metrics.Namer        = (*Series)(nil)
)

// NamedSeries is one series of a group; of no group, where that is empty.
type NamedSeries struct {
	Name, Group string
	// Points are in the order of time. A value may be NaN or infinite.
	Points []metrics.Point
}

// NewSeries takes series. Its error names each one that has no name, is there twice, or goes back in
// time.
// The points are copied.
func NewSeries(series ...NamedSeries) (*Series, error) {
	var errs *multierror.Error
	all := &Series{points: map[seriesKey][]metrics.Point{}}
	names := map[string]bool{}
	for i, s := range series {
		key := seriesKey{s.Name, s.Group}
		if err := nameable(s.Name); err != nil {
			errs = multierror.Append(errs, fmt.Errorf("series[%d]: Name: %w", i, err))
		}
		if _, twice := all.points[key]; twice {
			errs = multierror.Append(errs, fmt.Errorf("series[%d]: %q of group %q is there twice", i, s.Name, s.Group))
		}
		if !slices.IsSortedFunc(s.Points, func(a, b metrics.Point) int { return a.At.Compare(b.At) }) {
			errs = multierror.Append(errs, fmt.Errorf("series[%d]: Points: those of %q go back in time", i, s.Name))
		}
		names[s.Name] = true
		all.points[key] = slices.Clone(s.Points)
	}
	if err := errs.ErrorOrNil(); err != nil {
		return nil, err
	}
	all.names = slices.Sorted(maps.Keys(names))
	return all, nil
}

// Series are the points in [From, To). A group that has other series, but not that one, is unknown to it.
func (s *Series) Series(ctx context.Context, q metrics.SeriesQuery) ([]metrics.Point, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := ascending(q.From, q.To); err != nil {
		return nil, err
	}
	points, known := s.points[seriesKey{q.Name, q.Group}]
	if _, named := slices.BinarySearch(s.names, q.Name); !named {
		return nil, fmt.Errorf("series %q: %w", q.Name, metrics.ErrUnknownMetric)
	}
	if !known {
		return nil, fmt.Errorf("series %q of group %q: %w", q.Name, q.Group, metrics.ErrUnknownGroup)
	}
	return within(points, q.Name, q.Group, q.From, q.To)
}

// Names are the names of all series.
func (s *Series) Names() []string { return slices.Clone(s.names) }
