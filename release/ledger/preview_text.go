package ledger

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/davit-sdk/davit/stage"
)

// String is the preview as text: how long it takes, what runs when, what each stage needs and does,
// what becomes of a failure, and what is missing. Control characters are left out.
func (p *Preview) String() string {
	var b strings.Builder
	p.head(&b)
	p.order(&b)
	p.section(&b, "What they need and do", func(s *PreviewStage) (string, string) { return s.Name, s.traits() })
	p.failures(&b)
	p.section(&b, "Not run", func(s *PreviewStage) (string, string) {
		if s.Runs() {
			return "", ""
		}
		outcome := string(s.Outcome)
		if s.Copied {
			outcome += " in an earlier release"
		}
		return s.Name, sentence(outcome, s.Reason)
	})
	if len(p.Missing) > 0 {
		b.WriteString("\nMissing\n")
		for _, what := range p.Missing {
			b.WriteString(indent(what, "  ") + "\n")
		}
	}
	return plain(b.String())
}

func (p *Preview) head(b *strings.Builder) {
	fmt.Fprintf(b, "Preview of release %s of %s by pipeline %s\n", p.Release.ID, p.Release.Service, p.Pipeline)
	if p.Forked != nil {
		fmt.Fprintf(b, "  forked from release %s at stage %s\n", p.Forked.Release, p.Forked.Stage)
	}
	p.times(b)
	if len(p.Asks) > 0 {
		fmt.Fprintf(b, "  and the time that people take to answer %s\n", strings.Join(p.Asks, ", "))
	}
	if len(p.Critical) > 1 && p.Total > 0 {
		fmt.Fprintf(b, "  the longest way is %s\n", strings.Join(p.Critical, " -> "))
	}
}

