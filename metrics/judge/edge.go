package judge

import (
	"math"
	"slices"
)

// minAbove is how many of the baseline's values must lie above a quantile before it is a threshold.
const minAbove = 5

// edge chooses the threshold of a quantile from the baseline so far: the bound whose part of slower
// values is nearest to it, in proportion. That is one of the two around the quantile; a bound that nearly
// all values are above tells nothing.
func (s *scale) edge(q *question, seen buckets) edge {
	d := distribution{scale: s, counts: seen}
	for _, n := range seen {
		d.total += float64(n)
	}
	slow := 1 - q.quantile
	if d.total*slow < minAbove {
		return edge{}
	}
	at, before, above := len(s.bounds)-1, 1.0, d.total
	for i := range seen {
		bound, ok := d.upper(i)
		if !ok {
			break
		}
		above -= float64(seen[i])
		p := d.smooth(above)
		if at = bound; p > slow {
			before = p
			continue
		}
		if i > 0 && before < min(3*slow, 0.9) && before/slow < slow/p {
			at, _ = d.upper(i - 1)
		}
		break
	}
	e := edge{Set: true, At: s.bounds[at]}
	p := d.survival(e.At)
	e.Fail, e.FailRatio = d.shifted(e.At, q.tolerance, bell)
	e.Pass, e.PassRatio = d.shifted(e.At, q.pass, straight)
	rest := e.At * q.pass / e.Pass
	e.Blind = d.blind(e.At, rest, q.pass, p < slow/10)
	if p < slow/10 && e.At > 0 && rest > 1+1e-9 {
		// Nearly all values are in the bucket below: where in it, nobody knows, and there is nothing to be a
		// ratio of. They are taken to be spread over it.
		e.PassRatio, e.PassPlus = 1, min(d.spread(e.At/rest)-p, 0.9)
	}
	if rest > 1+1e-9 && e.PassRatio <= 1 && e.PassPlus == 0 {
		e.Blind = true // no value lies where those of a slower candidate would come from
	}
	same, limit := d.survival(e.Pass), min(e.PassRatio*p+e.PassPlus, 1-shy)
	e.PassOdds = min(max(same/(1-same)*(1-limit)/limit, 0.01), 0.97)
	return e
}

// Interpolation takes a bucket to be filled as distributions are wont to be: then who is slower by the margin
// is beyond the line. It is not believed in a bucket wider than so many margins, one upon the other. Where
// nearly all values are in one bucket, nothing says how they lie in it: that one must be narrow. Below
// unfelt seconds nobody is harmed.
const (
	toldMargins  = 12
	aloneMargins = 3
	aloneWidest  = 1.7
	unfelt       = 0.001
)

// blind reports whether the bucket in which v, made faster by rest, lies is too wide to tell the margin of
// a pass. A bucket that begins at zero is wider than any margin.
func (d *distribution) blind(v, rest, pass float64, alone bool) bool {
	if v <= 0 || rest <= 1+1e-9 {
		return false
	}
	lower, upper := 0.0, d.bounds[len(d.bounds)-1]
	for i := range d.counts {
		j, ok := d.upper(i)
		if upper = d.bounds[j]; !ok || upper >= v/rest {
			break
		}
		lower = upper
	}
	if lower <= 0 {
		return upper > unfelt
	}
	widest := math.Pow(pass, toldMargins)
	if alone {
		widest = max(pass, min(math.Pow(pass, aloneMargins), aloneWidest))
	}
	return upper/lower > widest*(1+1e-9)
}

// spread is the part of values above v, if those of a bucket are spread evenly over it.
func (d *distribution) spread(v float64) float64 {
	above, lower := d.total, 0.0
	for i, n := range d.counts {
		j, ok := d.upper(i)
		if !ok {
			break
		}
		if upper := d.bounds[j]; v <= upper {
			return d.smooth(above - float64(n)*min(max((v-lower)/(upper-lower), 0), 1))
		}
		above -= float64(n)
		lower = d.bounds[j]
	}
	return d.smooth(0)
}

// distribution are the baseline's latencies so far.
type distribution struct {
	*scale
	counts buckets
	total  float64
}

