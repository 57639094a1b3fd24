package git

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/davit-sdk/davit/changelog"
)

// format has a NUL behind every field: the one byte that neither a name, a message nor a path can
// hold. Each commit begins with an empty field, which tells it from the paths of the one before,
// whatever those are called.
const (
	format = "--format=tformat:%x00%H%x00%P%x00%an%x00%ae%x00%at%x00%ct%x00%B"
	fields = 7
)

var errFraming = errors.New("unexpected output")

// stream takes commits out of git's output. It holds one commit at a time, and what has been read of the next.
type stream struct {
	in    io.Reader
	paths bool // whether commits have paths
	// text[from:to] is what was read and not handed on. ended says that there is no more.
	text     []byte
	from, to int
	ended    error
	// Commits share texts of so many bytes: many where all commits are kept, and few where few may be, since who keeps a
	// word of a commit keeps all of the text that it is in. shared is the text from the place on that from has now.
	together int
	shared   string
	// ids has room for the parents of many commits.
	ids []string
}

const (
	// someTogether is of commits that come one by one, and allTogether of those that are kept.
	someTogether = 4 << 10
	allTogether  = 64 << 10
)

// newStream reads so much at once, unless one commit needs more.
func newStream(in io.Reader, room int, paths bool, together int) *stream {
	return &stream{in: in, paths: paths, together: together, text: make([]byte, room)}
}

// read hands every commit on. It says whether the receiver wants no more.
func (s *stream) read(yield func(changelog.Commit, error) bool) (stopped bool, err error) {
	for {
		c, err := s.commit()
		if errors.Is(err, errLast) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("git log: %w", err)
		}
		if !yield(c, nil) {
			return true, nil
		}
	}
}

// errLast says that there are no further commits.
var errLast = errors.New("that was the last commit")

// commit reads the next commit. One text holds all of its fields, and those of its neighbours.
func (s *stream) commit() (changelog.Commit, error) {
	switch end, err := s.field(0); {
	case errors.Is(err, io.EOF) && s.from == s.to:
		return changelog.Commit{}, errLast
	case err != nil:
		return changelog.Commit{}, fmt.Errorf("the output ends where a commit must begin: %w", err)
	case end != 0:
		return changelog.Commit{}, fmt.Errorf("%q where a commit must begin: %w", s.text[s.from:s.from+end], errFraming)
	}
	s.take(1)
	var ends [fields]int
	at := 0
	for i := range ends {
		end, err := s.field(at)
		if err != nil {
			return changelog.Commit{}, fmt.Errorf("the output ends within a commit: %w", err)
		}
		ends[i], at = end, end+1
	}
	paths, end, err := s.count(at)
	if err != nil {
		return changelog.Commit{}, err
	}
	text := s.take(end)
	c := changelog.Commit{
		ID: text[:ends[0]], Author: text[ends[1]+1 : ends[2]], AuthorEmail: text[ends[2]+1 : ends[3]], Text: text[ends[5]+1 : ends[6]],
	}
	c.Parents = s.parents(text[ends[0]+1 : ends[1]])
	if c.Authored, err = seconds(text[ends[3]+1 : ends[4]]); err != nil {
		return c, fmt.Errorf("commit %s: author date: %w", c.ID, err)
	}
	if c.Committed, err = seconds(text[ends[4]+1 : ends[5]]); err != nil {
		return c, fmt.Errorf("commit %s: commit date: %w", c.ID, err)
	}
	if paths > 0 {
		c.Paths = split(text[at+1:], paths)
	}
	return c, nil
}

// take is the text up to an end, which it hands on.
func (s *stream) take(end int) string {
	if len(s.shared) < end {
		s.shared = string(s.text[s.from:min(s.to, s.from+max(end, s.together))])
	}
	text := s.shared[:end]
	s.shared = s.shared[end:]
	s.from += end
	return text
}

// count says how many paths follow, and where they end. Git parts them from the message with a line feed.
func (s *stream) count(at int) (paths, end int, err error) {
	if !s.paths {
		return 0, at, nil
	}
	for {
		end, err := s.field(at)
		switch {
		case errors.Is(err, io.EOF) && s.from+at == s.to: // the last commit
			return paths, at, nil
		case err != nil:
			return 0, 0, fmt.Errorf("the output ends within a path: %w", err)
		case end == at: // the next commit begins
			return paths, at, nil
		case paths == 0 && (s.text[s.from+at] != '\n' || end == at+1):
			return 0, 0, fmt.Errorf("%q where a path must begin: %w", s.text[s.from+at:s.from+end], errFraming)
		}
		at = end + 1
		paths++
	}
}

// field is where the field ends that begins there, both from what is to be handed on next.
func (s *stream) field(begin int) (int, error) {
	for at := begin; ; {
		if i := bytes.IndexByte(s.text[s.from+at:s.to], 0); i >= 0 {
			return at + i, nil
		}
		at = s.to - s.from
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
}

// fill reads more. It makes room first: the half of it that was handed on, or more.
func (s *stream) fill() error {
	if s.ended != nil {
		return s.ended
	}
	if s.to == len(s.text) {
		into := s.text
		if s.from < len(s.text)/2 {
			into = make([]byte, 2*len(s.text))
		}
		s.to = copy(into, s.text[s.from:s.to])
		s.text, s.from = into, 0
	}
	n, err := s.in.Read(s.text[s.to:])
	s.to, s.ended = s.to+n, err
	if n > 0 {
		return nil
	}
	return err
}

// parents takes ids apart.
func (s *stream) parents(text string) []string {
	if text == "" {
		return nil
	}
	n := strings.Count(text, " ") + 1
	if len(s.ids) < n {
		s.ids = make([]string, max(n, 256))
	}
	all := s.ids[:n:n]
	s.ids = s.ids[n:]
	for i := range all {
		all[i], text, _ = strings.Cut(text, " ")
	}
	return all
}

// split takes n paths apart.
func split(text string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i], text, _ = strings.Cut(text, "\x00")
	}
	return all
}

// seconds reads a count of seconds since 1970. Git leaves out a date that it cannot read itself;
// that gives the zero time.
func seconds(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	const most = 15 // digits that surely fit
	n := int64(0)
	for i := range len(text) {
		if len(text) > most || text[i] < '0' || text[i] > '9' { // a minus, or what is wrong
			var err error
			if n, err = strconv.ParseInt(text, 10, 64); err != nil {
				return time.Time{}, err
			}
			break
		}
		n = 10*n + int64(text[i]-'0')
	}
	return time.Unix(n, 0).UTC(), nil
}
