package ledger

import (
	"encoding/json"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/stage"
)

// Review is the whole story of a release for people: the state that it came to, and what was said,
// measured and shown on the way, each in the order in which it happened. It holds what was recorded
// and nothing else.
type Review struct {
	State *State `json:"state"`
	// Began is when the release was recorded, Last the time of its last event.
	Began time.Time `json:"began"`
	Last  time.Time `json:"last"`
	// Signals are what people said.
	Signals []stage.Signal `json:"signals,omitempty"`
	// Unheard are the signals that a stage had not taken when it ended.
	Unheard []stage.Signal `json:"unheard,omitempty"`
	// Verdicts are all verdicts, with the stage that asked for them.
	Verdicts []StageVerdict `json:"verdicts,omitempty"`
	// Details are what stages showed of themselves.
	Details []Detail `json:"details,omitempty"`
}

// StageVerdict is a verdict that a stage recorded.
type StageVerdict struct {
	Stage   string       `json:"stage"`
	Verdict gate.Verdict `json:"verdict"`
}

// Detail is what a stage showed of itself.
type Detail struct {
	Stage string          `json:"stage"`
	Time  time.Time       `json:"time"`
	Name  string          `json:"name"`
	Data  json.RawMessage `json:"data"`
}

// NewReview tells the story of a release from its events. A release that is still under way can be
// reviewed, too.
func NewReview(events iter.Seq2[Event, error]) (*Review, error) {
	r := &Review{State: new(State)}
	for e, err := range events {
		if err != nil {
			return nil, err
		}
		if err := r.State.Apply(e); err != nil {
			return nil, err
		}
		r.add(e)
	}
	return r, nil
}

func (r *Review) add(e Event) {
	if e.Seq == 1 {
		r.Began = e.Time
	}
	r.Last = e.Time
	switch b := e.Body.(type) {
	case Signalled:
		r.Signals = append(r.Signals, b.Signal)
	case Judged:
		r.judge(e.Stage, b.Verdict)
	case Noted:
		r.Details = append(r.Details, Detail{e.Stage, e.Time, b.Name, b.Data})
	case Ended:
		for _, v := range b.Evidence {
			r.judge(e.Stage, v)
		}
		if st := r.State.Stage(e.Stage); st.Over() && b.Heard < len(st.Inbox) {
			r.Unheard = append(r.Unheard, st.Inbox[b.Heard:]...)
		}
	}
}

// judge adds a verdict, unless the stage has recorded the very same before: one that led to its end is
// often recorded when it is given, and again with the end.
func (r *Review) judge(name string, v gate.Verdict) {
	next := StageVerdict{name, v}
	if !slices.ContainsFunc(r.Verdicts, func(old StageVerdict) bool { return reflect.DeepEqual(old, next) }) {
		r.Verdicts = append(r.Verdicts, next)
	}
}

// Outcome is how the release ended; Interrupted where it was left unfinished, and empty while it is
// under way.
func (r *Review) Outcome() stage.Outcome {
	if !r.State.Over() && r.State.Idle() {
		return stage.Interrupted
	}
	return r.State.Outcome
}

// String is the review as text: what ran, how long and how it ended, the evidence, who said what, and
// the release notes. Control characters are left out.
func (r *Review) String() string {
	if r.State.Seq == 0 {
		return "nothing was recorded\n"
	}
	var b strings.Builder
	r.head(&b)
	b.WriteString("\nStages\n")
	r.stages(&b)
	r.evidence(&b)
	r.people(&b)
	if notes, err := Value(r.State, stage.Notes); err == nil && notes != "" {
		b.WriteString("\nRelease notes\n" + indent(notes, "  ") + "\n")
	}
	return plain(b.String())
}

// plain is the text without what steers a terminal: a stage's output is shown, and obeyed by nothing.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) {
			return -1
		}
		return r
	}, text)
}

