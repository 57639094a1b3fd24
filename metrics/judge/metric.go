package judge

import (
	"cmp"
	"errors"
	"fmt"
	"math"

	"github.com/hashicorp/go-multierror"
)

// Errors compares the parts of requests that failed.
//
// With a Margin there is one line: shown to be beyond it is harm, shown to be within it is a pass. The
// zero value has two lines, and what lies between them is neither harm nor in the way of a pass (but
// see Config.DoubtBake): harm is more than Tolerance times the baseline's rate; a pass needs less than
// PassRatio times its usual rate, or less than Floor whatever the baseline does.
type Errors struct {
	// Margin is by how much more of the requests may fail than of the baseline's: 0.001 is 0.1
	// percentage points. Zero: the two lines below.
	Margin float64
	// Tolerance is the ratio to the baseline's rate up to which nothing is harm. Default: 1.1. Exactly 1: none.
	Tolerance float64
	// PassRatio is the ratio to the baseline's usual rate below which the candidate passes: a ratio to what
	// that rate is at least, as far as it is known. Default: 2.
	PassRatio float64
	// Floor is the part of failed requests below which the candidate passes whatever the baseline
	// does: one minus the objective for the service. Default: 0.002. Negative: none.
	Floor float64
	// Limit is the part of failed requests above which the candidate is harmful whatever the baseline
	// does, and also where there is no baseline. An incident of everybody's is then blamed on the
	// candidate. Zero: none.
	Limit float64
	// Usual is the baseline's usual rate, where it is known. Zero: learned as it goes.
	Usual float64
	// Weight is its part of the money, in proportion to the other metrics'. Default: 2.
	Weight float64
	// FailOnly says that the metric can fail a release and that a pass does not need it.
	FailOnly bool
}

// Latency compares how many requests are slower than thresholds, which are quantiles of the baseline.
// It works on histograms: any bounds will do, if both arms have the same; with coarse ones the
// tolerance is applied by interpolation within the baseline's buckets, as if latencies were log-normal between
// two bounds. In the default buckets of Prometheus' clients 3 % is 3 % then where they are (a spread of 0.3 or
// more), 2 to 5 % where they are exponential or have a longer tail, and may be 1 % or 80 % where nearly all are
// within a quarter of their median. Where buckets are too wide to tell
// the margin, nothing passes, and the reason says so: that is so in the first bucket, below the first
// bound, and where nearly all latencies are in one bucket that is wider than three margins, or 1.7 times as
// long at its end as at its begin. Raw values go into one with
// metrics.NewHistogram(metrics.LogBounds(0.0005, 60, 1.02)) and Observe.
type Latency struct {
	// Quantiles of the baseline whose values are the thresholds, at most 6. Default: 0.5, 0.9 and 0.99.
	Quantiles []float64
	// Margin is by how much slower each quantile may be: 0.05 is 5 %. Shown to be beyond it is harm, shown
	// to be within it is a pass. Zero: the two lines below.
	Margin float64
	// Tolerance is how many times as slow nothing is harm. Default: 1.03. Exactly 1: none.
	Tolerance float64
	// Pass is how many times as slow the candidate must be shown not to be. Default: 1.2.
	Pass float64
	// Weight is each quantile's part of the money, in proportion to the other metrics'. Default: 1.
	Weight float64
	// FailOnly says that the metric can fail a release and that a pass does not need it.
	FailOnly bool
}

// Count compares how often something happens: metrics.Window.Counts, by name.
type Count struct {
	// Of is the name of the count.
	Of string
	// PerShare measures it per minute and share of the traffic, for events that do not come from
	// requests; it needs Sample.Share (or Config.FreshBaseline: both arms have as much then) and a
	// Margin. Else it is measured per request.
	PerShare bool
	// Margin is by how much more often it may happen: events per request, or, with PerShare, events a
	// minute if the candidate had all the traffic. Zero: the two lines of Tolerance and PassRatio.
	Margin float64
	// Tolerance and PassRatio are as in Errors, of events per request. Defaults: 1.1 and 2.
	Tolerance, PassRatio float64
	// Floor is the number of events per request below which the candidate passes whatever the
	// baseline does. Default: 0.002. Negative: none.
	Floor float64
	// Weight is its part of the money, in proportion to the other metrics'. Default: 1.
	Weight float64
	// FailOnly says that the metric can fail a release and that a pass does not need it.
	FailOnly bool
}

// Gauge compares sampled values: metrics.Window.Gauges, by name. What counts is how often a value of
// the candidate is worse than one of the baseline from the same stretch: more than half of the time is
// harm. That needs no distribution; values of one stretch may depend on each other. Stretches that
// depend on each other count by what is new in them: a gauge that wanders slowly takes long to pass.
//
// Zero is as bad as zero, whatever the ratio: where both arms are at zero for most of the time, nothing is shown
// without a Slack, and nothing passes.
//
// A gauge that is worse holds back the pass, and does not fail the release unless Fails says so: a
// candidate may be worse steadily and by chance, because its instance is, or its clients.
type Gauge struct {
	// Of is the name of the gauge.
	Of string
	// LowerIsWorse says that small values are bad. Else large ones are.
	LowerIsWorse bool
	// Margin is how much worse it may be in proportion to the baseline: 0.1 is 10 %. Slack is how much
	// worse it may be in the gauge's own unit. With one of them there is one line, beyond which is
	// harm and within which is a pass. Both zero: 1.1 times as bad is no harm yet, and less than 1.3
	// times as bad passes.
	Margin, Slack float64
	// Fails says that the gauge can fail a release. Alpha is not promised then: it is kept where all
	// instances are alike and the gauge forgets within minutes, and not where one instance of the
	// candidate's is compared with baseline instances that differ by more than the margin.
	Fails bool
	// Weight is its part of the money, in proportion to the other metrics', if it Fails. Default: 1.
	Weight float64
	// FailOnly says that a pass does not need the metric. Without Fails it is told in evidence alone.
	FailOnly bool
}

