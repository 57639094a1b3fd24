package preset

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
)

// Kayenta decides as a canary analysis of Kayenta does, with its judge NetflixACAJudge-v1.0.
//
// At the end of each interval it takes one value a Step from the candidate and from the control group,
// tells for each metric by a rank test whether the candidate's values are higher or lower (see Classify),
// and makes a score from 0 to 100 of that (see Score). A score that is not above Marginal is a fail, also
// before the end. The last score must reach Pass, or the gate fails.
//
// Beware of what the tool does: a rank test looks at how often the candidate is above, not by how much,
// so that 7 values of 10 that are a hundredfold pass; less than half of the metrics without data do not
// lower the score (see Strict); a metric that cannot be computed counts as one without data, and is
// missing from that half.
type Kayenta struct {
	// Source is where the metrics are read.
	Source metrics.Source
	// Metrics are compared, at least one.
	Metrics []KayentaMetric
	// GroupWeights are the weights of groups in per cent. The groups that are not named share what is
	// left of 100.
	GroupWeights map[string]float64
	// Pass is the least last score that passes, Marginal what every score must be above. The tool has no
	// default; its examples have 75 and 50, and many use 95 and 75. Pass is required.
	Pass, Marginal float64
	// LifetimeDuration is how long the analysis takes. Required.
	LifetimeDuration time.Duration
	// BeginAfter is how long it waits before. Default: not at all.
	BeginAfter time.Duration
	// AnalysisInterval is the time between two judgements. Default: LifetimeDuration, that is one.
	AnalysisInterval time.Duration
	// Lookback is how far back a judgement looks. Default: to the beginning.
	Lookback time.Duration
	// Step is the stretch of time of each value. Default: one minute. The tool advises at least 50 values.
	Step time.Duration
	// Control is the group that the candidate is compared with. Default: gate.Baseline.
	Control gate.Group
	// Strict fails a judgement in which a metric has no data, or cannot be computed. Default: as the tool.
	Strict bool
}

// Direction says which change of a metric is bad.
type Direction string

const (
	// Either is the default.
	Either   Direction = "either"
	Increase Direction = "increase"
	Decrease Direction = "decrease"
)

// KayentaMetric is one metric of a canary config.
type KayentaMetric struct {
	// Name is the name of the metric. Each has another.
	Name string
	// Value is what is measured.
	Value Value
	// Groups are the groups to whose scores it counts, at least one.
	Groups []string
	// Direction is the bad one. Default: Either.
	Direction Direction
	// NaNStrategy says what is done with values that are missing: "remove" or "replace" (by zero).
	// Default: "remove".
	NaNStrategy string
	// Critical makes the score zero where this metric is not a pass.
	Critical bool
	// MustHaveData lets a metric without data count as bad, unless it is critical.
	MustHaveData bool
	// Muted leaves the metric out of the score.
	Muted bool
	// Outliers says what is done with values that lie far from the others.
	Outliers Outliers
	// EffectSize says by how much it must have changed, besides the rank test.
	EffectSize EffectSize
}

// Outliers says what is done with values that lie far from the others.
type Outliers struct {
	// Strategy is "keep" or "remove". Default: "keep".
	Strategy string
	// OutlierFactor is how many interquartile ranges from the quartiles a value may lie. Default: 3.
	OutlierFactor float64
}

// EffectSize says by how much a metric must have changed.
type EffectSize struct {
	// Measure is "meanRatio", the ratio of the means, or "cles", how often a value of the candidate is
	// above one of the control. Default: "meanRatio". A ratio to or from a mean of zero counts as large.
	Measure string
	// AllowedIncrease is the least that is High, AllowedDecrease the most that is Low. Default: 1, and
	// 0.5 for cles, that is any change.
	AllowedIncrease, AllowedDecrease float64
	// CriticalIncrease and CriticalDecrease are the same for whether a critical metric makes the score
	// zero.
	CriticalIncrease, CriticalDecrease float64
}

