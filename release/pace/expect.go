package pace

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// Spread is how long something takes: half of the times no longer than Median, and 95 of a hundred no longer than P95.
type Spread struct {
	Median time.Duration `json:"median_ns"`
	P95    time.Duration `json:"p95_ns"`
}

// Expectation is how long a pipeline takes that goes well.
type Expectation struct {
	Pipeline string `json:"pipeline"`
	// Work is without the time that people take, WithPeople with it.
	Work       Spread `json:"work"`
	WithPeople Spread `json:"with_people"`
	// Together is how long the work takes when all stages take their 95 % at once.
	Together time.Duration `json:"together_ns"`
	// Unseen are the stages that were never seen: Work is at least what it says. Unasked are those that wait for people of whom it
	// is not known how long they take: WithPeople is at least what it says.
	Unseen  []string `json:"unseen,omitempty"`
	Unasked []string `json:"unasked,omitempty"`
	// Few are the stages of which fewer runs are known than Options.Least.
	Few []string `json:"few,omitempty"`
	// Stages are the stages that will run, in the order of the pipeline.
	Stages []StagePace `json:"stages"`
}

// StagePace is how long a stage takes.
type StagePace struct {
	Stage string `json:"stage"`
	// Work and Wait are nil where they are not known.
	Work *Figures `json:"work,omitempty"`
	Wait *Figures `json:"wait,omitempty"`
}

// Expect says how long a pipeline takes. A stage that is made for each item of a list takes what all of them together took. The error says
// that the outline is wrong, or ErrOther.
func (b *Book) Expect(outline ledger.Pipeline) (Expectation, error) {
	if b.pipeline != "" && outline.Name != b.pipeline {
		return Expectation{}, fmt.Errorf("pipeline %s: %w: the book is of %s", outline.Name, ErrOther, b.pipeline)
	}
	outline = outline.Clone()
	for i := range outline.Stages {
		outline.Stages[i].Each = nil
	}
	c := new(Course)
	begin := ledger.Requested{Release: stage.Release{ID: "expected", Service: outline.Name, RequestedBy: "nobody"}, Pipeline: outline}
	if err := c.Apply(ledger.Event{Seq: 1, Body: begin}); err != nil {
		return Expectation{}, fmt.Errorf("pipeline %s: %w", outline.Name, err)
	}
	p := b.newPlay(c, time.Time{})
	e := Expectation{Pipeline: outline.Name, Unseen: p.unseen, Unasked: p.unasked, Few: p.few, Stages: []StagePace{}}
	e.Work, e.WithPeople = spread(p.lengths(false)), spread(p.lengths(true))
	late := make(map[string]time.Duration)
	for i := range p.nodes {
		if p.nodes[i].instant {
			continue
		}
		line := &outline.Stages[i]
		one := StagePace{Stage: line.Name}
		if f, ok := b.Work(line.Name); ok {
			one.Work, late[line.Name] = &f, f.P95
		}
		if f, ok := b.Wait(line.Name); ok && f.P95 > 0 {
			one.Wait = &f
		}
		e.Stages = append(e.Stages, one)
	}
	e.Together = p.length(false, func(n *node) time.Duration { return late[n.name] }, nil)
	return e, nil
}

func spread(sorted []time.Duration) Spread {
	return Spread{quantile(sorted, 0.5), quantile(sorted, 0.95)}
}

// Runway is how long the work needs before the next close: the 95 % of it. The error is ErrUnseen or ErrFew, with the
// stages.
func (e Expectation) Runway() (time.Duration, error) {
	if len(e.Unseen) > 0 {
		return 0, fmt.Errorf("pipeline %s: how long it takes is not known: %w: %s", e.Pipeline, ErrUnseen, strings.Join(e.Unseen, ", "))
	}
	if len(e.Few) > 0 {
		return 0, fmt.Errorf("pipeline %s: how long it takes is not known: %w: %s", e.Pipeline, ErrFew, strings.Join(e.Few, ", "))
	}
	return e.Work.P95, nil
}

// Text is the expectation for people, in several lines.
func (e Expectation) Text() string {
	var b strings.Builder
	least := func(unknown []string) string {
		if len(unknown) == 0 {
			return ""
		}
		return "at least "
	}
	fmt.Fprintf(&b, "pipeline %s: work %s%s, p95 %s; with people %s%s, p95 %s\n", e.Pipeline, least(e.Unseen), short(e.Work.Median), short(e.Work.P95),
		least(append(e.Unseen, e.Unasked...)), short(e.WithPeople.Median), short(e.WithPeople.P95))
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "  STAGE\tRUNS\tWORK\tP95\tPEOPLE\tP95\n")
	for _, s := range e.Stages {
		runs, work, late, wait, slow := "0", "unknown", "unknown", "-", "-"
		if f := s.Work; f != nil {
			runs, work, late = fmt.Sprint(f.Runs()), short(f.Median), short(f.P95)
			if f.Rehearsed > 0 {
				runs += fmt.Sprintf(" (%d rehearsed)", f.Rehearsed)
			}
			if f.P95Interval.Open {
				late += "+"
			}
		}
		if f := s.Wait; f != nil {
			wait, slow = short(f.Median), short(f.P95)
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\t%s\n", s.Stage, runs, work, late, wait, slow)
	}
	table.Flush() // into memory: cannot fail
	return b.String()
}

// short is a duration as people read it.
func short(d time.Duration) string {
	switch {
	case d >= time.Hour:
		d = d.Round(time.Minute)
	case d >= time.Second:
		d = d.Round(time.Second)
	default:
		d = d.Round(time.Millisecond)
	}
	text := d.String()
	if d >= time.Minute && d%time.Minute == 0 {
		text = strings.TrimSuffix(text, "0s")
	}
	if d >= time.Hour && d%time.Hour == 0 {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
