package maturity

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// clean leaves out what steers a terminal, or breaks a line.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029':
			return -1
		}
		return r
	}, text)
}

// Text is the assessment for a terminal: how the services are spread, what comes next, and then each service with each practice and its evidence. It ends with
// a line break, and holds no control characters but those between lines.
func (a *Assessment) Text() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s %s (%d), at %s\n", clean(a.Title), clean(a.Version), a.Year, stamp(a.At))
	fmt.Fprintf(&out, "source: %s\nrule: %s\n\n", clean(a.Source), a.Rule)
	rows := [][]string{append([]string{"DIMENSION", "LOWEST", "POSSIBLE", "OF"}, a.columns()...)}
	for _, s := range a.Spreads {
		rows = append(rows, append([]string{s.Title, a.lowest(s), strconv.Itoa(s.Possible), strconv.Itoa(s.Highest)}, s.cells()...))
	}
	table(&out, rows)
	fmt.Fprintf(&out, "\n%s\n", a.Legacy)
	if len(a.Next) > 0 {
		out.WriteString("\nwhat comes next, over all services\n")
		table(&out, a.steps(a.Next, true))
	}
	for _, p := range a.Services {
		a.service(&out, p)
	}
	return out.String()
}

// service writes one service.
func (a *Assessment) service(out *strings.Builder, p Profile) {
	name := clean(p.Service)
	if p.Standing != "" {
		name += ", " + string(p.Standing)
	}
	fmt.Fprintf(out, "\n%s\n%s\n", name, strings.Repeat("=", len([]rune(name))))
	for i, d := range p.Dimensions {
		fmt.Fprintf(out, "\n%s: %s\n", clean(a.Spreads[i].Title), a.reached(d))
		var rows [][]string
		for _, f := range d.Findings {
			rows = append(rows, []string{"  " + strconv.Itoa(f.Level), f.mark(), f.Name, f.Why + f.shown()})
		}
		table(out, rows)
	}
	if len(p.Next) > 0 {
		out.WriteString("\nwhat comes next\n")
		table(out, a.steps(p.Next, false))
	}
}

// columns are the heads of the levels.
func (a *Assessment) columns() []string {
	all := []string{"0"}
	for i := range a.Levels {
		all = append(all, strconv.Itoa(i+1))
	}
	return all
}

// cells are how many services are on each level.
func (s Spread) cells() []string {
	var all []string
	for _, n := range s.Services {
		if n == 0 {
			all = append(all, ".")
		} else {
			all = append(all, strconv.Itoa(n))
		}
	}
	return all
}

// lowest is the lowest level, with where that is.
func (a *Assessment) lowest(s Spread) string {
	if len(s.Where) == 0 {
		return "-"
	}
	return fmt.Sprintf("%d (%s)", s.Lowest, some(s.Where, 3))
}

// some are the first few of many.
func some(all []string, most int) string {
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return strings.Join(all[:most], ", ") + fmt.Sprintf(" and %d more", len(all)-most)
}

// level is a level with its name.
func (a *Assessment) level(n int) string {
	if n == 0 || n > len(a.Levels) {
		return "level " + strconv.Itoa(n)
	}
	return fmt.Sprintf("level %d, %s", n, clean(a.Levels[n-1]))
}

func (a *Assessment) reached(d Reached) string {
	text := a.level(d.Level)
	if d.Possible > d.Level {
		text += fmt.Sprintf(" (up to %d, if what is unknown holds)", d.Possible)
	}
	if d.Next > 0 {
		text += fmt.Sprintf("; level %d lacks %s", d.Next, strings.Join(d.Missing, ", "))
	}
	return text
}

// String is the legacy systems in a sentence.
func (l Legacies) String() string {
	return fmt.Sprintf("legacy: %d of %s declared so, of %d nobody said; without an automated deployment: %d of %d that are told of; not deployed for %d days: %d of %d that are told of",
		l.Declared, count(l.Services, "service"), l.Undeclared, l.NotAutomated.K, l.NotAutomated.N, l.Days, l.NotDeployed.K, l.NotDeployed.N)
}

// steps are the rows of what comes next.
func (a *Assessment) steps(all []Advice, services bool) [][]string {
	rows := [][]string{{"  SCORE", "IMPACT", "EFFORT", "LEVEL", "PRACTICE", "WHAT TO DO"}}
	for _, s := range all {
		row := []string{"  " + strconv.FormatFloat(s.Score, 'f', 2, 64), strconv.Itoa(s.Impact), strconv.Itoa(s.Effort), strconv.Itoa(s.Level), s.Dimension + "/" + s.Practice, s.what(services)}
		rows = append(rows, row)
	}
	return rows
}

// what says what to do.
func (s Advice) what(services bool) string {
	text := s.Name
	if services {
		text += ": " + some(s.Services, 3)
	}
	switch {
	case s.Unknown == 0:
	case !services || s.Unknown == len(s.Services):
		text += "; nothing is known of it: tell, if it is so"
	default:
		text += fmt.Sprintf("; of %d nothing is known", s.Unknown)
	}
	if s.Others > 0 {
		text += fmt.Sprintf("; with %s", count(s.Others, "other"))
	}
	return text
}

// mark is the answer; what was declared otherwise is marked.
func (f Finding) mark() string {
	text := string(f.Answer)
	if f.Answer == Unknown {
		text = "?"
	}
	if f.Contradiction {
		text += " (!)"
	}
	return text
}

// shown are the events behind a finding.
func (f Finding) shown() string {
	e := f.Evidence
	if e == nil || len(e.Events) == 0 {
		return ""
	}
	text := " [" + strings.Join(e.Events, ", ")
	if e.More > 0 {
		text += fmt.Sprintf(" and %d more", e.More)
	}
	if !e.First.IsZero() {
		text += "; " + days(e.First, e.Last)
	}
	return text + "]"
}

// days are the days from one time to another.
func days(first, last time.Time) string {
	a, b := first.Format(time.DateOnly), last.Format(time.DateOnly)
	if a == b {
		return a
	}
	return a + " to " + b
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }

// table writes rows in columns; the first line decides how many.
func table(out *strings.Builder, rows [][]string) {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i := range row {
			row[i] = clean(row[i])
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	_ = w.Flush() // it writes to memory
	for line := range strings.Lines(text.String()) {
		out.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
}
