package journal

import (
	"bytes"
	"errors"
	"fmt"
)

// readHeader reads the first line of a file, and tells where the next one begins.
func readHeader(name string, w *window) (header, int64, error) {
	text, err := w.rest(0, 256)
	if err != nil {
		return header{}, 0, fmt.Errorf("read %s: %w", name, err)
	}
	end := bytes.IndexByte(text, '\n')
	if end < 0 {
		return header{}, 0, &CorruptError{File: name, Reason: "the first line is damaged"}
	}
	h, err := parseHeader(text[:end])
	switch {
	case errors.Is(err, ErrVersion):
		return header{}, 0, fmt.Errorf("%s: %w", name, err)
	case err != nil:
		return header{}, 0, &CorruptError{File: name, Reason: err.Error(), Err: err}
	}
	return h, int64(end + 1), nil
}

// scan goes over a segment.
type scan struct {
	name string
	w    *window

	at      int64  // up to here all is good
	commits uint64 // so many came before
	last    int64  // where the last commit or the end begins; 0: there is none
	ended   bool
	signed  bool // the last commit has no records
}

// next reads the next commit, and gives its records with their places. None is given of one that is
// damaged: then the error is a *CorruptError, and the scan stays where it is. What it gives
// lives until the next call.
func (s *scan) next(into []record) ([]record, error) {
	c, size, err := s.line(s.at)
	if err != nil {
		return nil, err
	}
	switch {
	case c.end && c.number != s.commits:
		return nil, s.damage(s.at, fmt.Sprintf("the file ends after %d commits, but there are %d", c.number, s.commits))
	case c.end:
		s.last, s.at, s.ended = s.at, s.at+size, true
		return nil, nil
	case c.number != s.commits+1:
		return nil, s.damage(s.at, fmt.Sprintf("commit %d comes where %d should", c.number, s.commits+1))
	case int64(c.bytes) > s.w.size-s.at-size:
		return nil, s.damage(s.at, "a commit is cut short")
	}
	text, err := s.w.view(s.at+size, int(c.bytes))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.name, err)
	}
	into = into[:0]
	for at := s.at + size; len(text) > 0; {
		r, err := parseRecord(text)
		if err != nil {
			return nil, s.damage(at, err.Error())
		}
		into = append(into, r)
		at, text = at+int64(len(r.text)), text[len(r.text):]
	}
	if uint64(len(into)) != c.records {
		return nil, s.damage(s.at, fmt.Sprintf("a commit has %d records, but says %d", len(into), c.records))
	}
	s.last, s.at = s.at, s.at+size+int64(c.bytes)
	s.commits, s.signed = c.number, c.records == 0
	return into, nil
}

// line reads the first line of a commit.
func (s *scan) line(at int64) (commit, int64, error) {
	text, err := s.w.rest(at, 128)
	if err != nil {
		return commit{}, 0, fmt.Errorf("read %s: %w", s.name, err)
	}
	end := bytes.IndexByte(text, '\n')
	if end < 0 {
		return commit{}, 0, s.damage(at, "the first line of a commit is cut short")
	}
	c, err := parseCommit(text[:end])
	if err != nil {
		return commit{}, 0, s.damage(at, "the first line of a commit is damaged")
	}
	return c, int64(end + 1), nil
}

func (s *scan) damage(at int64, reason string) error {
	return &CorruptError{File: s.name, Offset: at, Reason: reason}
}

// torn reports whether what lies behind the last good commit can be a write that never ended: then
// nothing was written after it. At worst, zeros or anything else stand where its bytes should.
func (s *scan) torn() (bool, error) {
	c, size, err := s.line(s.at)
	if err == nil && !c.end && c.number == s.commits+1 {
		// Its length can be trusted. What follows it could only be written when it was on disk.
		return int64(c.bytes) >= s.w.size-s.at-size, nil
	}
	if err == nil {
		return false, nil
	}
	if damage := new(CorruptError); !errors.As(err, &damage) {
		return false, err
	}
	next, err := s.resync(s.at + 1)
	return next < 0, err
}

// resync is where the next line stands that can be the first of a commit, or the end; -1: nowhere.
func (s *scan) resync(at int64) (int64, error) {
	for at < s.w.size {
		text, err := s.w.rest(at, 4<<10)
		if err != nil {
			return 0, fmt.Errorf("read %s: %w", s.name, err)
		}
		i := bytes.IndexByte(text, mark)
		if i < 0 {
			at += int64(len(text))
			continue
		}
		at += int64(i)
		_, _, err = s.line(at)
		if err == nil {
			return at, nil
		}
		if damage := new(CorruptError); !errors.As(err, &damage) {
			return 0, err
		}
		at++
	}
	return -1, nil
}
