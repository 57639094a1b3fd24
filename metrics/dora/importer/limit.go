package importer

import (
	"bytes"
	"fmt"
	"io"
)

// limited is a reader that gives so much and no more until it is allowed again, and knows where lines end.
type limited struct {
	in   io.Reader
	left int
	err  error // what ended it, other than the end of the input

	read   int64
	ends   []int64 // of lines that were not asked for yet
	passed int     // lines before those
}

func (l *limited) Read(p []byte) (int, error) {
	if l.err != nil {
		return 0, l.err
	}
	if l.left <= 0 {
		l.err = fmt.Errorf("record: %w", ErrTooLong)
		return 0, l.err
	}
	n, err := l.in.Read(p[:min(len(p), l.left)])
	l.left -= n
	for at := 0; ; {
		next := bytes.IndexByte(p[at:n], '\n')
		if next < 0 {
			break
		}
		at += next + 1
		l.ends = append(l.ends, l.read+int64(at))
	}
	l.read += int64(n)
	if err != nil && err != io.EOF {
		l.err = err
	}
	return n, err
}

// lines is the number of the line, from 1, that an offset is in. Offsets only grow.
func (l *limited) lines(offset int64) int {
	n := 0
	for n < len(l.ends) && l.ends[n] <= offset {
		n++
	}
	l.ends = l.ends[n:]
	l.passed += n
	return l.passed + 1
}
