package strategy

import "fmt"

// Law is one of the promises that Verify proves of a plan.
type Law string

const (
	// LawStart: the state that the plan starts from is valid.
	LawStart Law = "start"
	// LawState: each state can be read without doubt: its groups have revisions, no count is
	// below zero, no share is outside of 0 to 100 %, no pool plays two roles.
	LawState Law = "state"
	// LawPath: no transition needs more pools at once than a state can hold.
	LawPath Law = "path"
	// LawCeiling: no more instances than MaxTotal exist at any instant.
	LawCeiling Law = "ceiling"
	// LawFloor: the groups that answer have at least MinAvailable instances between them, at any
	// instant. It counts only what is certain: the instances that exist both before and after a
	// phase, of the groups that have a share of the traffic.
	LawFloor Law = "floor"
	// LawLoad: a group that answers a share of the traffic has at least that share of Load
	// available.
	LawLoad Law = "load"
	// LawRouted: no group without instances gets a share, a matching request, or a copy.
	LawRouted Law = "routed"
	// LawNative: a Native step leads from one group, or from nothing, to one group, both in stable and
	// with the same traffic, and the limits leave room for it. In between, any mix of the two within
	// the plan's limits may run, each answering by its number: floor, ceiling and load are held
	// against those limits, and what is said of shares holds before and after it only.
	LawNative Law = "native"
	// LawShares: the shares add up to all of the traffic, or to none of it.
	LawShares Law = "shares"
	// LawDark: somebody answers, unless MinAvailable is zero, or nobody has answered before.
	LawDark Law = "dark"
	// LawExposure: the new revision's share of the traffic never falls; on a way back, the share
	// of what is taken back never rises.
	LawExposure Law = "exposure"
	// LawEnd: the plan ends with all of the traffic on the new revision and nothing else running,
	// or with exactly HoldBack instances of the old one, each revision then answering the part of
	// the traffic that its instances are of all, to the millionth, without rules and copies; a way
	// back ends in its Goal.
	LawEnd Law = "end"
)

// Violation is one breach of a law.
type Violation struct {
	// Step is the number of the step from 0, or -1 for the state that the plan starts from.
	Step int
	// Phase is the phase of the transition into the step. It is empty where the law is about the
	// step as a whole.
	Phase PhaseKind
	// Law is the broken law.
	Law Law
	// Detail says what was found, against what.
	Detail string
}

// Error is the violation in a sentence.
func (v *Violation) Error() string {
	where := "From"
	if v.Step >= 0 {
		where = fmt.Sprintf("Steps[%d]", v.Step)
	}
	if v.Phase != "" {
		where += " (" + string(v.Phase) + ")"
	}
	return fmt.Sprintf("%s breaks the law of %s: %s", where, v.Law, v.Detail)
}
