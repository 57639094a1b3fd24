package ledger

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/davit-sdk/davit/stage"
)

// String is the review as text: what ran, how long and how it ended, what was tried again and what was
// undone, what the release waits for, the evidence, who said what, and the release notes. What steers a
// terminal is left out.
func (r *Review) String() string {
	if r.State.Seq == 0 {
		return "nothing was recorded\n"
	}
	var b strings.Builder
	r.head(&b)
	r.waits(&b)
	b.WriteString("\nStages\n")
	r.stages(&b)
	r.attempts(&b)
	r.undo(&b)
	r.evidence(&b)
	r.people(&b)
	r.hosts(&b)
	if notes, err := Value(r.State, stage.Notes); err == nil && notes != "" {
		b.WriteString("\nRelease notes\n" + indent(notes, "  ") + "\n")
	}
	return plain(b.String())
}

// plain is the text without what steers a terminal, or turns the direction in which text is read: a
// stage's output is shown, and obeyed by nothing.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			return -1
		}
		return r
	}, text)
}

// line is the text in one line, so that nothing which comes from outside looks like a line of its own.
func line(text string) string {
	return strings.TrimSpace(plain(strings.Map(func(r rune) rune {
		switch r {
		case '\n', '\r', '\t', '\v', '\f', '\u0085', '\u2028', '\u2029':
			return ' '
		}
		return r
	}, text)))
}

func (r *Review) head(b *strings.Builder) {
	s := r.State
	outcome := string(r.Outcome())
	if outcome == "" {
		outcome = "under way"
	}
	fmt.Fprintf(b, "Release %s of %s: %s", line(s.Release.ID), line(s.Release.Service), outcome)
	if s.By != "" {
		fmt.Fprintf(b, " by %s", line(s.By))
	}
	fmt.Fprintf(b, ", %s\n", round(r.Last.Sub(r.Began)))
	reason := s.Reason
	if reason == "" && s.Interrupted != nil && !s.Over() {
		reason = s.Interrupted.Reason
	}
	if reason != "" {
		b.WriteString(indent(reason, "  ") + "\n")
	}
	fmt.Fprintf(b, "  requested by %s at %s", line(s.Release.RequestedBy), stamp(r.Began))
	if s.Release.Reason != "" {
		fmt.Fprintf(b, ": %s", line(s.Release.Reason))
	}
	b.WriteString("\n")
	if origin := s.origin(); origin != "" {
		b.WriteString("  " + line(origin) + "\n")
	}
	if version, err := Value(s, stage.Version); err == nil {
		fmt.Fprintf(b, "  version %s", line(version))
		if previous, err := Value(s, stage.Previous); err == nil && previous != "" {
			fmt.Fprintf(b, ", after %s", line(previous))
		}
		b.WriteString("\n")
	}
	if built, err := Value(s, stage.Built); err == nil {
		fmt.Fprintf(b, "  artifact %s\n", line(built.Digest))
	}
}

// waits are what a release that is not over waits for.
func (r *Review) waits(b *strings.Builder) {
	s := r.State
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, line(fmt.Sprintf(format, args...))) }
	if s.Paused != nil {
		say("a person to resume the release: %s", sentence("paused by "+s.Paused.By, s.Paused.Why))
	}
	for i := range s.Stages {
		st := &s.Stages[i]
		switch {
		case st.Parked != "":
			say("stage %s: %s", st.Name, st.Parked)
		case st.Over() && st.Undo != nil && !st.Undo.RetryAt.IsZero():
			say("stage %s: to be undone again at %s", st.Name, stamp(st.Undo.RetryAt))
		case st.Over(), st.Running():
		case st.Outcome == stage.Waiting:
			say("stage %s: %s", st.Name, sentence(awaited(&s.Pipeline.Stages[i], st.Until), st.Reason))
		case !st.RetryAt.IsZero():
			say("stage %s: its next attempt at %s", st.Name, stamp(st.RetryAt))
		}
	}
	if s.Over() || len(lines) == 0 {
		return
	}
	b.WriteString("\nWaits for\n  " + strings.Join(lines, "\n  ") + "\n")
}

// awaited is what a stage waits for.
func awaited(node *Stage, until time.Time) string {
	var kinds []string
	for _, kind := range node.Listens {
		kinds = append(kinds, string(kind))
	}
	for n := range max(len(kinds)-2, 0) {
		kinds[n] += ","
	}
	if len(kinds) > 1 {
		kinds = slices.Insert(kinds, len(kinds)-1, "or")
	}
	if !until.IsZero() {
		kinds = append(kinds, "until "+stamp(until))
	}
	return strings.Join(kinds, " ")
}

// attempts are those that were not the last ones of their stages.
func (r *Review) attempts(b *strings.Builder) {
	head := "\nEarlier attempts\n"
	for _, a := range r.Attempts {
		what := a.Stage
		if a.Undo {
			what = "undo of " + what
		}
		fmt.Fprintf(b, "%s  %s, attempt %d, %s: %s\n", head, what, a.Attempt, round(a.Ended.Sub(a.Began)),
			line(sentence(string(a.Outcome), a.Reason)))
		head = ""
	}
}

// undo is what was undone, in that order, and what was not though it could be.
func (r *Review) undo(b *strings.Builder) {
	s := r.State
	if s.Undoing == nil {
		return
	}
	head := "Undo"
	if s.Undoing.By != "" {
		head += " by " + s.Undoing.By
	}
	b.WriteString("\n" + line(sentence(head, s.Undoing.Reason)) + "\n")
	var begun, left []*StageState
	for i := range s.Stages {
		st := &s.Stages[i]
		switch {
		case st.Undo != nil:
			begun = append(begun, st)
		case s.Over() && s.reversible(i):
			left = append(left, st)
		}
	}
	slices.SortStableFunc(begun, func(a, b *StageState) int { return a.Undo.Began.Compare(b.Undo.Began) })
	for _, st := range begun {
		outcome, took := string(st.Undo.Outcome), round(st.Undo.Ended.Sub(st.Undo.Began))
		if st.Undo.Running() {
			outcome, took = "running", round(r.Last.Sub(st.Undo.Began))
		}
		fmt.Fprintf(b, "  %s, %s: %s\n", st.Name, took, line(sentence(outcome, st.Undo.Reason)))
	}
	for _, st := range left {
		fmt.Fprintf(b, "  %s: left as it is, for what stands on it\n", st.Name)
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
		fmt.Fprintf(b, "  %s %s: %s %s", stamp(sig.At), line(sig.By), sig.Kind, on)
		if sig.Why != "" {
			fmt.Fprintf(b, ": %s", line(sig.Why))
		}
		if unheard[sig.ID] {
			b.WriteString(" (the stage did not take it)")
		}
		b.WriteString("\n")
	}
}

// hosts are those that carried the release, where there was more than one.
func (r *Review) hosts(b *strings.Builder) {
	if len(r.Hosts) < 2 {
		return
	}
	b.WriteString("\nHosts\n")
	for _, h := range r.Hosts {
		fmt.Fprintf(b, "  %s %s", stamp(h.Since), line(h.Host))
		if len(h.Lost) > 0 {
			fmt.Fprintf(b, " (the one before was lost while it ran %s)", strings.Join(h.Lost, ", "))
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
