package judge

import "github.com/davit-sdk/davit/metrics"

// What tests of the arithmetic need to see.

func Proportions(x, nc, y, nb, qc, qb, r, d float64) float64 {
	return block{x, nc, y, nb}.proportions(qc, qb, line{r, d})
}

func Rates(x, nc, y, nb, lc, lb, r, d float64) float64 {
	return block{x, nc, y, nb}.rates(lc, lb, line{r, d})
}

func Nearest(nc, nb, qc, qb, r, d float64) float64 { return nearest(nc, nb, qc, qb, line{r, d}) }

var (
	OneArm        = oneArm
	OneRate       = oneRate
	NormalMixture = normalMixture
	UpperRate     = upperRate
	OddsText      = odds
)

// Purse is a bettor's money.
type Purse struct{ wealth }

func NewPurse(alternatives int, stake float64) *Purse { return &Purse{newWealth(alternatives, stake)} }

func (p *Purse) Log() float64 { return p.log() }
func (p *Purse) Bet(gains []float64, noise, cap float64) int {
	p.bet(gains, noise, cap)
	return p.best()
}

// Guard measures noise.
type Guard struct{ guard }

func (g *Guard) Observe(k1, n1, k2, n2 float64, poisson bool) { g.observe(k1, n1, k2, n2, poisson) }
func (g *Guard) Factor() float64                              { return g.factor() }

// Threshold is what is chosen for a quantile.
func Threshold(h metrics.Histogram, quantile, tolerance, pass float64) (set bool, at, fail, failRatio, passAt, passRatio float64) {
	s := newScale(h.Bounds)
	e := s.edge(&question{quantile: quantile, tolerance: tolerance, pass: pass}, s.add(nil, h))
	return e.Set, e.At, e.Fail, e.FailRatio, e.Pass, e.PassRatio
}

// PassLine is the part above a bound below which a candidate passes.
func PassLine(h metrics.Histogram, quantile, pass float64) (at, most float64, blind bool) {
	s := newScale(h.Bounds)
	e := s.edge(&question{quantile: quantile, tolerance: 1.03, pass: pass}, s.add(nil, h))
	return e.Pass, e.PassRatio*Survival(h, e.At) + e.PassPlus, e.Blind
}

// Survival is the interpolated part above v.
func Survival(h metrics.Histogram, v float64) float64 {
	s := newScale(h.Bounds)
	d := distribution{scale: s, counts: s.add(nil, h), total: float64(h.Count())}
	return d.survival(v)
}

// Slope is a trend.
type Slope struct{ trend }

func (s *Slope) Add(candidate, baseline, nc, nb float64) {
	s.add(lag{counts{candidate * nc * 1e6, nc}, counts{baseline * nb * 1e6, nb}})
}
func (s *Slope) Falling() bool { return s.falling() }
func (s *Slope) Size() int     { return len(s.Segments) }

// Warm says whether the warm-up is over.
func (j *Judge) IsWarm() bool { return j.state.Warm }

// Suspensions counts how often slowness was excused.
func (j *Judge) Suspensions() int { return j.state.Suspended }

const (
	MaxSegments  = maxSegments
	FirstRestart = firstRestart
)
