package jsonl

import (
	"context"
	"fmt"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/trace"
)

// Source is a metrics.Source over a file. It is a metrics.SeriesSource, too: the series are those of
// trace.Record.
type Source struct {
	turn chan struct{} // holds one while somebody works with what follows
	file file
}

var (
	_ metrics.Source       = (*Source)(nil)
	_ metrics.Parter       = (*Source)(nil)
	_ metrics.SeriesSource = (*Source)(nil)
)

// NewSource is a source that reads the file when it is asked.
func NewSource(o Options) (*Source, error) {
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("file source: %w", err)
	}
	o = o.withDefaults()
	return &Source{turn: make(chan struct{}, 1), file: file{opts: o, record: trace.NewRecord(o.Start)}}, nil
}

// Read reads what is new in the file, and adds up the lines of a group, as trace.Record.Window does.
func (s *Source) Read(ctx context.Context, q metrics.Query) (w metrics.Window, err error) {
	err = s.with(ctx, func(r *trace.Record) error {
		w, err = r.Window(q.Group, q.From, q.To)
		return err
	})
	return w, err
}

// Parts reads what is new in the file, and tells the parts of a group, as trace.Record.Parts does.
func (s *Source) Parts(ctx context.Context, q metrics.Query) (parts []metrics.Window, err error) {
	err = s.with(ctx, func(r *trace.Record) error {
		parts, err = r.Parts(q.Group, q.From, q.To)
		return err
	})
	return parts, err
}

// Series reads what is new in the file, and gives a series, as trace.Record.Points does.
func (s *Source) Series(ctx context.Context, q metrics.SeriesQuery) (points []metrics.Point, err error) {
	err = s.with(ctx, func(r *trace.Record) error {
		points, err = r.Points(q.Name, q.Group, q.From, q.To)
		return err
	})
	return points, err
}

// with works with the lines as they are now, when it is its turn.
func (s *Source) with(ctx context.Context, work func(*trace.Record) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := s.file.catchUp(ctx); err != nil {
		return fmt.Errorf("read %s: %w", s.file.opts.Path, err)
	}
	return work(s.file.record)
}
