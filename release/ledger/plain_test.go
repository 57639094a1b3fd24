package ledger_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// plain carries a course second by second, in the plainest way, without any event: each stage is in
// one of a few conditions, and all of them are looked at over and over until nothing changes.
type plain struct {
	*course
	story
	now                             int
	all                             []*actor
	paused, aborted, undoing, ended bool
	ends                            int // so many stages are over
}

// actor is a stage in a plain course.
type actor struct {
	ledger.Stage
	is         string // fresh, expanded, running, retry, waiting, lost, parked, over
	outcome    stage.Outcome
	by         bool // a person is behind it
	attempt    int
	began      int
	started    int
	failures   int
	retryAt    time.Duration
	until      int // 0: none
	inbox      int
	heard      int
	told       stage.SignalKind // or "cut"
	again, ice bool
	order      int // of the ends
	group      *actor
	items      []*actor
	undo       string // "", running, retry, lost, done, failed
	undos      int
	undoBegan  int
	undoFails  int
	undoAt     time.Duration
}

func (a *actor) begun() bool { return a.attempt > 0 && a.is != "over" }

func (a *actor) forgiven() bool {
	return a.OnFailure == ledger.GoOn && (a.outcome == stage.Failed || a.outcome == stage.RolledBack)
}

func (a *actor) bad() bool {
	return a.outcome != stage.Succeeded && a.outcome != stage.Skipped && !a.forgiven()
}

func (p *plain) find(name string) *actor {
	for _, a := range p.all {
		if a.Name == name {
			return a
		}
	}
	return nil
}

func (p *plain) any(f func(*actor) bool) bool { return slices.ContainsFunc(p.all, f) }

func (p *plain) halted() bool {
	return p.aborted || p.any(func(a *actor) bool { return a.is == "over" && a.bad() })
}

// passed reports whether something has begun that is irreversible.
func (p *plain) passed() bool {
	return p.any(func(a *actor) bool { return a.Irreversible && a.attempt > 0 })
}

// wanted reports whether something asks for what was done to be undone.
func (p *plain) wanted() bool {
	if p.aborted {
		return p.onAbort != ledger.Stop && !p.passed()
	}
	return !p.passed() && p.any(func(a *actor) bool {
		return a.is == "over" && a.bad() && a.OnFailure == ledger.Undo && a.outcome != stage.Stranded
	})
}

func (a *actor) overtime(now int) bool {
	return a.Timeout > 0 && time.Duration(now-a.started)*time.Second >= a.Timeout
}

// over ends a stage.
func (p *plain) over(a *actor, o stage.Outcome, by bool) {
	wanted := p.wanted()
	p.ends++
	a.is, a.outcome, a.by, a.ice, a.order = "over", o, by, false, p.ends
	if a.bad() && a.OnFailure == ledger.Undo && o != stage.Stranded && !wanted && p.wanted() && !p.aborted {
		for _, b := range p.all { // it would be undone, too
			if b.begun() && !b.Always && !b.ice && b.is != "parked" && b.told == "" {
				b.told = "cut"
			}
		}
	}
}

// bad end of a stage: over, unless it is to wait for a person.
func (p *plain) park(a *actor, o stage.Outcome) {
	was := a.outcome
	a.outcome = o
	spoils := a.bad()
	a.outcome = was
	if spoils && a.told == "" && !p.aborted && (a.OnFailure == ledger.Freeze || a.OnFailure == ledger.Undo && p.passed()) {
		a.is, a.outcome, a.ice = "parked", o, true
		return
	}
	p.over(a, o, false)
}

// end ends an attempt by what the stage says.
func (p *plain) end(a *actor, s script) {
	if a.heard = a.inbox; s.ends == stage.Waiting && s.until == 0 && a.Listens == nil {
		s = script{ends: stage.Failed, final: true}
	}
	switch {
	case s.ends == stage.Waiting:
		a.is, a.outcome, a.until = "waiting", "", 0
		if s.until > 0 {
			a.until = p.now + s.until
		}
	case s.ends == stage.Failed:
		a.failures++
		wait := a.Retry.Wait(a.failures, "r1/"+a.Name)
		at := time.Duration(p.now)*time.Second + wait
		if !s.final && a.told == "" && (a.Always || !p.halted()) && a.failures < a.Retry.Attempts &&
			(a.Timeout == 0 || at <= time.Duration(a.started)*time.Second+a.Timeout) {
			a.is, a.outcome, a.retryAt = "retry", "", at
			return
		}
		p.park(a, stage.Failed)
	default:
		p.park(a, s.ends)
	}
}

// cause is how a running stage ends if it is to end by now; nil where it is not.
func (p *plain) cause(a *actor) func() {
	switch {
	case a.is != "running":
	case a.told == stage.SkipStage:
		return func() { p.over(a, stage.Skipped, true) }
	case a.told == stage.Abort:
		return func() { p.over(a, stage.Aborted, true) }
	case a.told == "cut":
		return func() { p.over(a, stage.Aborted, false) }
	case a.overtime(p.now):
		return func() { p.end(a, script{ends: stage.Failed, final: true}) }
	case a.AttemptTimeout > 0 && time.Duration(p.now-a.began)*time.Second >= a.AttemptTimeout:
		return func() { p.end(a, script{ends: stage.Failed}) }
	}
	return nil
}

// crash loses all that runs.
func (p *plain) crash() {
	for _, a := range p.all {
		switch {
		case a.is == "running" && a.Effect == stage.AtMostOnce:
			a.is, a.outcome = "parked", stage.Interrupted
			a.heard = 0
		case a.is == "running":
			a.is = "lost"
		}
		if a.undo == "running" {
			a.undo = "lost"
		}
	}
}

// hear takes what a person says, where it makes sense.
func (p *plain) hear(w word) {
	if w.to == "" {
		switch w.kind {
		case stage.Pause:
			p.paused = true
		case stage.Resume:
			p.paused = false
		case stage.Abort:
			if p.undoing {
				return
			}
			p.aborted, p.paused = true, false
			for _, a := range p.all {
				if a.begun() {
					a.tell(stage.Abort)
				}
			}
		}
		return
	}
	a := p.find(w.to)
	if a == nil {
		return
	}
	targets := []*actor{a}
	if a.items != nil {
		targets = a.items
	}
	for _, t := range targets {
		switch {
		case w.kind == stage.Retry && t.undo == "retry":
			t.undoAt = time.Duration(p.now) * time.Second
		case w.kind == stage.Retry && (t.is == "parked" || t.is == "retry"):
			t.is, t.failures, t.retryAt, t.again = "retry", 0, time.Duration(p.now)*time.Second, true
		case t.is == "over" || w.kind == stage.Retry:
		case w.kind == stage.Promote && t.Listens != nil:
			t.inbox++
		case w.kind == stage.SkipStage || w.kind == stage.Abort:
			t.tell(w.kind)
		}
	}
}

func (a *actor) tell(kind stage.SignalKind) {
	if a.told == "" || a.told == "cut" || a.told == stage.SkipStage && kind == stage.Abort {
		a.told = kind
	}
}

func (p *plain) note(a *actor) {
	p.Began[a.Name] = append(p.Began[a.Name], p.now)
}

func (p *plain) String() string {
	text := ""
	for _, s := range p.stages {
		text += fmt.Sprintf("%+v items %v\n", s, p.items[s.Name])
	}
	return text + fmt.Sprintf("room %d, on abort %q, words %v, crashes %v", p.room, p.onAbort, p.says[:min(8, len(p.says))], p.crashes)
}
