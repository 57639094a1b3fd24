package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/pace"
	"github.com/davit-sdk/davit/stage"
)

// phases looks at the timeline.
func (c *checker) phases() {
	if len(c.Phases) == 0 {
		c.doubt("Phases", "say what is done when", "there is no timeline")
	}
	seen := map[string]bool{}
	for i, ph := range c.Phases {
		field := fmt.Sprintf("Phases[%d]", i)
		if !stage.ValidName(ph.Name) {
			c.wrong(field+".Name", "lower-case letters, digits and inner dashes or dots", "%q is no name", ph.Name)
		} else if seen[ph.Name] {
			c.wrong(field+".Name", "", "there are two phases %s", ph.Name)
		}
		seen[ph.Name] = true
		field += " (" + ph.Name + ")"
		if c.span(field, ph.Span) && c.Window.From.Before(c.Window.Until) && !c.Window.Holds(ph.Span) {
			c.wrong(field, "move the phase, or the window", "it is not within the window")
		}
		switch {
		case ph.Owner == "":
			c.wrong(field+".Owner", "name who answers for it", "there is none")
		case c.person(ph.Owner) == nil:
			c.wrong(field+".Owner", "add them to People", "nobody is called %q", ph.Owner)
		}
		if ph.Downtime < 0 || ph.Downtime > max(0, ph.Length()) {
			c.wrong(field+".Downtime", "", "%s is below zero, or longer than the phase", ph.Downtime)
		}
		if ph.Ask != (Ask{}) {
			c.ask(field+".Ask", ph.Ask)
		}
		c.needs(field, ph)
		for _, name := range ph.Stages {
			c.stage(field+".Stages", name)
		}
	}
	if o := c.against.Outline; o != nil && len(c.Phases) > 0 {
		for _, s := range o.Stages {
			if !slices.ContainsFunc(c.Phases, func(ph Phase) bool { return slices.Contains(ph.Stages, s.Name) }) && s.Criterion == "" && !s.Always {
				c.doubt("Phases", "name it in one", "stage %s of the pipeline runs in no phase", s.Name)
			}
		}
	}
}

// needs looks at what a phase needs.
func (c *checker) needs(field string, ph Phase) {
	for _, need := range ph.Needs {
		i := slices.IndexFunc(c.Phases, func(o Phase) bool { return o.Name == need })
		switch {
		case i < 0:
			c.wrong(field+".Needs", "", "there is no phase %q", need)
		case c.Phases[i].Until.After(ph.From):
			c.wrong(field+".Needs", "move one of them", "it begins at %s, before %s ends at %s", stamp(ph.From), need, stamp(c.Phases[i].Until))
		}
	}
}

// cycle reports phases that need each other.
func (c *checker) cycle() {
	needs, done := map[string][]string{}, map[string]bool{}
	for _, ph := range c.Phases {
		needs[ph.Name] = ph.Needs
	}
	var path []string
	var visit func(name string)
	visit = func(name string) {
		if at := slices.Index(path, name); at >= 0 {
			c.wrong("Phases", "cut it", "they need each other in a circle: %s", strings.Join(append(slices.Clone(path[at:]), name), " needs "))
			return
		}
		if done[name] {
			return
		}
		path = append(path, name)
		for _, need := range needs[name] {
			visit(need)
		}
		path = path[:len(path)-1]
		done[name] = true
	}
	for _, ph := range c.Phases {
		visit(ph.Name)
	}
}

// stage reports a name that no stage of the pipeline has. One that is made for each item of a list has those that will be made of it, too:
// "production.eu".
func (c *checker) stage(field, name string) *ledger.Stage {
	if c.against.Outline == nil {
		return nil
	}
	for i := range c.against.Outline.Stages {
		s := &c.against.Outline.Stages[i]
		if item, of := strings.CutPrefix(name, s.Name+"."); s.Name == name || of && s.Each != nil && item != "" {
			return s
		}
	}
	c.wrong(field, "", "pipeline %s has no stage %q", c.against.Outline.Name, name)
	return nil
}

// runway looks at whether there is time enough.
func (c *checker) runway() {
	e, whole := c.against.Expected, c.windowed()
	if e == nil {
		c.unchecked("Window", "whether the release fits into it", "Expected")
	}
	if c.against.Outline == nil {
		c.unchecked("Phases", "whether their stages, and those of risks, are in the pipeline", "Outline")
	}
	if c.against.Schedule == nil {
		c.unchecked("Window", "whether calendars let releases run in it", "Schedule")
	}
	var need time.Duration
	if e != nil && whole {
		var err error
		if need, err = e.Runway(); errors.Is(err, pace.ErrUnseen) {
			c.doubt("Window", "rehearse the pipeline", "how long the release takes is not known: never seen: %s", strings.Join(e.Unseen, ", "))
			need = e.Work.P95
		} else if runs, of := fewest(e); errors.Is(err, pace.ErrFew) || runs == 1 {
			c.doubt("Window", "rehearse the pipeline more often", "how long the release takes rests on few runs: %d of %s", runs, of)
			need = e.Work.P95
		}
		if c.Window.Length() < need {
			c.wrong("Window", "make it longer, or the release quicker", "it is %s long, and the release takes %s in 95 of 100 times", c.Window.Length(), need.Round(time.Second))
		}
	}
	if s := c.against.Schedule; s != nil && whole {
		longest := time.Duration(0)
		for span := range s.Spans(c.Window.From, c.Window.Until) {
			longest = max(longest, span.Length())
		}
		if longest == 0 {
			c.wrong("Window", "move it", "no time of it is open: %s", s.At(c.Window.From))
		} else if longest < need {
			c.wrong("Window", "move it", "it is open for %s at a time, and the release takes %s in 95 of 100 times", longest, need.Round(time.Second))
		}
	}
}

// fewest is how many runs are known of the stage that was seen the fewest times, and which it is; 0 where there is none.
func fewest(e *pace.Expectation) (runs int, of string) {
	for _, s := range e.Stages {
		if s.Work != nil && (s.Work.P95 > 0 || slices.Contains(e.Few, s.Stage)) && (of == "" || s.Work.Runs() < runs) {
			runs, of = s.Work.Runs(), s.Stage
		}
	}
	return runs, of
}
