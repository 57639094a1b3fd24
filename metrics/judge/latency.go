package judge

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"slices"

	"github.com/davit-sdk/davit/metrics"
)

// edge is a threshold of a latency: a bound of the histograms that is a quantile of the baseline so
// far. It is chosen before the block that it is used in.
type edge struct {
	Set bool `json:"set"`
	// At is the baseline's threshold; the candidate's are Fail and Pass: the last bound that is
	// slower by no more than the tolerance.
	At   float64 `json:"at"`
	Fail float64 `json:"fail"`
	Pass float64 `json:"pass"`
	// FailRatio and PassRatio are by how much more often than At the baseline would be above the
	// candidate's thresholds, if it was slower by exactly the tolerance: 1 where a bound lies right there.
	FailRatio float64 `json:"rf"`
	PassRatio float64 `json:"rp"`
	// PassPlus is the same where there is nothing to multiply: by which part more would be above.
	PassPlus float64 `json:"pp,omitempty"`
	// PassOdds are the odds, in proportion to the line of the pass, of a candidate as fast as the baseline.
	PassOdds float64 `json:"op"`
	// Blind says that the buckets cannot tell the margin of a pass: nothing is shown then.
	Blind bool `json:"blind,omitempty"`
}

// latencies are the distributions of both arms so far. The bounds are the source's; they are not
// kept, only recognised.
type latencies struct {
	Hash      uint64  `json:"hash,string"`
	Candidate buckets `json:"candidate"`
	Baseline  buckets `json:"baseline"`
}

// buckets are counts, in few bytes of JSON.
type buckets []uint64

// MarshalJSON writes the counts as base64 of varints.
func (b buckets) MarshalJSON() ([]byte, error) {
	var raw []byte
	for _, n := range b {
		raw = binary.AppendUvarint(raw, n)
	}
	return json.Marshal(base64.StdEncoding.EncodeToString(raw))
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (b *buckets) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return err
	}
	*b = nil
	for len(raw) > 0 {
		n, size := binary.Uvarint(raw)
		if size <= 0 || len(*b) > maxBuckets {
			return errors.New("the counts of a histogram cannot be read")
		}
		*b, raw = append(*b, n), raw[size:]
	}
	return nil
}

// maxBuckets is how many buckets are kept; of finer histograms several go into one.
const maxBuckets = 250

// scale are the bounds of the histograms in use, and what follows from them.
type scale struct {
	bounds []float64
	stride int       // source's buckets in one of ours
	logs   []float64 // middle of each of the source's buckets on a logarithmic axis, in whole millionths: sums are exact
	hash   uint64
}

func newScale(bounds []float64) *scale {
	s := &scale{bounds: slices.Clone(bounds), stride: (len(bounds) + maxBuckets) / maxBuckets, hash: 14695981039346656037}
	for _, b := range bounds {
		s.hash = (s.hash ^ math.Float64bits(b)) * 1099511628211
		s.hash ^= s.hash >> 29
	}
	s.logs = make([]float64, len(bounds)+1)
	for i := range s.logs {
		s.logs[i] = math.Round(1e6 * math.Log(s.middle(i)))
	}
	return s
}

// fits reports whether buckets are those of this scale, or none yet.
func (s *scale) fits(b buckets) bool { return b == nil || len(b) == len(s.bounds)/s.stride+1 }

// middle is a latency that stands for all of a bucket.
func (s *scale) middle(i int) float64 {
	least := math.SmallestNonzeroFloat64
	for _, b := range s.bounds {
		if b > 0 {
			least = b
			break
		}
	}
	switch {
	case i == len(s.bounds):
		return max(s.bounds[i-1]*1.2, least)
	case i == 0:
		return max(s.bounds[0]*0.8, least/2)
	}
	return max(math.Sqrt(max(s.bounds[i-1], least/2))*math.Sqrt(max(s.bounds[i], least/2)), least/2)
}

// above counts the values of a histogram above a bound.
func (s *scale) above(h metrics.Histogram, bound float64) float64 {
	i, _ := slices.BinarySearch(s.bounds, bound)
	var n uint64
	for _, c := range h.Counts[i+1:] {
		n += c
	}
	return float64(n)
}

// crowded is when counts are halved, so that they never overflow: their proportions are all that matters.
const crowded = 1 << 60

// add adds a histogram to the buckets.
func (s *scale) add(to buckets, h metrics.Histogram) buckets {
	if to == nil {
		to = make(buckets, len(s.bounds)/s.stride+1)
	}
	for i, n := range h.Counts {
		to[i/s.stride] += n
	}
	if slices.Max(to) > crowded {
		for i := range to {
			to[i] /= 2
		}
	}
	return to
}
