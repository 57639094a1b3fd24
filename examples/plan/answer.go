package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/davit-sdk/davit/release/calendar"
	"github.com/davit-sdk/davit/release/pace"
	"github.com/davit-sdk/davit/release/plan"
)

var (
	//go:embed plan.json
	ownPlan []byte
	//go:embed blog.json
	ownOther []byte
	//go:embed calendars.json
	ownCalendars []byte
)

// answer is what is said of a plan.
type answer struct {
	Plan     plan.Plan     `json:"plan"`
	Findings plan.Findings `json:"findings"`
}

// answer reads all that there is, and checks the plan against it.
func (o options) answer() (a answer, err error) {
	others := [][]byte{ownOther}
	if o.file != "" || len(o.others) > 0 {
		others = nil
	}
	if a.Plan, err = readPlan(o.file, ownPlan); err != nil {
		return a, err
	}
	against := plan.Against{Zones: time.LoadLocation, Others: []plan.Plan{}, Expected: &pace.Expectation{Work: pace.Spread{Median: o.length, P95: o.length}}}
	for _, text := range others {
		other, err := plan.Parse(text)
		if err != nil {
			return a, err
		}
		against.Others = append(against.Others, other)
	}
	for _, name := range o.others {
		other, err := readPlan(name, nil)
		if err != nil {
			return a, err
		}
		against.Others = append(against.Others, other)
	}
	if against.Schedule, err = o.schedule(a.Plan); err != nil {
		return a, err
	}
	a.Findings = a.Plan.Check(against)
	return a, nil
}

// readPlan reads the plan in a file; own is the one that counts where none is named.
func readPlan(name string, own []byte) (plan.Plan, error) {
	if name == "" {
		return plan.Parse(own)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return plan.Plan{}, err
	}
	p, err := plan.Parse(text)
	if err != nil {
		return p, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// schedule is when the service of a plan may be released.
func (o options) schedule(p plan.Plan) (*calendar.Schedule, error) {
	text := ownCalendars
	if o.calendars != "" {
		var err error
		if text, err = os.ReadFile(o.calendars); err != nil {
			return nil, err
		}
	}
	calendars, err := calendar.Decode(text)
	if err != nil {
		return nil, fmt.Errorf("calendars: %w", err)
	}
	s, err := calendar.Compile(calendar.Options{Zones: time.LoadLocation, Subject: calendar.Subject{Service: p.Service, Environment: p.Environment}}, calendars...)
	if err != nil {
		return nil, fmt.Errorf("calendars: %w", err)
	}
	return s, nil
}

// write writes the answer in the form that was asked for.
func (o options) write(a answer, out io.Writer) error {
	switch {
	case o.json:
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(a)
	case o.markdown:
		_, err := fmt.Fprintf(out, "%s\n## Found\n\n```\n%s```\n", a.Plan.Markdown(), a.Findings.Text())
		return err
	}
	_, err := fmt.Fprintf(out, "%s\nFound\n%s", a.Plan.Text(), a.Findings.Text())
	return err
}
