package maturity

import (
	"time"

	"github.com/davit-sdk/davit/metrics/dora"
)

// Release is the record of one release, as far as it was told by Input.At. What is not known is left empty.
type Release struct {
	ID      string `json:"id"`
	Service string `json:"service"`
	Version string `json:"version,omitempty"`
	// By is who asked for it.
	By string `json:"by,omitempty"`
	// Began is when it was asked for.
	Began time.Time `json:"began"`
	// Committed is when the oldest of its changes was committed.
	Committed time.Time `json:"committed,omitzero"`
	// Whole says that all of its gates, approvals and ways back, and all who had a hand in it, are told: where there is none, there was none.
	Whole bool `json:"whole,omitempty"`
	// Steps are what was done; their order does not matter.
	Steps []Step `json:"steps,omitempty"`
}

// Step is something that was done in a release, and has ended.
type Step struct {
	// ID is that of the event that tells of its end; it is what is shown as evidence. That of a deployment is its id in Input.History.
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	Kind Kind   `json:"kind"`
	// Outcome is how it ended; empty is Done.
	Outcome     Outcome `json:"outcome,omitempty"`
	Environment string  `json:"environment,omitempty"`
	// Strategies are those of a deployment; several, where it went in waves, each by a strategy of its own.
	Strategies []Strategy `json:"strategies,omitempty"`
	// Digest is that of the artifact that was deployed.
	Digest string `json:"digest,omitempty"`
	// Means says who carried it out.
	Means Means `json:"means,omitempty"`
	// By are the people who had a hand in it, in order. Of an approval, the last one is who was waited for.
	By []string `json:"by,omitempty"`
	// From is when it began, of an approval when it was asked for; To is when it ended.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to"`
}

// Kind is what a step does.
type Kind string

const (
	// KindDeploy brings a version to an environment.
	KindDeploy Kind = "deploy"
	// KindRollback takes a deployment back.
	KindRollback Kind = "rollback"
	// KindGate judges by measurements.
	KindGate Kind = "gate"
	// KindApproval asks people for a yes.
	KindApproval Kind = "approval"
	// KindDecision asks people what to do about something that went wrong.
	KindDecision Kind = "decision"
	// KindBuild makes the artifact.
	KindBuild Kind = "build"
	// KindTest tests it.
	KindTest Kind = "test"
	// KindScan looks for what is known to be unsafe in it.
	KindScan Kind = "scan"
	// KindSign signs it.
	KindSign Kind = "sign"
	// KindInventory records what it is made of, or where it runs.
	KindInventory Kind = "inventory"
	// KindOther is anything else.
	KindOther Kind = "other"
)

var kinds = []Kind{KindDeploy, KindRollback, KindGate, KindApproval, KindDecision, KindBuild, KindTest, KindScan, KindSign, KindInventory, KindOther}

// Outcome is how a step ended.
type Outcome string

const (
	// Done did what it was for; of a gate and an approval: yes.
	Done Outcome = "done"
	// Refused is the no of a gate, or of an approval.
	Refused Outcome = "refused"
	// TakenBack is a deployment that reached users, and was taken back, or got stuck.
	TakenBack Outcome = "taken-back"
	// Failed did not do it; of a deployment, users saw nothing; of a gate and an approval, there was no answer.
	Failed Outcome = "failed"
)

var outcomes = []Outcome{Done, Refused, TakenBack, Failed}

func (s Step) outcome() Outcome {
	if s.Outcome == "" {
		return Done
	}
	return s.Outcome
}

// Means says who carries a deployment out; empty: not known.
type Means string

const (
	// Machine is a deployment by a program.
	Machine Means = "machine"
	// Hand is one by a person.
	Hand Means = "hand"
)

// Strategy is how a deployment replaces what runs.
type Strategy string

const (
	// Rolling replaces instance by instance.
	Rolling Strategy = "rolling"
	// BlueGreen starts the new version beside the old one, and switches over.
	BlueGreen Strategy = "blue-green"
	// Canary gives the new version a small part of the traffic first.
	Canary Strategy = "canary"
	// Waves goes from one group of regions to the next.
	Waves Strategy = "waves"
	// Native leaves it to the platform.
	Native Strategy = "native"
	// Recreate stops the old version before it starts the new one.
	Recreate Strategy = "recreate"
)

var strategies = []Strategy{Rolling, BlueGreen, Canary, Waves, Native, Recreate}

// Service is a service of the inventory. One that is not there is assessed nevertheless, where records name it.
type Service struct {
	Name string `json:"name"`
	// Standing says whether it is a legacy system.
	Standing Standing `json:"standing,omitempty"`
	// Observed is since when all of its deployments are told: from then on, none is none. Zero: since the first that is.
	Observed time.Time `json:"observed,omitzero"`
	// FailuresTold says that Input.History has all of its failures: where there is none, there was none. Without it, a share of failures or of repairs that is 0
	// is not known before one of them, or an incident, was told at any time, since perhaps nobody looks.
	FailuresTold bool `json:"failures_told,omitempty"`
}

// Standing says whether a service is a legacy system; empty: nobody said.
type Standing string

const (
	// Legacy is a system that is to be replaced, or kept as it is.
	Legacy Standing = "legacy"
	// Current is one that is developed.
	Current Standing = "current"
)

// Person is somebody who has a hand in releases. Names are compared without regard to case and outer spaces.
type Person struct {
	Name string `json:"name"`
	// Group is the team; empty: not known.
	Group string `json:"group,omitempty"`
	// Location is where the person works; nil: not known.
	Location *time.Location `json:"-"`
	// Hours are the working hours there; the zero Calendar is Monday to Friday, 08:00 to 18:00.
	Hours dora.Calendar `json:"hours,omitzero"`
}

// Declaration is what somebody says about a practice. Of several, the one for the service counts before those for all, and then the latest; a no counts before a yes of the same time.
type Declaration struct {
	// Practice is its ID in the model.
	Practice string `json:"practice"`
	// Service is whom it is about; empty: all services.
	Service string `json:"service,omitempty"`
	Holds   bool   `json:"holds"`
	// By says who, At when, Note why.
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	Note string    `json:"note,omitempty"`
}

// Input is what an assessment is made of. The order of all lists does not matter.
type Input struct {
	// At is the time that it is made for: what happened then or later does not count.
	At           time.Time
	Services     []Service
	Releases     []Release
	Declarations []Declaration
	People       []Person
	// History has the events for the figures of DORA; nil: they are not known.
	History *dora.History
	// Rules are how these are counted, and which environments are production ones.
	Rules dora.Rules
	// MaxIDs is how many ids are shown of one piece of evidence; 0 is 3. Below 0 there are none, which spares passes over History.
	MaxIDs int
}

const defaultIDs = 3
