package maturity

import (
	"fmt"
	"strconv"
	"strings"
)

// Markdown is the assessment for a page: what Text says, in tables. Nothing that a name or a note says becomes a link, HTML or any other mark.
func (a *Assessment) Markdown() string {
	var out strings.Builder
	fmt.Fprintf(&out, "# %s %s\n\n", escape(a.Title), escape(a.Version))
	fmt.Fprintf(&out, "At %s. Source: %s (%d). Rule: %s.\n\n", stamp(a.At), escape(a.Source), a.Year, a.Rule)
	heads := append([]string{"Dimension", "Lowest", "Possible", "Of"}, a.columns()...)
	var rows [][]string
	for _, s := range a.Spreads {
		rows = append(rows, append([]string{s.Title, a.lowest(s), strconv.Itoa(s.Possible), strconv.Itoa(s.Highest)}, s.cells()...))
	}
	grid(&out, heads, rows)
	fmt.Fprintf(&out, "\nHow many services are on which level. %s.\n", escape(capital(a.Legacy.String())))
	a.advise(&out, "## What comes next", a.Next, true)
	for _, p := range a.Services {
		fmt.Fprintf(&out, "\n## %s\n", escape(p.Service))
		if p.Standing != "" {
			fmt.Fprintf(&out, "\nStanding: %s\n", escape(string(p.Standing)))
		}
		for i, d := range p.Dimensions {
			fmt.Fprintf(&out, "\n### %s: %s\n\n", escape(a.Spreads[i].Title), escape(a.reached(d)))
			var rows [][]string
			for _, f := range d.Findings {
				rows = append(rows, []string{strconv.Itoa(f.Level), f.mark(), f.Name, f.Why + f.shown(), f.Source})
			}
			grid(&out, []string{"Level", "Holds", "Practice", "Why", "Source"}, rows)
		}
		a.advise(&out, "### What comes next", p.Next, false)
	}
	return out.String()
}

// advise writes next steps.
func (a *Assessment) advise(out *strings.Builder, title string, all []Advice, services bool) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s\n\n", title)
	grid(out, []string{"Score", "Impact", "Effort", "Level", "Practice", "What to do"}, a.steps(all, services)[1:])
}

// grid writes a table.
func grid(out *strings.Builder, heads []string, rows [][]string) {
	line := func(cells []string) {
		out.WriteString("|")
		for _, c := range cells {
			out.WriteString(" " + escape(strings.TrimSpace(c)) + " |")
		}
		out.WriteString("\n")
	}
	line(heads)
	out.WriteString(strings.Repeat("| --- ", len(heads)) + "|\n")
	for _, row := range rows {
		line(row)
	}
}

// escape makes plain text of what Markdown would take for a mark, or a host for a link.
func escape(text string) string {
	var out strings.Builder
	for _, r := range clean(text) {
		if strings.ContainsRune("\\`*_{}[]<>#|~&!$@", r) {
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	return strings.NewReplacer("://", `:\/\/`, "www.", `www\.`).Replace(out.String())
}

// capital begins with a capital letter.
func capital(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
