package trace

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/davit-sdk/davit/metrics"
)

// ReadSeriesCSV reads series of a text, such as a monitoring system exports. Its first line names the
// columns, in any order: at (a time as in RFC 3339), name, value, and group where the series have one. A value
// may be NaN or +Inf. The points of a series may come in any order. Each error of a line is a LineError.
func ReadSeriesCSV(r io.Reader, o ReadOptions) (*Series, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	var titles []string
	points := map[seriesKey][]metrics.Point{}
	var keys []seriesKey
	for number, text := range rows(r, o.MaxLine) {
		if text.err != nil {
			return nil, text.err
		}
		in := csv.NewReader(bytes.NewReader(text.line))
		in.FieldsPerRecord = -1
		cells, err := in.Read()
		if err != nil {
			return nil, &LineError{number, fmt.Errorf("it is no CSV: %w", plain(err))}
		}
		if titles == nil {
			if titles = cells; !slices.Contains([]string{"at,group,name,value", "at,name,value"}, sorted(cells)) {
				return nil, &LineError{number, errors.New("the first line must name the columns at, name, value, and perhaps group, each once")}
			}
			continue
		}
		key, point, err := pointOf(titles, cells)
		if err != nil {
			return nil, &LineError{number, err}
		}
		if _, again := points[key]; !again {
			keys = append(keys, key)
		}
		points[key] = append(points[key], point)
	}
	all := make([]NamedSeries, len(keys))
	for i, key := range keys {
		slices.SortStableFunc(points[key], func(a, b metrics.Point) int { return a.At.Compare(b.At) })
		all[i] = NamedSeries{key.name, key.group, points[key]}
	}
	return NewSeries(all...)
}

func sorted(cells []string) string {
	return strings.Join(slices.Sorted(slices.Values(cells)), ",")
}

// pointOf reads one line of cells.
func pointOf(titles, cells []string) (key seriesKey, p metrics.Point, err error) {
	if len(cells) != len(titles) {
		return key, p, fmt.Errorf("%d cells for %d columns", len(cells), len(titles))
	}
	for i, title := range titles {
		switch cell := cells[i]; title {
		case "at":
			p.At, err = moment(cell)
		case "name":
			if key.name = cell; nameable(cell) != nil {
				err = fmt.Errorf("name: %w", nameable(cell))
			}
		case "group":
			if key.group = cell; cell != "" && nameable(cell) != nil {
				err = fmt.Errorf("group: %w", nameable(cell))
			}
		case "value":
			if p.Value, err = strconv.ParseFloat(cell, 64); err != nil {
				err = fmt.Errorf("value: %q is no number", cell)
			}
		}
		if err != nil {
			return key, p, err
		}
	}
	return key, p, nil
}
