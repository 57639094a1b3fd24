package cdevents

import (
	"time"

	"github.com/davit-sdk/davit/release/notify"
)

// Version is that of CDEvents.
const Version = "0.5.1"

// Event is a CDEvent.
type Event struct {
	Context Context `json:"context"`
	Subject Subject `json:"subject"`
	// Custom is the occurrence that the event was made of.
	Custom      notify.Occurrence `json:"customData"`
	ContentType string            `json:"customDataContentType"`
}

// Context is what all CDEvents have.
type Context struct {
	SpecVersion string    `json:"specversion"`
	ID          string    `json:"id"`
	ChainID     string    `json:"chainId,omitempty"`
	Source      string    `json:"source"`
	Type        string    `json:"type"`
	Timestamp   time.Time `json:"timestamp"`
}

// Subject is what an event is about.
type Subject struct {
	ID      string  `json:"id"`
	Source  string  `json:"source,omitempty"`
	Content Content `json:"content"`
}

// Content is what is said of a subject. Which fields there are depends on the type of the event.
type Content struct {
	PipelineName string     `json:"pipelineName,omitempty"`
	TaskName     string     `json:"taskName,omitempty"`
	PipelineRun  *Reference `json:"pipelineRun,omitempty"`
	Outcome      string     `json:"outcome,omitempty"`
	Errors       string     `json:"errors,omitempty"`
	Environment  *Reference `json:"environment,omitempty"`
	ArtifactID   string     `json:"artifactId,omitempty"`
}

// Reference names another subject.
type Reference struct {
	ID     string `json:"id"`
	Source string `json:"source,omitempty"`
}