func (r *Review) head(b *strings.Builder) {
	s := r.State
	outcome := string(r.Outcome())
	if outcome == "" {
		outcome = "under way"
	}
	fmt.Fprintf(b, "Release %s of %s: %s", s.Release.ID, s.Release.Service, outcome)
	if s.By != "" {
		fmt.Fprintf(b, " by %s", s.By)
	}
	fmt.Fprintf(b, ", %s\n", round(r.Last.Sub(r.Began)))
	reason := s.Reason
	if reason == "" && s.Interrupted != nil && !s.Over() {
		reason = s.Interrupted.Reason
	}
	if reason != "" {
		b.WriteString(indent(reason, "  ") + "\n")
	}
	fmt.Fprintf(b, "  requested by %s at %s", s.Release.RequestedBy, stamp(r.Began))
	if s.Release.Reason != "" {
		fmt.Fprintf(b, ": %s", s.Release.Reason)
	}
	b.WriteString("\n")
	if origin := s.origin(); origin != "" {
		b.WriteString("  " + origin + "\n")
	}
	if version, err := Value(s, stage.Version); err == nil {
		fmt.Fprintf(b, "  version %s", version)
		if previous, err := Value(s, stage.Previous); err == nil && previous != "" {
			fmt.Fprintf(b, ", after %s", previous)
		}
		b.WriteString("\n")
	}
	if built, err := Value(s, stage.Built); err == nil {
		fmt.Fprintf(b, "  artifact %s\n", built.Digest)
	}
}

func (r *Review) stages(b *strings.Builder) {
	var lines, reasons strings.Builder
	table := tabwriter.NewWriter(&lines, 0, 0, 2, ' ', 0)
	for i := range r.State.Stages {
		st := &r.State.Stages[i]
		outcome, took := string(st.Outcome), "-"
		switch {
		case st.Running():
			outcome, took = "running", round(r.Last.Sub(st.Started))
		case outcome == "":
			outcome = "not begun"
		case st.Attempt > 0:
			took = round(st.Took())
		}
		if st.By != "" {
			outcome += " by " + st.By
		}
		if st.Copied {
			outcome += " (taken over)"
		}
		switch {
		case st.Undone():
			outcome += ", undone"
		case st.Undo.Over():
			outcome += ", not undone"
		case st.Undo != nil:
			outcome += ", being undone"
		}
		first, _, more := strings.Cut(strings.TrimSpace(st.Reason), "\n")
		if more {
			fmt.Fprintf(&reasons, "\n%s of stage %s\n%s\n", st.Outcome, st.Name, indent(st.Reason, "  "))
			first += " ..."
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", st.Name, took, outcome, first)
	}
	table.Flush() // into memory: cannot fail
	for line := range strings.Lines(lines.String()) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	b.WriteString(reasons.String())
}

// evidence are the last verdicts of each gate.
func (r *Review) evidence(b *strings.Builder) {
	head := "\nEvidence\n"
	for i := range r.State.Stages {
		for _, v := range r.State.Stages[i].Evidence {
			b.WriteString(head)
			head = ""
			fmt.Fprintf(b, "  %s, gate %s: %s: %s\n", r.State.Stages[i].Name, v.Gate, v.Outcome, v.Reason)
			for _, e := range v.Evidence {
				fmt.Fprintf(b, "    %s: %.6g, asked for %s %.6g, %d samples\n", e.What, e.Value, e.Rule, e.Limit, e.Samples)
			}
		}
	}
}

func (r *Review) people(b *strings.Builder) {
	if len(r.Signals) > 0 {
		b.WriteString("\nPeople\n")
	}
	unheard := make(map[string]bool, len(r.Unheard))
	for _, sig := range r.Unheard {
		unheard[sig.ID] = true
	}
	for _, sig := range r.Signals {
		on := sig.Stage
		if on == "" {
			on = "the release"
		}
		fmt.Fprintf(b, "  %s %s: %s %s", stamp(sig.At), sig.By, sig.Kind, on)
		if sig.Why != "" {
			fmt.Fprintf(b, ": %s", sig.Why)
		}
		if unheard[sig.ID] {
			b.WriteString(" (came when the stage no longer asked)")
		}
		b.WriteString("\n")
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// round is a duration with as many digits as people care for.
func round(d time.Duration) string {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Millisecond).String()
}

func indent(text, by string) string {
	return by + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+by)
}
