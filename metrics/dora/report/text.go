package report

import (
	"bytes"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/davit-sdk/davit/metrics/dora"
)

// Text writes the report as aligned tables for a terminal, without colours. Nothing that an event says moves the
// cursor, or turns the direction of the text.
func Text(w io.Writer, r *dora.Report, o Options) error {
	o, err := o.ready(r)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	out.WriteString(visible(o.Title) + "\n" + strings.Repeat("=", width(visible(o.Title))) + "\n")
	for _, s := range sections(r, o) {
		textSection(&out, s)
	}
	return deliver(w, out.Bytes())
}

func textSection(out *bytes.Buffer, s section) {
	out.WriteByte('\n')
	if s.name != "" {
		out.WriteString(visible(s.name) + "\n\n")
	}
	sentences(out, s.before)
	if len(s.table.rows) > 0 {
		if len(s.before) > 0 {
			out.WriteByte('\n')
		}
		textTable(out, s.table)
		if len(s.after) > 0 {
			out.WriteByte('\n')
		}
	}
	sentences(out, s.after)
}

func sentences(out *bytes.Buffer, all []sentence) {
	for _, s := range all {
		for _, c := range s {
			out.WriteString(visible(c.text))
		}
		out.WriteByte('\n')
	}
}

func textTable(out *bytes.Buffer, t table) {
	rows := make([][]string, 0, len(t.rows)+1)
	var head []string
	for _, c := range t.columns {
		head = append(head, strings.ToUpper(visible(c.name)))
	}
	rows = append(rows, head)
	for _, r := range t.rows {
		texts := make([]string, len(r))
		for i, c := range r {
			texts[i] = visible(c.text)
		}
		rows = append(rows, texts)
	}
	widths := make([]int, len(t.columns))
	for _, r := range rows {
		for i, text := range r {
			widths[i] = max(widths[i], width(text))
		}
	}
	for _, r := range rows {
		var line strings.Builder
		for i, text := range r {
			pad := strings.Repeat(" ", widths[i]-width(text))
			if i > 0 {
				line.WriteString("  ")
			}
			if t.columns[i].right {
				line.WriteString(pad + text)
			} else {
				line.WriteString(text + pad)
			}
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// visible makes a text one line that shows all that is in it: what cannot be seen, or does something to a terminal, is
// shown by its number.
func visible(text string) string {
	clean := true
	for _, r := range text {
		clean = clean && r != utf8.RuneError && unicode.IsPrint(r)
	}
	if clean {
		return text
	}
	var out strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			out.WriteString(`\x` + hex(uint32(text[0]), 2))
		case unicode.IsPrint(r):
			out.WriteRune(r)
		case r > 0xffff:
			out.WriteString(`\U` + hex(uint32(r), 8))
		default:
			out.WriteString(`\u` + hex(uint32(r), 4))
		}
		text = text[size:]
	}
	return out.String()
}

func hex(n uint32, digits int) string {
	text := make([]byte, digits)
	for i := range text {
		text[digits-1-i] = "0123456789abcdef"[n>>(4*i)&15]
	}
	return string(text)
}

// width is how many cells of a terminal a text takes: the signs of some scripts take two.
func width(text string) int {
	n := 0
	for _, r := range text {
		switch {
		case r < 0x300:
			n++
		case unicode.In(r, unicode.Mn, unicode.Me):
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul), 0xff01 <= r && r <= 0xff60, 0x1f300 <= r && r <= 0x1faff:
			n += 2
		default:
			n++
		}
	}
	return n
}