var _, _, _, _ Metric = Errors{}, Latency{}, Count{}, Gauge{}

// Name is "errors".
func (e Errors) Name() string { return "errors" }

// Name is "latency".
func (l Latency) Name() string { return "latency" }

// Name is the name of the count.
func (c Count) Name() string { return c.Of }

// Name is the name of the gauge.
func (g Gauge) Name() string { return g.Of }

func (e Errors) withDefaults() Errors {
	e.Tolerance, e.PassRatio = cmp.Or(e.Tolerance, 1.1), cmp.Or(e.PassRatio, 2)
	e.Floor, e.Weight = cmp.Or(e.Floor, 0.002), cmp.Or(e.Weight, 2)
	return e
}

func (l Latency) withDefaults() Latency {
	if len(l.Quantiles) == 0 {
		l.Quantiles = []float64{0.5, 0.9, 0.99}
	}
	l.Tolerance, l.Pass, l.Weight = cmp.Or(l.Tolerance, 1.03), cmp.Or(l.Pass, 1.2), cmp.Or(l.Weight, 1)
	if l.Margin > 0 {
		l.Tolerance, l.Pass = 1+l.Margin, 1+l.Margin
	}
	return l
}

func (c Count) withDefaults() Count {
	c.Tolerance, c.PassRatio = cmp.Or(c.Tolerance, 1.1), cmp.Or(c.PassRatio, 2)
	c.Floor, c.Weight = cmp.Or(c.Floor, 0.002), cmp.Or(c.Weight, 1)
	return c
}

func (g Gauge) withDefaults() Gauge {
	g.Weight = cmp.Or(g.Weight, 1)
	return g
}

// problems gathers what is wrong with the fields of a metric.
type problems struct {
	metric string
	errs   *multierror.Error
}

// within notes a number that is none, or not from least to most.
func (p *problems) within(field string, value, least, most float64) {
	if !(value >= least && value <= most) {
		p.errs = multierror.Append(p.errs, fmt.Errorf("%s.%s: %v is not from %v to %v", p.metric, field, value, least, most))
	}
}

func (p *problems) add(field, text string) {
	p.errs = multierror.Append(p.errs, errors.New(p.metric+"."+field+": "+text))
}

func (e Errors) validate() error {
	p := &problems{metric: "Errors"}
	d := e.withDefaults()
	p.within("Margin", e.Margin, 0, 0.999)
	p.within("Tolerance", d.Tolerance, 1, 1e3)
	p.within("PassRatio", d.PassRatio, d.Tolerance, 1e6)
	p.within("Floor", max(d.Floor, -1), -1, 0.999)
	p.within("Limit", e.Limit, 0, 0.999)
	p.within("Usual", e.Usual, 0, 0.999)
	p.within("Weight", d.Weight, 1e-6, 1e6)
	return p.errs.ErrorOrNil()
}

// maxQuantiles keeps the state of the metric below 16 KiB.
const maxQuantiles = 6

func (l Latency) validate() error {
	p := &problems{metric: "Latency"}
	d := l.withDefaults()
	last := 0.0
	for i, q := range d.Quantiles {
		p.within(fmt.Sprintf("Quantiles[%d]", i), q, 0.01, 0.9999)
		if !(q > last) {
			p.add(fmt.Sprintf("Quantiles[%d]", i), "is not above the one before")
		}
		last = q
	}
	if len(d.Quantiles) > maxQuantiles {
		p.add("Quantiles", fmt.Sprintf("there are more than %d", maxQuantiles))
	}
	p.within("Margin", l.Margin, 0, 100)
	p.within("Tolerance", d.Tolerance, 1, 101)
	p.within("Pass", d.Pass, max(d.Tolerance, 1.001), 101)
	p.within("Weight", d.Weight, 1e-6, 1e6)
	return p.errs.ErrorOrNil()
}

func (c Count) validate() error {
	p := &problems{metric: fmt.Sprintf("Count %q", c.Of)}
	d := c.withDefaults()
	if c.Of == "" || c.Of == "errors" || c.Of == "latency" {
		p.add("Of", "is no name of a count")
	}
	if c.PerShare && c.Margin == 0 {
		p.add("Margin", "is needed with PerShare")
	}
	p.within("Margin", c.Margin, 0, 1e12)
	p.within("Tolerance", d.Tolerance, 1, 1e3)
	p.within("PassRatio", d.PassRatio, d.Tolerance, 1e6)
	p.within("Floor", max(d.Floor, -1), -1, 1e12)
	p.within("Weight", d.Weight, 1e-6, 1e6)
	return p.errs.ErrorOrNil()
}

func (g Gauge) validate() error {
	p := &problems{metric: fmt.Sprintf("Gauge %q", g.Of)}
	if g.Of == "" || g.Of == "errors" || g.Of == "latency" {
		p.add("Of", "is no name of a gauge")
	}
	p.within("Margin", g.Margin, 0, 1e3)
	p.within("Slack", g.Slack, 0, math.MaxFloat64)
	if g.LowerIsWorse && g.Margin >= 1 {
		p.add("Margin", "a gauge of which small values are bad cannot be worse by all of it")
	}
	p.within("Weight", g.withDefaults().Weight, 1e-6, 1e6)
	return p.errs.ErrorOrNil()
}