// times tells how long it takes, and how much of that is not known.
func (p *Preview) times(b *strings.Builder) {
	if p.Total == 0 && p.AtLeast {
		b.WriteString("  takes a time that is not known\n")
		return
	}
	least := ""
	if p.AtLeast {
		least = "at least "
	}
	fmt.Fprintf(b, "  takes %s%s", least, round(p.Total))
	if p.Slow > p.Total {
		fmt.Fprintf(b, ", and %s%s when every stage is slow", least, round(p.Slow))
	}
	fmt.Fprintf(b, ", by %s\n", count(p.Releases, "earlier release"))
	if len(p.Unknown) > 0 {
		fmt.Fprintf(b, "  without the time of %s, which is not known\n", strings.Join(p.Unknown, ", "))
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// order is a table of what runs when.
func (p *Preview) order(b *strings.Builder) {
	var lines strings.Builder
	table := tabwriter.NewWriter(&lines, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "  wave\tbegins\ttakes\tslow\truns\tstage\twhere\tneeds\n")
	rows := 0
	for i := range p.Stages {
		s := &p.Stages[i]
		if !s.Runs() {
			continue
		}
		rows++
		begins, takes, slow, runs := round(s.Start), "not known", "", ""
		if s.AtLeast {
			begins += " or later"
		}
		switch e := s.Estimate; {
		case len(s.Items) > 0:
			if !p.unknown(s.Name) {
				takes = round(s.End - s.Start)
			}
		case e != nil:
			takes, slow, runs = round(e.Median), round(e.P90), fmt.Sprint(e.Runs)
			if e.Of != "" {
				runs += " of all"
			}
		}
		fmt.Fprintf(table, "  %d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.Wave, begins, takes, slow, runs, s.Name, s.Environment, strings.Join(s.Needs, ", "))
	}
	table.Flush() // into memory: cannot fail
	if rows == 0 {
		b.WriteString("\nNothing runs\n")
		return
	}
	b.WriteString("\nStages\n")
	trimmed(b, lines.String())
}

// unknown reports whether it is not known how long one of the stages takes that are made of one.
func (p *Preview) unknown(of string) bool {
	return slices.ContainsFunc(p.Stages, func(s PreviewStage) bool { return s.Of == of && s.Runs() && s.Estimate == nil })
}

// trimmed writes lines without blanks at their ends.
func trimmed(b *strings.Builder, lines string) {
	for line := range strings.Lines(lines) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
}

// section is a table of names and what is said of them; stages of which nothing is said are left out.
func (p *Preview) section(b *strings.Builder, title string, say func(*PreviewStage) (name, text string)) {
	var lines strings.Builder
	table := tabwriter.NewWriter(&lines, 0, 0, 2, ' ', 0)
	for i := range p.Stages {
		if name, text := say(&p.Stages[i]); text != "" {
			fmt.Fprintf(table, "  %s\t%s\n", name, strings.ReplaceAll(strings.TrimSpace(text), "\n", " "))
		}
	}
	table.Flush() // into memory: cannot fail
	if lines.Len() > 0 {
		b.WriteString("\n" + title + "\n")
		trimmed(b, lines.String())
	}
}

// traits are what a stage that runs needs and does, as far as it is not what each stage does.
func (p *PreviewStage) traits() string {
	if !p.Runs() || p.Of != "" { // what is made of a stage is as that is
		return ""
	}
	var all []string
	say := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	list := func(what string, names []string) {
		if len(names) > 0 {
			say("%s %s", what, strings.Join(names, ", "))
		}
	}
	if p.Each != nil {
		if len(p.Items) > 0 {
			say("one for each of %s (%s)", strings.Join(p.Items, ", "), p.Each.Key.Name)
		} else {
			say("one for each of key %s, which is written on the way", p.Each.Key.Name)
		}
		if p.Each.Parallel > 0 {
			say("%d at once", p.Each.Parallel)
		}
	}
	for _, c := range p.When {
		say("when %s", c)
	}
	list("reads", names(p.Reads))
	list("writes", names(p.Writes))
	list("gates", p.gates())
	list("secrets", p.Secrets)
	var kinds []string
	for _, kind := range p.Listens {
		kinds = append(kinds, string(kind))
	}
	list("listens for", kinds)
	return strings.Join(append(all, p.rules()...), "; ")
}

// gates are the gates by their names: an empty one bears the name of the stage.
func (p *PreviewStage) gates() []string {
	gates := slices.Clone(p.Gates)
	for i, name := range gates {
		if name == "" {
			gates[i] = p.Name
		}
	}
	return gates
}

// rules are what the pipeline and the stage's class say of it.
func (p *PreviewStage) rules() []string {
	var all []string
	add := func(yes bool, format string, args ...any) {
		if yes {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	add(p.Effect != stage.Idempotent, "%s", p.Effect)
	add(p.CanUndo, "can be undone")
	add(p.Irreversible, "irreversible")
	add(p.Always, "runs always")
	add(p.Retry.Attempts > 1, "%d attempts", p.Retry.Attempts)
	add(p.Timeout > 0, "at most %s", limit(p.Timeout))
	add(p.AttemptTimeout > 0, "at most %s an attempt", limit(p.AttemptTimeout))
	add(p.OnFailure != "" && p.OnFailure != Stop, "on failure %s", p.OnFailure)
	return all
}

// limit is a duration as it was set.
func limit(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func names(refs []stage.Ref) []string {
	var all []string
	for _, r := range refs {
		all = append(all, r.Name)
	}
	return all
}

// failures tells what becomes of the release where a stage fails; stages of which the same is to be told
// share a line.
func (p *Preview) failures(b *strings.Builder) {
	var texts []string
	more := 0
	stages := make(map[string][]string)
	for i := range p.Stages {
		s := &p.Stages[i]
		if s.IfFails == nil {
			if s.Runs() && len(s.Items) == 0 {
				more++
			}
			continue
		}
		text := s.IfFails.String()
		if stages[text] == nil {
			texts = append(texts, text)
		}
		stages[text] = append(stages[text], s.Name)
	}
	if len(texts) == 0 {
		return
	}
	b.WriteString("\nIf one fails\n")
	for _, text := range texts {
		fmt.Fprintf(b, "  %s: %s\n", strings.Join(stages[text], ", "), text)
	}
	if more > 0 {
		fmt.Fprintf(b, "  %s more: not worked out\n", count(more, "stage"))
	}
}

// String is the consequence in words: "the release ends as rolled-back, after the undo of b, a".
func (c *Consequence) String() string {
	text := "the release ends as " + string(c.Outcome)
	if c.Outcome == "" {
		text = "the release waits: " + c.Frozen
	}
	if len(c.Undone) > 0 {
		text += ", after the undo of " + strings.Join(c.Undone, ", ")
	}
	return text
}
