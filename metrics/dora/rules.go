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
	// Groups says whether deployments of one service and group are one deployment.
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

// Rollbacks says whether a rollback is a deployment.
type Rollbacks string

const (
	// RollbacksCounted counts a rollback as any deployment.
	RollbacksCounted Rollbacks = "counted"
	// RollbacksNotFrequency leaves rollbacks out of the deployment frequency.
	RollbacksNotFrequency Rollbacks = "not-frequency"
	// RollbacksNotRate leaves rollbacks out of what failures are divided by.
	RollbacksNotRate Rollbacks = "not-rate"
	// RollbacksApart leaves rollbacks out of both.
	RollbacksApart Rollbacks = "apart"
)

// Flags says whether a flag that was flipped is a deployment.
type Flags string

const (
	// FlagsCounted counts it as any deployment: something reached users.
	FlagsCounted Flags = "counted"
	// FlagsApart leaves it out of all figures.
	FlagsApart Flags = "apart"
)

// Attempts says what becomes of deployments that failed before users saw them.
type Attempts string

const (
	// AttemptsApart gives them a rate of their own.
	AttemptsApart Attempts = "apart"
	// AttemptsInRate divides failures by them, too.
	AttemptsInRate Attempts = "in-rate"
	// AttemptsFail counts each of them as a failed deployment.
	AttemptsFail Attempts = "fail"
)

// Groups says whether deployments of one service and group are one deployment.
type Groups string

const (
	// GroupsOne makes them one, with the changes of all, which has succeeded where one of them has, and
	// finished when the last of those that succeeded did.
	GroupsOne Groups = "one"
	// GroupsEach counts each of them.
	GroupsEach Groups = "each"
)

// Start says when the lead time of a change begins.
type Start string

const (
	// StartCommit begins at each commit: each of a squash's originals is a sample.
	StartCommit Start = "commit"
	// StartFirstCommit begins at the first commit of the change, its originals included.
	StartFirstCommit Start = "first-commit"
	// StartChange begins at the change's own commit, whatever is behind it.
	StartChange Start = "change"
	// StartMerged begins at the merge; a change that was not merged has no lead time.
	StartMerged Start = "merged"
)

// Redeployed says whether a change counts again when it is deployed again.
type Redeployed string

const (
	// RedeployedOnce counts the first successful deployment to production of the change, in each service.
	RedeployedOnce Redeployed = "once"
	// RedeployedEach counts each of them.
	RedeployedEach Redeployed = "each"
)

// Samples says what is a sample of the lead time.
type Samples string

const (
	// SamplesChange takes each change.
	SamplesChange Samples = "change"
	// SamplesOldest takes the oldest change of each deployment.
	SamplesOldest Samples = "oldest"
)

// Baseline says whether the first deployment of a service has lead times.
type Baseline string

const (
	// BaselineCounted takes what the first deployment says it brought.
	BaselineCounted Baseline = "counted"
	// BaselineSkipped takes the first deployment in the history of a service for what everything before it piled up.
	BaselineSkipped Baseline = "skipped"
)

// Rounding rounds a duration.
type Rounding string

const (
	// RoundNothing keeps durations as they are.
	RoundNothing Rounding = "none"
	// RoundMinutes cuts to whole minutes.
	RoundMinutes Rounding = "minutes"
	// RoundHours cuts to whole hours.
	RoundHours Rounding = "hours"
	// RoundStages rounds up to whole minutes, of a lead time each of its two stages: until merged, and from there.
	// A stage that ends before it begins is nothing, and the other one remains.
	RoundStages Rounding = "stages"
)

// Attribution says how a deployment is found that caused an incident.
type Attribution string

const (
	// AttributionExplicit takes what the incident says.
	AttributionExplicit Attribution = "explicit"
	// AttributionElseLatest takes what the incident says; where it says nothing, the latest deployment of its service before it.
	AttributionElseLatest Attribution = "else-latest"
	// AttributionLatest takes the latest deployment of its service that finished before it was opened, whatever it says.
	AttributionLatest Attribution = "latest"
	// AttributionNone takes none.
	AttributionNone Attribution = "none"
)

