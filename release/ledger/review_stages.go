package ledger

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/davit-sdk/davit/stage"
)

// stages is a table of the stages, those that were made of one beneath it.
func (r *Review) stages(b *strings.Builder) {
	var lines, reasons strings.Builder
	table := tabwriter.NewWriter(&lines, 0, 0, 2, ' ', 0)
	s := r.State
	for i := range s.Stages {
		if s.Pipeline.Stages[i].Of != "" {
			continue
		}
		r.stage(table, &reasons, i, "  ")
		for j := range s.made(i) {
			r.stage(table, &reasons, j, "    ")
		}
	}
	table.Flush() // into memory: cannot fail
	for row := range strings.Lines(lines.String()) {
		b.WriteString(strings.TrimRight(row, " \n") + "\n")
	}
	b.WriteString(reasons.String())
}

// stage is the row of a stage, and its reason as a whole where that has several lines.
func (r *Review) stage(table *tabwriter.Writer, reasons *strings.Builder, i int, by string) {
	st := &r.State.Stages[i]
	took := "-"
	switch {
	case st.Running():
		took = round(r.Last.Sub(st.Started))
	case st.Attempt > 0:
		took = round(st.Took())
	case st.Expanded:
		took = round(r.together(i))
	}
	first, _, more := strings.Cut(strings.TrimSpace(st.Reason), "\n")
	if more {
		fmt.Fprintf(reasons, "\n%s of stage %s\n%s\n", st.Outcome, st.Name, indent(st.Reason, "  "))
		first += " ..."
	}
	fmt.Fprintf(table, "%s%s\t%s\t%s\t%s\n", by, st.Name, took, line(standingOf(st)), line(first))
}

// together is how long the stages took that were made of one, from the first begin.
func (r *Review) together(i int) time.Duration {
	var first time.Time
	for j := range r.State.made(i) {
		if at := r.State.Stages[j].Started; !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	last := r.State.Stages[i].Ended
	if last.IsZero() {
		last = r.Last
	}
	if first.IsZero() {
		return 0
	}
	return last.Sub(first)
}

// standingOf is where a stage stands, in words.
func standingOf(st *StageState) string {
	words := string(st.Outcome)
	switch {
	case st.Running() && st.Attempt > 1:
		words = fmt.Sprintf("running, attempt %d", st.Attempt)
	case st.Running():
		words = "running"
	case st.Expanded && words == "":
		words = fmt.Sprintf("%d to go", st.Left)
	case words == "":
		words = "not begun"
	case st.Parked != "":
		words += ", waits for a person"
	case !st.RetryAt.IsZero():
		words += ", tried again at " + stamp(st.RetryAt)
	case st.Outcome == stage.Waiting && !st.Until.IsZero():
		words += " until " + stamp(st.Until)
	}
	if st.By != "" {
		words += " by " + st.By
	}
	if st.Copied {
		words += " (taken over)"
	}
	switch {
	case st.Undone():
		words += ", undone"
	case st.Undo.Over():
		words += ", not undone"
	case st.Undo != nil:
		words += ", being undone"
	}
	return words
}

// evidence are the last verdicts of each gate.
func (r *Review) evidence(b *strings.Builder) {
	head := "\nEvidence\n"
	for i := range r.State.Stages {
		for _, v := range r.State.Stages[i].Evidence {
			b.WriteString(head)
			head = ""
			fmt.Fprintf(b, "  %s, gate %s: %s: %s\n", r.State.Stages[i].Name, line(v.Gate), line(string(v.Outcome)), line(v.Reason))
			for _, e := range v.Evidence {
				b.WriteString("    " + line(e.String()) + "\n")
			}
		}
	}
}
