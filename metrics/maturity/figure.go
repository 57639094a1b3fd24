package maturity

import (
	"math"
	"slices"
	"time"
)

// figure is what the records say about a fact. Where something is missing in some of them, the truth is between low and high.
type figure struct {
	known            bool
	low, value, high float64
	k, n, missing    int
	// lacking is how many more there must be.
	lacking int
	// pro and con are the events for and against it.
	pro, con []ref
	// why says why nothing is known.
	why string
}

// ref is an event, and when it was.
type ref struct {
	id string
	at time.Time
}

func unknown(why string) figure { return figure{why: why} }

// exactly is a figure without a doubt.
func exactly(value float64) figure {
	return figure{known: true, low: value, value: value, high: value}
}

// poll counts for a share.
type poll struct {
	f      figure
	lacked string // what is missing where nobody can tell
}

func (p *poll) yes(r ref) { p.f.k++; p.f.n++; p.f.pro = append(p.f.pro, r) }
func (p *poll) no(r ref)  { p.f.n++; p.f.con = append(p.f.con, r) }
func (p *poll) missing()  { p.f.missing++ }
func (p *poll) all() int  { return p.f.n + p.f.missing }
func (p *poll) say(is bool, r ref) {
	if is {
		p.yes(r)
	} else {
		p.no(r)
	}
}

// share is the share of those that said yes. Those that are missing, or lacking, may say either.
func (p *poll) share(c Check, nothing string) figure {
	f := p.f
	switch {
	case p.all() == 0:
		return unknown(nothing)
	case f.n == 0:
		f.why = p.lacked
		return f
	}
	f.bound(c)
	return f
}

// bound makes a share of counts.
func (f *figure) bound(c Check) {
	f.lacking = max(0, c.minN()-f.n-f.missing)
	open := f.missing + f.lacking
	f.known, f.value = true, float64(f.k)/float64(f.n)
	f.low = float64(f.k) / float64(f.n+open)
	f.high = float64(f.k+open) / float64(f.n+open)
}

// sample is one value of a median.
type sample struct {
	value float64
	ref
}

// median is the median of samples, of which some are missing. Those that are missing, or lacking, may be anything from nothing to no end.
func median(c Check, samples []sample, missing int, nothing, lacked string) figure {
	f := figure{n: len(samples), missing: missing, lacking: max(0, c.minN()-len(samples)-missing)}
	if len(samples) == 0 {
		if f.why = nothing; missing > 0 {
			f.why = lacked
		}
		return f
	}
	var values []float64
	for _, s := range samples {
		values = append(values, s.value)
	}
	slices.Sort(values)
	f.known, f.value = true, middle(values, 0, 0)
	f.low, f.high = middle(values, missing+f.lacking, 0), middle(values, 0, missing+f.lacking)
	for _, s := range samples {
		if s.value <= f.value {
			f.pro = append(f.pro, s.ref)
		}
		if s.value >= f.value {
			f.con = append(f.con, s.ref)
		}
	}
	return f
}

// middle is the median of values with so many zeros before them, and so many without end behind them: the mean of the two in the middle, where there are two.
func middle(values []float64, before, behind int) float64 {
	at := func(i int) float64 {
		switch i -= before; {
		case i < 0:
			return 0
		case i >= len(values):
			return math.Inf(1)
		}
		return values[i]
	}
	n := before + len(values) + behind
	return (at((n-1)/2) + at(n/2)) / 2
}