// upper is the source's bound at which one of our buckets ends.
func (d *distribution) upper(bucket int) (bound int, ok bool) {
	i := (bucket+1)*d.stride - 1
	if i >= len(d.bounds) {
		return len(d.bounds) - 1, bucket == 0
	}
	return i, true
}

// smooth is a part of the values that is neither 0 nor 1. What is left of very many may fall below zero by rounding.
func (d *distribution) smooth(above float64) float64 { return (max(above, 0) + 0.5) / (d.total + 1) }

// shifted is the candidate's threshold for the baseline's one at v, moved up by a ratio: the last bound
// not above it. What is missing to the ratio is made up for by the probability: a baseline that was
// slower by the rest would be above v so many times as often.
func (d *distribution) shifted(v, ratio float64, fill filling) (bound, odds float64) {
	if v <= 0 {
		return v, 1
	}
	i, found := slices.BinarySearch(d.bounds, v*ratio)
	if !found {
		i--
	}
	// Bounds that were computed lie beside where they should by rounding.
	if i+1 < len(d.bounds) && d.bounds[i+1] <= v*ratio*(1+1e-9) {
		i++
	}
	bound = max(d.bounds[max(i, 0)], v)
	rest := v * ratio / bound
	if rest <= 1+1e-9 {
		return bound, 1
	}
	p := d.survival(v)
	return bound, min(max(d.above(v/rest, fill)/p, 1), max(0.97/p, 1))
}

// filling says how values lie in a bucket from lower to upper, by the parts of all that are above its two
// ends: which part is above a value between them.
type filling func(lower, upper, v, aboveLower, aboveUpper float64) float64

// straight is a straight line on logarithmic axes. Values are wont to lie closer to the lower end, so who is
// slower is taken for one that is less so: a pass is proved too well rather than not enough.
func straight(lower, upper, v, aboveLower, aboveUpper float64) float64 {
	part := math.Log(v/lower) / math.Log(upper/lower)
	return math.Exp(math.Log(aboveLower) + part*(math.Log(aboveUpper)-math.Log(aboveLower)))
}

// bell takes the logarithms of the values for normally distributed, unless a straight line is steeper at the
// upper end: harm is not seen in who is within the tolerance. In narrow buckets the two are one.
func bell(lower, upper, v, aboveLower, aboveUpper float64) float64 {
	least := straight(lower, upper, v, aboveLower, aboveUpper)
	if upper <= narrow*lower {
		return least
	}
	part := math.Log(v/lower) / math.Log(upper/lower)
	a, b := math.Erfinv(1-2*clampRate(aboveLower)), math.Erfinv(1-2*clampRate(aboveUpper))
	return max(least, math.Erfc(a+part*(b-a))/2)
}

// narrow is how many times its begin the end of a bucket is at most in which it does not matter how values lie.
const narrow = 1.05

// survival estimates the part of values above v.
func (d *distribution) survival(v float64) float64 { return d.above(v, straight) }

// above is the same, by how values lie in the buckets.
func (d *distribution) above(v float64, fill filling) float64 {
	above := d.total
	lower, at := 0.0, 1.0
	for i, n := range d.counts {
		j, ok := d.upper(i)
		above -= float64(n)
		if !ok {
			return d.smooth(above + float64(n))
		}
		upper, p := d.bounds[j], d.smooth(above)
		if v <= upper {
			if lower <= 0 {
				part := 1.0
				if upper > 0 {
					part = min(max(v/upper, 0), 1)
				}
				return at + (p-at)*part
			}
			return fill(lower, upper, v, at, p)
		}
		lower, at = upper, p
	}
	return d.smooth(0)
}

// quantile is the value below which a part of the values lies, for people.
func (d *distribution) quantile(q float64) float64 {
	rank, below := q*d.total, 0.0
	lower := 0.0
	for i, n := range d.counts {
		j, ok := d.upper(i)
		if !ok {
			break
		}
		upper := d.bounds[j]
		if c := float64(n); c > 0 && below+c >= rank {
			return lower + (upper-lower)*(rank-below)/c
		}
		below += float64(n)
		lower = upper
	}
	return lower
}
