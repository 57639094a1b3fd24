package main

import (
	"fmt"
	"iter"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/strategy/local"
)

// screen shows a release to a person: on a terminal as a picture that is drawn again and again,
// elsewhere as plain lines.
type screen struct {
	out   *os.File
	live  bool
	width int
	begun time.Time
}

func newScreen(out *os.File, plain bool) *screen {
	s := &screen{out: out, width: 100, begun: time.Now()}
	info, err := out.Stat()
	s.live = err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "" && os.Getenv("TERM") != "dumb" && !plain
	if s.live {
		s.width = columns(out)
	}
	return s
}

// columns is how wide the terminal is, as stty tells it; 80 is what every terminal has.
func columns(terminal *os.File) int {
	stty := exec.Command("stty", "size")
	stty.Stdin = terminal
	size, err := stty.Output()
	var rows, width int
	if _, scanErr := fmt.Sscan(string(size), &rows, &width); err != nil || scanErr != nil || width < 40 {
		return 80
	}
	return width
}

func (s *screen) say(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }

func (s *screen) title(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	fmt.Fprintf(s.out, "\n%s\n%s\n", text, strings.Repeat("=", len([]rune(text))))
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
	var b strings.Builder
	if last > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", last)
	}
	for _, line := range lines {
		b.WriteString("\x1b[2K" + cut(line, s.width-1) + "\n")
	}
	b.WriteString("\x1b[J")
	fmt.Fprint(s.out, b.String())
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
