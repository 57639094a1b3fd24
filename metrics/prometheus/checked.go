package prometheus

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/go-multierror"
)

// templates are all that is read, checked.
type templates struct {
	requests, errors template
	latency          *template
	counts           map[string]template
	gauges           map[string]line
	up, started      *template
	reliable         bool // all counters are selectors
}

// line is a Line that was checked.
type line struct {
	template
	every   time.Duration
	tellers []string // labels that each of its series must have
}

// checked gathers problems, and reads templates.
type checked struct {
	labels labeller
	errs   *multierror.Error
}

func (c *checked) bad(format string, args ...any) {
	c.errs = multierror.Append(c.errs, fmt.Errorf("Options."+format, args...))
}

// template reads one. Nil: there is none.
func (c *checked) template(field, text string, grouped bool) *template {
	t, err := newTemplate(field, text)
	if err == nil {
		err = c.labels.check(t)
	}
	if err == nil && grouped && len(t.names) == 0 {
		err = errors.New("it has no placeholder, so that all groups would be answered alike")
	}
	if err != nil {
		c.bad("%s: %w", field, err)
		return nil
	}
	return &t
}

// counter reads a template of what is counted.
func (c *checked) counter(field, text string) template {
	if text == "" {
		c.bad("%s: is missing", field)
		return template{}
	}
	t := c.template(field, text, true)
	switch {
	case t == nil:
		return template{}
	case t.plain && t.windowed:
		c.bad("%s: {window} stands in a selector", field)
	case !t.plain && !t.windowed:
		c.bad("%s: it is not a selector alone; an expression needs {window}, which tells that what is lost by it is known", field)
	}
	return *t
}

// only reads a template that is a selector alone, or nothing.
func (c *checked) only(field, text string) *template {
	if text == "" {
		return nil
	}
	t := c.template(field, text, true)
	if t != nil && !t.plain {
		c.bad("%s: it is not a selector alone", field)
	}
	return t
}

// line reads a template of a line. Groups is whether it must tell groups apart.
func (c *checked) line(field string, l Line, every time.Duration, grouped bool) line {
	if l.Query == "" {
		c.bad("%s: is missing", field)
		return line{}
	}
	if l.Every < 0 {
		c.bad("%s.Every: %s is below zero", field, l.Every)
	}
	out := line{every: cmp.Or(l.Every, every)}
	t := c.template(field, l.Query, grouped)
	if t == nil {
		return out
	}
	if t.windowed {
		c.bad("%s: {window} is for what is counted", field)
	}
	out.template = *t
	return out
}

// durations reports those that cannot be.
func (c *checked) durations(scrape, maxGap, bridge time.Duration) {
	switch {
	case scrape < 0:
		c.bad("Scrape: %s is below zero", scrape)
	case scrape == 0:
		c.bad("Scrape: is missing")
	case scrape < time.Millisecond:
		c.bad("Scrape: %s is below a millisecond", scrape)
	case maxGap < scrape:
		c.bad("MaxGap: %s is below Scrape, %s", maxGap, scrape)
	case bridge < maxGap:
		c.bad("Bridge: %s is below MaxGap, %s", bridge, maxGap)
	}
}

// check reads the options. The error names all that is wrong.
func (o Options) check() (Options, templates, error) {
	o = o.withDefaults()
	c := checked{labels: newLabeller(o.Labels)}
	t := templates{counts: map[string]template{}, gauges: map[string]line{}}
	t.requests, t.errors = c.counter("Requests", o.Requests), c.counter("Errors", o.Errors)
	if o.Latency != "" {
		latency := c.counter("Latency", o.Latency)
		t.latency = &latency
	}
	named := func(field string, names []string) {
		if slices.Contains(names, "") {
			c.bad("%s: a name is empty", field)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Counts)) {
		t.counts[name] = c.counter(fmt.Sprintf("Counts[%q]", name), o.Counts[name])
	}
	for _, name := range slices.Sorted(maps.Keys(o.Gauges)) {
		t.gauges[name] = c.line(fmt.Sprintf("Gauges[%q]", name), o.Gauges[name], o.Scrape, true)
		if _, twice := o.Counts[name]; twice {
			c.bad("Gauges[%q]: it is one of Counts, too", name)
		}
	}
	named("Counts", slices.Collect(maps.Keys(o.Counts)))
	named("Gauges", slices.Collect(maps.Keys(o.Gauges)))
	t.up, t.started = c.only("Up", o.Up), c.only("Started", o.Started)
	if t.requests.field != "" && !t.requests.plain && t.up == nil && o.Up == "" {
		c.bad("Up: is needed where Requests is no selector alone: nothing else tells a group that stands still from one that is not there")
	}
	c.durations(o.Scrape, o.MaxGap, o.Bridge)
	if o.Parts < 1 || o.Parts > 1000 {
		c.bad("Parts: %d is not from 1 to 1000", o.Parts)
	}
	for _, label := range []struct{ field, name string }{{"Instance", o.Instance}, {"Part", o.Part}} {
		if labelName.FindString(label.name) != label.name {
			c.bad("%s: %q is not the name of a label", label.field, label.name)
		}
	}
	for _, p := range o.Native.problems() {
		c.bad("%w", p)
	}
	t.reliable = t.requests.plain && t.errors.plain && (t.latency == nil || t.latency.plain)
	for _, name := range slices.Sorted(maps.Keys(t.counts)) {
		t.reliable = t.reliable && t.counts[name].plain
	}
	return o, t, c.errs.ErrorOrNil()
}

// flat are the errors in one that reports several.
func flat(err error) []error {
	if many, ok := err.(*multierror.Error); ok {
		return many.Errors
	}
	if err == nil {
		return nil
	}
	return []error{err}
}
