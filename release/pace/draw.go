package pace

import (
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// draw draws the times of a stage that is not over.
func (p *play) draw(n *node) {
	st, line := n.st, n.line
	if n.instant {
		return
	}
	t := p.course.stints[n.name]
	if t == nil {
		t = new(stint)
	}
	worked, waited, before := t.work, t.wait+t.paused, time.Duration(0)
	if !t.asked.IsZero() {
		waited += p.now.Sub(t.asked)
	}
	switch {
	case st.Running():
		worked += p.now.Sub(st.Began) - t.paused
		if !t.asked.IsZero() {
			worked -= p.now.Sub(t.asked)
		}
	case st.Outcome == stage.Waiting && (st.Until.IsZero() || idle(line)):
		waited += p.now.Sub(st.Ended)
		n.waiting = true
	case st.Outcome == stage.Waiting:
		worked += p.now.Sub(st.Ended)
		n.running = true
	case !st.RetryAt.IsZero():
		worked += p.now.Sub(st.Ended)
		before = max(0, st.RetryAt.Sub(p.now))
	default: // it begins anew, or for the first time
		worked, waited = t.mark[0], t.mark[1]
	}
	n.worked = max(worked, t.peak)
	if did, ok := p.stepped(n.name, t); ok {
		n.worked = did
	}
	p.drawWork(n, t, line, max(0, worked))
	for j := range n.work {
		n.work[j] = max(n.work[j], before)
	}
	waits := p.book.find(line, true)
	if len(waits.sorted) > 0 {
		late := false
		if n.wait, late = p.draws(n.name+" waits", waits.sorted, max(0, waited)); late {
			p.unasked = append(p.unasked, n.name)
		}
	} else if slices.Contains(line.Traits, stage.Asks) || slices.Contains(line.Traits, stage.Holds) {
		p.unasked = append(p.unasked, n.name)
	}
}

// drawWork draws how long a stage will still work: by the steps of its rollout, where these are known, or as a whole.
func (p *play) drawWork(n *node, t *stint, line *ledger.Stage, worked time.Duration) {
	if n.waiting {
		n.work = make([]time.Duration, p.book.options.Draws)
		return
	}
	if work, late, ok := p.steps(n.name, t); ok {
		if n.work = work; late {
			p.overdue = append(p.overdue, n.name)
		}
		if !p.enough(line) {
			p.few = append(p.few, n.name)
		}
		return
	}
	known := p.book.find(line, false)
	if len(known.sorted) == 0 {
		if !idle(line) {
			p.unseen = append(p.unseen, n.name)
		}
		n.work = make([]time.Duration, p.book.options.Draws)
		return
	}
	if !p.enough(line) {
		p.few = append(p.few, n.name)
	}
	late := false
	if n.work, late = p.draws(n.name, known.sorted, worked); late && !idle(line) {
		p.overdue = append(p.overdue, n.name)
	}
}

// enough reports whether so many runs of a stage are known that something can be said of its slow ones.
func (p *play) enough(line *ledger.Stage) bool {
	return idle(line) || len(p.book.find(line, false).sorted) >= p.book.options.Least
}

// find are the times of a stage, or those of all that were made of the same one, where it was never seen itself.
func (b *Book) find(line *ledger.Stage, waits bool) runs {
	r := b.sorted(subject{line.Name, false, -1, 0}, waits)
	if len(r.sorted) == 0 && line.Of != "" {
		r = b.sorted(subject{line.Of, true, -1, 0}, waits)
	}
	return r
}

// steps draws what is left of a rollout by its steps. ok is false where it is at none, or one of those to come was never seen.
func (p *play) steps(name string, t *stint) (left []time.Duration, late, ok bool) {
	w := t.step
	if w.since.IsZero() || w.back {
		return nil, false, false
	}
	left = make([]time.Duration, p.book.options.Draws)
	for step := w.step; step < w.steps; step++ {
		known := p.book.sorted(subject{name, false, step, w.steps}, false)
		if len(known.sorted) == 0 {
			return nil, false, false
		}
		worked := time.Duration(0)
		if step == w.step {
			worked = p.now.Sub(w.since) - (t.paused - w.paused)
			if !t.asked.IsZero() {
				worked -= p.now.Sub(t.asked)
			}
		}
		draws, over := p.draws(stepName(name, step), known.sorted, max(0, worked))
		late = late || over
		for j := range left {
			left[j] += draws[j]
		}
	}
	return left, late, true
}

// stepped is how much of a rollout is done, by the medians of its steps: one that is slow does not count for those behind it. ok is false
// where it is at none, one of them was never seen, or it is not the first try.
func (p *play) stepped(name string, t *stint) (did time.Duration, ok bool) {
	if t.retried || t.step.back {
		return 0, false
	}
	median := func(step, steps int) time.Duration {
		known := p.book.sorted(subject{name, false, step, steps}, false)
		ok = ok && len(known.sorted) > 0
		return quantile(known.sorted, 0.5)
	}
	did = t.lead
	for _, s := range t.steps {
		did, ok = did+quantile(p.book.sorted(subject{name, false, s.step, s.steps}, false).sorted, 0.5), true
	}
	w := t.step
	if w.since.IsZero() {
		return did, ok
	}
	ok = true
	for step := range w.steps {
		one := median(step, w.steps)
		if step != w.step {
			continue
		}
		worked := p.now.Sub(w.since) - (t.paused - w.paused)
		if !t.asked.IsZero() {
			worked -= p.now.Sub(t.asked)
		}
		did += min(max(0, worked), one)
	}
	return did, ok
}

func stepName(name string, step int) string { return name + " step " + strconv.Itoa(step) }

// draws are times that are left of something that has taken a while: one from each of as many equal parts of what can be left, in an order of
// its own. late says that it takes longer than it ever did; then they are none.
func (p *play) draws(name string, sorted []time.Duration, taken time.Duration) (left []time.Duration, late bool) {
	n := p.book.options.Draws
	left = make([]time.Duration, n)
	from := 0.0
	if taken > 0 {
		if taken > sorted[len(sorted)-1] {
			return left, true
		}
		from = below(sorted, taken)
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	for j, part := range rand.New(rand.NewPCG(p.book.options.Seed, h.Sum64())).Perm(n) {
		at := from + (1-from)*(float64(part)+0.5)/float64(n)
		left[j] = max(0, quantile(sorted, at)-taken)
	}
	return left, false
}
