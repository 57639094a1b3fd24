package dora

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

// Groups says whether deployments of one service, kind and group are one deployment.
type Groups string

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

// Open says what becomes of failures that nothing has ended yet.
type Open string

const (
	// OpenCensored counts them apart; the figure that is compared with tiers is the Kaplan-Meier median, which takes account of them.
	OpenCensored Open = "censored"
	// OpenNow takes them as if they ended with the window, and counts them apart besides.
	OpenNow Open = "until-now"
	// OpenDropped counts them apart, and compares with tiers what has ended alone, as many tools do: a team that never ends what it
	// has broken looks better.
	OpenDropped Open = "dropped"
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
