package trace

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"
)

// The defaults and limits of reading.
const (
	// DefaultMaxLine is how long a line may be, in bytes.
	DefaultMaxLine = 1 << 20
	// MaxGroups is how many groups, parts included, a trace may have.
	MaxGroups = 10_000
)

// ReadOptions say how a trace is read. The zero value is usable.
type ReadOptions struct {
	// MaxLine is the length, in bytes, beyond which a line is refused. Default: DefaultMaxLine.
	MaxLine int
	// Ignored is told of each field that is passed over, the first time that it is met. Nil: nobody is.
	Ignored func(line int, field string)
}

// Validate reports everything that is wrong with the options.
func (o ReadOptions) Validate() error {
	if o.MaxLine < 0 {
		return fmt.Errorf("ReadOptions.MaxLine: %d is below zero", o.MaxLine)
	}
	return nil
}

// Read gives the lines of a trace, one by one, in memory that does not grow with it. It ends at the
// first error, which it gives without a line: a LineError, or what the reader says.
func Read(r io.Reader, o ReadOptions) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		if err := o.Validate(); err != nil {
			yield(Line{}, err)
			return
		}
		var order sequel
		told := map[string]bool{}
		for number, text := range rows(r, o.MaxLine) {
			if text.err != nil {
				yield(Line{}, text.err)
				return
			}
			l, ignored, err := Parse(text.line)
			if err == nil {
				err = order.follow(l)
			}
			if err != nil {
				yield(Line{}, &LineError{number, err})
				return
			}
			for _, field := range ignored {
				if o.Ignored != nil && !told[field] && len(told) < MaxGroups {
					told[field] = true
					o.Ignored(number, field)
				}
			}
			if !yield(l, nil) {
				return
			}
		}
	}
}

// row is one line of a text, or why there is none.
type row struct {
	line []byte
	err  error
}

// rows are the lines of a text that are not blank, by their number, without a byte order mark. A row is
// valid until the next one is asked for.
func rows(r io.Reader, most int) iter.Seq2[int, row] {
	if most == 0 {
		most = DefaultMaxLine
	}
	return func(yield func(int, row) bool) {
		in := bufio.NewReaderSize(r, 64<<10)
		var long []byte // a line that the buffer could not hold
		for number := 1; ; {
			part, err := in.ReadSlice('\n')
			if len(long)+len(part) > most+len("\r\n") {
				yield(number, row{err: &LineError{number, fmt.Errorf("is longer than %d bytes", most)}})
				return
			}
			if errors.Is(err, bufio.ErrBufferFull) {
				long = append(long, part...)
				continue
			}
			line := part
			if len(long) > 0 {
				line, long = append(long, part...), long[:0]
			}
			if number == 1 {
				line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
			}
			// A line that an error cut off is not given: it may be torn.
			if line = bytes.TrimSpace(line); len(line) > 0 && (err == nil || err == io.EOF) && !yield(number, row{line: line}) {
				return
			}
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(number, row{err: fmt.Errorf("read line %d: %w", number, err)})
				return
			}
			number++
		}
	}
}

// sequel knows the lines that a next line has to fit. Its zero value has seen none.
type sequel struct {
	timed bool // lines have at, not t
	last  map[string]Line
}

// follow takes the next line, or says why it does not fit.
func (s *sequel) follow(l Line) error {
	before, again := s.last[l.Group]
	switch timed := !l.At.IsZero(); {
	case len(s.last) == 0:
		s.timed, s.last = timed, map[string]Line{}
	case timed != s.timed:
		return errors.New("t: a trace has either t or at on all of its lines")
	case again && l.When(time.Time{}).Before(before.When(time.Time{})):
		return fmt.Errorf("t: goes back from %s to %s within group %q", before.time(), l.time(), l.Group)
	case !again && len(s.last) == MaxGroups:
		return fmt.Errorf("group: there are more than %d groups", MaxGroups)
	}
	s.last[l.Group] = Line{T: l.T, At: l.At}
	return nil
}

// time is when the line was written, for people.
func (l Line) time() string {
	if l.At.IsZero() {
		return l.T.String()
	}
	return l.At.Format(time.RFC3339Nano)
}
