package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/davit-sdk/davit/metrics/dora"
)

const usage = `dora tells how delivery is going.

usage: dora [-C DIR | -events FILE] [-from TIME] [-to TIME] [-preset NAME] [-tz ZONE] [-compare A,B] [-json] [-html FILE]

  -C DIR        a git repository: each final version with a tag is a deployment, with the commits that it
                brought, on whatever branch it is. Tags say nothing of failures, so that figures of those are absent
  -events FILE  events: JSON lines, CSV or CDEvents. A file named .csv is CSV; of others, one that begins with
                { or [ is JSON (CDEvents, if its first object has context or specversion), and else CSV
                (default: a sample of half a year in a shop)
  -from TIME    where the window begins, as RFC 3339 (default: the day of the first event)
  -to TIME      where it ends; what happens then is outside (default: after the day of the last event)
  -preset NAME  by whose rules: dora-2024 (default), fourkeys, devlake-2021, devlake-2023, gitlab, octopus,
                datadog, middleware
  -tz ZONE      where days and weeks begin, as Europe/Berlin (default: UTC)
  -compare A,B  why two presets differ, event by event
  -json         one JSON object; durations in seconds
  -html FILE    a page with charts, besides

Exit status: 0 with an answer, 1 without, 2 for flags that are wrong.
`

// options are what the flags say.
type options struct {
	dir, events, html string
	json              bool
	rules             dora.Rules
	query             dora.Query
	compare           []dora.Rules // two, or none
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("dora", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // what it says is said with the usage
	flags.Usage = func() {}
	flags.StringVar(&o.dir, "C", "", "")
	flags.StringVar(&o.events, "events", "", "")
	flags.StringVar(&o.html, "html", "", "")
	flags.BoolVar(&o.json, "json", false, "")
	from, to := flags.String("from", "", ""), flags.String("to", "", "")
	preset, zone, compare := flags.String("preset", dora.Presets()[0], ""), flags.String("tz", "UTC", ""), flags.String("compare", "", "")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("what is %q for? A repository is named by -C, a file by -events", flags.Arg(0))
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for _, name := range []string{"C", "events", "html", "preset", "tz", "from", "to", "compare"} {
		if given[name] && flags.Lookup(name).Value.String() == "" {
			return o, fmt.Errorf("-%s is empty", name)
		}
	}
	if given["C"] && given["events"] {
		return o, errors.New("-C and -events are two sources: one at a time")
	}
	return o, errors.Join(o.ask(*preset, *compare), o.window(*from, *to, *zone))
}

// ask reads by which rules.
func (o *options) ask(preset, compare string) (err error) {
	if o.rules, err = dora.Preset(preset); err != nil {
		return fmt.Errorf("-preset: %w", err)
	}
	if compare == "" {
		return nil
	}
	names := strings.Split(compare, ",")
	if len(names) != 2 {
		return fmt.Errorf("-compare: %q are not two presets, as dora-2024,fourkeys", compare)
	}
	for _, name := range names {
		name = strings.TrimSpace(name)
		r, err := dora.Preset(name)
		if err == nil && name == "" {
			err = errors.New("a name is missing")
		}
		if err != nil {
			return fmt.Errorf("-compare: %w", err)
		}
		o.compare = append(o.compare, r)
	}
	return nil
}

// window reads when, and where days begin.
func (o *options) window(from, to, zone string) (err error) {
	if o.query.Location, err = time.LoadLocation(zone); err != nil {
		return fmt.Errorf("-tz: %w", err)
	}
	for _, end := range []struct {
		name, text string
		into       *time.Time
	}{{"from", from, &o.query.From}, {"to", to, &o.query.To}} {
		if end.text == "" {
			continue
		}
		if *end.into, err = time.Parse(time.RFC3339, end.text); err != nil {
			return fmt.Errorf("-%s: %q is no time such as 2025-01-31T00:00:00Z", end.name, end.text)
		}
		if err := (dora.Query{To: *end.into}).Validate(); err != nil || end.into.IsZero() {
			return fmt.Errorf("-%s: the year %d is not one that can be reckoned with, from 1700 to 2239", end.name, end.into.Year())
		}
	}
	if !o.query.From.IsZero() && !o.query.To.IsZero() && !o.query.To.After(o.query.From) {
		return fmt.Errorf("-to: %s is not after -from, %s", to, from)
	}
	return nil
}
