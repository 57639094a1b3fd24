package trace

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"maps"
	"slices"
	"strconv"
	"time"
)

// Append appends the line to b as JSON, without a newline. It refuses a line that Validate refuses.
func (l Line) Append(b []byte) ([]byte, error) {
	if problems := l.problems(); len(problems) > 0 {
		return b, joined(problems)
	}
	if l.At.IsZero() {
		b = appendSeconds(append(b, `{"t":`...), l.T)
	} else {
		b = l.At.AppendFormat(append(b, `{"at":"`...), time.RFC3339Nano)
		b = append(b, '"')
	}
	b = appendText(append(b, `,"group":`...), l.Group)
	b = strconv.AppendUint(append(b, `,"requests":`...), l.Requests, 10)
	b = strconv.AppendUint(append(b, `,"errors":`...), l.Errors, 10)
	if len(l.Latency.Bounds) > 0 {
		b = l.appendLatency(append(b, `,"latency":[`...))
	}
	if len(l.Counts) > 0 {
		b = append(b, `,"counts":{`...)
		for i, name := range slices.Sorted(maps.Keys(l.Counts)) {
			b = appendText(comma(b, i), name)
			b = strconv.AppendUint(append(b, ':'), l.Counts[name], 10)
		}
		b = append(b, '}')
	}
	if len(l.Gauges) > 0 {
		b = append(b, `,"gauges":{`...)
		for i, name := range slices.Sorted(maps.Keys(l.Gauges)) {
			b = append(appendText(comma(b, i), name), ":["...)
			for k, v := range l.Gauges[name] {
				b = appendNumber(comma(b, k), v)
			}
			b = append(b, ']')
		}
		b = append(b, '}')
	}
	return append(b, '}'), nil
}

func (l Line) appendLatency(b []byte) []byte {
	var within uint64
	for i, n := range l.Latency.Counts {
		within += n
		b = append(comma(b, i), `{"le":`...)
		if i < len(l.Latency.Bounds) {
			b = appendNumber(b, l.Latency.Bounds[i])
		} else {
			b = append(b, `"+Inf"`...)
		}
		b = strconv.AppendUint(append(b, `,"count":`...), within, 10)
		b = append(b, '}')
	}
	return append(b, ']')
}

func comma(b []byte, i int) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	return b
}

func appendText(b []byte, s string) []byte {
	quoted, _ := json.Marshal(s) // a string always has a JSON
	return append(b, quoted...)
}

// Write writes lines that Read reads the same. It ends at the first line that Read would refuse, which
// is a LineError; those before it are written.
func Write(w io.Writer, lines iter.Seq[Line]) error {
	var order sequel
	var text []byte
	out := bufio.NewWriter(w)
	number := 0
	for l := range lines {
		number++
		var err error
		if text, err = l.Append(text[:0]); err == nil {
			err = order.follow(l)
		}
		if err != nil {
			return errors.Join(&LineError{number, err}, out.Flush())
		}
		if _, err := out.Write(append(text, '\n')); err != nil {
			return err
		}
	}
	return out.Flush()
}
