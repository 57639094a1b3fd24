package importer

import (
	"io"
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics/dora"
)

// CDEventsOptions say what CDEvents leaves open. The zero value is usable.
type CDEventsOptions struct {
	Options
	// Pipelines are those that deploy, by their name: a run that failed is an attempt that reached nobody. Runs of others are told as remarks,
	// since CDEvents does not say what a pipeline is for.
	Pipelines map[string]Place
	// Environments are those whose incidents count, by their id, since an incident of package dora has no environment. Empty: those of production,
	// as the zero dora.Rules have them, and those without a name.
	Environments []string
	// StartedWhenCreated takes the creation of a ticket as the begin of the work on it, which CDEvents does not tell of.
	StartedWhenCreated bool
}

// Place is where a pipeline deploys to.
type Place struct {
	Service, Environment string
	// Succeeds says that a run which succeeded is a deployment. It is for senders that tell no events of services: else both would count.
	Succeeds bool
}

// Imported is what was read.
type Imported struct {
	// Events are in the order of time, those of the same time by their kind and id.
	Events []dora.Event
	// Remarks are about what was told and is not in Events, or is there with something missing, in the order of the input.
	Remarks []Remark
	// Others are the types of events that say nothing about delivery, or are not known, in the order of their names.
	Others []Other
}

// Code says what a remark is about.
type Code string

const (
	// CodeBroken is an event that lacks what it must have. It is not in Events.
	CodeBroken Code = "broken"
	// CodeNoCommitTime is a change whose commits' times are not told: it was taken to be committed when it was merged.
	CodeNoCommitTime Code = "no-commit-time"
	// CodeNoChanges is a deployment of which neither its links nor its chain say which changes it brought.
	CodeNoChanges Code = "no-changes"
	// CodeNoFixes is a rollback that is linked to no deployment that it remedies.
	CodeNoFixes Code = "no-fixes"
	// CodeNoService is an incident that is told of no service.
	CodeNoService Code = "no-service"
	// CodeNoCause is an incident that is linked to no deployment or change.
	CodeNoCause Code = "no-cause"
	// CodeNotOpened is an incident that was resolved, and never detected or reported. It is not in Events.
	CodeNotOpened Code = "not-opened"
	// CodeElsewhere is an incident in an environment that does not count. It is not in Events.
	CodeElsewhere Code = "elsewhere"
	// CodeRemoved is a service that was removed, which is no deployment. It is not in Events.
	CodeRemoved Code = "removed"
	// CodeNoDeployment is a run of a pipeline that is none of CDEventsOptions.Pipelines, that was cancelled, or that succeeded, where the
	// service tells of that. It is not in Events.
	CodeNoDeployment Code = "no-deployment"
	// CodeLooseLink is a link to something that is not in the input, or that says nothing here.
	CodeLooseLink Code = "loose-link"
	// CodeRepeated is an event with the id and the source of one before it. It is not in Events again.
	CodeRepeated Code = "repeated"
)

// Remark is something that whoever reads the figures should know of the input.
type Remark struct {
	Code Code
	// Line is the one in which the event begins, from 1.
	Line int
	// ID is that of the event's context, and Type its type.
	ID, Type string
	// Text says more, where there is more to say.
	Text string
}

// Other is a type of events that were not taken.
type Other struct {
	Type  string
	Count int
}

// CDEvents reads CDEvents: JSON objects one after the other, on lines or not, and arrays of them, each a CDEvent by itself or in the structured
// envelope of CloudEvents. Versions 0.x of the events are known. Of them come
//
//	change.merged                          a Change, by the id of its subject
//	service.deployed, .upgraded            a Deployment, by the id of its context
//	service.rolledback                     one of KindRollback
//	incident.detected, .reported, .resolved an Incident, by the id of its subject; one that is detected again after it was resolved is another one
//	pipelinerun.finished                   an attempt to deploy: see CDEventsOptions.Pipelines
//	ticket.created, .updated, .closed      a Work item, by the id of its subject, its milestone the iteration
//
// A deployment brought the changes that were merged in its chain (chainId), and those that its links lead to. A rollback fixes the deployments that
// its links lead to; an incident was caused by the deployments and changes that the links of its detection or report lead to. Nothing is
// concluded from times: what is missing is a Remark. All figures that need it are absent then, or rest on dora.Rules.
//
// The error is a *LineError where the JSON breaks off or a record is too large, or what the reader says; what was read up to there is returned with it.
func CDEvents(r io.Reader, o CDEventsOptions) (Imported, error) {
	if err := o.Validate(); err != nil {
		return Imported{}, err
	}
	s := story{o: o, seen: map[[2]string]bool{}, others: map[string]int{}}
	err := envelopes(r, o.Options, s.take)
	return s.told(), err
}

// at is when an event of package dora was.
func at(e dora.Event) (time.Time, string) {
	switch e := e.(type) {
	case dora.Change:
		return e.Time, "a" + e.ID
	case dora.Work:
		if e.Started.IsZero() {
			return e.Done, "b" + e.ID
		}
		return e.Started, "b" + e.ID
	case dora.Deployment:
		return e.Time, "c" + e.ID
	case dora.Incident:
		return e.Opened, "d" + e.ID
	}
	return time.Time{}, ""
}

func sorted(events []dora.Event) {
	slices.SortStableFunc(events, func(a, b dora.Event) int {
		x, idX := at(a)
		y, idY := at(b)
		if c := x.Compare(y); c != 0 {
			return c
		}
		if idX < idY {
			return -1
		}
		if idX > idY {
			return 1
		}
		return 0
	})
}
