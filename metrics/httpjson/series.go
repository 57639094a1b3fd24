package httpjson

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// Points say where the points of a series are in an answer: see the package comment for paths.
type Points struct {
	// List is the list of points. Where its path meets null or an empty list, the answer is
	// metrics.ErrNoData.
	List string
	// At and Value are within each entry of the list. An entry whose value is null is left out; one that is
	// the text "NaN" or "+Inf" is that.
	At, Value string
	// Unit is that of times that are numbers. Default: time.Second.
	Unit time.Duration
}

// Series is a metrics.SeriesSource over HTTP.
type Series struct {
	asker           *asker
	list, at, value path
	unit            time.Duration
	names           []string
}

var (
	_ metrics.SeriesSource = (*Series)(nil)
	_ metrics.Namer        = (*Series)(nil)
)

// NewSeries makes a source of the series of these names, which asks the endpoint. Its URL has {from} and
// {to} in one of their forms, {name} where there are several names, and {group} where series belong to
// groups. The error names everything that is wrong with the settings.
func NewSeries(e Endpoint, p Points, names ...string) (*Series, error) {
	must, may := []string{"from", "to"}, []string{"seconds", "group", "name"}
	if len(names) > 1 {
		must = append(must, "name")
	}
	t, problems := e.problems(must, may)
	s := &Series{unit: p.Unit, names: slices.Sorted(slices.Values(names))}
	var wrong []error
	for _, field := range []struct {
		name, text string
		to         *path
	}{{"List", p.List, &s.list}, {"At", p.At, &s.at}, {"Value", p.Value, &s.value}} {
		var err error
		if *field.to, err = newPath(field.text); err != nil {
			wrong = append(wrong, fmt.Errorf("Points.%s: %w", field.name, err))
		}
	}
	if p.Unit < 0 {
		wrong = append(wrong, fmt.Errorf("Points.Unit: %s is below zero", p.Unit))
	}
	if p.Unit == 0 {
		s.unit = time.Second
	}
	if len(names) == 0 {
		wrong = append(wrong, errors.New("names: there is none"))
	}
	if slices.Contains(names, "") || len(slices.Compact(slices.Clone(s.names))) < len(names) {
		wrong = append(wrong, errors.New("names: one is empty, or there twice"))
	}
	if err := failed(problems, wrong); err != nil {
		return nil, err
	}
	s.asker = newAsker(e, t)
	return s, nil
}

// Names are the names of all series.
func (s *Series) Names() []string { return slices.Clone(s.names) }

// Close closes the connections that are kept for the next question. A source that is closed can still be
// asked.
func (s *Series) Close() { s.asker.close() }

// Series asks once. Points outside of the stretch are left out, and the others put in the order of time.
func (s *Series) Series(ctx context.Context, q metrics.SeriesQuery) ([]metrics.Point, error) {
	fail := func(err error) ([]metrics.Point, error) {
		return nil, fmt.Errorf("read series %q of group %q: %w", q.Name, q.Group, err)
	}
	if err := ctx.Err(); err != nil {
		return fail(err)
	}
	if _, known := slices.BinarySearch(s.names, q.Name); !known {
		return fail(metrics.ErrUnknownMetric)
	}
	doc, err := s.asker.ask(ctx, question{name: q.Name, group: q.Group, from: q.From, to: q.To})
	if err != nil {
		return fail(err)
	}
	points, err := s.points(doc, q)
	if errors.Is(err, errNothing) || err == nil && len(points) == 0 {
		err = metrics.ErrNoData
	}
	if err != nil {
		return fail(fmt.Errorf("ask %s: %w", s.asker.host, err))
	}
	return points, nil
}

func (s *Series) points(doc any, q metrics.SeriesQuery) (points []metrics.Point, err error) {
	found, err := s.list.find(doc)
	if err != nil {
		return nil, err
	}
	list, ok := found.([]any)
	if !ok {
		return nil, fmt.Errorf("%s: is %s, and not a list", s.list.text, kindOf(found))
	}
	for i, entry := range list {
		at, value, err := s.point(entry)
		if errors.Is(err, errNothing) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s, entry %d: %w", s.list.text, i, err)
		}
		if !at.Before(q.From) && at.Before(q.To) {
			points = append(points, metrics.Point{At: at, Value: value})
		}
	}
	slices.SortStableFunc(points, func(a, b metrics.Point) int { return a.At.Compare(b.At) })
	return points, nil
}

// point is one entry of the list; errNothing where its value is null.
func (s *Series) point(entry any) (at time.Time, value float64, err error) {
	v, err := s.value.find(entry)
	if err != nil {
		return at, 0, err
	}
	if value, err = number(v); err != nil {
		return at, 0, fmt.Errorf("%s: %w", s.value.text, err)
	}
	t, err := s.at.find(entry)
	if errors.Is(err, errNothing) {
		return at, 0, fmt.Errorf("%s: its answer has a value without a time", s.at.text)
	}
	if err != nil {
		return at, 0, err
	}
	if at, err = moment(t, s.unit); err != nil {
		return at, 0, fmt.Errorf("%s: %w", s.at.text, err)
	}
	return at, value, nil
}
