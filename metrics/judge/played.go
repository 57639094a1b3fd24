package judge

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
)

// played plays releases for a forecast.
type played struct {
	config  Config
	traffic Traffic
	bounds  []float64
	rnd     *rand.Rand
}

func newPlayed(c Config, t Traffic) *played {
	c = c.withDefaults()
	metrics := make([]Metric, len(c.Metrics))
	for i, m := range c.Metrics {
		switch of := m.(type) {
		case Count:
			of.FailOnly = true
			m = of
		case Gauge:
			of.FailOnly = true
			m = of
		}
		metrics[i] = m
	}
	c.Metrics = metrics
	return &played{config: c, traffic: t, bounds: latencyGrid(t.Median.Seconds(), t.Spread)}
}

// gridWidth is the width of the buckets that latencies are drawn into.
const gridWidth = 1.03

func latencyGrid(median, spread float64) []float64 {
	growth := max(gridWidth, math.Exp(8.5*spread/maxBuckets))
	var bounds []float64
	for v := median * math.Exp(-4*spread); v < median*math.Exp(4.5*spread); v *= growth {
		bounds = append(bounds, v)
	}
	return bounds
}

// outlook plays all releases with one harm.
func (p *played) outlook(h Harm) (Outlook, error) {
	o := Outlook{Harm: h}
	var times []time.Duration
	part := 1 / float64(p.traffic.Runs)
	for run := range p.traffic.Runs {
		p.rnd = rand.New(rand.NewPCG(p.traffic.Seed, uint64(run)))
		outcome, took, requests, err := p.release(h)
		if err != nil {
			return Outlook{}, err
		}
		switch outcome {
		case gate.Fail:
			o.Failed += part
		case gate.Pass:
			o.Passed += part
		default:
			o.Undecided += part
		}
		if outcome == gate.Fail || outcome == gate.Pass {
			times = append(times, took)
		}
		o.Requests += requests * part
	}
	switch {
	case h.Slower > 0:
		o.Harmed = o.Requests
	case h.ErrorRate > p.traffic.ErrorRate:
		o.Harmed = o.Requests * (h.ErrorRate - p.traffic.ErrorRate)
	}
	o.Half, o.Most = quantileOf(times, 0.5), quantileOf(times, 0.9)
	return o, nil
}

// learned is for how many looks the baseline was known before the release.
const learned = 60

// release plays one release.
func (p *played) release(h Harm) (outcome gate.Outcome, took time.Duration, requests float64, err error) {
	j, err := New(p.config)
	if err != nil {
		return "", 0, 0, err
	}
	look := p.config.Look
	start := time.Unix(0, 0).UTC()
	usual, harmed := p.cumulative(0), p.cumulative(h.Slower)
	failing := p.traffic.ErrorRate
	if h.ErrorRate > 0 {
		failing = h.ErrorRate
	}
	for i := range learned {
		from := start.Add(time.Duration(i-learned) * look)
		s := Sample{From: from, To: from.Add(look), Baseline: p.window(p.traffic.Rate*look.Seconds(), p.traffic.ErrorRate, usual)}
		if err := j.Learn(s); err != nil {
			return "", 0, 0, err
		}
	}
	share := p.share(0, j)
	for took < p.config.MaxTime+look {
		n := p.traffic.Rate * look.Seconds()
		rest := 1 - share
		if p.config.FreshBaseline {
			rest = share
		}
		s := Sample{
			From: start.Add(took), To: start.Add(took + look), Share: share,
			Candidate: p.window(n*share, failing, harmed),
			Baseline:  p.window(n*rest, p.traffic.ErrorRate, usual),
		}
		g, err := j.Observe(s)
		if err != nil {
			return "", 0, 0, err
		}
		took += look
		requests += float64(s.Candidate.Requests)
		if g.Outcome != gate.Continue {
			return g.Outcome, took, requests, nil
		}
		if share = p.share(took, j); share == 0 {
			break
		}
	}
	return gate.Inconclusive, took, requests, nil
}

// share is what the candidate gets at a time; zero when the steps are over.
func (p *played) share(at time.Duration, j *Judge) float64 {
	if len(p.traffic.Steps) == 0 {
		return j.allowed()
	}
	for _, s := range p.traffic.Steps {
		if at < s.For {
			return s.Share
		}
		at -= s.For
	}
	return 0
}

// cumulative are the probabilities of a latency up to each bound.
func (p *played) cumulative(slower float64) []float64 {
	below := make([]float64, len(p.bounds))
	for i, b := range p.bounds {
		z := (math.Log(b/p.traffic.Median.Seconds()) - math.Log1p(slower)) / p.traffic.Spread
		below[i] = math.Erfc(-z/math.Sqrt2) / 2
	}
	return below
}

// window draws what one arm does in one look.
func (p *played) window(mean, failing float64, below []float64) metrics.Window {
	n := p.poisson(mean)
	w := metrics.Window{Requests: n, Errors: p.binomial(n, failing), Latency: metrics.NewHistogram(p.bounds)}
	left, before := n, 0.0
	for i, upTo := range below {
		if left == 0 {
			break
		}
		k := p.binomial(left, (upTo-before)/(1-before))
		w.Latency.Counts[i] = k
		left, before = left-k, upTo
	}
	w.Latency.Counts[len(below)] += left
	return w
}

// few is up to which mean numbers are drawn exactly; above it from the normal distribution.
const few = 30

func (p *played) poisson(mean float64) uint64 {
	if mean > few {
		return uint64(max(math.Round(mean+math.Sqrt(mean)*p.rnd.NormFloat64()), 0))
	}
	var n uint64
	for left := mean - p.rnd.ExpFloat64(); left > 0; left -= p.rnd.ExpFloat64() {
		n++
	}
	return n
}

func (p *played) binomial(n uint64, chance float64) uint64 {
	switch {
	case n == 0 || !(chance > 0):
		return 0
	case chance >= 1:
		return n
	case chance > 0.5:
		return n - p.binomial(n, 1-chance)
	}
	mean := float64(n) * chance
	if mean > few {
		k := math.Round(mean + math.Sqrt(mean*(1-chance))*p.rnd.NormFloat64())
		return min(uint64(max(k, 0)), n)
	}
	// The gaps between successes are geometric.
	var k uint64
	rate := math.Log1p(-chance)
	for at := math.Floor(-p.rnd.ExpFloat64() / rate); at < float64(n); at += 1 + math.Floor(-p.rnd.ExpFloat64()/rate) {
		k++
	}
	return k
}
