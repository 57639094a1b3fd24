package dora

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Rules say how events become figures, wherever that is disputed. The zero value is the preset
// "dora-2024"; each knob's first value is its default, and may be left empty. Preset has those of others.
type Rules struct {
	// Name is for readers.
	Name string `json:"name,omitempty"`

	// Production are the words that make an environment a production one; empty: production, prod, live.
	// They are looked for among the words of its name ("eu-production"), in any case; a name with
	// pre, non, no or not among its words is none. A deployment that names no environment is one to production.
	Production []string `json:"production,omitempty"`
	// Rollbacks says whether a rollback is a deployment.
	Rollbacks Rollbacks `json:"rollbacks,omitempty"`
	// Flags says whether a flag that was flipped is a deployment.
	Flags Flags `json:"flags,omitempty"`
	// Attempts says what becomes of deployments that failed before users saw them.
	Attempts Attempts `json:"attempts,omitempty"`
	// Groups says whether deployments of one service, kind and group are one deployment.
	Groups Groups `json:"groups,omitempty"`

	// Start says when the lead time of a change begins.
	Start Start `json:"start,omitempty"`
	// Redeployed says whether a change counts again when it is deployed again.
	Redeployed Redeployed `json:"redeployed,omitempty"`
	// Samples says whether each change is a sample of the lead time.
	Samples Samples `json:"samples,omitempty"`
	// Baseline says whether the first deployment of a service has lead times.
	Baseline Baseline `json:"baseline,omitempty"`
	// BaselineGap: a deployment longer after the one before it has no lead times; 0: no limit.
	BaselineGap Duration `json:"baseline_gap,omitempty"`
	// LeadRounding rounds lead times; those of which nothing is left are dropped.
	LeadRounding Rounding `json:"lead_rounding,omitempty"`
	// RecoveryRounding rounds recovery times.
	RecoveryRounding Rounding `json:"recovery_rounding,omitempty"`

	// Attribution says how a deployment is found that caused an incident.
	Attribution Attribution `json:"attribution,omitempty"`
	// Within limits attribution by time: how long after a deployment an incident may be opened; 0: no limit.
	Within Duration `json:"within,omitempty"`
	// Blame says which deployment has failed where another one remedies it.
	Blame Blame `json:"blame,omitempty"`
	// Numerator says what is counted for the change failure rate. Both counts are always reported.
	Numerator Numerator `json:"numerator,omitempty"`
	// Denominator says by what the number of failures is divided.
	Denominator Denominator `json:"denominator,omitempty"`

	// Recovery says of what the recovery time is the time.
	Recovery Recovery `json:"recovery,omitempty"`
	// Open says what becomes of failures that nothing has ended yet.
	Open Open `json:"open,omitempty"`
	// RecoveryWindow says whether a recovery must lie in the window as a whole.
	RecoveryWindow RecoveryWindow `json:"recovery_window,omitempty"`

	// Quantile says how quantiles are taken.
	Quantile Quantile `json:"quantile,omitempty"`
	// Typical says which figure of a distribution is compared with tiers.
	Typical Typical `json:"typical,omitempty"`
	// Empty says what is reported where there is no data.
	Empty Empty `json:"empty,omitempty"`
	// Confidence of all intervals, from 0.5 to below 1; 0 is 0.95.
	Confidence float64 `json:"confidence,omitempty"`

	// WeekStart is the first day of a week, unless the Query names one.
	WeekStart Weekday `json:"week_start,omitempty"`
	// Weeks says whether weeks count of which only a part lies in the window.
	Weeks Weeks `json:"weeks,omitempty"`
	// BusinessTime says which durations are counted in working hours alone.
	BusinessTime BusinessTime `json:"business_time,omitempty"`

	// Severities weighs outages for the availability, by severity, from 0 to 1; others weigh 1. Where
	// outages overlap, the heaviest counts.
	Severities map[string]float64 `json:"severities,omitempty"`
	// Iterations is how many of the last iterations are averaged to the velocity; 0 is 3.
	Iterations int `json:"iterations,omitempty"`
	// Tiers is the name of the tier model, one of TierModels; empty: "2024"; "none": no tiers.
	Tiers string `json:"tiers,omitempty"`
	// Model is a tier model of your own, in place of Tiers.
	Model *TierModel `json:"model,omitempty"`
	// QuickCheck is the edition of the quick check, 2024 or 2025; 0 is 2024.
	QuickCheck int `json:"quick_check,omitempty"`
}

const (
	// GroupsOne makes them one, with the changes of all, which has succeeded where one of them has, and
	// finished when the last of those that succeeded did.
	GroupsOne Groups = "one"
	// GroupsEach counts each of them.
	GroupsEach Groups = "each"
)

const (
	// RecoveryDeployment is the time from the finish of each failed deployment to when the last of its
	// incidents was resolved; where it has none, to the finish of the first successful deployment that remedies it.
	RecoveryDeployment Recovery = "deployment"
	// RecoveryIncident is, for each attributed incident, the time from the finish of the deployment to its end.
	RecoveryIncident Recovery = "incident"
	// RecoveryOpened is, for each incident of any cause, the time from when it was opened to its end.
	RecoveryOpened Recovery = "opened"
	// RecoveryAttributed is as RecoveryOpened, for attributed incidents.
	RecoveryAttributed Recovery = "opened-attributed"
	// RecoveryEarliest is as RecoveryOpened, from the finish of the deployment where that was earlier.
	RecoveryEarliest Recovery = "earliest"
	// RecoveryNext is the time from the finish of each failed deployment to the finish of the next successful one of the service.
	RecoveryNext Recovery = "next-success"
)

