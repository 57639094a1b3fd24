package trace

import (
	"encoding/csv"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// WriteCSV writes lines that ReadCSV reads the same. The columns are those that any line needs, so that
// all lines must be there. It ends at the first line that ReadCSV would refuse, which is a LineError by
// its number among the lines; those before it are written.
func WriteCSV(w io.Writer, lines []Line) error {
	s := sheetOf(lines)
	out := csv.NewWriter(w)
	if err := out.Write(s.titles()); err != nil {
		return err
	}
	var order sequel
	for i, l := range lines {
		err := order.follow(l)
		if problems := l.problems(); len(problems) > 0 {
			err = joined(problems)
		}
		if err != nil {
			out.Flush()
			return errors.Join(&LineError{i + 1, err}, out.Error())
		}
		if err := out.Write(s.cells(l)); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// sheet is the columns that lines need.
type sheet struct {
	timed          bool
	edges          []float64
	counts, gauges []string
}

func sheetOf(lines []Line) sheet {
	counts, gauges := map[string]bool{}, map[string]bool{}
	latencies := make([]metrics.Histogram, len(lines))
	for i, l := range lines {
		latencies[i] = l.Latency
		for _, name := range slices.Sorted(maps.Keys(l.Counts)) {
			counts[name] = true
		}
		for _, name := range slices.Sorted(maps.Keys(l.Gauges)) {
			gauges[name] = true
		}
	}
	return sheet{
		timed:  len(lines) > 0 && !lines[0].At.IsZero(),
		edges:  edges(latencies),
		counts: slices.Sorted(maps.Keys(counts)), gauges: slices.Sorted(maps.Keys(gauges)),
	}
}

func (s sheet) titles() []string {
	titles := []string{"t", "group", "requests", "errors"}
	if s.timed {
		titles[0] = "at"
	}
	for _, e := range s.edges {
		titles = append(titles, leColumn+strconv.FormatFloat(e, 'g', -1, 64))
	}
	for _, name := range s.counts {
		titles = append(titles, countColumn+name)
	}
	for _, name := range s.gauges {
		titles = append(titles, gaugeColumn+name)
	}
	return titles
}

func (s sheet) cells(l Line) []string {
	cells := []string{string(appendSeconds(nil, l.T)), l.Group, strconv.FormatUint(l.Requests, 10), strconv.FormatUint(l.Errors, 10)}
	if s.timed {
		cells[0] = l.At.Format(time.RFC3339Nano)
	}
	cells = append(cells, s.within(l.Latency)...)
	for _, name := range s.counts {
		cell := ""
		if n, measured := l.Counts[name]; measured {
			cell = strconv.FormatUint(n, 10)
		}
		cells = append(cells, cell)
	}
	for _, name := range s.gauges {
		var words []string
		for _, v := range l.Gauges[name] {
			words = append(words, string(appendNumber(nil, v)))
		}
		cells = append(cells, strings.Join(words, " "))
	}
	return cells
}

// within are the cumulative counts of a line, empty at the bounds that it does not have.
func (s sheet) within(h metrics.Histogram) []string {
	cells := make([]string, len(s.edges))
	if len(h.Bounds) == 0 {
		return cells
	}
	var n uint64
	for i, count := range h.Counts {
		n += count
		column := len(s.edges) - 1
		if i < len(h.Bounds) {
			column, _ = slices.BinarySearch(s.edges, h.Bounds[i])
		}
		cells[column] = strconv.FormatUint(n, 10)
	}
	return cells
}
