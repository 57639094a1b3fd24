package judge

import (
	"cmp"
	"fmt"
	"time"

	"github.com/hashicorp/go-multierror"
)

// Config says what is judged and how sure the judge must be. The zero value is Balanced: each field
// names its default.
type Config struct {
	// Metrics are what is compared. Default: Errors{} and Latency{}. At most one Errors and one
	// Latency; counts and gauges have different names.
	Metrics []Metric
	// Alpha is the probability with which a harmless release is ever called harmful, in all metrics
	// and looks together. Default: 0.01, so harm is shown at odds of 100:1.
	Alpha float64
	// Beta is the probability with which a candidate that is worse by the margin all along passes. One that
	// becomes so late must first lose what it won before, which is kept to a few times what a pass needs: if
	// MinBake ends meanwhile, it may pass. Default: 0.05.
	Beta float64
	// Look is the shortest stretch that is judged by itself; shorter samples are merged. One stretch
	// never decides alone: at least three of them are needed to call harm. Default: 5 s.
	Look time.Duration
	// MinBlock is how many requests each arm must have in a stretch; looks with fewer are merged, for
	// at most MaxBlock. Default: 3.
	MinBlock uint64
	// MaxBlock is after which time a stretch is judged whatever it holds. Default: 5 min.
	MaxBlock time.Duration
	// MinBake is how long the candidate must have served before it can pass. It is counted once for a
	// release, from the candidate's first request on. Nothing passes while an arm, or a metric of it that a
	// pass needs, is silent: for ten times as long as from one request to the next in the mean, but a
	// minute (or six looks) at least and MaxBlock at most. A silence that is shorter when MinBake ends is
	// not noticed. Default: 5 min.
	MinBake time.Duration
	// DoubtBake is how long it must have served where the evidence speaks of some harm, although less
	// than the margins allow: what gets worse slowly is found then. Default: three times MinBake. Equal
	// to MinBake: no doubts. A metric with an explicit Margin raises none.
	DoubtBake time.Duration
	// MaxTime is after which time without an answer the judgement is Inconclusive. The judge can still
	// change its mind with more data. Default: 1 h.
	MaxTime time.Duration
	// WarmUp is how long after the candidate's first request latency and gauges are not judged; errors
	// never wait. It is prolonged up to MaxWarmUp while the candidate is clearly getting faster. Until
	// MaxWarmUp a slow candidate is held, at a small MaxShare, not failed: it may still be warming up. One
	// that is clearly getting faster is excused for up to three times as long.
	// Defaults: 1 min and 5 min. Negative: none.
	WarmUp, MaxWarmUp time.Duration
	// FreshBaseline says that the baseline was started together with the candidate: it warms up in the
	// same way, so that nothing has to be waited for. It is as large as the candidate.
	FreshBaseline bool
	// Unhealthy is the part of failed requests of the baseline from which on it is no measure of
	// anything: no pass while as much failed of late, and once it is shown at 1000:1, Inconclusive. Default: 0.2.
	Unhealthy float64
	// AtEnd is what a Gate answers when it is asked for its last word and there is none. Default: Extend.
	AtEnd AtEnd
	// Ramp bounds Judgement.MaxShare.
	Ramp Ramp
}

// AtEnd says what a Gate answers at Subject.End while the evidence suffices for neither side.
type AtEnd string

const (
	// Extend answers Continue: whoever asks goes on until its own patience ends, or MaxTime is over. It
	// is what an empty AtEnd means.
	Extend AtEnd = "extend"
	// Ask answers Inconclusive: a person is asked at once.
	Ask AtEnd = "ask"
	// Reject answers Fail.
	Reject AtEnd = "reject"
	// Accept answers Pass, if the candidate has served its MinBake and is heard of, and the odds
	// against it are below 5:1. With little traffic this passes much that is bad: Config.Forecast says how much.
	Accept AtEnd = "accept"
)

// Ramp says how MaxShare, the share of the traffic that the evidence so far allows the candidate,
// grows.
type Ramp struct {
	// Budget is how many requests may fail between two looks if all that is not known to be harmless
	// is harmful. Default: 10.
	Budget float64
	// Growth is by how much the share may grow in one look. Default: 1.26, tenfold in ten looks.
	Growth float64
	// Cold is the largest share while the candidate may be warming up, Max the largest one of all.
	// Defaults: 0.05 and 0.5.
	Cold, Max float64
}

// Metric is one of Errors, Latency, Count and Gauge.
type Metric interface {
	// Name is how the metric is called in evidence: "errors", "latency", or the name of the count or gauge.
	Name() string
	validate() error
}

// maxQuestions keeps what a gate remembers below gate.MaxMemory.
const maxQuestions = 40

