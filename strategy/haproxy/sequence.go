package haproxy

// sequence compares the lines that were read with how many HAProxy says it had logged before each of
// them.
//
// HAProxy writes that number into a line first, and counts the line afterwards: with several threads
// two lines may have the same number, and lines may come in another order. So a number that is skipped
// means nothing by itself. But a line never says more than was counted; and what was counted must come.
// Lines that are lost therefore show as a lack that stays: in every line of a stretch with many, or
// once nothing has come for a look.
type sequence struct {
	begun    bool
	first    int64 // what HAProxy had logged before the first line that was read
	settled  int   // lines until first is known well enough
	received int64
	highest  int64 // of what a line said, above first
	before   int64 // highest at the last look
	lack     int64 // the lowest of the lines since the last look
	lines    int   // since the last look
	told     int64 // the lack that was told already
}

const (
	// settling is how many lines decide what HAProxy had logged before them, where the first line that
	// is read is not its first.
	settling = 100
	// many is how many lines of a stretch must show a lack, so that it is one: more than threads may
	// be between writing a number and counting.
	many = 200
)

// take notes what a line says.
func (s *sequence) take(logged uint64) {
	n := int64(logged)
	if !s.begun {
		s.begun, s.first = true, n
		if n > 0 {
			s.settled = settling
		}
	}
	s.received++
	if s.settled > 0 {
		s.settled--
		s.first = max(s.first, n-s.received+1)
	}
	s.highest = max(s.highest, n-s.first+1)
	if lack := n - s.first + 1 - s.received; s.lines == 0 || lack < s.lack {
		s.lack = lack
	}
	s.lines++
}

// look tells how many lines are lost, in addition to those that were told before. It is called with
// enough time in between for a line to come that is late.
func (s *sequence) look() uint64 {
	lack := s.before - s.received
	if s.lines >= many {
		lack = max(lack, s.lack)
	}
	s.before, s.lines = s.highest, 0
	if lack <= s.told {
		return 0
	}
	more := lack - s.told
	s.told = lack
	return uint64(more)
}
