package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/davit-sdk/davit/metrics/dora"
)

// Markdown writes the report as Markdown with the tables of GitHub. What an event says stands in code: it is no
// link, no mention, no emphasis and no HTML, whatever is in it.
func Markdown(w io.Writer, r *dora.Report, o Options) error {
	o, err := o.ready(r)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	out.WriteString("# " + plain(o.Title) + "\n")
	for _, s := range sections(r, o) {
		out.WriteByte('\n')
		if s.name != "" {
			out.WriteString("## " + plain(s.name) + "\n\n")
		}
		paragraph(&out, s.before, len(s.table.rows)+len(s.after) > 0)
		if len(s.table.rows) > 0 {
			markdownTable(&out, s.table)
			if len(s.after) > 0 {
				out.WriteByte('\n')
			}
		}
		paragraph(&out, s.after, false)
	}
	return deliver(w, out.Bytes())
}

func paragraph(out *bytes.Buffer, all []sentence, more bool) {
	for i, s := range all {
		var text strings.Builder
		for _, c := range s {
			text.WriteString(marked(c))
		}
		out.WriteString(text.String() + "\n")
		if more || i < len(all)-1 {
			out.WriteByte('\n')
		}
	}
}

func markdownTable(out *bytes.Buffer, t table) {
	rule := ""
	for _, c := range t.columns {
		out.WriteString("| " + plain(c.name) + " ")
		if c.right {
			rule += "| ---: "
		} else {
			rule += "| --- "
		}
	}
	out.WriteString("|\n" + rule + "|\n")
	for _, r := range t.rows {
		for _, c := range r {
			out.WriteString("| " + marked(c) + " ")
		}
		out.WriteString("|\n")
	}
}

func marked(c cell) string {
	switch {
	case c.text == "":
		return ""
	case c.foreign:
		return code(c.text)
	}
	return plain(c.text)
}

// harmless says whether a sign means nothing in Markdown, neither in code nor in a table.
func harmless(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(" .,:;/%()+-='", r)
}

// code is a text as code. A text with signs that end code or a cell of a table, or that mean something to
// GitHub, is HTML in which they stand by their numbers.
func code(text string) string {
	text = visible(text)
	plain := strings.TrimSpace(text) == text
	for _, r := range text {
		plain = plain && (harmless(r) || r == '_' || r == '#')
	}
	if plain {
		return "`" + text + "`"
	}
	return "<code>" + entities(text, func(r rune) bool { return harmless(r) && r != ':' && r != '.' }) + "</code>"
}

// plain is a text of ours, or of whoever wrote the options or the rules, in which nothing is a mark, and no address a link.
func plain(text string) string {
	text = entities(visible(text), func(r rune) bool { return harmless(r) || r > 0x7f })
	text = strings.ReplaceAll(text, "://", "&#58;//")
	return strings.ReplaceAll(strings.ReplaceAll(text, "www.", "www&#46;"), "WWW.", "WWW&#46;")
}

func entities(text string, keep func(rune) bool) string {
	var out strings.Builder
	for _, r := range text {
		if keep(r) {
			out.WriteRune(r)
		} else {
			fmt.Fprintf(&out, "&#%d;", r)
		}
	}
	return out.String()
}
