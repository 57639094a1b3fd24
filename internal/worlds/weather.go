package worlds

import (
	"math"
	"math/rand/v2"
	"time"
)

// Cell is the stretch of time within which a world does not change, and the shortest that is measured.
const Cell = 5 * time.Second

// How long the service was measured before a release, and how long a release, and the time after it that
// counts for harm, may take.
const (
	History = 10 * time.Minute
	Horizon = 4000 * time.Second

	historyCells = int(History / Cell)
	allCells     = historyCells + int(Horizon/Cell)
)

// side is one of the groups whose noise is its own.
type side int

const (
	candidate side = iota
	firstHalf
	secondHalf
	sides
)

// weather is what happens in one release, by cells from the beginning of the history, whoever decides.
type weather struct {
	rate  [allCells]float64 // requests a second
	fails [allCells]float64 // part that fails, common to both arms
	slow  [allCells]float64 // logarithm of the latency, common to both arms
	own   [sides]struct {
		fails [allCells]float64 // factor
		slow  [allCells]float64 // logarithm
		lost  [allCells]bool    // counts
	}
}

// since is when the middle of a cell is, counted from the beginning of the release.
func since(cell int) time.Duration {
	return time.Duration(cell-historyCells)*Cell + Cell/2
}

// brew makes the weather of a world. It does not depend on the harm.
func (c *weather) brew(w World, r *rand.Rand) {
	burst := wave{memory: 30 * time.Second, spread: w.Bursts}
	phase := 2 * math.Pi * r.Float64()
	for i := range c.rate {
		b, day := burst.next(r), math.Sin(phase+2*math.Pi*since(i).Minutes()/40)
		c.rate[i] = w.Rate * burst.factor(b) * (1 + w.Diurnal*day)
		c.fails[i] = w.ErrorRate * burst.factor(b) * (1 + w.Diurnal*day)
		c.slow[i] = b/10 + math.Log1p(w.Diurnal*day/4)
		if w.Incident.holds(since(i)) {
			c.fails[i] = max(c.fails[i], w.Incident.ErrorRate)
		}
	}
	for s := range c.own {
		own := &c.own[s]
		fails, slow := wave{memory: 2 * time.Minute, spread: w.ErrorNoise}, wave{memory: 2 * time.Minute, spread: w.LatencyNoise}
		for i := range own.fails {
			own.fails[i], own.slow[i] = fails.factor(fails.next(r)), slow.next(r)
			own.lost[i] = w.Resets > 0 && r.Float64() < Cell.Seconds()/w.Resets.Seconds()
		}
	}
}

// wave is a normal process with a memory (Ornstein and Uhlenbeck).
type wave struct {
	memory time.Duration
	spread float64
	last   float64
	begun  bool
}

func (v *wave) next(r *rand.Rand) float64 {
	if v.spread == 0 {
		return 0
	}
	keep := math.Exp(-Cell.Seconds() / v.memory.Seconds())
	if !v.begun {
		keep, v.begun = 0, true
	}
	v.last = keep*v.last + math.Sqrt(1-keep*keep)*v.spread*r.NormFloat64()
	return v.last
}

// factor is the exponential of a value, such that its mean is 1.
func (v *wave) factor(x float64) float64 { return math.Exp(x - v.spread*v.spread/2) }

// behaviour is how one side answers requests in one cell.
type behaviour struct {
	fails float64 // part that fails
	slow  float64 // logarithm of the latency
	tail  float64 // part that is slower still, by the logarithm far
	far   float64
	// harmed is the part of the requests that suffer from the harm.
	harmed float64
}

// behaves is how a side behaves in a cell.
func (c *weather) behaves(w World, s side, cell int) behaviour {
	at := since(cell)
	b := behaviour{fails: min(c.fails[cell]*c.own[s].fails[cell], 1), slow: c.slow[cell] + c.own[s].slow[cell]}
	if at >= 0 && (s == candidate || w.Fresh) {
		b.slow += math.Log1p(w.Cold.slower(at))
	}
	if s != candidate {
		return b
	}
	if w.Blip.holds(at) {
		b.fails = 1
	}
	if h := w.Harm; at >= h.After {
		usual := b.fails
		if h.ErrorRate > 0 {
			b.fails = min(b.fails*h.ErrorRate/w.ErrorRate, 1)
			if h.ErrorRate == 1 {
				b.fails = 1
			}
		}
		past := at - h.After
		b.fails = min(b.fails+h.ErrorLeak*past.Hours(), 1)
		b.slow += math.Log1p(h.Slower) + math.Log1p(h.LatencyLeak*past.Minutes())
		b.tail, b.far = h.Tail, math.Log(max(h.TailTimes, 1))
		b.harmed = max(b.fails-usual, h.Tail)
		if h.Slower > 0 || h.LatencyLeak > 0 {
			b.harmed = 1
		}
	}
	return b
}

func (c Cold) slower(at time.Duration) float64 {
	switch {
	case c.For == 0 || c.Step && at >= c.For:
		return 0
	case c.Step:
		return c.Slower
	}
	return c.Slower * math.Exp(-at.Seconds()/c.For.Seconds())
}
