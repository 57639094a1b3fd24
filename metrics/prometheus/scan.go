package prometheus

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// piece is a part of a template: a text as it is, or a placeholder.
type piece struct {
	text string // without a placeholder
	name string // of the placeholder; empty: there is none
	// quote is the one of the string that the placeholder stands in; zero: it stands in none. regex says that
	// the string is a regular expression.
	quote byte
	regex bool
}

// matcher is one condition of a selector.
type matcher struct {
	label string // as it is written
	op    string
	quote byte
	value []piece // what stands between the quotes
}

// selector is a vector selector of PromQL: a name and conditions.
type selector struct {
	name     string
	matchers []matcher
}

// placeholder is what may be filled in. No PromQL looks like it: a selector without an operator is none.
var placeholder = regexp.MustCompile(`^\{([a-z][a-z0-9_]*)\}`)

// windowName is the placeholder for the length of the stretch, which stands outside of strings.
const windowName = "window"

// scanner reads PromQL as far as is needed to fill in values that cannot break out of where they stand.
type scanner struct {
	text      string
	at        int
	pieces    []piece
	selectors []selector
}

// longest is how long an expression may be.
const longest = 64 << 10

// scan reads an expression. Whether it is PromQL is for Prometheus to say.
func scan(text string) (*scanner, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("it is not UTF-8")
	}
	if len(text) > longest {
		return nil, fmt.Errorf("it has more than %d bytes", longest)
	}
	s := &scanner{text: text}
	for s.at < len(text) {
		if err := s.next(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// literal adds a text as it is.
func (s *scanner) literal(n int) {
	s.pieces = append(s.pieces, piece{text: s.text[s.at : s.at+n]})
	s.at += n
}

// next reads one token outside of strings.
func (s *scanner) next() error {
	rest := s.text[s.at:]
	switch c := rest[0]; {
	case c == '#':
		return errors.New("there is a comment in it")
	case c == '"' || c == '\'' || c == '`':
		pieces, n, err := quoted(rest, false)
		if err != nil {
			return err
		}
		s.pieces = append(s.pieces, piece{text: string(c)})
		s.pieces = append(append(s.pieces, pieces...), piece{text: string(c)})
		s.at += n
	case c == '{':
		if m := placeholder.FindStringSubmatch(rest); m != nil {
			if m[1] != windowName {
				return fmt.Errorf("{%s} stands outside of a string: only the value of a label can be filled in", m[1])
			}
			s.pieces = append(s.pieces, piece{name: windowName})
			s.at += len(m[0])
			return nil
		}
		return s.selector()
	default:
		s.literal(1)
	}
	return nil
}

// quoted reads a string from its first quote on: what stands between the quotes, and how long it is.
func quoted(text string, regex bool) (pieces []piece, n int, err error) {
	quote, begun := text[0], 1
	flush := func(to int) {
		if to > begun {
			pieces = append(pieces, piece{text: text[begun:to]})
		}
	}
	for i := 1; i < len(text); {
		switch c := text[i]; {
		case c == quote:
			flush(i)
			return pieces, i + 1, nil
		case c == '\\' && quote != '`':
			i += 2
		case c == '\n' && quote != '`':
			return nil, 0, errors.New("a string goes on in the next line")
		case c == '{':
			m := placeholder.FindStringSubmatch(text[i:])
			if m == nil {
				i++
				break
			}
			switch {
			case m[1] == windowName:
				return nil, 0, errors.New("{window} stands within a string")
			case quote == '`':
				return nil, 0, fmt.Errorf("{%s} stands within backticks, where nothing can be escaped: use quotes", m[1])
			}
			flush(i)
			pieces = append(pieces, piece{name: m[1], quote: quote, regex: regex})
			i += len(m[0])
			begun = i
		default:
			i++
		}
	}
	return nil, 0, errors.New("a string has no end")
}

var (
	labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*`)
	operator  = regexp.MustCompile(`^(=~|!~|!=|=)`)
)

// inName reports whether a byte may be in a metric's name.
func inName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == ':'
}

// keywords may stand before a selector that has no name.
var keywords = []string{"and", "or", "unless", "atan2", "bool", "on", "ignoring", "group_left", "group_right", "by", "without", "offset"}

// selector reads the conditions of a selector, from its brace on.
func (s *scanner) selector() error {
	before := strings.TrimRight(s.text[:s.at], " \t\n")
	begin := len(before)
	for begin > 0 && inName(before[begin-1]) {
		begin--
	}
	sel := selector{name: before[begin:]}
	if sel.name != "" && sel.name[0] <= '9' || slices.Contains(keywords, strings.ToLower(sel.name)) {
		sel.name = ""
	}
	s.literal(1)
	for {
		s.blanks()
		switch {
		case s.at == len(s.text):
			return errors.New("a brace is not closed")
		case s.text[s.at] == '}':
			s.literal(1)
			s.selectors = append(s.selectors, sel)
			return nil
		}
		if err := s.matcher(&sel); err != nil {
			return err
		}
		if s.blanks(); s.at < len(s.text) && s.text[s.at] == ',' {
			s.literal(1)
		} else if s.at < len(s.text) && s.text[s.at] != '}' {
			return fmt.Errorf("within braces there are conditions like name=\"value\" with commas between them, and not %q", clipped(s.text[s.at:]))
		}
	}
}

func (s *scanner) blanks() {
	for s.at < len(s.text) && strings.IndexByte(" \t\n", s.text[s.at]) >= 0 {
		s.literal(1)
	}
}

// matcher reads one condition, or a name in quotes.
func (s *scanner) matcher(sel *selector) error {
	m := matcher{}
	rest := s.text[s.at:]
	if rest[0] == '"' || rest[0] == '\'' {
		pieces, n, err := quoted(rest, false)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(pieces, func(p piece) bool { return p.name != "" }) {
			return errors.New("a placeholder stands in a name: only the value of a label can be filled in")
		}
		m.label = rest[:n]
	} else {
		m.label = labelName.FindString(rest)
	}
	if m.label == "" {
		return fmt.Errorf("within braces there are conditions like name=\"value\", and not %q", clipped(rest))
	}
	s.literal(len(m.label))
	s.blanks()
	if m.op = operator.FindString(s.text[s.at:]); m.op == "" {
		if m.label[0] == '"' || m.label[0] == '\'' { // a metric's name in quotes
			sel.matchers = append(sel.matchers, m)
			return nil
		}
		return fmt.Errorf("the condition on %s has none of = != =~ !~", m.label)
	}
	s.literal(len(m.op))
	s.blanks()
	rest = s.text[s.at:]
	if rest == "" || rest[0] != '"' && rest[0] != '\'' && rest[0] != '`' {
		return fmt.Errorf("the condition on %s has no value in quotes", m.label)
	}
	pieces, n, err := quoted(rest, m.op == "=~" || m.op == "!~")
	if err != nil {
		return err
	}
	m.quote, m.value = rest[0], pieces
	s.pieces = append(append(append(s.pieces, piece{text: rest[:1]}), pieces...), piece{text: rest[:1]})
	s.at += n
	sel.matchers = append(sel.matchers, m)
	return nil
}

// clipped is the begin of a text.
func clipped(text string) string {
	const most = 40
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
