package local

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

// An instance must outlive its host, so its output cannot go through a pipe that the host reads:
// when the host dies, the next write would end the instance. It writes to the file itself, and
// the fleet keeps that file small from outside: when it has grown to a third of the limit, its end
// is copied to output.log.1 and the file is cut to nothing. The instance's descriptor is in append
// mode, so that its next write lands at the new end.
//
// What is written between the copy and the cut, an instant, is lost; nothing else of the last
// third of the limit is. While no fleet watches, the file grows freely, and the next fleet cuts it.

// openLog opens the file that an instance writes to.
func openLog(dir string) (*os.File, error) {
	return os.OpenFile(filepath.Join(dir, logName), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
}

// capLog keeps the instance's output below the limit.
func capLog(dir string, limit int64) error {
	path, keep := filepath.Join(dir, logName), limit/3
	info, err := os.Stat(path)
	if err != nil || info.Size() < keep {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	old := filepath.Join(dir, oldLogName)
	if err := copyEnd(f, old+".tmp", keep); err != nil {
		return errors.Join(err, f.Close())
	}
	// The copy is in its place before the file is cut: output may be told twice, never not at all.
	if err := os.Rename(old+".tmp", old); err != nil {
		return errors.Join(err, f.Close())
	}
	return errors.Join(f.Truncate(0), f.Close())
}

// copyEnd copies the last keep bytes of a file that may still grow. What arrives during the copy
// is added to it, as long as that is not more than another keep: an instance that writes faster
// than it is copied must not hold the fleet up.
func copyEnd(f *os.File, to string, keep int64) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	from := max(0, info.Size()-keep)
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, io.NewSectionReader(f, from, min(2*keep, info.Size()-from+keep)))
	return errors.Join(err, out.Close())
}

// What is told of the last output of an instance that failed.
const (
	tailBytes = 1 << 10
	tailLines = 10
)

// logTail is the last output of an instance on one line that is safe to show: lines are joined by
// " | ", and what could steer a terminal is taken out. It is empty where there is no output.
func logTail(dir string) string {
	data := lastBytes(filepath.Join(dir, logName), tailBytes)
	if missing := tailBytes - len(data); missing > 0 {
		data = append(lastBytes(filepath.Join(dir, oldLogName), missing), data...)
	}
	whole := len(data) < tailBytes
	var lines []string
	for line := range strings.Lines(string(data)) {
		lines = append(lines, line)
	}
	if !whole && len(lines) > 1 {
		lines = lines[1:] // its beginning is missing
	}
	var clean []string
	for _, line := range lines {
		if line = cleanLine(line); line != "" {
			clean = append(clean, line)
		}
	}
	return strings.Join(clean[max(0, len(clean)-tailLines):], " | ")
}

func cleanLine(line string) string {
	line = strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(line, "\uFFFD"))
	return strings.TrimSpace(line)
}

// lastBytes is the end of a file, or nothing where it cannot be read: it only ever adds to what is
// told anyway.
func lastBytes(path string, n int) []byte {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil
	}
	data, err := io.ReadAll(io.NewSectionReader(f, max(0, info.Size()-int64(n)), int64(n)))
	if err != nil {
		return nil
	}
	return data
}
