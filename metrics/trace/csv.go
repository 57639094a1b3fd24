package trace

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strings"

	"github.com/davit-sdk/davit/metrics"
)

// The columns of CSV whose names have a second half.
const (
	leColumn    = "le:"
	countColumn = "count:"
	gaugeColumn = "gauge:"
)

// ReadCSV is Read for CSV. The first line names the columns, in any order:
//
//	t or at, group, requests, errors    as in JSON; all of them must be there
//	le:0.1, le:0.5, le:+Inf             cumulative counts; a bound whose cell is empty is none of that line
//	count:NAME                          empty where it was not measured
//	gauge:NAME                          values, separated by blanks; empty where it was not sampled
//
// No other column is taken, as what is misspelt would count as zero. A cell may be quoted, but not hold a
// line break.
func ReadCSV(r io.Reader, o ReadOptions) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		if err := o.Validate(); err != nil {
			yield(Line{}, err)
			return
		}
		var head columns
		var order sequel
		for number, text := range rows(r, o.MaxLine) {
			if text.err != nil {
				yield(Line{}, text.err)
				return
			}
			l, titled, err := head.take(text.line)
			if err == nil && !titled {
				err = order.follow(l)
			}
			if err != nil {
				yield(Line{}, &LineError{number, err})
				return
			}
			if !titled && !yield(l, nil) {
				return
			}
		}
	}
}

// columns are what the first line of a CSV says.
type columns struct {
	names  []string
	bounds []float64 // of the columns that are buckets, by column
}

// take reads a line of CSV, the first of which holds the titles.
func (c *columns) take(text []byte) (l Line, titled bool, err error) {
	in := csv.NewReader(bytes.NewReader(text))
	in.FieldsPerRecord = -1
	cells, err := in.Read()
	if err != nil {
		return Line{}, false, fmt.Errorf("it is no CSV: %w", plain(err))
	}
	if c.names == nil {
		return Line{}, true, c.title(cells)
	}
	if len(cells) != len(c.names) {
		return Line{}, false, fmt.Errorf("%d cells for %d columns", len(cells), len(c.names))
	}
	l, err = c.line(cells)
	return l, false, err
}

// plain is a CSV error without the number of a line that it cannot know.
func plain(err error) error {
	if p, ok := errors.AsType[*csv.ParseError](err); ok {
		return p.Err
	}
	return err
}

// title takes the names of the columns.
func (c *columns) title(cells []string) error {
	seen := map[string]bool{}
	c.bounds = make([]float64, len(cells))
	for i, name := range cells {
		if seen[name] {
			return fmt.Errorf("column %q is there twice", name)
		}
		seen[name] = true
		if le, ok := strings.CutPrefix(name, leColumn); ok {
			edge, err := bound(le)
			if err != nil {
				return fmt.Errorf("column %q: %w", name, err)
			}
			c.bounds[i] = edge
			continue
		}
		switch name {
		case "t", "at", "group", "requests", "errors":
			continue
		}
		count, isCount := strings.CutPrefix(name, countColumn)
		gauge, isGauge := strings.CutPrefix(name, gaugeColumn)
		if !isCount && !isGauge {
			return fmt.Errorf("column %q is none of t, at, group, requests, errors, le:SECONDS, count:NAME, gauge:NAME", name)
		}
		if isGauge {
			count = gauge
		}
		if err := nameable(count); err != nil {
			return fmt.Errorf("column %q: %w", name, err)
		}
	}
	for _, must := range []string{"group", "requests", "errors"} {
		if !seen[must] {
			return fmt.Errorf("there is no column %q; the first line must name the columns", must)
		}
	}
	if seen["t"] == seen["at"] {
		return errors.New(`there must be a column "t" or a column "at", and not both`)
	}
	c.names = cells
	return nil
}

// line reads the cells of a line.
func (c *columns) line(cells []string) (l Line, err error) {
	var buckets []bucket
	for i, cell := range cells {
		switch name := c.names[i]; name {
		case "t":
			l.T, err = seconds(cell)
		case "at":
			l.At, err = moment(cell)
		case "group":
			l.Group = cell
		case "requests":
			l.Requests, err = cellCount(name, cell)
		case "errors":
			l.Errors, err = cellCount(name, cell)
		default:
			buckets, err = c.further(&l, i, cell, buckets)
		}
		if err != nil {
			return Line{}, err
		}
	}
	if l.Latency, err = histogram(buckets); err != nil {
		return Line{}, fmt.Errorf("latency: %w", err)
	}
	if problems := l.problems(); len(problems) > 0 {
		return Line{}, joined(problems)
	}
	return l, nil
}

func cellCount(name, cell string) (uint64, error) {
	n, err := whole(cell)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return n, nil
}

// further reads a cell of a column that has a second half to its name.
func (c *columns) further(l *Line, i int, cell string, buckets []bucket) ([]bucket, error) {
	name := c.names[i]
	if cell == "" {
		return buckets, nil
	}
	if strings.HasPrefix(name, leColumn) {
		n, err := cellCount(name, cell)
		return append(buckets, bucket{edge{c.bounds[i], true}, tally{n, true}}), err
	}
	if count, ok := strings.CutPrefix(name, countColumn); ok {
		n, err := cellCount(name, cell)
		if l.Counts == nil {
			l.Counts = map[string]uint64{}
		}
		l.Counts[count] = n
		return buckets, err
	}
	gauge := strings.TrimPrefix(name, gaugeColumn)
	for word := range strings.FieldsSeq(cell) {
		v, err := finite(word)
		if err != nil {
			return buckets, fmt.Errorf("%s: %w", name, err)
		}
		if l.Gauges == nil {
			l.Gauges = map[string][]float64{}
		}
		l.Gauges[gauge] = append(l.Gauges[gauge], v)
	}
	return buckets, nil
}

// edges are the bounds that lines have, +Inf the last where there is any.
func edges(latencies []metrics.Histogram) []float64 {
	var all []float64
	for _, h := range latencies {
		all = merged(all, h.Bounds)
	}
	if len(all) > 0 {
		all = append(all, math.Inf(1))
	}
	return all
}
