package dora

import "time"

// Report is what the events of a window say. What there is no data for is nil or absent, never 0.
// Durations are in seconds.
type Report struct {
	Rules string    `json:"rules"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	// Events is how many events the history has, in and out of the window.
	Events int `json:"events"`
	// Confidence is that of all intervals.
	Confidence float64 `json:"confidence"`
	// Tiers says whose the tiers are; nil: there are none.
	Tiers *TierSource `json:"tiers,omitempty"`
	Metrics
	// Elsewhere is how many deployments in the window were left out, because they went to other environments.
	Elsewhere int `json:"elsewhere,omitempty"`
	// Velocity, WorkTime, CSAT and NPS belong to no service.
	Velocity *Velocity  `json:"velocity,omitempty"`
	WorkTime *Durations `json:"work_time,omitempty"`
	CSAT     *Opinion   `json:"csat,omitempty"`
	NPS      *Opinion   `json:"nps,omitempty"`
	// Services are sorted by name. The figures above pool their samples; they are no averages of these.
	Services []Service `json:"services,omitempty"`
	// Weeks are those of all services together, oldest first.
	Weeks []Week `json:"weeks,omitempty"`
	// Daily is there where the query asks for it, oldest first.
	Daily     []Day     `json:"daily,omitempty"`
	Anomalies []Anomaly `json:"anomalies"`
}

// TierSource says by whose numbers a figure is in a tier.
type TierSource struct {
	Model  string `json:"model"`
	Year   int    `json:"year,omitempty"`
	Source string `json:"source,omitempty"`
}

// Service is what the events of one service say.
type Service struct {
	Name string `json:"name"`
	Metrics
	Weeks []Week `json:"weeks,omitempty"`
}

// Metrics are the figures of one service, or of several pooled.
type Metrics struct {
	DeploymentFrequency Frequency    `json:"deployment_frequency"`
	LeadTime            *Durations   `json:"lead_time,omitempty"`
	ChangeFailureRate   *FailureRate `json:"change_failure_rate,omitempty"`
	// FailedDeploymentRecovery is there, with n 0, when nothing has recovered yet.
	FailedDeploymentRecovery *Durations `json:"failed_deployment_recovery,omitempty"`
	ReworkRate               *Rate      `json:"rework_rate,omitempty"`
	// MTTR is of all incidents, whatever caused them, that were resolved in the window.
	MTTR *Durations `json:"mttr,omitempty"`
	// AttemptFailureRate is of all attempts, those that reached nobody included.
	AttemptFailureRate *Rate         `json:"attempt_failure_rate,omitempty"`
	CycleTime          *CycleTime    `json:"cycle_time,omitempty"`
	Availability       *Availability `json:"availability,omitempty"`
	// DowntimePerRelease divides the union of outages by the number of deployments.
	DowntimePerRelease *Downtime    `json:"downtime_per_release,omitempty"`
	ErrorBudget        *ErrorBudget `json:"error_budget,omitempty"`
	// OutsideHours is how many of the commits and deployments were made outside of working hours.
	OutsideHours *Rate `json:"outside_hours,omitempty"`
	// Unattributed is how many incidents opened in the window no deployment has caused; absent by rules that do not ask for causes.
	Unattributed Figure `json:"unattributed,omitzero"`
	// LeadTimeDropped is how many lead times were dropped: the change was committed after it was deployed.
	LeadTimeDropped int `json:"lead_time_dropped,omitempty"`
	// LeadTimeUnmerged is how many changes have none since they were not merged, where rules begin there; LeadTimeRounded how many
	// nothing was left of when they were rounded.
	LeadTimeUnmerged int         `json:"lead_time_unmerged,omitempty"`
	LeadTimeRounded  int         `json:"lead_time_rounded,omitempty"`
	QuickCheck       *QuickCheck `json:"quick_check,omitempty"`
}

// Frequency is how often was deployed.
type Frequency struct {
	// N is how many deployments finished in the window; 0 is a true zero.
	N int `json:"n"`
	// PerDay is N by the days of the window; a day on which clocks change is one, too.
	PerDay Figure `json:"per_day,omitzero"`
	// PerWeekMedian is the median over weeks of the number of days with a deployment, weeks without one included.
	PerWeekMedian Figure `json:"per_week_median,omitzero"`
	// DeploymentsPerWeekMedian is the median over weeks of the number of deployments.
	DeploymentsPerWeekMedian Figure `json:"deployments_per_week_median,omitzero"`
	// Days is on how many days there was one.
	Days int `json:"days"`
	// GapMedian is the median time between a deployment and the next one of the same service.
	GapMedian Figure `json:"gap_median,omitzero"`
	Tier      Tier   `json:"tier,omitempty"`
}

// Durations is a distribution of durations in seconds.
type Durations struct {
	N    int    `json:"n"`
	P50  Figure `json:"p50,omitzero"`
	P75  Figure `json:"p75,omitzero"`
	P90  Figure `json:"p90,omitzero"`
	Mean Figure `json:"mean,omitzero"`
	// Low and High are an interval for the median, two of the durations themselves, that holds with the
	// confidence of the rules or more; absent where there are too few.
	Low  Figure `json:"low,omitzero"`
	High Figure `json:"high,omitzero"`
	// Censored is how many have not ended yet; they are not among the N.
	Censored int `json:"censored,omitempty"`
	// Survival is the median that takes account of those that have not ended yet (Kaplan and Meier); absent where
	// none is censored, and where fewer than half have ended.
	Survival Figure `json:"survival,omitzero"`
	// SurvivalAbove is what that median is above, where fewer than half have ended: the longest of all, ended or not.
	SurvivalAbove Figure `json:"survival_above,omitzero"`
	// Typical is the figure that is compared with tiers: P50, or Mean, by the rules; where some are censored, Survival, unless
	// the rules say otherwise (Rules.Open). Absent where that is absent.
	Typical Figure `json:"typical,omitzero"`
	Tier    Tier   `json:"tier,omitempty"`
}

// Rate is a share K of N with the interval of Wilson.
type Rate struct {
	K    int    `json:"k"`
	N    int    `json:"n"`
	Rate Figure `json:"rate,omitzero"`
	Low  Figure `json:"low,omitzero"`
	High Figure `json:"high,omitzero"`
	Tier Tier   `json:"tier,omitempty"`
}

// FailureRate is a Rate with both of the counts that its K may be.
type FailureRate struct {
	Rate
	// Deployments is how many deployments have failed, Incidents how many incidents they have caused. They are absent by rules that do
	// not look for it: Incidents where no incident is attributed, Deployments where nothing makes a deployment a failed one besides.
	Deployments Figure `json:"deployments,omitzero"`
	Incidents   Figure `json:"incidents,omitzero"`
}

// CycleTime is the time from the first commit of a change, or the start of the work on it, to its deployment, of
// changes all of whose times are known and in order.
type CycleTime struct {
	Durations
	// Stages follow each other; their means add up to the mean of the whole, as those of each change do.
	Stages []StageTime `json:"stages"`
}

// StageTime is a stage of the cycle time: coding (until the last commit), review (until merged), pickup (until the
// deployment started) and deploy (until it finished).
type StageTime struct {
	Name string  `json:"name"`
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P75  float64 `json:"p75"`
	P90  float64 `json:"p90"`
}

// Availability is the share of the window that was not down.
type Availability struct {
	Ratio       float64 `json:"ratio"`
	DownMinutes float64 `json:"down_minutes"`
	// Cost is DownMinutes at Query.DowntimeCost.
	Cost Figure `json:"cost,omitzero"`
}

// Downtime is the downtime of releases, in minutes: all of it by their number, and the most that followed one of
// them before the next.
type Downtime struct {
	N           int     `json:"n"`
	MeanMinutes float64 `json:"mean_minutes"`
	MaxMinutes  float64 `json:"max_minutes"`
}

// ErrorBudget is what an objective leaves to be down in the window, and how much of it was used.
type ErrorBudget struct {
	Objective     Objective `json:"objective"`
	BudgetMinutes float64   `json:"budget_minutes"`
	UsedMinutes   float64   `json:"used_minutes"`
	// Burn is UsedMinutes by BudgetMinutes: above 1, the objective is missed.
	Burn float64 `json:"burn"`
}

// Velocity is how much work is done in an iteration.
type Velocity struct {
	// N is how many iterations ended in the window.
	N int `json:"n"`
	// Unit is "points", or "items" where no item has points.
	Unit string `json:"unit"`
	// Mean and P50 are of the last iterations, by Rules.Iterations, those in which nothing was done included.
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	// Iterations are oldest first.
	Iterations []Iteration `json:"iterations"`
}

// Iteration is what was done in one iteration.
type Iteration struct {
	Name   string  `json:"name"`
	Done   int     `json:"done"`
	Items  int     `json:"items"`
	Points float64 `json:"points"`
}

// Opinion is what a survey says.
type Opinion struct {
	N int `json:"n"`
	// Score is, of CSAT, the share of 4 and 5, and of NPS that of 9 and 10 less that of 0 to 6, in per cent.
	Score float64 `json:"score"`
	Mean  float64 `json:"mean"`
}

// Week is a week of the window, or the part of it that lies in the window.
type Week struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Complete is false where a part of it lies outside of the window.
	Complete          bool         `json:"complete"`
	N                 int          `json:"n"`
	Days              int          `json:"days"`
	LeadTime          *Durations   `json:"lead_time,omitempty"`
	ChangeFailureRate *FailureRate `json:"change_failure_rate,omitempty"`
	Recovery          *Durations   `json:"failed_deployment_recovery,omitempty"`
	ReworkRate        *Rate        `json:"rework_rate,omitempty"`
}

// Day is a day of the window, or the part of it that lies in the window.
type Day struct {
	From     time.Time  `json:"from"`
	N        int        `json:"n"`
	LeadTime *Durations `json:"lead_time,omitempty"`
}
