package trace

import (
	"context"
	"iter"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// Lines are lines that are at hand, as Read gives them.
func Lines(lines ...Line) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		for _, l := range lines {
			if !yield(l, nil) {
				return
			}
		}
	}
}

// Source answers from a trace that is all there. It never changes.
type Source struct{ record *Record }

var (
	_ metrics.Source = (*Source)(nil)
	_ metrics.Parter = (*Source)(nil)
	_ metrics.Namer  = (*Source)(nil)
)

// NewSource takes all lines, of which those with a t count from start. Its error is the first one of the
// lines, or says by a LineError which of them does not fit.
func NewSource(start time.Time, lines iter.Seq2[Line, error]) (*Source, error) {
	record := NewRecord(start)
	n := 0
	for l, err := range lines {
		if err != nil {
			return nil, err
		}
		n++
		if err := record.Add(l); err != nil {
			return nil, &LineError{n, err}
		}
	}
	return &Source{record}, nil
}

// Read adds up lines, as Record.Window does.
func (s *Source) Read(ctx context.Context, q metrics.Query) (metrics.Window, error) {
	if err := ctx.Err(); err != nil {
		return metrics.Window{}, err
	}
	return s.record.Window(q.Group, q.From, q.To)
}

// Parts are those of a group whose lines are given in parts, as Record.Parts says.
func (s *Source) Parts(ctx context.Context, q metrics.Query) ([]metrics.Window, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.record.Parts(q.Group, q.From, q.To)
}

// Names are the counts and gauges of the trace.
func (s *Source) Names() []string { return s.record.Names() }

// Series are the series of the trace, as Record.Points gives them.
func (s *Source) Series() (*Series, error) {
	all := &Series{names: s.record.SeriesNames(), points: map[seriesKey][]metrics.Point{}}
	for _, group := range s.record.Groups() {
		for _, name := range all.names {
			points, err := s.record.points(name, group)
			if err != nil {
				return nil, err
			}
			all.points[seriesKey{name, group}] = points
		}
	}
	return all, nil
}
