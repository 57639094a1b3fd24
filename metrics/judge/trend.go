package judge

import "math"

// trend is how much slower the candidate is than the baseline, over its life so far: the mean
// difference of the logarithms of latencies, by segments. Segments double in length when there is no room,
// so that its size does not depend on the time.
type trend struct {
	Segments []segment `json:"s"`
	// Span is how many blocks go into a segment.
	Span int `json:"n"`
	// Open are the blocks' sums that do not fill a segment yet.
	Open   segment `json:"o"`
	Blocks int     `json:"b"`
}

// segment is a weighted mean: Sum of weight times difference, Weight, and Square of the differences.
type segment struct {
	Sum    float64 `json:"d"`
	Weight float64 `json:"w"`
	Square float64 `json:"q"`
}

func (s segment) plus(o segment) segment {
	return segment{s.Sum + o.Sum, s.Weight + o.Weight, s.Square + o.Square}
}

// maxSegments is how many segments there are at most.
const maxSegments = 16

// lag are the sums of logarithmic latencies in the open block, in millionths.
type lag struct {
	Candidate counts `json:"c"`
	Baseline  counts `json:"b"`
}

// add takes one block's difference. Its weight is the number of pairs that stand behind it.
func (t *trend) add(l lag) {
	if l.Candidate.Of == 0 || l.Baseline.Of == 0 {
		return
	}
	d := (l.Candidate.Bad/l.Candidate.Of - l.Baseline.Bad/l.Baseline.Of) / 1e6
	w := 1 / (1/l.Candidate.Of + 1/l.Baseline.Of)
	t.Open = t.Open.plus(segment{w * d, w, w * d * d})
	t.Blocks++
	if t.Span == 0 {
		t.Span = 1
	}
	if t.Blocks < t.Span {
		return
	}
	t.Segments = append(t.Segments, t.Open)
	t.Open, t.Blocks = segment{}, 0
	if len(t.Segments) < maxSegments {
		return
	}
	for i := range maxSegments / 2 {
		t.Segments[i] = t.Segments[2*i].plus(t.Segments[2*i+1])
	}
	t.Segments, t.Span = t.Segments[:maxSegments/2], 2*t.Span
}

// halves are the means of the first and of the second half of the candidate's life, with the squares of
// their standard errors, which are estimated from the scatter of the blocks.
func (t *trend) halves() (first, second, v1, v2 float64, ok bool) {
	n := len(t.Segments)
	if n < 4 {
		return 0, 0, 0, 0, false
	}
	first, v1 = mean(t.Segments[:n/2], t.Span)
	second, v2 = mean(t.Segments[n/2:], t.Span)
	return first, second, v1, v2, true
}

// mean is that of several segments of so many blocks, with the square of its standard error.
func mean(list []segment, span int) (mean, variance float64) {
	var all segment
	for _, s := range list {
		all = all.plus(s)
	}
	mean = all.Sum / all.Weight
	scatter := max(all.Square/all.Weight-mean*mean, 0)
	return mean, scatter / float64(max(len(list)*span-1, 1))
}

// falling reports whether the candidate is clearly getting faster in comparison: the mean of the
// second half of its life is below that of the first by more than two standard errors, and by more
// than one per cent.
func (t *trend) falling() bool {
	first, second, v1, v2, ok := t.halves()
	return ok && first-second > 0.01 && first-second > 2*math.Sqrt(v1+v2)
}

// worry is how many standard errors look like more than chance: one harmless candidate in twenty has
// as many.
const worry = 1.7

// worrying reports whether the candidate looks slower than the baseline, by however little, or is
// getting slower: by more than so many standard errors. It proves nothing, and is quick to see what
// thresholds see late.
func (t *trend) worrying() bool {
	first, second, v1, v2, ok := t.halves()
	if !ok {
		return false
	}
	all, v := mean(t.Segments, t.Span)
	return all > 0.002 && all > worry*math.Sqrt(v) || second-first > 0.002 && second-first > worry*math.Sqrt(v1+v2)
}
