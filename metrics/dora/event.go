package dora

import "time"

// Event is what happened: a Deployment, Change, Incident, Work, Outage or Answer. There are no others.
//
// Events carry times with a zone; what counts is the instant. A time that is not known is the zero
// Time. Ids are unique among the events of one type, over all services.
type Event interface {
	// validate names each field that keeps the event from being taken.
	validate() error
}

// Deployment is one attempt to bring changes to an environment.
type Deployment struct {
	ID          string `json:"id"`
	Service     string `json:"service,omitempty"`
	Environment string `json:"environment,omitempty"`
	// Time is when it finished.
	Time    time.Time `json:"time"`
	Started time.Time `json:"started,omitzero"`
	// Status is Success where it is empty.
	Status Status `json:"status,omitempty"`
	// Kind is KindChange where it is empty.
	Kind Kind `json:"kind,omitempty"`
	// Changes are the ids of the changes that it brought.
	Changes []string `json:"changes,omitempty"`
	// Fixes are the ids of the deployments whose failure it remedies.
	Fixes   []string `json:"fixes,omitempty"`
	Version string   `json:"version,omitempty"`
	// Group joins the deployments of one service and kind to many targets (regions, clusters, customers) into one.
	Group string `json:"group,omitempty"`
}

// Status is how a deployment ended.
type Status string

const (
	// Success is a deployment that reached users, whatever it did to them.
	Success Status = "success"
	// Failure is an attempt that reached nobody, unless an incident names it as its cause: then it is a deployment that has failed.
	Failure Status = "failure"
)

// Kind is what a deployment was for.
type Kind string

const (
	// KindChange is a planned deployment.
	KindChange Kind = "change"
	// KindHotfix is an unplanned deployment that repairs what users see.
	KindHotfix Kind = "hotfix"
	// KindRollback brings an earlier version back.
	KindRollback Kind = "rollback"
	// KindFixForward repairs a failed deployment by a newer one.
	KindFixForward Kind = "fix-forward"
	// KindFlag is a feature flag that was flipped for users.
	KindFlag Kind = "flag"
)

// Remedies says whether a deployment of this kind is unplanned work on what an earlier one broke.
func (k Kind) Remedies() bool {
	return k == KindHotfix || k == KindRollback || k == KindFixForward
}

// Change is a commit, or what a merge made of several.
type Change struct {
	ID string `json:"id"`
	// Time is when it was committed.
	Time   time.Time `json:"time"`
	Merged time.Time `json:"merged,omitzero"`
	// Originals are the commits behind a squash, which the change's own time says nothing of. Their
	// ids stand for the change, too.
	Originals []Commit `json:"originals,omitempty"`
	Repo      string   `json:"repo,omitempty"`
}

// Commit is one of the commits behind a squash.
type Commit struct {
	ID   string    `json:"id"`
	Time time.Time `json:"time"`
}

// Incident is a stretch of time in which users were harmed and somebody had to act. It is open where
// Resolved is zero; the same incident told again, resolved, completes it: what the second telling leaves out (service, causes) stays as
// it was.
type Incident struct {
	ID       string    `json:"id"`
	Service  string    `json:"service,omitempty"`
	Opened   time.Time `json:"opened"`
	Resolved time.Time `json:"resolved,omitzero"`
	// CausedBy are the ids of the deployments that caused it.
	CausedBy []string `json:"caused_by,omitempty"`
	// Changes are the ids of the changes that caused it: the first deployment that held one did.
	Changes []string `json:"changes,omitempty"`
}

// Work is an item of planned work: a story, a ticket. Told under the id of a change, it says when work
// on that change began.
type Work struct {
	ID      string    `json:"id"`
	Started time.Time `json:"started,omitzero"`
	Done    time.Time `json:"done,omitzero"`
	Points  float64   `json:"points,omitempty"`
	// Iteration is the name of the sprint it was planned for.
	Iteration string `json:"iteration,omitempty"`
}

// Outage is a stretch of time [From, To) in which a service was down for users.
type Outage struct {
	Service  string    `json:"service,omitempty"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Severity string    `json:"severity,omitempty"`
}

// Answer is what Count people answered in a survey.
type Answer struct {
	Kind Survey `json:"kind"`
	// Score is 1 to 5 for CSAT, 0 to 10 for NPS, whole.
	Score float64 `json:"score"`
	// Count is at least 1.
	Count int       `json:"count"`
	Time  time.Time `json:"time"`
}

// Survey is the scale of an answer.
type Survey string

const (
	// CSAT asks how satisfied one is, from 1 to 5.
	CSAT Survey = "csat"
	// NPS asks how likely one is to recommend it, from 0 to 10.
	NPS Survey = "nps"
)
