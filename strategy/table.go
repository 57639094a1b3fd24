package strategy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// Table prints the plan as a person approves it: a few lines on what it promises, and then one row
// for each step, numbered from 1, below a row for what runs now. CAPACITY is how few instances
// answer and how many exist at most on the way into the step and in it; EXPOSED is the share of the
// traffic that meets the new revision, or what is taken back. A step that the target walks by itself has
// its own column to say so, and the limits as its CAPACITY.
//
// The result ends with a line break and contains no control characters but those between lines,
// whatever names the plan has.
func (p Plan) Table() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s: %s -> %s\n", clean(p.Strategy), clean(p.Leaves().String()), clean(p.To.String()))
	out.WriteString(p.Limits.String() + "\n")
	if p.HoldBack > 0 {
		fmt.Fprintf(&out, "%d instances of %s are held back\n", p.HoldBack, clean(p.From.Stable.Revision.String()))
	}
	out.WriteString("\n")

	t := table{plan: p, roles: p.roles()}
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, row := range t.rows() {
		// A last cell without a tab would not be aligned, and spaces at the end of a line are
		// of no use to anybody.
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	w.Flush()
	return trimLines(out.String())
}

// String is the limits in a sentence.
func (l Limits) String() string {
	parts := []string{fmt.Sprintf("at least %d available", l.MinAvailable)}
	if l.MinAvailable == 0 {
		parts[0] = "downtime allowed"
	}
	if l.MaxTotal > 0 {
		parts = append(parts, fmt.Sprintf("at most %d instances", l.MaxTotal))
	}
	if l.Load > 0 {
		parts = append(parts, fmt.Sprintf("%d for all of the traffic", l.Load))
	}
	return strings.Join(parts, ", ")
}

// Leaves is the revision that the plan leads away from: stable's, but the candidate's on a way back
// and where Rolling goes back to stable.
func (p Plan) Leaves() Revision {
	if c := p.From.Candidate; !c.absent() && c.Revision != p.To && (p.Back() || p.From.Stable.Revision == p.To) {
		return c.Revision
	}
	return p.From.Stable.Revision
}

// roles are the roles that the plan's states fill, so that the table has no empty columns.
func (p Plan) roles() []Role {
	var roles []Role
	for _, role := range []Role{Stable, Baseline, Candidate} {
		used := !p.From.Group(role).absent()
		for i := range p.Steps {
			used = used || !p.Steps[i].State.Group(role).absent()
		}
		if used {
			roles = append(roles, role)
		}
	}
	return roles
}

type table struct {
	plan  Plan
	roles []Role
}

func (t table) rows() [][]string {
	head := []string{"STEP", "WHY"}
	for _, role := range t.roles {
		head = append(head, strings.ToUpper(string(role)))
	}
	head = append(head, "CAPACITY", "EXPOSED", "BAKE", "GATES", "PAUSE", "DEADLINE", "WALKED BY", "NO WAY BACK")
	now := t.row("now", "what runs", capacityCell(t.plan.From, t.plan.From), t.plan.From)
	rows := [][]string{head, append(now, "-", "-", "-", "-", "-", "-")}
	last := t.plan.From
	for i := range t.plan.Steps {
		s := &t.plan.Steps[i]
		capacity, by := capacityCell(last, s.State), "-"
		if s.Native {
			capacity, by = t.mixCell(last), "the target itself"
		}
		row := t.row(strconv.Itoa(i+1), s.Reason, capacity, s.State)
		rows = append(rows, append(row, orDash(s.Bake), list(s.Gates), pauseCell(s.Pause),
			orDash(s.Deadline), by, textCell(s.Irreversible)))
		last = s.State
	}
	return t.withoutEmpty(rows)
}

func (t table) row(number, why, capacity string, s State) []string {
	row := []string{number, clean(why)}
	for _, role := range t.roles {
		row = append(row, t.groupCell(s.Group(role)))
	}
	return append(row, capacity, t.plan.exposed(s).String())
}

// mixCell is the capacity of a step that is left to the target: what the limits promise.
func (t table) mixCell(before State) string {
	least, most := t.plan.Limits.MinAvailable, "?"
	if before.Dark() {
		least = 0
	}
	if n := t.plan.Limits.MaxTotal; n > 0 {
		most = strconv.Itoa(n)
	}
	return fmt.Sprintf("%d..%s", least, most)
}

// withoutEmpty leaves out the columns behind EXPOSED in which no step says anything.
func (t table) withoutEmpty(rows [][]string) [][]string {
	fixed := 4 + len(t.roles)
	for column := len(rows[0]) - 1; column >= fixed; column-- {
		said := slices.ContainsFunc(rows[1:], func(row []string) bool { return row[column] != "-" })
		if !said {
			for i := range rows {
				rows[i] = slices.Delete(rows[i], column, column+1)
			}
		}
	}
	return rows
}

func (t table) groupCell(g Group) string {
	if g.absent() {
		return "-"
	}
	cell := fmt.Sprintf("%d x %s, %s", g.Replicas, t.plan.name(g.Revision), g.Share)
	for _, m := range g.Match {
		cell += ", " + m.String()
	}
	if !g.Mirror.IsZero() {
		cell += ", copies of " + g.Mirror.String()
	}
	return clean(cell)
}

func capacityCell(before, s State) string {
	phases, err := Transition(before, s)
	if err != nil {
		return "?"
	}
	least, most := certain(before, before), 0
	for _, phase := range phases {
		least = min(least, certain(before, phase.State))
		most = max(most, peak(before, phase.State))
		before = phase.State
	}
	return fmt.Sprintf("%d..%d", least, most)
}

// certain is how many instances of the groups that answer exist at both ends of a phase.
func certain(before, after State) int {
	n := 0
	for role, g := range after.Groups() {
		if !g.Share.IsZero() {
			n += min(g.Replicas, before.groupOf(after.Pool(role)).Replicas)
		}
	}
	return n
}

func orDash(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return d.String()
}

func list(names []string) string { return textCell(strings.Join(names, ", ")) }

func textCell(s string) string {
	if s == "" {
		return "-"
	}
	return clean(s)
}

func pauseCell(p *Pause) string {
	if p == nil {
		return "-"
	}
	cell := "for a go"
	if p.Reason != "" {
		cell = p.Reason
	}
	if p.Deadline > 0 {
		answer := p.Default
		if answer == "" {
			answer = AnswerAbort
		}
		cell += fmt.Sprintf(" (%s after %s)", answer, p.Deadline)
	}
	return clean(cell)
}

// clean keeps a name from being more than a name: line breaks could forge a row of a table that
// somebody approves, and format characters could hide one.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.In(r, unicode.Zl, unicode.Zp):
			return ' '
		case unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, s)
}

func trimLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}
