package dora

import "time"

// stages is a lead time of which each stage is rounded up to minutes by itself. A stage that ends before it begins
// is nothing; where the whole does, it is negative.
func (f *fold) stages(u *unit, c uint32, at int64) int64 {
	merged := f.h.mergedAt(c)
	if merged == never {
		if u.finish < at {
			return u.finish - at
		}
		return ceilMinutes(u.finish - at)
	}
	before, after := merged-at, u.finish-merged
	if before < 0 && after < 0 {
		return before
	}
	return ceilMinutes(max(before, 0)) + ceilMinutes(max(after, 0))
}

func ceilMinutes(d int64) int64 {
	const m = int64(time.Minute)
	return (d + m - 1) / m * m
}

// round cuts a duration that is not negative.
func (r Rounding) round(d int64) int64 {
	switch r {
	case RoundMinutes:
		return d - d%int64(time.Minute)
	case RoundHours:
		return d - d%int64(time.Hour)
	}
	return d
}
