package main

import (
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/strategy/local"
)

// screen shows a release to a person: on a terminal as a picture that is drawn again and again,
// elsewhere as plain lines.
type screen struct {
	out   io.Writer
	live  bool
	size  func() (rows, columns int) // of the terminal, as it is now; 0 for what is not known
	gone  func(error)                // called when nobody can see the screen any more
	begun time.Time
}

// newScreen is a screen on a file. When it can no longer be written to, as when the reader of a pipe
// has left, gone is called with the reason.
func newScreen(out *os.File, plain bool, gone func(error)) *screen {
	s := &screen{out: out, gone: gone, begun: time.Now(), size: func() (rows, columns int) { return terminalSize(out) }}
	info, err := out.Stat()
	s.live = err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "" && os.Getenv("TERM") != "dumb" && !plain
	return s
}

// bounds are the rows and columns that a picture may have; where the terminal does not tell, those
// that every terminal has.
func (s *screen) bounds() (rows, columns int) {
	rows, columns = s.size()
	if rows < 5 {
		rows = 24
	}
	if columns < 40 {
		columns = 80
	}
	return rows - 1, columns - 1
}

func (s *screen) print(text string) {
	if _, err := io.WriteString(s.out, text); err != nil {
		s.gone(fmt.Errorf("nobody sees the screen any more: %w", err))
	}
}

func (s *screen) say(format string, args ...any) { s.print(fmt.Sprintf(format, args...) + "\n") }

func (s *screen) title(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.say("\n%s\n%s", text, strings.Repeat("=", len([]rune(text))))
}

// fit is a line of a wide table: cut on a terminal, where it would wrap.
func (s *screen) fit(line string) string {
	if !s.live {
		return line
	}
	_, columns := s.bounds()
	return cut(line, columns)
}

// show follows a release until its last event.
func (s *screen) show(events iter.Seq2[ledger.Event, error], traffic func() local.Snapshot) error {
	v := newView()
	if !s.live {
		for e, err := range events {
			if err != nil {
				return err
			}
			for _, line := range v.take(e) {
				s.say("%6.1fs  %s", time.Since(s.begun).Seconds(), line)
			}
		}
		return v.err
	}
	var mu sync.Mutex
	done := make(chan error, 1)
	go func() {
		for e, err := range events {
			if err != nil {
				done <- err
				return
			}
			mu.Lock()
			v.take(e)
			mu.Unlock()
		}
		done <- v.err
	}()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	drawn := 0
	draw := func() {
		mu.Lock()
		lines := v.picture(traffic())
		mu.Unlock()
		drawn = s.draw(lines, drawn)
	}
	for {
		draw()
		select {
		case <-tick.C:
		case err := <-done:
			draw()
			return err
		}
	}
}

// draw replaces the last picture, which had so many lines.
func (s *screen) draw(lines []string, last int) int {
	rows, columns := s.bounds()
	if len(lines) > rows { // what has scrolled away cannot be replaced
		lines = append(slices.Clone(lines[:rows-1]), "  …")
	}
	var b strings.Builder
	if last > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", min(last, rows))
	}
	for _, line := range lines {
		b.WriteString("\x1b[2K" + cut(line, columns) + "\n")
	}
	b.WriteString("\x1b[J")
	s.print(b.String())
	return len(lines)
}

// cut keeps a line from wrapping, which would spoil the next picture.
func cut(line string, width int) string {
	runes := []rune(line)
	if len(runes) <= width {
		return line
	}
	return string(runes[:width-1]) + "…"
}
