package prometheus

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// template is an expression of PromQL with placeholders.
type template struct {
	field     string // where the host wrote it
	pieces    []piece
	selectors []selector
	plain     bool // it is one selector, and nothing else
	windowed  bool // it has {window}
	names     []string
}

// newTemplate reads a template.
func newTemplate(field, text string) (template, error) {
	t := template{field: field}
	s, err := scan(text)
	if err != nil {
		return t, err
	}
	t.pieces, t.selectors = s.pieces, s.selectors
	for _, p := range s.pieces {
		switch p.name {
		case "":
		case windowName:
			t.windowed = true
		default:
			t.names = append(t.names, p.name)
		}
	}
	slices.Sort(t.names)
	t.names = slices.Compact(t.names)
	t.plain = isPlain(strings.TrimSpace(text), s)
	if t.plain && len(t.selectors) == 0 {
		t.selectors = []selector{{name: strings.TrimSpace(text)}}
	}
	return t, nil
}

var onlyName = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)

// isPlain reports whether a text is one selector alone.
func isPlain(text string, s *scanner) bool {
	if len(s.selectors) == 0 {
		return onlyName.MatchString(text) && !slices.Contains(keywords, strings.ToLower(text))
	}
	if len(s.selectors) > 1 || !strings.HasSuffix(text, "}") {
		return false
	}
	head, _, _ := strings.Cut(text, "{")
	return strings.TrimSpace(head) == s.selectors[0].name
}

// values are what placeholders are filled in with.
type values map[string]string

// fill is the expression with values filled in, for a stretch that is so long.
func (t template) fill(v values, window time.Duration) (string, error) {
	return render(t.pieces, v, window)
}

// errEmpty is a placeholder that a condition cannot be made of: label="" is met by all series without the label, and
// label=~".*" by all that there are.
var errEmpty = errors.New("is empty for this group, and would be answered with the series of others")

// render writes pieces.
func render(pieces []piece, v values, window time.Duration) (string, error) {
	var b strings.Builder
	for _, p := range pieces {
		switch p.name {
		case "":
			b.WriteString(p.text)
		case windowName:
			b.WriteString(duration(window))
		default:
			value, ok := v[p.name]
			if !ok {
				return "", fmt.Errorf("the labels of the group have no %q", p.name)
			}
			if value == "" {
				return "", fmt.Errorf("{%s} %w", p.name, errEmpty)
			}
			if p.regex {
				value = regexp.QuoteMeta(value)
			}
			escape(&b, value, p.quote)
		}
	}
	return b.String(), nil
}

// selection is the selector with values filled in, with further conditions.
func (s selector) selection(v values, further ...string) (string, error) {
	var b strings.Builder
	b.WriteString(s.name + "{")
	for i, m := range s.matchers {
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString(m.label + m.op)
		if m.op == "" {
			continue
		}
		value, err := render(m.value, v, 0)
		if err != nil {
			return "", err
		}
		b.WriteString(string(m.quote) + value + string(m.quote))
	}
	for i, f := range further {
		if i > 0 || len(s.matchers) > 0 {
			b.WriteString(",")
		}
		b.WriteString(f)
	}
	return b.String() + "}", nil
}

// anyOf is the condition that a label has one of some values.
func anyOf(label string, values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = regexp.QuoteMeta(v)
	}
	var b strings.Builder
	b.WriteString(label + `=~"`)
	escape(&b, strings.Join(quoted, "|"), '"')
	return b.String() + `"`
}

// duration is a length of time in PromQL, to the millisecond.
func duration(d time.Duration) string { return strconv.FormatInt(max(d.Milliseconds(), 1), 10) + "ms" }

// escape writes a value into a string of PromQL, whose escapes are those of Go.
func escape(b *strings.Builder, value string, quote byte) {
	for len(value) > 0 {
		r, n := utf8.DecodeRuneInString(value)
		switch {
		case r == utf8.RuneError && n == 1, r < ' ', r == 0x7f:
			fmt.Fprintf(b, `\x%02x`, value[0])
		case r == '\\' || r == rune(quote):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteString(value[:n])
		}
		value = value[n:]
	}
}
