package importer

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/davit-sdk/davit/metrics/dora"
)

// CSV gives the events of a CSV. An error is a *LineError, after which it can go on, or one that ends it: what is wrong with the header, ErrTooLong,
// or what the reader says.
func CSV(r io.Reader, o Options) iter.Seq2[dora.Event, error] {
	return func(yield func(dora.Event, error) bool) {
		if err := o.Validate(); err != nil {
			yield(nil, err)
			return
		}
		fed := &limited{in: unmarked(r)}
		in := csv.NewReader(fed)
		in.FieldsPerRecord, in.ReuseRecord = -1, true
		var columns []string
		for {
			began := fed.lines(in.InputOffset())
			fed.left = o.maxRecord() + 4096 // what package csv reads ahead
			cells, err := in.Read()
			number, wrong := 0, error(nil)
			if parse, ok := errors.AsType[*csv.ParseError](err); ok && fed.err == nil {
				number, wrong = parse.StartLine, spelt(parse)
			} else if err == io.EOF && fed.err == nil {
				if columns == nil {
					yield(nil, errors.New("there is no header: the first record must name the columns"))
				}
				return
			} else if err != nil {
				yield(nil, ended(began, fed, err, o))
				return
			} else {
				number, _ = in.FieldPos(0)
			}
			if columns == nil {
				if wrong == nil {
					columns, wrong = header(cells)
				}
				if wrong != nil {
					yield(nil, &LineError{number, wrong})
					return
				}
				continue
			}
			var event dora.Event
			if wrong == nil {
				event, wrong = record(columns, cells)
			}
			if wrong != nil {
				event, wrong = nil, &LineError{number, wrong}
			}
			if !yield(event, wrong) {
				return
			}
		}
	}
}

// ended says why nothing is read from that line on.
func ended(line int, fed *limited, err error, o Options) error {
	if errors.Is(fed.err, ErrTooLong) {
		return &LineError{line, fmt.Errorf("%w: more than %d bytes; is there a quote that is not closed?", ErrTooLong, o.maxRecord())}
	}
	if fed.err != nil {
		return fed.err
	}
	return err
}

// spelt says what is wrong with the quotes of a record.
func spelt(e *csv.ParseError) error {
	if e.Line > e.StartLine {
		return fmt.Errorf("%w, in line %d, column %d", e.Err, e.Line, e.Column)
	}
	return fmt.Errorf("%w, in column %d", e.Err, e.Column)
}

// unmarked is the input without its byte order mark.
func unmarked(r io.Reader) io.Reader {
	in := bufio.NewReader(r)
	if start, _ := in.Peek(len(bom)); bytes.Equal(start, bom) {
		_, _ = in.Discard(len(bom))
	}
	return in
}

// fields are those of each type, beside type.
var fields = map[string][]string{
	"deployment": {"id", "service", "environment", "time", "started", "status", "kind", "changes", "fixes", "version", "group"},
	"change":     {"id", "time", "merged", "originals", "repo"},
	"incident":   {"id", "service", "opened", "resolved", "caused_by", "changes"},
	"work":       {"id", "started", "done", "points", "iteration"},
	"outage":     {"service", "from", "to", "severity"},
	"survey":     {"kind", "score", "count", "time"},
}

// header takes the names of the columns.
func header(cells []string) ([]string, error) {
	var columns []string
	for _, cell := range cells {
		name := strings.TrimSpace(cell)
		if slices.Contains(columns, name) {
			return nil, fmt.Errorf("column %q is there twice", name)
		}
		if name != "type" && !known(name) {
			return nil, fmt.Errorf("column %q is a field of no event", name)
		}
		columns = append(columns, name)
	}
	if !slices.Contains(columns, "type") {
		return nil, errors.New(`there is no column "type"; the first record must name the columns`)
	}
	return columns, nil
}

func known(name string) bool {
	// order: whether any of them has it
	for _, names := range fields {
		if slices.Contains(names, name) {
			return true
		}
	}
	return false
}

// record makes the JSON form of a record, and reads that: what is valid there is valid here.
func record(columns, cells []string) (dora.Event, error) {
	if len(cells) != len(columns) {
		return nil, fmt.Errorf("%d cells for %d columns", len(cells), len(columns))
	}
	kind := strings.TrimSpace(cells[slices.Index(columns, "type")])
	own, ok := fields[kind]
	if !ok {
		return nil, fmt.Errorf("%w %q", dora.ErrUnknownType, kind)
	}
	object := append(make([]byte, 0, 512), `{"type":"`+kind+`"`...)
	for i, name := range columns {
		cell := strings.TrimSpace(cells[i])
		if name == "type" || cell == "" {
			continue
		}
		if !utf8.ValidString(cell) {
			return nil, fmt.Errorf("%s: %w", name, ErrEncoding)
		}
		if !slices.Contains(own, name) {
			return nil, fmt.Errorf("%s: no field of a %s", name, kind)
		}
		var err error
		if object, err = value(append(object, `,"`+name+`":`...), name, cell); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return dora.Decode(append(object, '}'))
}

// value adds a cell as JSON has it.
func value(object []byte, name, cell string) ([]byte, error) {
	switch name {
	case "time", "started", "merged", "opened", "resolved", "done", "from", "to":
		at, err := moment(cell)
		return quoted(object, at), err
	case "points", "score", "count":
		if !number(cell) {
			return nil, fmt.Errorf("%q is no number", cell)
		}
		return append(object, cell...), nil
	case "changes", "fixes", "caused_by":
		ids := list(cell)
		if len(ids) == 0 {
			return append(object, "null"...), nil
		}
		for i, id := range ids {
			object = quoted(append(object, "[,"[min(i, 1)]), id)
		}
		return append(object, ']'), nil
	case "originals":
		return originals(object, cell)
	}
	return quoted(object, cell), nil
}

// quoted adds a text as JSON has it.
func quoted(object []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= 0x80 || c == '"' || c == '\\' {
			escaped, _ := json.Marshal(text) // a text is always one
			return append(object, escaped...)
		}
	}
	return append(append(append(object, '"'), text...), '"')
}

// number says whether a cell is one as JSON writes it: neither NaN nor hexadecimal, and with a point for the fraction.
func number(cell string) bool {
	var n json.Number
	return strings.IndexByte("-0123456789", cell[0]) >= 0 && json.Unmarshal([]byte(cell), &n) == nil
}

func moment(cell string) (string, error) {
	at, err := time.Parse(time.RFC3339Nano, cell)
	if err != nil {
		return "", fmt.Errorf("%q is no time as in RFC 3339, such as 2025-03-03T09:00:00Z", cell)
	}
	return at.Format(time.RFC3339Nano), nil
}

func list(cell string) []string {
	var ids []string
	for part := range strings.FieldsFuncSeq(cell, func(r rune) bool { return r == ';' || r == '\n' || r == '\r' }) {
		if id := strings.TrimSpace(part); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

func originals(object []byte, cell string) ([]byte, error) {
	object = append(object, '[')
	for i, text := range list(cell) {
		cut := strings.LastIndexByte(text, ' ')
		if cut < 0 {
			return nil, fmt.Errorf("%q is not an id, a blank and a time", text)
		}
		at, err := moment(text[cut+1:])
		if err != nil {
			return nil, err
		}
		if i > 0 {
			object = append(object, ',')
		}
		object = append(quoted(append(object, `{"id":`...), strings.TrimSpace(text[:cut])), `,"time":`...)
		object = append(quoted(object, at), '}')
	}
	return append(object, ']'), nil
}
