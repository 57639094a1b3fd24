package haproxy

// balance compares what HAProxy has done with the lines that say so. A line is logged before its
// request counts as done, and may come a while later.
type balance struct {
	begun  bool
	first  uint64 // requests that had begun at the first look
	lines  uint64 // that had come by then
	before uint64 // requests that were done at the last look
	told   uint64 // missing lines that were told already
}

// check tells how many lines are missing, in addition to those that were told before.
func (b *balance) check(begun, done, lines uint64) (missing uint64) {
	if !b.begun || done < b.before || begun < b.first { // somebody cleared the counters
		*b = balance{begun: true, first: begun, lines: lines, before: done}
		return 0
	}
	due, got := b.before-min(b.before, b.first), lines-b.lines+b.told
	if due > got {
		missing = due - got
		b.told += missing
	}
	b.before = done
	return missing
}
