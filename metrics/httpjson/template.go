package httpjson

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// template is a URL with placeholders.
type template string

// question is what a template is filled in with.
type question struct {
	name, group string
	from, to    time.Time
}

var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

// fillings are the placeholders. What they give is escaped after that.
var fillings = map[string]func(q question) string{
	"{group}":     func(q question) string { return q.group },
	"{name}":      func(q question) string { return q.name },
	"{from}":      func(q question) string { return q.from.UTC().Format(time.RFC3339Nano) },
	"{to}":        func(q question) string { return q.to.UTC().Format(time.RFC3339Nano) },
	"{from.unix}": func(q question) string { return unix(q.from) },
	"{to.unix}":   func(q question) string { return unix(q.to) },
	"{from.ms}":   func(q question) string { return strconv.FormatInt(q.from.UnixMilli(), 10) },
	"{to.ms}":     func(q question) string { return strconv.FormatInt(q.to.UnixMilli(), 10) },
	"{seconds}":   func(q question) string { return strconv.FormatFloat(q.to.Sub(q.from).Seconds(), 'f', -1, 64) },
}

// unix is seconds since 1970, exactly.
func unix(t time.Time) string {
	s := fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond())
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// newTemplate checks which placeholders there are. Each of must is there in one form or another, and the
// rest are of may.
func newTemplate(text string, must, may []string) (template, []error) {
	var problems []error
	found := map[string]bool{}
	for _, p := range placeholder.FindAllString(text, -1) {
		base, _, _ := strings.Cut(strings.Trim(p, "{}"), ".")
		found[base] = true
		if _, known := fillings[p]; !known || !slices.Contains(must, base) && !slices.Contains(may, base) {
			problems = append(problems, fmt.Errorf("nothing can be filled in for %s", p))
		}
	}
	if strings.ContainsAny(placeholder.ReplaceAllString(text, ""), "{}") {
		problems = append(problems, fmt.Errorf("a brace stands alone; one that is meant is written as %%7B or %%7D"))
	}
	for _, base := range must {
		if !found[base] {
			problems = append(problems, fmt.Errorf("it has no {%s}, so that all that is asked would be answered alike", base))
		}
	}
	return template(text), problems
}

// fill writes what is asked into the URL.
func (t template) fill(q question) (string, error) {
	if q.group == "." || q.group == ".." || q.name == "." || q.name == ".." {
		return "", fmt.Errorf("%q and %q are no names for a URL", q.group, q.name)
	}
	return placeholder.ReplaceAllStringFunc(string(t), func(p string) string {
		// A blank is %20 in a path and in a query, but a plus in a query only.
		return strings.ReplaceAll(url.QueryEscape(fillings[p](q)), "+", "%20")
	}), nil
}
