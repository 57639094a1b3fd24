package prometheus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/hashicorp/go-multierror"
)

// Report is what Check found out.
type Report struct {
	// Ahead is by how much the server's clock is ahead of this host's; below zero: behind it. It is as exact as
	// the answer was quick.
	Ahead time.Duration
	// Unseen are the selectors of which the server has never had a series, of any group, each with its field. It
	// is no error, as nothing may have been released yet, or nothing may ever have failed; but a name that is
	// misspelt looks the same.
	Unseen []string
}

// Check asks Prometheus whether it takes all expressions of the options, and for labels that no series has that
// they ask for, or that are to tell instances and parts apart. The error names all that is refused, each with its field; anything else that goes wrong, such as a
// server that is down, ends the check at once.
func (s *Source) Check(ctx context.Context) (Report, error) {
	var lines []line
	add := func(t *template, tellers ...string) {
		if t == nil {
			return
		}
		l := line{template: *t, every: s.o.Scrape}
		if t.plain {
			l.tellers = slices.Compact(tellers)
		}
		lines = append(lines, l)
	}
	add(&s.t.requests, s.o.Instance, s.o.Part)
	add(&s.t.errors, s.o.Instance, s.o.Part)
	add(s.t.latency, s.o.Instance, s.o.Part)
	add(s.t.up, s.o.Instance)
	add(s.t.started, s.o.Instance)
	for _, name := range slices.Sorted(maps.Keys(s.t.counts)) {
		t := s.t.counts[name]
		add(&t, s.o.Instance, s.o.Part)
	}
	for _, name := range slices.Sorted(maps.Keys(s.t.gauges)) {
		lines = append(lines, s.t.gauges[name])
	}
	return s.client.check(ctx, lines, s.labels, s.o.MaxSkew)
}

// Check is Source.Check.
func (s *Series) Check(ctx context.Context) (Report, error) {
	var lines []line
	for _, name := range slices.Sorted(maps.Keys(s.lines)) {
		lines = append(lines, s.lines[name])
	}
	return s.client.check(ctx, lines, s.labels, s.o.MaxSkew)
}

func (c *client) check(ctx context.Context, lines []line, labels labeller, skew time.Duration) (report Report, err error) {
	if _, report.Ahead, err = c.now(ctx); err != nil {
		return report, err
	}
	if _, err := c.checkedNow(ctx, skew); err != nil {
		return report, err
	}
	v := labels.of(sample)
	for name, value := range v {
		if value == "" { // a host's own labels may have none for a group that nobody has
			v[name] = "0"
		}
	}
	var errs *multierror.Error
	for _, l := range lines {
		err := c.try(ctx, l, v, &report)
		switch {
		case err == nil:
		case errors.Is(err, ErrRefused), errors.Is(err, errNoLabel):
			errs = multierror.Append(errs, fmt.Errorf("Options.%s: %w", l.field, err))
		default:
			return report, fmt.Errorf("Options.%s: %w", l.field, err)
		}
	}
	return report, errs.ErrorOrNil()
}

var errNoLabel = errors.New("no series has that label")

// try asks for one expression of a group that nobody has.
func (c *client) try(ctx context.Context, l line, v values, report *Report) error {
	text, err := l.fill(v, l.every)
	if err == nil {
		_, err = c.query(ctx, text, time.Time{})
	}
	if err != nil {
		return err
	}
	for _, s := range l.selectors {
		if s.name == "" {
			continue
		}
		there, missing, err := c.labelled(ctx, s, v, l.tellers...)
		switch {
		case err != nil:
			return err
		case !there:
			report.Unseen = append(report.Unseen, fmt.Sprintf("Options.%s: %s", l.field, s.name))
		case len(missing) > 0:
			return fmt.Errorf("%w: %s has none called %s", errNoLabel, s.name, strings.Join(missing, ", "))
		}
	}
	return nil
}

// labelled reports whether there are series of the selector's name, and which of its labels, and of the
// tellers, none of them has. A condition that an empty value meets asks for no label.
func (c *client) labelled(ctx context.Context, s selector, v values, tellers ...string) (there bool, missing []string, err error) {
	names, err := ask(ctx, c, func(ctx context.Context, o ...v1.Option) (model.LabelNames, v1.Warnings, v1.Infos, error) {
		return c.api.LabelNames(ctx, []string{s.name}, time.UnixMilli(0), time.Now().Add(24*time.Hour), o...)
	})
	if err != nil || len(names) == 0 {
		return false, nil, err
	}
	for _, m := range s.matchers {
		if labelName.FindString(m.label) == m.label && m.asks(v) && !slices.Contains(names, model.LabelName(m.label)) {
			missing = append(missing, m.label)
		}
	}
	for _, teller := range tellers {
		if !slices.Contains(names, model.LabelName(teller)) && !slices.Contains(missing, teller) {
			missing = append(missing, teller)
		}
	}
	return true, missing, nil
}

// asks reports whether only a series that has the label meets the condition. Where that cannot be told, it does
// not.
func (m matcher) asks(v values) bool {
	text, err := render(m.value, v, 0)
	if err == nil && m.quote != '`' {
		text, err = strconv.Unquote(`"` + text + `"`)
	}
	if err != nil {
		return false
	}
	switch m.op {
	case "=":
		return text != ""
	case "=~":
		pattern, err := regexp.Compile("^(?s:" + text + ")$")
		return err == nil && !pattern.MatchString("")
	}
	return false
}
