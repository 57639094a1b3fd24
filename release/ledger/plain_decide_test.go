package ledger_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// tell works out the story of a course.
func (c *course) tell() story {
	p := &plain{course: c, story: story{Began: make(map[string][]int), Ended: make(map[string]stage.Outcome)}}
	for _, s := range c.stages {
		p.all = append(p.all, &actor{Stage: s, is: "fresh"})
	}
	for p.settle(); !p.ended && p.now < 1000; p.settle() {
		p.now++
		if slices.Contains(c.crashes, p.now) {
			p.crash()
			p.settle()
		}
		for _, a := range p.all {
			if s := c.script(a.Name, a.attempt, false); a.is == "running" && a.began+s.takes == p.now {
				p.end(a, s)
			}
			if s := c.script(a.Name, a.undos, true); a.undo == "running" && a.undoBegan+s.takes == p.now {
				p.endUndo(a, s.ends)
			}
		}
		for _, w := range c.says {
			if w.at == p.now {
				p.settle()
				if !p.ended {
					p.hear(w)
				}
			}
		}
	}
	for _, a := range p.all {
		p.Ended[a.Name] = a.outcome
	}
	return p.story
}

func (p *plain) endUndo(a *actor, o stage.Outcome) {
	a.undo = "failed"
	switch {
	case o == stage.Succeeded:
		a.undo = "done"
	case o == stage.Failed:
		if a.undoFails++; a.undoFails < a.Retry.Attempts {
			a.undo = "retry"
			a.undoAt = time.Duration(p.now)*time.Second + a.Retry.Wait(a.undoFails, "r1/"+a.Name+"/undo")
		}
	}
}

// settle looks at all stages until nothing changes any more, and then lets those obey that are to end.
func (p *plain) settle() {
	for {
		for p.round() {
		}
		var obeying []func()
		for _, a := range p.all {
			if end := p.cause(a); end != nil {
				obeying = append(obeying, end)
			}
		}
		if obeying == nil {
			return
		}
		for _, end := range obeying {
			end()
		}
	}
}

// round ends what is to end, or else begins what is to begin, and then goes on undoing. All of it is
// decided by how things stand at first.
func (p *plain) round() bool {
	if p.ended {
		return false
	}
	var todo []func()
	var first, then []*actor
	halted, undo := p.halted(), p.toUndo()
	running := p.any(func(a *actor) bool { return a.undo == "running" })
	ending := p.wanted() && undo != nil || p.undoing && (undo != nil || running)
	for _, a := range p.all {
		end, begin := p.look(a, halted, ending)
		switch {
		case end != nil:
			todo = append(todo, end)
		case begin == 1:
			first = append(first, a)
		case begin == 2:
			then = append(then, a)
		}
	}
	begins := false
	if todo == nil {
		begins = p.beginAll(append(first, then...), halted)
	}
	if ending && !running && undo != nil && !p.any(func(a *actor) bool { return a.begun() && !a.Always }) && (!p.held(undo) || undo.undo == "lost") {
		todo = append(todo, func() { p.undoNext(undo) })
		if undo.undo == "retry" && p.undoing && time.Duration(p.now)*time.Second < undo.undoAt {
			todo = todo[:len(todo)-1]
		}
	}
	for _, do := range todo {
		do()
	}
	busy := p.any(func(a *actor) bool { return a.is != "over" || a.undo == "running" })
	if len(todo) == 0 && !begins && !busy && !ending {
		p.ended = true
		p.Outcome = p.outcome()
	}
	return len(todo) > 0 || begins
}

func (p *plain) undoNext(a *actor) {
	if !p.undoing {
		p.undoing = true
		return
	}
	a.undo, a.undoBegan = "running", p.now
	a.undos++
	p.Undone = append(p.Undone, fmt.Sprintf("%s at %d", a.Name, p.now))
}

func (p *plain) held(a *actor) bool {
	return p.paused || !a.ice && p.any(func(b *actor) bool { return b.ice })
}

