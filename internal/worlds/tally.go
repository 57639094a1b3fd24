package worlds

import (
	"math"
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
)

// Tally counts what became of releases.
type Tally struct {
	// RolledBack, Promoted and Undecided are how many ended so.
	RolledBack, Promoted, Undecided int
	harmed                          float64
	squares                         float64
	back, promoted                  []time.Duration
}

// Add counts one release.
func (t *Tally) Add(r Result) {
	t.harmed += r.Harmed
	t.squares += r.Harmed * r.Harmed
	switch r.Outcome {
	case gate.Fail:
		t.RolledBack++
		t.back = append(t.back, r.At)
	case gate.Pass:
		t.Promoted++
		t.promoted = append(t.promoted, r.At)
	default:
		t.Undecided++
	}
}

// Runs is how many releases were counted.
func (t *Tally) Runs() int { return t.RolledBack + t.Promoted + t.Undecided }

// Back is the part that was rolled back: false alarms in a harmless world, the power in a harmful one.
func (t *Tally) Back() float64 { return float64(t.RolledBack) / float64(t.Runs()) }

// Harmed is how many requests suffered in the mean, and the standard error of that.
func (t *Tally) Harmed() (mean, deviation float64) {
	n := float64(t.Runs())
	mean = t.harmed / n
	return mean, math.Sqrt(max(t.squares/n-mean*mean, 0) / n)
}

// TimeBack is the time to the rollback that a part of those that were rolled back did not exceed; zero
// where there was none.
func (t *Tally) TimeBack(part float64) time.Duration { return quantile(t.back, part) }

// TimePromoted is the same for those that were promoted.
func (t *Tally) TimePromoted(part float64) time.Duration { return quantile(t.promoted, part) }

func quantile(times []time.Duration, part float64) time.Duration {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[min(int(math.Ceil(part*float64(len(sorted)))), len(sorted))-1]
}

// Above reports whether more than a part of the releases were rolled back, beyond what chance allows at
// z standard deviations of the binomial distribution.
func (t *Tally) Above(part, z float64) bool {
	n := float64(t.Runs())
	return float64(t.RolledBack) > n*part+z*math.Sqrt(n*part*(1-part))
}
