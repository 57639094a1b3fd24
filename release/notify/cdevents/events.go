package cdevents

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/davit-sdk/davit/release/notify"
	"github.com/davit-sdk/davit/stage"
)

// outcomes are how releases and stages end, in the words of CDEvents.
var outcomes = map[stage.Outcome]string{
	stage.Succeeded: "success", stage.Skipped: "success", stage.Failed: "failure", stage.Rejected: "failure", stage.RolledBack: "failure",
	stage.Aborted: "cancel", stage.Stranded: "error",
}

// Events are the CDEvents that a message is; none for what CDEvents does not know. source is where they come from, as a URI reference.
func Events(source string, m notify.Message) []Event {
	var list []Event
	add := func(kind string, subject Subject) {
		e := Event{
			Context: Context{SpecVersion: Version, ID: m.ID, ChainID: m.Release.ID, Source: source, Type: "dev.cdevents." + kind + ".0.3.0", Timestamp: m.Time.UTC()},
			Subject: subject, Custom: m.Occurrence, ContentType: "application/json",
		}
		if len(list) > 0 {
			e.Context.ID += fmt.Sprintf("-%d", len(list)+1)
		}
		list = append(list, e)
	}
	outcome, over := outcomes[m.Outcome]
	errors := ""
	if over && outcome != "success" {
		errors = m.Reason
	}
	run := Subject{ID: m.Release.ID, Source: source, Content: Content{PipelineName: m.Pipeline}}
	task := Subject{ID: fmt.Sprintf("%s/%s/%d", m.Release.ID, m.Stage, m.Attempt), Source: source,
		Content: Content{TaskName: m.Stage, PipelineRun: &Reference{ID: m.Release.ID, Source: source}}}
	undone := m.Kind == notify.StageUndone
	switch {
	case m.Release.ID == "":
	case m.Kind == notify.ReleaseRequested:
		add("pipelinerun.queued", run)
	case m.Kind == notify.StageBegan:
		add("taskrun.started", task)
	case over && m.Kind == notify.Kind("release."+string(m.Outcome)):
		run.Content.Outcome, run.Content.Errors = outcome, errors
		add("pipelinerun.finished", run)
	case over && m.Kind == notify.Kind("stage."+string(m.Outcome)):
		task.Content.Outcome, task.Content.Errors = outcome, errors
		add("taskrun.finished", task)
	}
	if kind := serviceKind(m, undone); kind != "" && m.Environment != "" && artifact(m) != "" {
		add(kind, Subject{ID: m.Release.Service, Source: source,
			Content: Content{Environment: &Reference{ID: m.Environment, Source: source}, ArtifactID: artifact(m)}})
	}
	return list
}

// serviceKind is what has become of the service; empty: nothing.
func serviceKind(m notify.Message, undone bool) string {
	switch {
	case !m.Deploys || m.Release.Service == "":
	case undone, m.Kind == notify.StageRolledBack:
		return "service.rolledback"
	case m.Kind == notify.StageSucceeded && m.Previous != "":
		return "service.upgraded"
	case m.Kind == notify.StageSucceeded:
		return "service.deployed"
	}
	return ""
}

// artifact is a package URL of what runs then: of the version that was released, or after it was taken back, of the one before. Empty: it is not known.
func artifact(m notify.Message) string {
	version, digest := m.Version, ""
	if m.Artifact != nil {
		digest = m.Artifact.Digest
	}
	if m.Kind == notify.StageUndone || m.Kind == notify.StageRolledBack {
		version, digest = m.Previous, ""
	}
	if version == "" && digest == "" {
		return ""
	}
	text := "pkg:generic/" + escape(m.Release.Service)
	if version != "" {
		text += "@" + escape(version)
	}
	if digest != "" {
		text += "?checksum=" + escape(digest)
	}
	return text
}

// escape is a part of a package URL. What url.PathEscape leaves as it is, but a package URL does not, is escaped as well; a colon is left as it is.
func escape(text string) string {
	return strings.NewReplacer("%3A", ":", "@", "%40", "+", "%2B", "&", "%26", "=", "%3D", "$", "%24").Replace(url.PathEscape(text))
}
