package command

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

// tailSize is how much of the end of the output an error shows, in bytes.
const tailSize = 4 << 10

// output takes what a program writes: the beginning goes to the log, the end is kept in memory.
type output struct {
	mu    sync.Mutex
	log   io.WriteCloser // nil: none
	left  int64          // what the log still takes
	total int64
	tail  []byte
	cut   bool  // the tail is not all of the output
	err   error // of the log
	mask  *mask
}

func (s Stage) openLog(secrets []secret) (*output, error) {
	out := &output{left: s.MaxLog, mask: newMask(secrets)}
	if out.left == 0 {
		out.left = DefaultMaxLog
	}
	if s.Log == "" {
		return out, nil
	}
	f, err := os.OpenFile(s.Log, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the log: %w", err)
	}
	out.log = f
	return out, nil
}

// Write never fails, so that a full disk does not look like a program that was cut off; close tells.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.total += int64(len(p))
	o.keep(o.mask.write(p))
	return len(p), nil
}

// keep takes what is free of secrets.
func (o *output) keep(p []byte) {
	o.tail = append(o.tail, p...)
	if over := len(o.tail) - tailSize; over > 0 {
		o.tail = append(o.tail[:0], o.tail[over:]...)
		o.cut = true
	}
	if o.log != nil && o.err == nil {
		take := min(o.left, int64(len(p)))
		_, o.err = o.log.Write(p[:take])
		o.left -= take
	}
}

// flush takes what was held back, once the program writes no more.
func (o *output) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.keep(o.mask.end())
}

func (o *output) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.log == nil {
		return nil
	}
	if o.err == nil && o.left == 0 {
		_, o.err = fmt.Fprintf(o.log, "\n[the log ends here; the program wrote %d bytes]\n", o.total)
	}
	if err := o.log.Close(); o.err == nil {
		o.err = err
	}
	return o.err
}

// last is the end of the output, from the begin of a line where that can be.
func (o *output) last() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	text := string(o.tail)
	if o.cut {
		if _, rest, ok := strings.Cut(text, "\n"); ok {
			text = rest
		}
		text = "...\n" + text
	}
	return strings.TrimRight(strings.ToValidUTF8(text, "?"), "\n")
}