// Weekday is a day's English name in lower case; empty is monday.
type Weekday string

func (w Weekday) number() (time.Weekday, bool) {
	if w == "" {
		return time.Monday, true
	}
	i := slices.Index(weekdays, string(w))
	return time.Weekday(i), i >= 0
}

var weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// Validate reports every knob that is out of order, by its JSON name.
func (r Rules) Validate() error {
	var p problems
	oneOf(&p, "rollbacks", r.Rollbacks, RollbacksCounted, RollbacksNotFrequency, RollbacksNotRate, RollbacksApart)
	oneOf(&p, "flags", r.Flags, FlagsCounted, FlagsApart)
	oneOf(&p, "attempts", r.Attempts, AttemptsApart, AttemptsInRate, AttemptsFail)
	oneOf(&p, "groups", r.Groups, GroupsOne, GroupsEach)
	oneOf(&p, "start", r.Start, StartCommit, StartFirstCommit, StartChange, StartMerged)
	oneOf(&p, "redeployed", r.Redeployed, RedeployedOnce, RedeployedEach)
	oneOf(&p, "samples", r.Samples, SamplesChange, SamplesOldest)
	oneOf(&p, "baseline", r.Baseline, BaselineCounted, BaselineSkipped)
	oneOf(&p, "lead_rounding", r.LeadRounding, RoundNothing, RoundMinutes, RoundHours, RoundStages)
	oneOf(&p, "recovery_rounding", r.RecoveryRounding, RoundNothing, RoundMinutes, RoundHours)
	oneOf(&p, "attribution", r.Attribution, AttributionExplicit, AttributionElseLatest, AttributionLatest, AttributionNone)
	oneOf(&p, "blame", r.Blame, BlameNamed, BlamePreceding, BlameFirst, BlameAll, BlameNone)
	oneOf(&p, "numerator", r.Numerator, NumeratorDeployments, NumeratorIncidents, NumeratorAll)
	oneOf(&p, "denominator", r.Denominator, DenominatorAll, DenominatorChanged)
	oneOf(&p, "recovery", r.Recovery, RecoveryDeployment, RecoveryIncident, RecoveryOpened, RecoveryAttributed, RecoveryEarliest, RecoveryNext)
	oneOf(&p, "open", r.Open, OpenCensored, OpenNow, OpenDropped)
	oneOf(&p, "recovery_window", r.RecoveryWindow, RecoveryBegun, RecoveryWithin)
	oneOf(&p, "quantile", r.Quantile, QuantileInterpolated, QuantileLower)
	oneOf(&p, "typical", r.Typical, TypicalMedian, TypicalMean)
	oneOf(&p, "empty", r.Empty, EmptyAbsent, EmptyZero)
	oneOf(&p, "weeks", r.Weeks, WeeksComplete, WeeksAll)
	oneOf(&p, "business_time", r.BusinessTime, BusinessNever, BusinessLead, BusinessAlways)
	if _, ok := r.WeekStart.number(); !ok {
		p.add("week_start: %q is no day of the week", r.WeekStart)
	}
	r.validateNumbers(&p)
	return p.err()
}

func (r Rules) validateNumbers(p *problems) {
	for i, word := range r.Production {
		if word == "" {
			p.add("production[%d]: there is none", i)
		}
	}
	if r.BaselineGap < 0 {
		p.add("baseline_gap: %v is negative", r.BaselineGap)
	}
	if r.Within < 0 {
		p.add("within: %v is negative", r.Within)
	}
	if c := r.Confidence; c != 0 && !(c >= 0.5 && c < 1) {
		p.add("confidence: %v is not from 0.5 to below 1", c)
	}
	if r.Iterations < 0 {
		p.add("iterations: %d is negative", r.Iterations)
	}
	for _, name := range sortedKeys(r.Severities) {
		if w := r.Severities[name]; !(w >= 0 && w <= 1) || math.IsNaN(w) {
			p.add("severities.%s: %v is not a weight from 0 to 1", name, w)
		}
	}
	if r.QuickCheck != 0 && r.QuickCheck != 2024 && r.QuickCheck != 2025 {
		p.add("quick_check: there is no edition of %d; those of 2024 and 2025 are known", r.QuickCheck)
	}
	if r.Model != nil {
		if err := r.Model.Validate(); err != nil {
			p.add("model: %w", err)
		}
	} else if _, ok := tierModel(r.Tiers); !ok {
		p.add("tiers: there is no model %q; there are %q", r.Tiers, tierModelNames())
	}
}

func oneOf[T ~string](p *problems, field string, value T, allowed ...T) {
	if value != "" && !slices.Contains(allowed, value) {
		p.add("%s: %q is none of %q", field, value, allowed)
	}
}

// Duration is a time.Duration that JSON shows as text: "24h0m0s".
type Duration time.Duration

// String is as that of time.Duration.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText writes the duration as time.ParseDuration reads it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a duration such as 24h", text)
	}
	*d = Duration(v)
	return nil
}