func (c Config) withDefaults() Config {
	if len(c.Metrics) == 0 {
		c.Metrics = []Metric{Errors{}, Latency{}}
	}
	c.Alpha, c.Beta = cmp.Or(c.Alpha, 0.01), cmp.Or(c.Beta, 0.05)
	c.Look = cmp.Or(c.Look, 5*time.Second)
	c.MinBlock, c.MaxBlock = cmp.Or(c.MinBlock, 3), cmp.Or(c.MaxBlock, 5*time.Minute)
	c.MinBake = cmp.Or(c.MinBake, 5*time.Minute)
	c.DoubtBake = cmp.Or(c.DoubtBake, 3*c.MinBake)
	c.MaxTime = cmp.Or(c.MaxTime, time.Hour)
	c.WarmUp = max(0, cmp.Or(c.WarmUp, time.Minute))
	c.MaxWarmUp = max(0, c.WarmUp, cmp.Or(c.MaxWarmUp, 5*time.Minute))
	if c.FreshBaseline {
		c.WarmUp, c.MaxWarmUp = 0, 0
	}
	c.Unhealthy = cmp.Or(c.Unhealthy, 0.2)
	c.AtEnd = cmp.Or(c.AtEnd, Extend)
	c.Ramp.Budget, c.Ramp.Growth = cmp.Or(c.Ramp.Budget, 10), cmp.Or(c.Ramp.Growth, 1.26)
	c.Ramp.Cold, c.Ramp.Max = cmp.Or(c.Ramp.Cold, 0.05), cmp.Or(c.Ramp.Max, 0.5)
	return c
}

// Validate reports everything that is wrong with the settings, each problem with its field.
func (c Config) Validate() error {
	var errs *multierror.Error
	bad := func(format string, args ...any) { errs = multierror.Append(errs, fmt.Errorf(format, args...)) }
	seen := map[string]bool{}
	for i, m := range c.Metrics {
		if m == nil {
			bad("Config.Metrics[%d]: is missing", i)
			continue
		}
		if err := m.validate(); err != nil {
			bad("Config.Metrics[%d]: %w", i, err)
		}
		if seen[m.Name()] {
			bad("Config.Metrics[%d]: %q is there twice", i, m.Name())
		}
		seen[m.Name()] = true
	}
	if n := len(c.questions()); n > maxQuestions {
		bad("Config.Metrics: they are %d comparisons, of which each quantile is one; at most %d can be remembered", n, maxQuestions)
	}
	d := c.withDefaults()
	for _, p := range []struct {
		field string
		value float64
		most  float64
	}{
		{"Alpha", d.Alpha, 0.5}, {"Beta", d.Beta, 0.5}, {"Unhealthy", d.Unhealthy, 1},
		{"Ramp.Cold", d.Ramp.Cold, 1}, {"Ramp.Max", d.Ramp.Max, 1},
	} {
		if !(p.value > 1e-9 && p.value <= p.most) {
			bad("Config.%s: %v is not above 0 and at most %v", p.field, p.value, p.most)
		}
	}
	for _, p := range []struct {
		field string
		value time.Duration
	}{{"Look", d.Look}, {"MinBake", d.MinBake}, {"MaxTime", d.MaxTime}} {
		if p.value <= 0 {
			bad("Config.%s: %s is not above zero", p.field, p.value)
		}
	}
	if d.MaxBlock < d.Look {
		bad("Config.MaxBlock: %s is below the look of %s", d.MaxBlock, d.Look)
	}
	if d.DoubtBake < d.MinBake {
		bad("Config.DoubtBake: %s is below the MinBake of %s", d.DoubtBake, d.MinBake)
	}
	if d.MaxTime < d.DoubtBake {
		bad("Config.MaxTime: %s is below the DoubtBake of %s", d.MaxTime, d.DoubtBake)
	}
	if c.MaxWarmUp > 0 && c.MaxWarmUp < c.WarmUp {
		bad("Config.MaxWarmUp: %s is below the WarmUp of %s", c.MaxWarmUp, c.WarmUp)
	}
	if !(d.Ramp.Budget > 0 && d.Ramp.Budget <= 1e12) {
		bad("Config.Ramp.Budget: %v is no number of requests above zero", d.Ramp.Budget)
	}
	if !(d.Ramp.Growth > 1 && d.Ramp.Growth <= 1e6) {
		bad("Config.Ramp.Growth: %v is not above 1", d.Ramp.Growth)
	}
	switch d.AtEnd {
	case Ask, Extend, Reject, Accept:
	default:
		bad("Config.AtEnd: unknown policy %q", c.AtEnd)
	}
	return errs.ErrorOrNil()
}
