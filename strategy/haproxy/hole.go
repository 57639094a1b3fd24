package haproxy

import (
	"slices"
	"time"
)

// hole is a stretch whose lines are lost.
type hole struct {
	from, to time.Time
	lines    uint64
	why      string
}

// maxHoles bounds what is remembered of lost lines; the oldest are put together.
const maxHoles = 256

// lose notes lost lines. The caller holds s.mu.
func (s *Source) lose(h hole) {
	s.log.Warn("log lines are lost", "lines", h.lines, "from", h.from, "to", h.to, "why", h.why)
	s.holes = append(s.holes, h)
	if len(s.holes) > maxHoles {
		s.holes[1].from = s.holes[0].from
		s.holes[1].lines += s.holes[0].lines
		s.holes = slices.Delete(s.holes, 0, 1)
	}
}

// lost notes lost lines.
func (s *Source) lost(h hole) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lose(h)
}