// Blame says which deployment has failed where another one remedies it.
type Blame string

const (
	// BlameNamed takes those that it says it fixes.
	BlameNamed Blame = "named"
	// BlamePreceding takes those that it says it fixes; where it says nothing, the deployment right before it.
	BlamePreceding Blame = "preceding"
	// BlameFirst takes, for a rollback, the first deployment after the last one of the version it goes back to;
	// for others, and where there is none, as BlamePreceding.
	BlameFirst Blame = "first-after-target"
	// BlameAll takes, for a rollback, all deployments after the last one of the version it goes back to;
	// for others, and where there is none, as BlamePreceding.
	BlameAll Blame = "all-since-target"
	// BlameNone takes none.
	BlameNone Blame = "none"
)

// Numerator says what is counted for the change failure rate.
type Numerator string

const (
	// NumeratorDeployments counts deployments that failed.
	NumeratorDeployments Numerator = "deployments"
	// NumeratorIncidents counts incidents that a deployment in the window caused: the rate may exceed 1.
	NumeratorIncidents Numerator = "incidents"
	// NumeratorAll counts all incidents opened in the window, whatever caused them: the rate may exceed 1.
	NumeratorAll Numerator = "all-incidents"
)

// Denominator says by what failures are divided.
type Denominator string

const (
	// DenominatorAll divides by deployments.
	DenominatorAll Denominator = "all"
	// DenominatorChanged divides by deployments that brought a change.
	DenominatorChanged Denominator = "changed"
)

// Recovery says of what the recovery time is the time.
type Recovery string

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

// Open says what becomes of failures that nothing has ended yet.
type Open string

const (
	// OpenCensored counts them apart; the Kaplan-Meier median takes account of them.
	OpenCensored Open = "censored"
	// OpenNow takes them as if they ended with the window, and counts them apart besides.
	OpenNow Open = "until-now"
)

// RecoveryWindow says whether a recovery must lie in the window as a whole.
type RecoveryWindow string

const (
	// RecoveryBegun takes what failed in the window, whenever it ended; an incident by itself, what was resolved in the window.
	RecoveryBegun RecoveryWindow = "begun"
	// RecoveryWithin takes what both failed and ended in the window.
	RecoveryWithin RecoveryWindow = "within"
)

// Quantile says how quantiles are taken.
type Quantile string

const (
	// QuantileInterpolated interpolates linearly between the two values about (n-1)q (type 7 of Hyndman and Fan).
	QuantileInterpolated Quantile = "interpolated"
	// QuantileLower takes the lower one of the two.
	QuantileLower Quantile = "lower"
)

// Typical says which figure of a distribution is compared with tiers.
type Typical string

const (
	// TypicalMedian is p50.
	TypicalMedian Typical = "median"
	// TypicalMean is the mean.
	TypicalMean Typical = "mean"
)

// Empty says what is reported where there is no data.
type Empty string

const (
	// EmptyAbsent reports nothing.
	EmptyAbsent Empty = "absent"
	// EmptyZero reports 0, as if all were well.
	EmptyZero Empty = "zero"
)

// Weeks says whether weeks count of which only a part lies in the window.
type Weeks string

const (
	// WeeksComplete leaves them out of the medians over weeks.
	WeeksComplete Weeks = "complete"
	// WeeksAll takes them as they are.
	WeeksAll Weeks = "all"
)

// BusinessTime says which durations are counted in the working hours of the Query's calendar alone.
type BusinessTime string

const (
	// BusinessNever counts all time.
	BusinessNever BusinessTime = "never"
	// BusinessLead counts lead times so.
	BusinessLead BusinessTime = "lead"
	// BusinessAlways counts lead times and recovery times so.
	BusinessAlways BusinessTime = "always"
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
	oneOf(&p, "open", r.Open, OpenCensored, OpenNow)
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
