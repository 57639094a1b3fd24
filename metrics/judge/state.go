package judge

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"time"
)

// state is everything that a judge remembers. Its JSON is what MarshalJSON writes; numbers survive it
// bit for bit.
type state struct {
	Version int    `json:"version"`
	Config  uint64 `json:"config,string"`
	// Start is the begin of the first sample, First of the one with the candidate's first request, End
	// the end of the last one. Heard is the end of the last one with a request of the candidate's, and of
	// the baseline's; Requests counts both arms.
	Start    time.Time    `json:"start,omitzero"`
	First    time.Time    `json:"first,omitzero"`
	End      time.Time    `json:"end,omitzero"`
	Heard    [2]time.Time `json:"heard"`
	Requests [2]uint64    `json:"requests"`
	// Learned is the end of what was learned of the baseline before the candidate came.
	Learned time.Time `json:"learned,omitzero"`

	Open      openBlock `json:"open"`
	Look      look      `json:"look"`
	Tracks    []track   `json:"tracks"`
	Latencies latencies `json:"latencies,omitzero"`
	// Life is how slow the candidate was in all its life, Trend since it is warm.
	Life  trend `json:"life"`
	Trend trend `json:"trend"`
	// Warm says that the warm-up is over. Suspended counts how often the evidence against latency was
	// thrown away because the candidate may still have been warming up, Last when.
	Warm      bool      `json:"warm"`
	Suspended int       `json:"suspended,omitempty"`
	Last      time.Time `json:"last,omitzero"`
	// Ratio is the money against "the candidate gets its share", Sick that against "the baseline is
	// healthy".
	Ratio wealth `json:"ratio"`
	Sick  wealth `json:"sick"`
	Got   got    `json:"got"`
	Ramp  ramp   `json:"ramp"`
	Pace  pace   `json:"pace"`
	// Failed is when harm was shown.
	Failed time.Time `json:"failed,omitzero"`
}

// openBlock is the stretch that is still being filled.
type openBlock struct {
	Covered   time.Duration `json:"covered"`
	Candidate uint64        `json:"nc"`
	Baseline  uint64        `json:"nb"`
	Lag       lag           `json:"lag"`
	// Share is the intended one of all its samples.
	Share float64 `json:"share,omitempty"`
	// Stale says that the thresholds are those of the block before, until the first histogram comes.
	Stale bool `json:"stale,omitempty"`
}

// stateVersion is the version of the format, and of the arithmetic behind it.
const stateVersion = 3

// ErrForeignState says that a state was not written by a judge of this configuration.
var ErrForeignState = errors.New("the state is not of a judge with this configuration")

// fingerprint tells configurations apart that would go on differently from the same state.
func (c Config) fingerprint() uint64 {
	c.AtEnd = "" // belongs to the gate alone
	h := fnv.New64a()
	for _, m := range c.Metrics {
		fmt.Fprintf(h, "%T%+v|", m, m)
	}
	c.Metrics = nil
	fmt.Fprintf(h, "%+v", c)
	return h.Sum64()
}

// MarshalJSON is the judge's whole memory, for Restore: its size does not depend on the traffic.
func (j *Judge) MarshalJSON() ([]byte, error) { return json.Marshal(&j.state) }

// Restore is the judge that wrote the state, in this process: it goes on with the same numbers, bit for
// bit. A state of another configuration is ErrForeignState; AtEnd may change. Of latencies the bounds are
// not kept: the values of quantiles (Tally.Value) are told again from the next sample on.
func Restore(c Config, text []byte) (*Judge, error) {
	j, err := New(c)
	if err != nil {
		return nil, err
	}
	var s state
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("read the state of a judge: %w", err)
	}
	if s.Version != stateVersion || s.Config != j.state.Config {
		return nil, fmt.Errorf("%w: version %d, configuration %x; wanted %d, %x", ErrForeignState, s.Version, s.Config, stateVersion, j.state.Config)
	}
	if err := s.check(&j.state); err != nil {
		return nil, fmt.Errorf("read the state of a judge: %w", err)
	}
	j.state = s
	return j, nil
}

// check compares the shape with that of a fresh state.
func (s *state) check(fresh *state) error {
	if len(s.Tracks) != len(fresh.Tracks) {
		return fmt.Errorf("%d tracks, not %d", len(s.Tracks), len(fresh.Tracks))
	}
	same := func(a, b *wealth) bool { return len(a.Money) == len(b.Money) }
	for i := range s.Tracks {
		a, b := &s.Tracks[i], &fresh.Tracks[i]
		if !same(&a.Fail, &b.Fail) || !same(&a.Pass, &b.Pass) || !same(&a.Floor, &b.Floor) || !same(&a.Limit, &b.Limit) || !same(&a.Doubt, &b.Doubt) {
			return fmt.Errorf("track %d is of another shape", i)
		}
	}
	if a, b := len(s.Latencies.Candidate), len(s.Latencies.Baseline); a > 0 && b > 0 && a != b || max(a, b) > maxBuckets+1 {
		return fmt.Errorf("latencies in %d and %d buckets", a, b)
	}
	if !same(&s.Ratio, &fresh.Ratio) || !same(&s.Sick, &fresh.Sick) || max(len(s.Trend.Segments), len(s.Life.Segments)) > maxSegments {
		return errors.New("it is of another shape")
	}
	return nil
}
