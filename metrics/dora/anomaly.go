package dora

import (
	"cmp"
	"slices"
)

// Anomaly is something in the events that cannot be so, or that they leave open. It says what was done about it.
type Anomaly struct {
	Code Code `json:"code"`
	// ID is the event's, Other that of the other one it is about.
	ID    string `json:"id"`
	Other string `json:"other,omitempty"`
	// Count is how many of the kind the event has; 0 is 1.
	Count int `json:"count,omitempty"`
}

// Code says what is odd.
type Code string

const (
	// CodeRepeated: an event was told of Count times more, in the same way. It counts once.
	CodeRepeated Code = "repeated"
	// CodeConflict: an event was told of in Count other ways. The one that ends last counts.
	CodeConflict Code = "conflict"
	// CodeUnknownChange: a deployment or an incident names Count changes that nobody told of. They have no lead time.
	CodeUnknownChange Code = "unknown-change"
	// CodeUnknownDeployment: an incident says it was caused by, or a deployment that it fixes, one that nobody told of.
	CodeUnknownDeployment Code = "unknown-deployment"
	// CodeUncounted: an incident was caused by a deployment that does not count, or a deployment fixes one: it went to another
	// environment, or is a flag that the rules leave out; what is fixed may have failed before users saw it, too. (An attempt that caused
	// an incident has reached users after all: it counts among what failures are divided by, though not for the frequency.)
	CodeUncounted Code = "uncounted-cause"
	// CodeCommitAfterDeploy: a change was committed after it was deployed. It has no lead time.
	CodeCommitAfterDeploy Code = "commit-after-deploy"
	// CodeNegativeSpan: something ended before it began: an incident, an outage, work, a deployment that finished before it started, a
	// change that was merged before it was committed. Its duration does not count; a deployment that caused such an incident
	// is taken to be failed until the incident began.
	CodeNegativeSpan Code = "negative-span"
	// CodeRecoveryBeforeDeploy: what ended the failure of a deployment was before it finished. It has no recovery time.
	CodeRecoveryBeforeDeploy Code = "recovery-before-deploy"
	// CodePartly: Count deployments of a group have failed, and others have not. The group counts as one that succeeded.
	CodePartly Code = "partly-failed"
	// CodeUndated: no item of an iteration, whose name is the ID, says when it began or was done. It is in no window.
	CodeUndated Code = "undated-iteration"
	// CodeCycle: a deployment fixes itself, by way of others or directly, or its own group. It has failed nevertheless.
	CodeCycle Code = "cycle"
)

func sortAnomalies(all []Anomaly) []Anomaly {
	if all == nil {
		return []Anomaly{}
	}
	slices.SortFunc(all, func(a, b Anomaly) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Other, b.Other), cmp.Compare(a.Count, b.Count))
	})
	return slices.Compact(all)
}
