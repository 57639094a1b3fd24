package release

import (
	"fmt"
	"slices"

	"github.com/davit-sdk/davit/release/ledger"
)

// Criteria are what a release is held to as a whole: whether it may begin, and whether it has succeeded.
// They are ordinary stages, as a rule of package stage/gate or stage/approval, whose place in the pipeline
// follows from what they are for. So they are frozen in the log with all others, by the names of their
// gates; they show in a preview, resume in another host, and leave evidence, as any stage does; and what
// becomes of the release when one does not pass is for its OnFailure to say.
//
// Whether a release may go on is asked at a certain place, and needs nothing of its own: a gate stage between
// two others, and within a deployment the gates that its strategy names. All three take the same gates.
type Criteria struct {
	// Activate are asked before anything else: each stage waits for all of them. A stage that they need
	// themselves (one that judges the version needs the stage that finds it), and what that needs, waits for
	// those that need no stage. Where one does not pass, nothing begins.
	Activate []Stage
	// Succeed are asked when all is done: each comes after every stage that no other one needs, and does
	// not run Always, unless it says itself what it Needs. They are asked whenever anything was done, though
	// some of those stages were skipped: those that found nothing to do, or whose condition (When) did not hold.
	// Where all was skipped there is nothing to ask. With Undo as its OnFailure, a release that does not
	// hold what it promised is taken back.
	Succeed []Stage
}

// framed is the pipeline with its criteria among its stages, behind the others.
func (p Pipeline) framed() Pipeline {
	c := p.Criteria
	if len(c.Activate)+len(c.Succeed) == 0 {
		return p
	}
	p.Criteria = Criteria{}
	p.Stages = slices.Concat(p.held(c.Activate), opening(c.Activate), p.closing(c.Succeed))
	return p
}

// held are the stages, where those that would begin the release need its criteria.
func (p Pipeline) held(criteria []Stage) []Stage {
	before := p.before(criteria, criteria...)
	isStage := func(name string) bool {
		return slices.ContainsFunc(p.Stages, func(s Stage) bool { return s.Name == name })
	}
	var first, all []string
	for _, c := range criteria {
		all = append(all, c.Name)
		if needs := p.before(criteria, c); !slices.ContainsFunc(p.Stages, func(s Stage) bool { return needs[s.Name] }) {
			first = append(first, c.Name)
		}
	}
	stages := slices.Clone(p.Stages)
	for i, s := range stages {
		wait := all
		switch {
		case before[s.Name] && slices.ContainsFunc(s.Needs, isStage), slices.ContainsFunc(s.Needs, func(need string) bool { return !before[need] }):
			continue // what it needs waits
		case before[s.Name]:
			wait = first
		}
		stages[i].Needs = slices.Clone(s.Needs)
		for _, name := range wait {
			if !slices.Contains(s.Needs, name) {
				stages[i].Needs = append(stages[i].Needs, name)
			}
		}
	}
	return stages
}

// before are the stages that some criteria need, directly or through others, and they themselves.
func (p Pipeline) before(criteria []Stage, some ...Stage) map[string]bool {
	needs := make(map[string][]string)
	for _, s := range slices.Concat(p.Stages, criteria) {
		needs[s.Name] = s.Needs
	}
	seen := make(map[string]bool)
	var visit func(name string)
	visit = func(name string) {
		if _, known := needs[name]; !known || seen[name] {
			return
		}
		seen[name] = true
		for _, need := range needs[name] {
			visit(need)
		}
	}
	for _, c := range some {
		visit(c.Name)
	}
	return seen
}

// closing are the criteria behind all that leads nowhere else.
func (p Pipeline) closing(criteria []Stage) []Stage {
	needed := make(map[string]bool)
	for _, s := range p.Stages {
		if !s.Always {
			for _, need := range s.Needs {
				needed[need] = true
			}
		}
	}
	criteria = slices.Clone(criteria)
	for i := range criteria {
		c := &criteria[i]
		if len(c.Needs) > 0 {
			continue
		}
		c.criterion = ledger.Succeed
		for _, s := range p.Stages {
			if !s.Always && !needed[s.Name] {
				c.Needs = append(c.Needs, s.Name)
			}
		}
	}
	return criteria
}

// opening are the criteria that are asked first.
func opening(criteria []Stage) []Stage {
	criteria = slices.Clone(criteria)
	for i := range criteria {
		criteria[i].criterion = ledger.Activate
	}
	return criteria
}

// place is where the i-th stage of a framed pipeline stands in the one that was written.
func (p Pipeline) place(i int) string {
	for _, list := range []struct {
		field  string
		stages []Stage
	}{{"Stages", p.Stages}, {"Criteria.Activate", p.Criteria.Activate}, {"Criteria.Succeed", p.Criteria.Succeed}} {
		if i < len(list.stages) {
			return fmt.Sprintf("%s[%d]", list.field, i)
		}
		i -= len(list.stages)
	}
	return ""
}
