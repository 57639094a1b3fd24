package notify

import "text/template"

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
}

// where is the release, and the stage of it.
const where = `{{.Name}}{{with .Stage}}, {{.}}{{end}}{{with .Region}} in {{.}}{{end}}`

// more is the rest of a text.
const more = `.
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
	subjects = defaults(func(_ Kind, words string) string {
		return where + words + `{{if ne .Severity.String "info"}}{{with .Reason}}: {{.}}{{end}}{{end}}`
	})
	texts = defaults(func(_ Kind, words string) string { return where + words + more })
)

// defaults are the templates of all kinds. They are made once: to choose among the kinds within one template takes longer than all the rest.
func defaults(of func(k Kind, words string) string) map[Kind]*template.Template {
	all := map[Kind]*template.Template{}
	for _, k := range Kinds() {
		mark := " "
		if k == ApprovalAnswered {
			mark = ": "
		}
		all[k] = template.Must(template.New(string(k)).Parse(of(k, mark+wording[k])))
	}
	return all
}
