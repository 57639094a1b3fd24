package ledger_test

import (
	"slices"

	"github.com/davit-sdk/davit/stage"
)

// did reports whether the stage did something that it can take back.
func (a *actor) did() bool {
	clean := a.outcome == stage.RolledBack || a.outcome == stage.Stranded || a.outcome == stage.Skipped && !a.by
	return a.CanUndo && !a.Always && a.attempt > 0 && a.is == "over" && !clean
}

// stuck reports whether it is neither done nor undone.
func (a *actor) stuck() bool {
	return a.is == "over" && a.outcome == stage.Stranded || a.undo == "failed"
}

// stands reports whether something that is stuck stands on the stage.
func (p *plain) stands(a *actor) bool {
	for _, b := range p.all {
		needs := slices.Contains(b.Needs, a.Name) || a.group != nil && slices.Contains(b.Needs, a.group.Name)
		if needs && (b.stuck() || p.stands(b)) {
			return true
		}
	}
	return false
}

// toUndo is the stage that is to be undone next: the one that ended last. Nil: there is none.
func (p *plain) toUndo() (last *actor) {
	for _, a := range p.all {
		if a.did() && a.undo != "done" && a.undo != "failed" && a.undo != "running" && !p.stands(a) && (last == nil || a.order > last.order) {
			last = a
		}
	}
	return last
}

func (p *plain) outcome() stage.Outcome {
	byOrder := slices.SortedFunc(slices.Values(p.all), func(a, b *actor) int { return a.order - b.order })
	if p.any(func(a *actor) bool { return a.outcome == stage.Stranded || p.undoing && a.undo == "failed" }) {
		return stage.Stranded
	}
	if p.aborted {
		return stage.Aborted
	}
	for _, a := range byOrder {
		if !a.bad() {
			continue
		}
		if p.undoing {
			return stage.RolledBack
		}
		return a.outcome
	}
	sinks, skipped, leftOut, done := 0, 0, false, false
	for _, a := range p.all {
		if a.Always {
			continue
		}
		if a.Criterion == "" {
			leftOut = leftOut || a.outcome == stage.Skipped && a.attempt == 0 && !a.by && a.When == nil && a.items == nil
			done = done || a.outcome != stage.Skipped
		}
		if a.group == nil && !p.any(func(b *actor) bool { return !b.Always && slices.Contains(b.Needs, a.Name) }) {
			sinks++
			if a.outcome == stage.Skipped {
				skipped++
			}
		}
	}
	if sinks > 0 && sinks == skipped && (leftOut || !done) {
		return stage.Skipped
	}
	return stage.Succeeded
}
