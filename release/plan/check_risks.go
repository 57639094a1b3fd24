package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// trigger looks at what shows that a risk has come.
func (c *checker) trigger(field string, r Risk) {
	t := r.Trigger
	kinds := 0
	for _, is := range []bool{len(t.Ends) > 0, t.Gate != "" || t.Says != "", t.Longer != 0} {
		if is {
			kinds++
		}
	}
	switch {
	case kinds == 0 && r.Mitigation.byItself():
		c.wrong(field, "name a stage and how it ends, a gate and what it says, or how long a stage may take", "there is none, so its mitigation never runs")
		return
	case kinds == 0:
		c.doubt(field, "name what shows that it has come", "there is none, so nobody is told")
		return
	case kinds > 1:
		c.wrong(field, "make several risks of it", "it is more than one of Ends, Gate and Longer")
	}
	if t.Gate == "" && t.Stage == "" {
		c.wrong(field+".Stage", "", "it is empty")
	}
	if t.Stage != "" {
		c.stage(field+".Stage", t.Stage)
	}
	for _, o := range t.Ends {
		if !slices.Contains(stage.Outcomes(), o) || o == stage.Waiting || o == stage.Interrupted {
			c.wrong(field+".Ends", "", "no stage ends as %q", o)
		}
	}
	if (t.Gate != "" || t.Says != "") && !slices.Contains([]gate.Outcome{gate.Fail, gate.Inconclusive, gate.Continue, gate.Pass}, t.Says) {
		c.wrong(field+".Says", "", "no gate says %q", t.Says)
	}
	if t.Says != "" || t.Gate != "" {
		c.gate(field+".Gate", t.Gate)
	}
	if t.Longer < 0 {
		c.wrong(field+".Longer", "", "%s is below zero", t.Longer)
	}
}

// gate reports a name that no gate has.
func (c *checker) gate(field, name string) {
	switch {
	case name == "":
		c.wrong(field, "", "it is empty")
	case c.against.Gates == nil:
	case !slices.Contains(c.against.Gates, name):
		c.wrong(field, "", "there is no gate %q", name)
	}
}

// mitigation looks at what is done about a risk.
func (c *checker) mitigation(field string, r Risk) {
	m := r.Mitigation
	kinds := 0
	for _, is := range []bool{m.Signal != "", m.Stage != "", m.Who != ""} {
		if is {
			kinds++
		}
	}
	switch {
	case kinds == 0:
		c.wrong(field, "name a signal, a stage, or who is told what to do", "there is none")
	case kinds > 1:
		c.wrong(field, "make several risks of it", "it is more than one of Signal, Stage and Who")
	}
	if m.Signal != "" {
		c.signal(field, m)
	}
	if m.Stage != "" {
		c.remedy(field+".Stage", r)
	}
	if m.Who != "" {
		if c.person(m.Who) == nil && c.group(m.Who) == nil {
			c.wrong(field+".Who", "add them to People or Groups", "nobody, and no group, is called %q", m.Who)
		}
		if strings.TrimSpace(m.Do) == "" {
			c.wrong(field+".Do", "", "it is not said what is to be done")
		}
		if r.Likelihood == High && r.Impact == High {
			c.doubt(field, "let it run by itself", "it is likely and bad, and a person has to be found first")
		}
	}
}

// signal looks at a signal that is sent by itself.
func (c *checker) signal(field string, m Mitigation) {
	switch m.Signal {
	case stage.Pause, stage.Abort:
	case stage.SkipStage, stage.Reject:
		if m.To == "" {
			c.wrong(field+".To", "name a stage", "%s is for a stage", m.Signal)
		}
	case stage.Approve, stage.Resume, stage.Promote, stage.Retry, stage.Withdraw: // told below
	default:
		c.wrong(field+".Signal", "", "there is no signal %q", m.Signal)
	}
	var s *ledger.Stage
	if m.To != "" {
		s = c.stage(field+".To", m.To)
	}
	if why := m.forbidden(s); why != "" {
		c.wrong(field+".Signal", "give it to a person", "%s", why)
	}
	if s != nil && m.Signal.Heard() && !slices.Contains(s.Listens, m.Signal) {
		c.wrong(field+".To", "", "stage %s does not listen to %s", m.To, m.Signal)
	}
}

// remedy looks at a stage that mends what has come.
func (c *checker) remedy(field string, r Risk) {
	s := c.stage(field, r.Mitigation.Stage)
	if len(r.Trigger.Ends) == 0 || r.Trigger.Stage == "" {
		c.wrong(field, "let the trigger name a stage and how it ends, or send a signal", "a stage can only wait for the end of another one")
		return
	}
	if s == nil {
		return
	}
	waits := slices.ContainsFunc(s.When, func(w ledger.Condition) bool {
		return w.Stage == r.Trigger.Stage && !slices.ContainsFunc(r.Trigger.Ends, func(o stage.Outcome) bool { return !slices.Contains(w.Is, o) })
	})
	if !waits {
		c.wrong(field, fmt.Sprintf("let it need %s with a condition (When), as package enact makes it", r.Trigger.Stage), "it does not run when %s ends so", r.Trigger.Stage)
	}
}

