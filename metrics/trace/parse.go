package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"
)

// Parse reads one line, and tells the names of the fields that it passed over. A line is judged by
// itself: whether it fits those before it is for Read or Record.Add to say.
func Parse(text []byte) (l Line, ignored []string, err error) {
	fields, unknown, err := object(text)
	if err != nil {
		return Line{}, nil, err
	}
	p := parser{fields: fields}
	l = Line{
		T:        p.time(&l.At),
		Group:    p.text("group"),
		Requests: p.count("requests"),
		Errors:   p.count("errors"),
		Latency:  p.latency(),
		Counts:   p.counts(),
		Gauges:   p.gauges(),
		At:       l.At,
	}
	if _, given := fields["errors"]; !given && l.Requests > 0 {
		p.bad(errors.New("errors: is missing; say 0 where no request failed"))
	}
	if err := p.doubtful(unknown); err != nil {
		p.bad(err)
	}
	if len(p.problems) == 0 {
		p.problems = l.problems()
	}
	if len(p.problems) > 0 {
		return Line{}, nil, joined(p.problems)
	}
	return l, unknown, nil
}

// joined are several problems on one line.
func joined(problems []error) error {
	if len(problems) == 1 {
		return problems[0]
	}
	texts := make([]string, len(problems))
	for i, p := range problems {
		texts[i] = p.Error()
	}
	return errors.New(strings.Join(texts, "; "))
}

var known = []string{"t", "at", "group", "requests", "errors", "latency", "counts", "gauges"}

// object takes a JSON object apart. The names are taken as they are written, each at most once.
func object(text []byte) (fields map[string]json.RawMessage, unknown []string, err error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, nil, noJSON(err, "it is no JSON object")
	}
	fields = make(map[string]json.RawMessage, len(known))
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, nil, noJSON(err, "")
		}
		name := key.(string)
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, nil, noJSON(err, "")
		}
		if _, twice := fields[name]; twice {
			return nil, nil, fmt.Errorf("%s: is there twice", name)
		}
		fields[name] = value
		if !slices.Contains(known, name) {
			unknown = append(unknown, name)
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, nil, noJSON(err, "")
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, nil, errors.New("something follows the JSON object on its line")
	}
	return fields, unknown, nil
}

func noJSON(err error, otherwise string) error {
	switch {
	case err == nil:
		return errors.New(otherwise)
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the line ends within its JSON object")
	}
	return fmt.Errorf("it is no JSON: %w", err)
}

// parser gathers the values of a line, and what is wrong with them.
type parser struct {
	fields   map[string]json.RawMessage
	problems []error
}

func (p *parser) bad(err error) { p.problems = append(p.problems, err) }

// doubtful refuses fields that are not known, where one is missing that they may be meant for.
func (p *parser) doubtful(unknown []string) error {
	for _, must := range []string{"requests", "errors", "latency"} {
		if _, given := p.fields[must]; !given && len(unknown) > 0 {
			return fmt.Errorf("%q is no field of a trace, and there is no %q, for which it may be meant: write that one too", unknown[0], must)
		}
	}
	return nil
}

// number is the text of a number. A null is none: nobody knows what it stands for.
func (p *parser) number(name string, raw json.RawMessage) (string, bool) {
	if c := raw[0]; c != '-' && (c < '0' || c > '9') {
		p.bad(fmt.Errorf("%s: %s is no number", name, excerpt(raw)))
		return "", false
	}
	return string(raw), true
}

func (p *parser) time(at *time.Time) (t time.Duration) {
	raw, hasT := p.fields["t"]
	_, hasAt := p.fields["at"]
	switch {
	case hasT == hasAt:
		p.bad(errors.New("t: either t or at must say when the line was written"))
	case hasAt:
		if text := p.text("at"); text != "" {
			var err error
			if *at, err = moment(text); err != nil {
				p.bad(err)
			}
		}
	default:
		if text, ok := p.number("t", raw); ok {
			var err error
			if t, err = seconds(text); err != nil {
				p.bad(err)
			}
		}
	}
	return t
}

func (p *parser) text(name string) (s string) {
	raw, given := p.fields[name]
	switch {
	case !given:
		p.bad(fmt.Errorf("%s: is missing", name))
	case raw[0] != '"' || json.Unmarshal(raw, &s) != nil:
		p.bad(fmt.Errorf("%s: %s is no text", name, excerpt(raw)))
	case s == "":
		p.bad(fmt.Errorf("%s: is empty", name))
	}
	return s
}

func (p *parser) count(name string) uint64 {
	raw, given := p.fields[name]
	if !given {
		return 0
	}
	return p.whole(name, raw)
}

func (p *parser) whole(name string, raw json.RawMessage) uint64 {
	text, ok := p.number(name, raw)
	if !ok {
		return 0
	}
	n, err := whole(text)
	if err != nil {
		p.bad(fmt.Errorf("%s: %w", name, err))
	}
	return n
}

func (p *parser) counts() map[string]uint64 {
	var all map[string]uint64
	for name, raw := range p.named("counts") {
		if all == nil {
			all = map[string]uint64{}
		}
		all[name] = p.whole("counts: "+name, raw)
	}
	return all
}

// gauges reads a value, or a list of them, for each name. An empty list is a gauge that was not sampled.
func (p *parser) gauges() map[string][]float64 {
	var all map[string][]float64
	for name, raw := range p.named("gauges") {
		values := []json.RawMessage{raw}
		if raw[0] == '[' {
			_ = json.Unmarshal(raw, &values) // it has been read as JSON before
		}
		for _, raw := range values {
			if all == nil {
				all = map[string][]float64{}
			}
			all[name] = append(all[name], p.finite("gauges: "+name, raw))
		}
	}
	return all
}

func (p *parser) finite(name string, raw json.RawMessage) float64 {
	text, ok := p.number(name, raw)
	if !ok {
		return 0
	}
	v, err := finite(text)
	if err != nil {
		p.bad(fmt.Errorf("%s: %w", name, err))
	}
	return v
}

// named are the entries of an object, by name.
func (p *parser) named(field string) iter.Seq2[string, json.RawMessage] {
	var values map[string]json.RawMessage
	raw, given := p.fields[field]
	if given && (raw[0] != '{' || json.Unmarshal(raw, &values) != nil) {
		p.bad(fmt.Errorf("%s: %s is no object", field, excerpt(raw)))
	}
	return func(yield func(string, json.RawMessage) bool) {
		for _, name := range slices.Sorted(maps.Keys(values)) {
			if !yield(name, values[name]) {
				return
			}
		}
	}
}

// excerpt is the beginning of a text that may be long.
func excerpt(raw []byte) string {
	const most = 40
	if len(raw) <= most {
		return string(raw)
	}
	return strings.ToValidUTF8(string(raw[:most]), "") + "…"
}
