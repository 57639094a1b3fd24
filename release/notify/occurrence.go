package notify

import (
	"time"

	"github.com/davit-sdk/davit/stage"
)

// Occurrence is something that happened to a release, as rules look at it and as templates show it. It is made of recorded events alone.
type Occurrence struct {
	Kind     Kind     `json:"kind"`
	Severity Severity `json:"severity"`
	// Seq is the number of the event in its release, and Time is when it was recorded, in UTC.
	Seq  uint64    `json:"seq,omitempty"`
	Time time.Time `json:"time"`
	// Release is what was known of the release from its start, Pipeline is its pipeline.
	Release  stage.Release `json:"release"`
	Pipeline string        `json:"pipeline,omitempty"`
	// Stage is the stage that it happened to, and Environment where that works; empty for the release as a whole. Environments are those that it is
	// about where Environment is empty: for a stage those of the stages behind it, which need it by some way, and for the release as a whole, or a
	// stage with none behind it, all in which stages of the release work.
	Stage        string   `json:"stage,omitempty"`
	Environment  string   `json:"environment,omitempty"`
	Environments []string `json:"environments,omitempty"`
	Attempt      int      `json:"attempt,omitempty"`
	// Region is the region of a rollout in several.
	Region string `json:"region,omitempty"`
	// Outcome is how it ended, where it did.
	Outcome stage.Outcome `json:"outcome,omitempty"`
	// By is the person behind it, Said what they said, and Reason is one or more sentences for people.
	By     string           `json:"by,omitempty"`
	Said   stage.SignalKind `json:"said,omitempty"`
	Reason string           `json:"reason,omitempty"`
	// Gate is the gate whose verdict it is.
	Gate string `json:"gate,omitempty"`
	// Until is when it goes on by itself, at the latest. Zero: it does not.
	Until time.Time `json:"until,omitzero"`
	// Version, Previous and Artifact are what the stages have recorded by then under the keys stage.Version, Previous and Built.
	Version  string          `json:"version,omitempty"`
	Previous string          `json:"previous,omitempty"`
	Artifact *stage.Artifact `json:"artifact,omitempty"`
	// Deploys says that the stage has moved a rollout, or deploys without one (stage.Deploys), or that Options.Deploys names it.
	Deploys bool `json:"deploys,omitempty"`
	// Since is when the answer was asked for that nobody gives, and Step counts the escalations of it, from 1.
	Since time.Time `json:"since,omitzero"`
	Step  int       `json:"step,omitempty"`
}

// Name is what people call the release: the service, and its version or else the ID.
func (o Occurrence) Name() string {
	switch {
	case o.Release.Service == "":
		return o.Release.ID
	case o.Version != "":
		return o.Release.Service + " " + o.Version
	}
	return o.Release.Service + " (" + o.Release.ID + ")"
}
