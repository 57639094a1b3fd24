package plan

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/davit-sdk/davit/changelog"
)

// table is a part of a plan that is printed.
type table struct {
	title string
	head  []string
	rows  [][]string
}

// Text is the plan for people, as tables.
func (p Plan) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", flat(p.Name), flat(p.Service))
	if p.Environment != "" {
		fmt.Fprintf(&b, " to %s", flat(p.Environment))
	}
	fmt.Fprintf(&b, " (%s)\n", p.Stands())
	if p.About != "" {
		b.WriteString(flat(p.About) + "\n")
	}
	for _, t := range p.tables() {
		fmt.Fprintf(&b, "\n%s\n", t.title)
		var lines strings.Builder
		w := tabwriter.NewWriter(&lines, 0, 0, 2, ' ', 0)
		for i, row := range append([][]string{t.head}, t.rows...) {
			cells := slices.Clone(row)
			for j := range cells {
				if cells[j] = flat(cells[j]); i == 0 {
					cells[j] = strings.ToUpper(cells[j])
				}
			}
			if i > 0 || len(t.head) > 0 {
				fmt.Fprintln(w, "  "+strings.Join(cells, "\t"))
			}
		}
		w.Flush() // into memory: cannot fail
		for line := range strings.Lines(lines.String()) {
			b.WriteString(strings.TrimRight(line, " \n") + "\n")
		}
	}
	return b.String()
}

// Markdown is the plan as a document. What people have written in it is text and never more.
func (p Plan) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s", safe(p.Name), safe(p.Service))
	if p.Environment != "" {
		fmt.Fprintf(&b, " to %s", safe(p.Environment))
	}
	fmt.Fprintf(&b, " (%s)\n", p.Stands())
	if p.About != "" {
		fmt.Fprintf(&b, "\n%s\n", safe(p.About))
	}
	for _, t := range p.tables() {
		fmt.Fprintf(&b, "\n## %s\n\n", t.title)
		head := t.head
		if len(head) == 0 {
			head = []string{"", ""}
		}
		fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat(" --- |", len(head)))
		for _, row := range t.rows {
			cells := slices.Clone(row)
			for j := range cells {
				cells[j] = safe(cells[j])
			}
			fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
		}
	}
	return b.String()
}

// safe is a text on one line that is nothing but text in Markdown, also in a table.
func safe(text string) string { return changelog.Escape(flat(text)) }

// tables are the parts of the plan that there are.
func (p Plan) tables() []table {
	all := []table{p.overview()}
	add := func(t table) {
		if len(t.rows) > 0 {
			all = append(all, t)
		}
	}
	scope := table{title: "Scope", head: []string{"what", "tickets"}}
	for _, list := range []struct {
		what string
		ids  []string
	}{{"features", p.Scope.Features}, {"fixes", p.Scope.Fixes}, {"bugs that must be gone", p.Scope.Gone}} {
		if len(list.ids) > 0 {
			scope.rows = append(scope.rows, []string{list.what, strings.Join(list.ids, ", ")})
		}
	}
	add(scope)
	phases := table{title: "Timeline", head: []string{"phase", "from", "until", "owner", "after", "stages", "asked", "downtime"}}
	byTime := slices.SortedStableFunc(slices.Values(p.Phases), func(a, b Phase) int { return a.From.Compare(b.From) })
	for _, ph := range byTime {
		down := "-"
		if ph.Downtime > 0 {
			down = ph.Downtime.String()
		}
		phases.rows = append(phases.rows, []string{ph.Name, stamp(ph.From), stamp(ph.Until), ph.Owner, or(ph.Needs), or(ph.Stages), asked(ph.Ask), down})
	}
	add(phases)
	add(p.team())
	groups := table{title: "Groups", head: []string{"group", "role", "people"}}
	for _, g := range p.Groups {
		groups.rows = append(groups.rows, []string{g.Name, string(g.Role), or(g.People)})
	}
	add(groups)
	add(p.booked())
	risks := table{title: "Risks", head: []string{"risk", "likelihood", "impact", "when", "then"}}
	for _, r := range p.Risks {
		risks.rows = append(risks.rows, []string{strings.TrimSuffix(r.Name+": "+r.Text, ": "), string(r.Likelihood), string(r.Impact), r.Trigger.String(), r.Mitigation.String()})
	}
	add(risks)
	add(criteria("To begin", p.Activate))
	add(criteria("To succeed", p.Succeed))
	moves := table{title: "Moves", head: []string{"to", "by", "at", "why"}}
	for _, m := range p.Moves {
		moves.rows = append(moves.rows, []string{string(m.To), m.By, stamp(m.At), m.Why})
	}
	add(moves)
	return all
}

// team are the people.
func (p Plan) team() table {
	people := table{title: "People", head: []string{"name", "zone", "works", "away"}}
	for _, one := range p.People {
		var works, away []string
		for _, h := range one.hours() {
			var days []string
			for _, d := range h.Days {
				days = append(days, string(d))
			}
			works = append(works, fmt.Sprintf("%s %s-%s", strings.Join(days, ","), h.From, h.To))
		}
		for _, s := range one.Away {
			away = append(away, stamp(s.From)+" to "+stamp(s.Until))
		}
		people.rows = append(people.rows, []string{one.Name, one.Zone, strings.Join(works, "; "), or(away)})
	}
	return people
}

// overview is what is there once.
func (p Plan) overview() table {
	back := p.Rollback.How
	if p.Rollback.Automatic {
		back += " (by itself)"
	}
	return table{title: "Overview", rows: [][]string{
		{"owner", p.Owner}, {"window", stamp(p.Window.From) + " to " + stamp(p.Window.Until)},
		{"downtime", "at most " + p.Downtime.Budget.String()},
		{"way back", fmt.Sprintf("%s; within %s; %s decides", back, p.Rollback.Within, p.Rollback.Decides)},
	}}
}

// booked are the resources and their bookings.
func (p Plan) booked() table {
	t := table{title: "Resources", head: []string{"resource", "amount", "from", "until"}}
	for _, b := range p.Bookings {
		amount := fmt.Sprint(max(1, b.Amount))
		for _, r := range p.Resources {
			if r.Name == b.Resource {
				amount = strings.TrimSpace(fmt.Sprintf("%s of %d %s", amount, max(1, r.Capacity), r.Unit))
			}
		}
		t.rows = append(t.rows, []string{b.Resource, amount, stamp(b.From), stamp(b.Until)})
	}
	return t
}

func criteria(title string, list []Criterion) table {
	t := table{title: title, head: []string{"criterion", "what", "within"}}
	for _, c := range list {
		what, within := asked(c.Ask), "-"
		if c.Gate != "" {
			what = "gate " + c.Gate
			if c.Bake > 0 {
				what += " for " + c.Bake.String()
			}
		}
		if c.Within > 0 {
			within = c.Within.String()
		}
		t.rows = append(t.rows, []string{strings.TrimSuffix(c.Name+": "+c.Text, ": "), what, within})
	}
	return t
}

func asked(a Ask) string {
	if a.Group == "" {
		return "-"
	}
	return fmt.Sprintf("%d of %s", a.quorum(), a.Group)
}

func or(list []string) string {
	if len(list) == 0 {
		return "-"
	}
	return strings.Join(list, ", ")
}