// Validate reports everything that is wrong with the settings.
func (k Kayenta) Validate() error {
	var errs *multierror.Error
	bad := func(format string, args ...any) {
		errs = multierror.Append(errs, fmt.Errorf("Kayenta."+format, args...))
	}
	if k.Source == nil {
		bad("Source: is missing")
	}
	if len(k.Metrics) == 0 {
		bad("Metrics: there is none")
	}
	if !(k.Pass > 0 && k.Pass <= 100) {
		bad("Pass: %v is not above 0 and at most 100", k.Pass)
	}
	if !(k.Marginal >= 0 && k.Marginal <= k.Pass) {
		bad("Marginal: %v is not from 0 to Pass", k.Marginal)
	}
	if k.LifetimeDuration <= 0 {
		bad("LifetimeDuration: %s is not above zero", k.LifetimeDuration)
	}
	for _, d := range []time.Duration{k.BeginAfter, k.AnalysisInterval, k.Lookback, k.Step} {
		if d < 0 {
			bad("BeginAfter, AnalysisInterval, Lookback, Step: %s is below zero", d)
		}
	}
	if k.interval() < k.step() {
		bad("Step: %s is more than the interval of %s", k.step(), k.interval())
	}
	if k.LifetimeDuration/k.step() > 10_000 {
		bad("Step: %s is too short for %s", k.step(), k.LifetimeDuration)
	}
	if err := validGroup("Kayenta.Control", k.Control); err != nil {
		errs = multierror.Append(errs, err)
	}
	for _, name := range slices.Sorted(maps.Keys(k.GroupWeights)) {
		if w := k.GroupWeights[name]; !(w >= 0 && w <= 100) {
			bad("GroupWeights[%q]: %v is not from 0 to 100", name, w)
		}
	}
	names := map[string]bool{}
	for i, m := range k.Metrics {
		field := fmt.Sprintf("Kayenta.Metrics[%d]", i)
		if m.Name == "" || names[m.Name] {
			errs = multierror.Append(errs, fmt.Errorf("%s.Name: %q is empty or taken", field, m.Name))
		}
		names[m.Name] = true
		if err := m.Validate(); err != nil {
			errs = multierror.Append(errs, under(field, err))
		}
	}
	return errs.ErrorOrNil()
}

// Validate reports everything that is wrong with how the metric is compared, and what it is taken from.
func (m KayentaMetric) Validate() error {
	var errs *multierror.Error
	if err := m.Value.validate("Value"); err != nil {
		errs = multierror.Append(errs, err)
	}
	if len(m.Groups) == 0 {
		errs = multierror.Append(errs, errors.New("Groups: there is none, so that the metric does not count"))
	}
	for _, of := range []struct {
		name, got string
		known     []string
	}{
		{"Direction", string(m.Direction), []string{"", string(Either), string(Increase), string(Decrease)}},
		{"NaNStrategy", m.NaNStrategy, []string{"", "remove", "replace"}},
		{"Outliers.Strategy", m.Outliers.Strategy, []string{"", "keep", "remove"}},
		{"EffectSize.Measure", m.EffectSize.Measure, []string{"", "meanRatio", "cles"}},
	} {
		if !slices.Contains(of.known, of.got) {
			errs = multierror.Append(errs, fmt.Errorf("%s: %q is unknown", of.name, of.got))
		}
	}
	for _, n := range []float64{m.Outliers.OutlierFactor, m.EffectSize.AllowedIncrease, m.EffectSize.AllowedDecrease, m.EffectSize.CriticalIncrease, m.EffectSize.CriticalDecrease} {
		if !(n >= 0) || math.IsInf(n, 1) {
			errs = multierror.Append(errs, fmt.Errorf("Outliers, EffectSize: %v is not a number from zero up", n))
		}
	}
	return errs.ErrorOrNil()
}

func (k Kayenta) step() time.Duration { return cmp.Or(k.Step, time.Minute) }

// interval is the time between two judgements, which is never more than the lifetime.
func (k Kayenta) interval() time.Duration {
	if k.AnalysisInterval == 0 || k.AnalysisInterval > k.LifetimeDuration {
		return k.LifetimeDuration
	}
	return k.AnalysisInterval
}

// judgements is how many there are.
func (k Kayenta) judgements() int { return int(k.LifetimeDuration / k.interval()) }

// settings tells one configuration from another.
func (k Kayenta) settings() string {
	all := []any{k.Pass, k.Marginal, k.LifetimeDuration, k.BeginAfter, k.interval(), k.Lookback, k.step(), k.Control, k.Strict}
	for _, name := range slices.Sorted(maps.Keys(k.GroupWeights)) {
		all = append(all, name, k.GroupWeights[name])
	}
	for _, m := range k.Metrics {
		all = append(all, m.Name, m.Value.Name, m.Groups, m.Direction, m.NaNStrategy, m.Critical, m.MustHaveData, m.Muted, m.Outliers, m.EffectSize)
	}
	return fingerprint(all...)
}