// ending looks at downtime and at the way back.
func (c *checker) ending() {
	var planned time.Duration
	for _, ph := range c.Phases {
		planned += ph.Downtime
	}
	switch {
	case c.Downtime.Budget < 0:
		c.wrong("Downtime.Budget", "", "%s is below zero", c.Downtime.Budget)
	case planned > c.Downtime.Budget:
		c.wrong("Downtime.Budget", "raise it, or plan with less", "it is %s, and the phases need %s", c.Downtime.Budget, planned)
	}
	r := c.Rollback
	if strings.TrimSpace(r.How) == "" {
		c.wrong("Rollback.How", "say how the release is taken back", "there is no rollback")
	}
	if r.Within <= 0 {
		c.wrong("Rollback.Within", "say how long it may take", "%s is not above zero", r.Within)
	}
	switch {
	case r.Decides == "":
		c.wrong("Rollback.Decides", "name who decides", "there is nobody")
	case c.person(r.Decides) == nil:
		c.wrong("Rollback.Decides", "add them to People", "nobody is called %q", r.Decides)
	}
	if c.against.Outline != nil && r.Automatic {
		c.automatic()
	}
	if e := c.against.Expected; e != nil && c.windowed() && r.Within > 0 && c.Window.Length() >= e.Work.P95 && c.Window.Length() < e.Work.P95+r.Within {
		c.doubt("Window", "make it longer", "it is %s long: when the release has taken %s, there is no room for a rollback of %s", c.Window.Length(), e.Work.P95.Round(time.Second), r.Within)
	}
}

// automatic looks at whether the stages of the pipeline undo what they did, as the plan says.
func (c *checker) automatic() {
	o := c.against.Outline
	if o.OnAbort != "" && o.OnAbort != ledger.Undo {
		c.wrong("Rollback.Automatic", "let OnAbort be undo", "pipeline %s leaves what it did as it is when it is aborted", o.Name)
	}
	for _, s := range o.Stages {
		if s.Irreversible {
			c.wrong("Rollback.Automatic", "say in How what a person does", "stage %s is irreversible: once it has begun, nothing is undone by itself", s.Name)
		}
		if !slices.Contains(s.Traits, stage.Deploys) {
			continue
		}
		switch {
		case !s.CanUndo:
			c.wrong("Rollback.Automatic", "make it a stage.Undoer", "stage %s deploys and cannot take it back", s.Name)
		case s.Always:
			c.wrong("Rollback.Automatic", "let it not run always", "stage %s deploys also when the release goes badly", s.Name)
		case s.OnFailure != ledger.Undo:
			policy := s.OnFailure
			if policy == "" {
				policy = ledger.Stop
			}
			c.wrong("Rollback.Automatic", "let its OnFailure be undo", "stage %s deploys, and when it fails, its policy is %s", s.Name, policy)
		}
	}
}

// criteria looks at what must hold.
func (c *checker) criteria(field string, list []Criterion) {
	if len(list) == 0 {
		c.doubt(field, "name a gate, or who must say yes", "there is no criterion")
	}
	for i, one := range list {
		at := fmt.Sprintf("%s[%d] (%s)", field, i, one.Name)
		others := slices.Concat(c.Activate, c.Succeed)
		n := 0
		for _, o := range others {
			if o.Name == one.Name {
				n++
			}
		}
		if !stage.ValidName(one.Name) {
			c.wrong(at+".Name", "lower-case letters, digits and inner dashes or dots", "%q is no name", one.Name)
		} else if n > 1 {
			c.wrong(at+".Name", "", "there are %d criteria of that name", n)
		}
		if one.Bake < 0 || one.Within < 0 {
			c.wrong(at, "", "Bake or Within is below zero")
		}
		asks := one.Ask != (Ask{})
		switch {
		case asks == (one.Gate != ""):
			c.wrong(at, "name a gate, or a group in Ask", "it is not one of the two")
		case asks:
			c.ask(at+".Ask", one.Ask)
			if one.Bake != 0 {
				c.wrong(at+".Bake", "", "it is for gates")
			}
		default:
			c.gate(at+".Gate", one.Gate)
		}
	}
	if c.against.Gates == nil && field == "Succeed" {
		c.unchecked("Activate, Succeed, Risks", "whether their gates exist", "Gates")
	}
}
