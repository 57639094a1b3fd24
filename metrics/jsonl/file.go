package jsonl

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/davit-sdk/davit/metrics/trace"
)

// ErrReplaced says that the file is not what it was when it was read last: it is another one by that name,
// or shorter, or what was read has changed.
var ErrReplaced = errors.New("the file was replaced or cut since it was read last")

// file is how far a file was read, and what is kept of it.
type file struct {
	opts   Options
	record *trace.Record

	known  os.FileInfo // of the file that is read; nil before the first time
	offset int64       // up to which whole lines were read
	number int         // of those lines
	anchor []byte      // the end of what was read
	broken error       // it is not that file any more
}

const (
	anchorSize = 256
	chunk      = 64 << 10
)

// catchUp reads the whole lines that are new. After an error it stands behind the last line that was
// read.
func (f *file) catchUp(ctx context.Context) error {
	if f.broken != nil {
		return f.broken
	}
	in, size, err := f.open()
	if err != nil {
		return err
	}
	defer in.Close()
	if f.broken = f.changed(in, size); f.broken != nil {
		return f.broken
	}
	before := f.offset
	err = f.lines(ctx, bufio.NewReaderSize(io.NewSectionReader(in, f.offset, size-f.offset), chunk))
	if f.offset > before {
		f.forget()
		f.anchor = make([]byte, min(anchorSize, f.offset))
		if _, err := in.ReadAt(f.anchor, f.offset-int64(len(f.anchor))); err != nil {
			f.broken = fmt.Errorf("%w: %v", ErrReplaced, err)
			return f.broken
		}
	}
	return err
}

// open opens the file, if it is one: a pipe, say, would wait for its other end.
func (f *file) open() (*os.File, int64, error) {
	for range 2 {
		info, err := os.Stat(f.opts.Path)
		if err != nil {
			return nil, 0, plain(err)
		}
		if !info.Mode().IsRegular() {
			return nil, 0, errors.New("it is no regular file")
		}
		in, err := os.Open(f.opts.Path)
		if err != nil {
			return nil, 0, plain(err)
		}
		opened, err := in.Stat()
		if err == nil && os.SameFile(info, opened) {
			if f.known == nil {
				f.known = opened
			}
			if !os.SameFile(f.known, opened) {
				in.Close()
				f.broken = ErrReplaced
				return nil, 0, f.broken
			}
			return in, opened.Size(), nil
		}
		in.Close() // it was replaced just now: look again
	}
	return nil, 0, ErrReplaced
}

// plain is an error of the file system without the path, which is told already.
func plain(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}

// changed says whether what was read is no longer there.
func (f *file) changed(in *os.File, size int64) error {
	if size < f.offset {
		return fmt.Errorf("%w: it has %d bytes, and %d were read", ErrReplaced, size, f.offset)
	}
	now := make([]byte, len(f.anchor))
	if _, err := in.ReadAt(now, f.offset-int64(len(now))); err != nil || !bytes.Equal(now, f.anchor) {
		return fmt.Errorf("%w: what was read is not there any more", ErrReplaced)
	}
	return nil
}

// lines takes whole lines. What is behind the last newline is left for the next time.
func (f *file) lines(ctx context.Context, in *bufio.Reader) error {
	var long []byte // the begin of a line that the buffer could not hold
	for {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		part, err := in.ReadSlice('\n')
		if len(long)+len(part) > f.opts.MaxLine+len("\r\n") {
			return &trace.LineError{Line: f.number + 1, Err: fmt.Errorf("is longer than %d bytes", f.opts.MaxLine)}
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			long = append(long, part...)
			continue
		case err == io.EOF:
			return nil
		case err != nil:
			return plain(err)
		}
		line := part
		if len(long) > 0 {
			line = append(long, part...)
		}
		if err := f.take(line); err != nil {
			return &trace.LineError{Line: f.number + 1, Err: err}
		}
		f.number++
		f.offset += int64(len(line))
		long = long[:0]
		if f.record.Len() > f.opts.MaxLines+f.opts.MaxLines/5 {
			f.forget()
		}
	}
}

// take takes one line, which may be blank.
func (f *file) take(text []byte) error {
	if f.number == 0 {
		text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	}
	if text = bytes.TrimSpace(text); len(text) == 0 {
		return nil
	}
	l, _, err := trace.Parse(text)
	if err != nil {
		return err
	}
	if l.At.IsZero() && f.opts.Start.IsZero() {
		return errors.New("t: it counts from Options.Start, which is not set")
	}
	return f.record.Add(l)
}

// forget drops what need not be kept.
func (f *file) forget() {
	f.record.Keep(f.opts.Keep)
	if f.record.Len() > f.opts.MaxLines {
		f.record.Trim(f.opts.MaxLines)
	}
}
