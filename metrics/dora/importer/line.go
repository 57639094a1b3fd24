package importer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strings"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/metrics/dora"
)

// DefaultMaxRecord is how large a record may be, in bytes.
const DefaultMaxRecord = 16 << 20

var (
	// ErrTooLong says that a record is larger than Options.MaxRecord.
	ErrTooLong = errors.New("too long")
	// ErrDuplicate says that a key is twice in one object.
	ErrDuplicate = dora.ErrDuplicate
	// ErrEncoding says that a text is no UTF-8.
	ErrEncoding = dora.ErrEncoding
)

// Options say how input is read. The zero value is usable.
type Options struct {
	// MaxRecord is how large a line, a record of a CSV or one of CDEvents may be, in bytes. Default: DefaultMaxRecord.
	MaxRecord int
}

// Validate reports what is wrong with the options.
func (o Options) Validate() error {
	if o.MaxRecord < 0 {
		return fmt.Errorf("Options.MaxRecord: %d is below zero", o.MaxRecord)
	}
	return nil
}

func (o Options) maxRecord() int {
	if o.MaxRecord == 0 {
		return DefaultMaxRecord
	}
	return min(o.MaxRecord, mostRecord)
}

// mostRecord leaves room for what is added to it: math.MaxInt is how one says that there is no limit.
const mostRecord = math.MaxInt - 1<<16

// LineError is a record that is no event.
type LineError struct {
	// Line is the number of the line in which the record begins, from 1.
	Line int
	// Err says what is wrong.
	Err error
}

// Error is the number and what is wrong, in one line.
func (e *LineError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, oneLine(e.Err)) }

// Unwrap is Err.
func (e *LineError) Unwrap() error { return e.Err }

// oneLine is what an error says, without the block of lines in which several problems are told.
func oneLine(err error) string {
	all, ok := errors.AsType[*multierror.Error](err)
	if !ok {
		return err.Error()
	}
	var said []string
	for _, one := range all.Errors {
		said = append(said, oneLine(one))
	}
	return strings.Replace(err.Error(), all.Error(), strings.Join(said, "; "), 1)
}

// bom is what some programs put before a text.
var bom = []byte("\xef\xbb\xbf")

// Lines gives the events of JSON lines. An error is a *LineError, after which it can go on, or what the reader says.
func Lines(r io.Reader, o Options) iter.Seq2[dora.Event, error] {
	return func(yield func(dora.Event, error) bool) {
		if err := o.Validate(); err != nil {
			yield(nil, err)
			return
		}
		in := bufio.NewReader(r)
		for number := 1; ; number++ {
			text, long, err := line(in, o.maxRecord())
			if err != nil && err != io.EOF {
				yield(nil, err)
				return
			}
			if number == 1 {
				text = bytes.TrimPrefix(text, bom)
			}
			if long {
				if !yield(nil, &LineError{number, fmt.Errorf("%w: more than %d bytes", ErrTooLong, o.maxRecord())}) {
					return
				}
			} else if len(bytes.TrimSpace(text)) > 0 {
				event, wrong := dora.Decode(text)
				if wrong != nil {
					event, wrong = nil, &LineError{number, wrong}
				}
				if !yield(event, wrong) {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
}

// line reads a line, and says whether it was longer than it may be; of such a one nothing is kept.
func line(in *bufio.Reader, most int) (text []byte, long bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if long = long || len(text)+len(part) > most+2; long { // with its CRLF
			text = nil
		} else {
			text = append(text, part...)
		}
		if err != bufio.ErrBufferFull {
			return text, long, err
		}
	}
}
