package notify

import (
	"strings"
	"text/template"
)

// wording is what the default says of each kind, behind the name of the release.
var wording = map[Kind]string{
	ReleaseRequested:   `begins, asked for by {{or .Release.RequestedBy "nobody"}}`,
	ReleaseTaken:       `goes on in another host`,
	ReleasePaused:      `is paused by {{.By}}`,
	ReleaseResumed:     `is resumed by {{.By}}`,
	ReleaseAborting:    `is being aborted by {{.By}}`,
	ReleaseInterrupted: `is interrupted, and goes on when a host takes it up`,
	ReleaseUndoing:     `is being undone`,
	ReleaseSucceeded:   `is released`,
	ReleaseSkipped:     `had nothing to release`,
	ReleaseFailed:      `failed`,
	ReleaseRejected:    `was rejected{{with .By}} by {{.}}{{end}}`,
	ReleaseAborted:     `was aborted{{with .By}} by {{.}}{{end}}`,
	ReleaseRolledBack:  `was rolled back`,
	ReleaseStranded:    `is stranded: somebody has to look now`,
	StageBegan:         `begins{{if gt .Attempt 1}}, attempt {{.Attempt}}{{end}}`,
	StageWaiting:       `waits{{with .Until}}{{if not .IsZero}} until {{$.Local .}}{{end}}{{end}}`,
	StageRetrying:      `failed, and is tried again at {{.Local .Until}}`,
	StageParked:        `needs somebody to say retry, skip or abort`,
	StageSignalled:     `is told to {{.Said}} by {{.By}}`,
	StageSucceeded:     `is done`,
	StageSkipped:       `is skipped{{with .By}} by {{.}}{{end}}`,
	StageFailed:        `failed`,
	StageRejected:      `was rejected{{with .By}} by {{.}}{{end}}`,
	StageAborted:       `was aborted{{with .By}} by {{.}}{{end}}`,
	StageRolledBack:    `was rolled back`,
	StageStranded:      `is stranded: somebody has to look now`,
	StageUndone:        `is undone`,
	StageNotUndone:     `could not be undone: somebody has to look now`,
	ApprovalAsked:      `needs an answer`,
	ApprovalAnswered:   `{{if .By}}{{.By}} says {{or .Said "yes"}}{{else}}is answered by nobody in time{{end}}`,
	ApprovalEscalated:  `still needs an answer`,
	GatePassed:         `passes gate {{.Gate}}`,
	GateFailed:         `fails gate {{.Gate}}`,
	GateInconclusive:   `cannot be judged by gate {{.Gate}}`,
	RolloutReached:     `has reached a step`,
	RolloutGoingBack:   `goes back`,
	RolloutStuck:       `is stuck`,
	RolloutDegraded:    `is degraded`,
	RolloutDrifted:     `was changed by somebody else`,
	Digest:             ``,
	Alarm:              ``,
}

// what chooses the words by the kind.
func what() string {
	var b strings.Builder
	b.WriteString(`{{define "what"}}`)
	branch := "{{if "
	for _, k := range append(Kinds(), Digest, Alarm) {
		b.WriteString(branch + `eq .Kind "` + string(k) + `"}}` + wording[k])
		branch = "{{else if "
	}
	b.WriteString(`{{end}}{{end}}`)
	return b.String()
}

// where is the release, and the stage of it.
const where = `{{define "where"}}{{.Name}}{{with .Stage}}, {{.}}{{end}}{{with .Region}} in {{.}}{{end}}{{end}}`

const subject = `{{template "where" .}}{{if eq .Kind "approval.answered"}}: {{else}} {{end}}{{template "what" .}}` +
	`{{if or (eq .Kind "approval.asked" "approval.escalated" "stage.parked") (eq .Severity.String "urgent")}}{{with .Reason}}: {{.}}{{end}}{{end}}`

const text = `{{template "where" .}}{{if eq .Kind "approval.answered"}}: {{else}} {{end}}{{template "what" .}}.
{{with .Reason}}
{{.}}
{{end}}{{if .Step}}
Nobody has answered since {{.Local .Since}}; this is escalation {{.Step}}.
{{end}}
Release:     {{.Release.ID}}{{with .Release.Service}} of {{.}}{{end}}{{with .Version}}, version {{.}}{{end}}{{with .Previous}} after {{.}}{{end}}
{{with .Release.RequestedBy}}Asked for:   by {{.}}{{with $.Release.Reason}}: {{.}}{{end}}
{{end}}{{with .Stage}}Stage:       {{.}}{{with $.Environment}}, in {{.}}{{end}}{{with $.Region}}, region {{.}}{{end}}
{{end}}{{if not .Until.IsZero}}Until:       {{.Local .Until}}
{{end}}Time:        {{.Local .Time}}
{{with .Repeated}}Left out:    {{.}} like it before
{{end}}`

var (
	defaultSubject = template.Must(template.New("subject").Parse(what() + where + subject))
	defaultText    = template.Must(template.New("text").Parse(what() + where + text))
)
