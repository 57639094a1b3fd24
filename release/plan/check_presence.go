package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// presence is when people work, by their names, as far as it is known.
type presence map[string][]Span

// asleep reports whether somebody works at no time of a span. Of whom nothing is known is not.
func (p presence) asleep(name string, s Span) bool {
	working, known := p[name]
	return known && !slices.ContainsFunc(working, func(w Span) bool { _, both := w.common(s); return both })
}

// sleepers reports people who are needed at times at which they do not work: those who are asked, owners, and who decides to go back.
func (c *checker) sleepers(awake presence) {
	for i, ph := range c.Phases {
		if !ph.From.Before(ph.Until) {
			continue
		}
		field := fmt.Sprintf("Phases[%d] (%s)", i, ph.Name)
		if awake.asleep(ph.Owner, ph.Span) {
			c.doubt(field+".Owner", "move the phase, or name somebody else", "%s does not work at any time of it", ph.Owner)
		}
		c.asked(field+".Ask", "move the phase, or ask others", ph.Ask, ph.Span, awake)
	}
	if !c.windowed() {
		return
	}
	for i, one := range c.Activate {
		c.asked(fmt.Sprintf("Activate[%d] (%s).Ask", i, one.Name), "move the window, or ask others", one.Ask, c.Window, awake)
	}
	for i, one := range c.Succeed {
		c.asked(fmt.Sprintf("Succeed[%d] (%s).Ask", i, one.Name), "move the window, or ask others", one.Ask, c.end(), awake)
	}
	c.decider(awake)
}

// asked reports too few of a group who work at the time at which it is asked.
func (c *checker) asked(field, mend string, a Ask, at Span, awake presence) {
	g := c.group(a.Group)
	if g == nil || a == (Ask{}) {
		return
	}
	var asleep []string
	for _, name := range g.People {
		if awake.asleep(name, at) {
			asleep = append(asleep, name)
		}
	}
	switch {
	case len(g.People)-len(asleep) < a.quorum():
		c.wrong(field, mend, "%d of %s must say yes, and at no time of it at work: %s", a.quorum(), g.Name, strings.Join(asleep, ", "))
	case len(asleep) > 0:
		c.doubt(field, "", "of %s, at no time of it at work: %s", g.Name, strings.Join(asleep, ", "))
	}
}

// end is when it is asked whether the release has succeeded: from the begin of the phase that ends last, or else of the window, to its end.
func (c *checker) end() Span {
	end, last := c.Window, time.Time{}
	for _, ph := range c.Phases {
		if ph.Until.After(last) && c.Window.Holds(ph.Span) && ph.From.Before(ph.Until) {
			end.From, last = ph.From, ph.Until
		}
	}
	return end
}

// decider reports times of the phases that deploy at which whoever decides to go back does not work. Where it is not known which do, all
// count; without any, the window.
func (c *checker) decider(awake presence) {
	working, known := awake[c.Rollback.Decides]
	if !known {
		return
	}
	spans := c.deploying()
	if len(spans) == 0 {
		spans = []Span{c.Window}
	}
	for _, s := range spans {
		gaps := without(s, working)
		switch {
		case len(gaps) == 0:
			continue
		case awake.asleep(c.Rollback.Decides, s):
			c.doubt("Rollback.Decides", "name somebody who is there", "%s works at no time from %s to %s", c.Rollback.Decides, stamp(s.From), stamp(s.Until))
		default:
			c.doubt("Rollback.Decides", "name somebody who is there", "%s does not work from %s to %s", c.Rollback.Decides, stamp(gaps[0].From), stamp(gaps[0].Until))
		}
		return
	}
}

// deploying are the phases with stages that deploy; all where the pipeline is not known.
func (c *checker) deploying() (spans []Span) {
	for _, ph := range c.Phases {
		deploys := c.against.Outline == nil || slices.ContainsFunc(c.against.Outline.Stages, func(s ledger.Stage) bool {
			return slices.Contains(s.Traits, stage.Deploys) && slices.Contains(ph.Stages, s.Name)
		})
		if deploys && ph.From.Before(ph.Until) {
			spans = append(spans, ph.Span)
		}
	}
	return spans
}