// look says how a stage ends that does not run, or whether it begins: 1 before others, 2 with them.
func (p *plain) look(a *actor, halted, undoing bool) (end func(), begin int) {
	over := func(o stage.Outcome, by bool) func() { return func() { p.over(a, o, by) } }
	told := map[stage.SignalKind]stage.Outcome{stage.SkipStage: stage.Skipped, stage.Abort: stage.Aborted}[a.told]
	switch a.is {
	case "expanded":
		if !slices.ContainsFunc(a.items, func(b *actor) bool { return b.is != "over" }) {
			o, by := together(a.items)
			return over(o, by), 0
		}
	case "fresh":
		ready, lacks := p.needs(a)
		switch {
		case !ready:
		case halted && !a.Always, lacks:
			return over(stage.Skipped, false), 0
		case told != "":
			return over(told, true), 0
		case undoing, p.held(a):
		case a.Each != nil && a.group == nil:
			if len(p.items[a.Name]) == 0 {
				return over(stage.Skipped, false), 0
			}
			return func() { p.expand(a) }, 0
		default:
			return nil, 2
		}
	case "lost":
		return nil, 1
	case "parked":
		if told != "" {
			return over(told, true), 0
		}
	case "waiting":
		due := a.until > 0 && p.now >= a.until || a.inbox > a.heard
		switch {
		case a.told != "", halted && !a.Always, a.overtime(p.now):
			return nil, 1
		case due:
			return nil, 2
		}
	case "retry":
		switch {
		case told != "":
			return over(told, true), 0
		case halted && !a.again && !a.Always, !a.again && a.overtime(p.now):
			return func() { p.park(a, stage.Failed) }, 0
		case time.Duration(p.now)*time.Second >= a.retryAt:
			return nil, 2
		}
	}
	return nil, 0
}

// needs reports whether all that a stage needs is over, and whether that keeps it from ever running.
func (p *plain) needs(a *actor) (ready, lacks bool) {
	ready = true
	for _, name := range a.Needs {
		b := p.find(name)
		ready = ready && b.is == "over"
		good := a.Always || b.outcome == stage.Succeeded || b.outcome == stage.Skipped && b.by || b.forgiven() ||
			a.Criterion == ledger.Succeed && b.outcome == stage.Skipped && p.worked(a)
		for _, c := range a.When {
			if c.Stage == name {
				good = slices.Contains(c.Is, b.outcome)
			}
		}
		lacks = lacks || !good
	}
	return ready, lacks
}

// worked reports whether anything was done that leads to a stage.
func (p *plain) worked(a *actor) bool {
	for _, name := range a.Needs {
		b := p.find(name)
		if b.is == "over" && b.outcome != stage.Skipped && !b.Always && b.Criterion == "" || p.worked(b) {
			return true
		}
	}
	return false
}

func (p *plain) expand(a *actor) {
	a.is = "expanded"
	for _, item := range p.items[a.Name] {
		b := &actor{Stage: a.Stage, is: "fresh", told: a.told, inbox: a.inbox, group: a}
		b.Name += "." + item
		a.items = append(a.items, b)
		p.all = append(p.all, b)
	}
}

// together is how a stage ended of which others were made.
func together(items []*actor) (o stage.Outcome, by bool) {
	byOrder := slices.SortedFunc(slices.Values(items), func(a, b *actor) int { return a.order - b.order })
	o = stage.Skipped
	for _, a := range byOrder {
		by = by || a.outcome == stage.Skipped && a.by
		if a.outcome == stage.Succeeded {
			o = stage.Succeeded
		}
	}
	for _, a := range byOrder {
		if a.outcome != stage.Succeeded && a.outcome != stage.Skipped {
			o, by = a.outcome, a.by
			break
		}
	}
	if slices.ContainsFunc(items, func(a *actor) bool { return a.outcome == stage.Stranded }) {
		return stage.Stranded, false
	}
	return o, by && o != stage.Succeeded
}

func (p *plain) beginAll(list []*actor, halted bool) (any bool) {
	running := func(group *actor) (n int) {
		for _, a := range p.all {
			if (a.is == "running" || a.undo == "running") && (group == nil || a.group == group) {
				n++
			}
		}
		return n
	}
	for _, a := range list {
		exempt := a.is == "lost" || a.is == "waiting" && (a.told != "" || halted && !a.Always || a.overtime(p.now))
		if running(nil) >= p.room || !exempt && p.held(a) {
			continue
		}
		if a.group != nil && a.Each.Parallel > 0 && running(a.group) >= a.Each.Parallel {
			continue
		}
		if a.is == "waiting" && halted && !a.Always && a.told == "" {
			a.told = "cut"
		}
		if a.attempt == 0 || a.again {
			a.started = p.now
		}
		a.is, a.began, a.again = "running", p.now, false
		a.attempt++
		p.note(a)
		any = true
	}
	return any
}
