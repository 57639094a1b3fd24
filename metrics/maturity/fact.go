package maturity

// Fact is what can be computed from the records of a service. Deployments are those to production (dora.Rules.Production) that reached users: steps of KindDeploy
// that are Done or TakenBack. A release counts where it has one.
type Fact string

const (
	// FactAutomated is the share of deployments that no person carried out. More is better.
	FactAutomated Fact = "automated-deployment"
	// FactStrategy is the share of deployments by one of Check.Strategies. More is better.
	FactStrategy Fact = "strategy"
	// FactSameArtifact is the share of versions with one digest in all environments that they were deployed to, of those that were deployed to several
	// and one of production. More is better.
	FactSameArtifact Fact = "same-artifact"
	// FactDigest is the share of deployments whose artifact is known by its digest. More is better.
	FactDigest Fact = "digest"
	// FactGated is the share of deployments whose release asked a gate. More is better.
	FactGated Fact = "gated"
	// FactRefusals is how many times a gate said no, of all its answers. More is better: one that never does may be no gate.
	FactRefusals Fact = "gate-refusals"
	// FactRollbacks is how many times a deployment was really taken back. More is better, as what was never tried may not work.
	FactRollbacks Fact = "rollbacks"
	// FactRollbackSuccess is the share of attempts to take a deployment back that did. More is better.
	FactRollbackSuccess Fact = "rollback-success"
	// FactStep is the share of releases in which a step of Check.Kind was done before the first deployment was. More is better. A release that has no such
	// step at all is one in which something is missing: it may have been done where nobody tells of it.
	FactStep Fact = "step"
	// FactUnattended is the share of deployments whose release asked no person for a yes. More is better.
	FactUnattended Fact = "unattended"
	// FactAge is how many days ago the last deployment was that stayed. Less is better.
	FactAge Fact = "deployment-age"
	// FactHandoffs is the median over releases of how often the work went from one group of people to another, beginning with who asked for the release. Somebody
	// whose group is not known is a group. Less is better.
	FactHandoffs Fact = "handoffs"
	// FactGroups is the median over releases of how many groups of people had a hand in it. Less is better.
	FactGroups Fact = "groups"
	// FactApprovalWait is the median over releases of the share of their lead time in which they waited for approval. The lead time is from Release.Committed, or from
	// Release.Began where that is not known, to the end of the last deployment. Less is better.
	FactApprovalWait Fact = "approval-wait"
	// FactNightWaits is the share of releases that waited for an approval while it was night for who gave it: for any part of a stretch of 4 hours or more
	// outside of the hours of that person, where they are. Less is better.
	FactNightWaits Fact = "night-waits"
	// FactCurrent is 1 for a service that is no legacy system, and 0 for one that is. More is better.
	FactCurrent Fact = "current"
	// FactFrequency is how many deployments there are in a week (dora.Frequency.PerDay times 7). More is better. It cannot be declared: ByEvidence or ByBoth.
	FactFrequency Fact = "deployments-per-week"
	// FactLeadTime is the median lead time of changes, in hours. Less is better. With a MinN above 1, it cannot be declared: ByEvidence or ByBoth.
	FactLeadTime Fact = "lead-time"
	// FactFailureRate is the change failure rate. Less is better. That there is none is only known of a service of which a failure was told once: see Service.FailuresTold.
	FactFailureRate Fact = "change-failure-rate"
	// FactRecovery is the median failed deployment recovery time, in hours; of what has not ended yet, dora.Durations.Survival takes account. Less is better. As to
	// Check.MinN, it is as FactLeadTime.
	FactRecovery Fact = "recovery-time"
	// FactRework is the deployment rework rate. Less is better. As to none, it is as FactFailureRate.
	FactRework Fact = "rework-rate"
)

// Unit is what a fact is counted in.
type Unit string

const (
	// Share is a part of all, from 0 to 1.
	Share Unit = "share"
	// Count is a number of things.
	Count Unit = "count"
	// Days is a number of days of 24 hours.
	Days Unit = "days"
	// Hours is a number of hours.
	Hours Unit = "hours"
	// PerWeek is a number of things in a week.
	PerWeek Unit = "per-week"
	// Truth is 1 or 0.
	Truth Unit = "truth"
)

// kindOfFact says how a fact is measured.
type kindOfFact struct {
	unit Unit
	less bool // less is better
	what string
}

// facts has all of them, in the order of their declaration.
var facts = []struct {
	fact Fact
	kindOfFact
}{
	{FactAutomated, kindOfFact{Share, false, "deployments without a person's hand"}},
	{FactStrategy, kindOfFact{Share, false, "deployments by such a strategy"}},
	{FactSameArtifact, kindOfFact{Share, false, "versions with one digest everywhere"}},
	{FactDigest, kindOfFact{Share, false, "deployments with a known digest"}},
	{FactGated, kindOfFact{Share, false, "deployments for which a gate was asked"}},
	{FactRefusals, kindOfFact{Count, false, "answers of gates that were no"}},
	{FactRollbacks, kindOfFact{Count, false, "deployments that were taken back"}},
	{FactRollbackSuccess, kindOfFact{Share, false, "ways back that succeeded"}},
	{FactStep, kindOfFact{Share, false, "releases with such a step before the deployment"}},
	{FactUnattended, kindOfFact{Share, false, "deployments that waited for nobody"}},
	{FactAge, kindOfFact{Days, true, "days since the last deployment"}},
	{FactHandoffs, kindOfFact{Count, true, "handoffs in a release"}},
	{FactGroups, kindOfFact{Count, true, "groups of people in a release"}},
	{FactApprovalWait, kindOfFact{Share, true, "lead time spent waiting for approval"}},
	{FactNightWaits, kindOfFact{Share, true, "releases that waited through an approver's night"}},
	{FactCurrent, kindOfFact{Truth, false, "the service is no legacy system"}},
	{FactFrequency, kindOfFact{PerWeek, false, "deployments in a week"}},
	{FactLeadTime, kindOfFact{Hours, true, "hours from commit to production"}},
	{FactFailureRate, kindOfFact{Share, true, "deployments that failed"}},
	{FactRecovery, kindOfFact{Hours, true, "hours to recover from a failed deployment"}},
	{FactRework, kindOfFact{Share, true, "deployments that repaired others"}},
}

func (f Fact) kind() (kindOfFact, bool) {
	for _, is := range facts {
		if is.fact == f {
			return is.kindOfFact, true
		}
	}
	return kindOfFact{}, false
}
