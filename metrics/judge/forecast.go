package judge

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-multierror"
)

// Traffic is what a release is expected to meet.
type Traffic struct {
	// Rate is requests a second, of both arms together.
	Rate float64
	// ErrorRate is the usual part of them that fails.
	ErrorRate float64
	// Median is the usual latency; half of the requests are slower. Spread is the standard deviation of
	// its logarithm: with 0.5, one request in a hundred is 3.2 times as slow as the median. Defaults:
	// 100 ms and 0.5.
	Median time.Duration
	Spread float64
	// Steps are the shares that the candidate gets, one after the other. Empty: as much as
	// Judgement.MaxShare allows, until there is an answer.
	Steps []Step
	// Harms are what is asked for. Default: failures twice, three and ten times as many (one in a
	// thousand more at least), half of all requests failing, and latency 10, 20 and 50 % slower.
	Harms []Harm
	// Runs is how many releases are played for each harm. Default: 100. Seed is what they are drawn
	// from: the same seed gives the same forecast.
	Runs int
	Seed uint64
}

// Step is a share of the traffic, and for how long.
type Step struct {
	Share float64
	For   time.Duration
}

// Harm is what a candidate does worse.
type Harm struct {
	// ErrorRate is the part of its requests that fail. Zero: as usual.
	ErrorRate float64
	// Slower is by how much slower all of its requests are: 0.2 is 20 %.
	Slower float64
}

// String is the harm for people.
func (h Harm) String() string {
	var parts []string
	if h.ErrorRate > 0 {
		parts = append(parts, percent(h.ErrorRate)+" fail")
	}
	if h.Slower != 0 {
		parts = append(parts, percent(h.Slower)+" slower")
	}
	if parts == nil {
		return "harmless"
	}
	return strings.Join(parts, ", ")
}

// Forecast is what the judge will do: its operating curve.
type Forecast struct {
	// Good is what becomes of a candidate that is as good as the baseline.
	Good Outlook `json:"good"`
	// Harms are what becomes of others, in the order of Traffic.Harms.
	Harms []Outlook `json:"harms"`
}

// Outlook is what becomes of a candidate with one harm.
type Outlook struct {
	Harm Harm `json:"harm"`
	// Failed, Passed and Undecided are parts of all releases, 1 together. Undecided are those that reach
	// the end of the steps, or MaxTime, without an answer.
	Failed    float64 `json:"failed"`
	Passed    float64 `json:"passed"`
	Undecided float64 `json:"undecided"`
	// Half and Most are after which time half, and nine tenths, of those with an answer had it.
	Half time.Duration `json:"half"`
	Most time.Duration `json:"most"`
	// Requests is how many requests the candidate serves until then, in the mean of all releases; Harmed
	// how many of them suffer: failures beyond the usual ones, or, of a slow candidate, all it serves.
	Requests float64 `json:"requests"`
	Harmed   float64 `json:"harmed"`
}

func (t Traffic) withDefaults() Traffic {
	t.Median, t.Spread, t.Runs = cmp.Or(t.Median, 100*time.Millisecond), cmp.Or(t.Spread, 0.5), cmp.Or(t.Runs, 100)
	if t.Harms == nil {
		for _, ratio := range []float64{2, 3, 10} {
			t.Harms = append(t.Harms, Harm{ErrorRate: min(max(ratio*t.ErrorRate, t.ErrorRate+0.001), 0.99)})
		}
		t.Harms = append(t.Harms, Harm{ErrorRate: max(0.5, t.ErrorRate)}, Harm{Slower: 0.1}, Harm{Slower: 0.2}, Harm{Slower: 0.5})
	}
	return t
}

// Validate reports everything that is wrong with the traffic, each problem with its field.
func (t Traffic) Validate() error {
	var errs *multierror.Error
	check := func(field string, value, least, most float64) {
		if !(value >= least && value <= most) {
			errs = multierror.Append(errs, fmt.Errorf("Traffic.%s: %v is not from %v to %v", field, value, least, most))
		}
	}
	d := t.withDefaults()
	check("Rate", d.Rate, 1e-6, 1e9)
	check("ErrorRate", d.ErrorRate, 0, 0.99)
	check("Median", d.Median.Seconds(), 1e-6, 1e6)
	check("Spread", d.Spread, 0.01, 5)
	check("Runs", float64(d.Runs), 1, 1e6)
	for i, s := range t.Steps {
		check(fmt.Sprintf("Steps[%d].Share", i), s.Share, 1e-9, 1)
		check(fmt.Sprintf("Steps[%d].For", i), s.For.Seconds(), 1e-9, 1e9)
	}
	for i, h := range t.Harms {
		check(fmt.Sprintf("Harms[%d].ErrorRate", i), h.ErrorRate, 0, 1)
		check(fmt.Sprintf("Harms[%d].Slower", i), h.Slower, -0.99, 1e3)
	}
	return errs.ErrorOrNil()
}

// Forecast says, before a release, what size of harm the judge will find in this traffic, how surely
// and after how many requests, and how long a good candidate takes. Releases are played with a judge
// of this configuration on requests that fail independently of each other, so real traffic, which is
// noisier, takes longer. Counts and gauges are left out.
func (c Config) Forecast(t Traffic) (Forecast, error) {
	var errs *multierror.Error
	errs = multierror.Append(errs, c.Validate(), t.Validate())
	if err := errs.ErrorOrNil(); err != nil {
		return Forecast{}, err
	}
	t = t.withDefaults()
	p := newPlayed(c, t)
	f := Forecast{}
	var err error
	if f.Good, err = p.outlook(Harm{}); err != nil {
		return Forecast{}, err
	}
	for _, h := range t.Harms {
		o, err := p.outlook(h)
		if err != nil {
			return Forecast{}, err
		}
		f.Harms = append(f.Harms, o)
	}
	return f, nil
}

// quantileOf is the time below which a part of the times lies; zero without any.
func quantileOf(times []time.Duration, q float64) time.Duration {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[min(int(math.Ceil(q*float64(len(times))))-1, len(times)-1)]
}

// String is a table.
func (f Forecast) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-16s %7s %7s %9s %8s %8s %10s %8s", "candidate", "failed", "passed", "undecided", "half in", "most in", "requests", "harmed")
	for _, o := range append([]Outlook{f.Good}, f.Harms...) {
		fmt.Fprintf(&b, "\n%-16s %6.0f%% %6.0f%% %8.0f%% %8s %8s %10.0f %8.0f",
			o.Harm, 100*o.Failed, 100*o.Passed, 100*o.Undecided, o.Half, o.Most, o.Requests, o.Harmed)
	}
	return b.String()
}
