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

// play is what is still to come of a release that goes well, ready to be played through.
type play struct {
	book   *Book
	now    time.Time
	course *Course
	state  *ledger.State
	nodes  []node
	index  map[string]int
	room   int // how many stages run at once

	unseen, overdue, unasked []string

	pending, busy []int // of the draw that is played
	ready         []int
	active        []active
}

// node is a stage in a play.
type node struct {
	name    string
	leads   []int // to the stages that need it
	needs   int   // how many are not over
	over    bool
	instant bool // it does not run itself: it is skipped, or others were made of it
	running bool // it takes up room already
	waiting bool // it has worked, and waits for people
	of      int  // what it was made of; -1: it is in the pipeline itself
	limit   int  // how many that were made of it run at once; 0: any
	before  time.Duration
	work    []time.Duration // by draws
	wait    []time.Duration // by draws; nil: none, or not known
}

type active struct {
	at    time.Duration
	node  int
	waits bool
}

// newPlay makes a play of a course at a time. A course that has not begun is played from its begin.
func (b *Book) newPlay(c *Course, now time.Time) *play {
	p := &play{book: b, now: now, course: c, state: &c.state, index: make(map[string]int), room: c.state.Pipeline.Parallel}
	if p.room == 0 {
		p.room = ledger.DefaultParallel
	}
	s := p.state
	p.nodes = make([]node, len(s.Stages))
	for i := range s.Stages {
		p.index[s.Stages[i].Name] = i
	}
	ends := make([]stage.Outcome, len(s.Stages)) // how all ended, or will
	for i := range s.Stages {
		p.node(i, ends)
	}
	for i := range p.nodes {
		if !p.nodes[i].over {
			p.draw(i)
		}
	}
	return p
}

// node enters a stage. Those that it needs are entered.
func (p *play) node(i int, ends []stage.Outcome) {
	st, line, n := &p.state.Stages[i], &p.state.Pipeline.Stages[i], &p.nodes[i]
	n.name, n.of, n.over, ends[i] = st.Name, -1, st.Over(), st.Outcome
	if line.Each != nil {
		n.limit = line.Each.Parallel
	}
	if !n.over {
		ends[i] = stage.Succeeded
		if !st.Begun() && !st.Expanded && line.Of == "" && !p.goes(line, ends) {
			ends[i], n.instant = stage.Skipped, true
		}
		n.instant = n.instant || st.Expanded
		n.running = st.Running()
	}
	needs := func(of, to int) {
		if !p.nodes[of].over {
			p.nodes[of].leads = append(p.nodes[of].leads, to)
			p.nodes[to].needs++
		}
	}
	if line.Of != "" {
		n.of = p.index[line.Of]
		needs(i, n.of)
		return
	}
	if !n.over && !st.Begun() && !st.Expanded {
		for _, name := range line.Needs {
			needs(p.index[name], i)
		}
	}
}

// goes reports whether a stage runs when what it needs ends so.
func (p *play) goes(line *ledger.Stage, ends []stage.Outcome) bool {
	for _, name := range line.Needs {
		j := p.index[name]
		need, end := &p.state.Pipeline.Stages[j], ends[j]
		at := slices.IndexFunc(line.When, func(c ledger.Condition) bool { return c.Stage == name })
		switch {
		case at >= 0:
			if !slices.Contains(line.When[at].Is, end) {
				return false
			}
		case line.Always, end == stage.Succeeded:
		case end == stage.Skipped && (p.state.Stages[j].By != "" || line.Criterion == ledger.Succeed && p.worked(line, ends, make(map[string]bool))):
		case end != stage.Skipped && !need.Spoils(end):
		default:
			return false
		}
	}
	return true
}

// worked reports whether anything is done by the stages that one needs, directly or through others, as the engine asks for of a criterion.
func (p *play) worked(line *ledger.Stage, ends []stage.Outcome, seen map[string]bool) bool {
	for _, name := range line.Needs {
		if seen[name] {
			continue
		}
		seen[name] = true
		j := p.index[name]
		need := &p.state.Pipeline.Stages[j]
		if ends[j] != stage.Skipped && !need.Always && need.Criterion == "" || p.worked(need, ends, seen) {
			return true
		}
	}
	return false
}

// draw draws the times of a stage that is not over.
func (p *play) draw(i int) {
	n, st, line := &p.nodes[i], &p.state.Stages[i], &p.state.Pipeline.Stages[i]
	if n.instant {
		return
	}
	t := p.course.stints[n.name]
	if t == nil {
		t = new(stint)
	}
	worked, waited := t.work, t.wait+t.paused
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
	default: // it begins anew, or for the first time
		worked, waited = 0, 0
		n.before = max(0, st.RetryAt.Sub(p.now))
		if st.RetryAt.IsZero() {
			n.before = 0
		}
	}
	p.drawWork(n, t, line, max(0, worked))
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
	late := false
	if n.work, late = p.draws(n.name, known.sorted, worked); late && !idle(line) {
		p.overdue = append(p.overdue, n.name)
	}
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

func stepName(name string, step int) string { return name + " step " + strconv.Itoa(step) }

// draws are times that are left of something that has taken a while: one from each of as many equal parts of what can be left, in an order of its own.
// late says that it takes longer than it ever did; then they are none.
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

// lengths plays all draws, and gives sorted how long each took.
func (p *play) lengths(people bool) []time.Duration {
	all := make([]time.Duration, p.book.options.Draws)
	for j := range all {
		all[j] = p.length(people, func(n *node) time.Duration { return n.work[j] }, func(n *node) time.Duration {
			if n.wait == nil {
				return 0
			}
			return n.wait[j]
		})
	}
	slices.Sort(all)
	return all
}

// length plays it through once: what begins first and how many at once is as the engine has it. Who waits for people takes up no room.
func (p *play) length(people bool, work, wait func(*node) time.Duration) time.Duration {
	p.begin()
	var now time.Duration
	room := p.room
	enter := func(i int, from time.Duration, begun bool) {
		n := &p.nodes[i]
		switch {
		case n.waiting && begun:
			p.active = append(p.active, active{from, i, true})
			if people {
				p.active[len(p.active)-1].at += wait(n)
			}
			return
		case n.of >= 0:
			p.busy[n.of]++
		}
		room--
		p.active = append(p.active, active{from + n.before + work(n), i, false})
	}
	for i := range p.nodes {
		if n := &p.nodes[i]; !n.over && (n.running || n.waiting) {
			enter(i, 0, true)
		}
	}
	for {
		for at := 0; at < len(p.ready) && room > 0; {
			i := p.ready[at]
			if of := p.nodes[i].of; of >= 0 && p.nodes[of].limit > 0 && p.busy[of] >= p.nodes[of].limit {
				at++
				continue
			}
			p.ready = slices.Delete(p.ready, at, at+1)
			enter(i, now, false)
		}
		if len(p.active) == 0 {
			return now
		}
		first := 0
		for k := range p.active {
			if p.active[k].at < p.active[first].at {
				first = k
			}
		}
		one := p.active[first]
		p.active = append(p.active[:first], p.active[first+1:]...)
		now = one.at
		n := &p.nodes[one.node]
		if !one.waits {
			room++
			if n.of >= 0 {
				p.busy[n.of]--
			}
			if people && n.wait != nil {
				p.active = append(p.active, active{now + wait(n), one.node, true})
				continue
			}
		}
		p.lead(n)
	}
}

// begin makes ready what is ready at the begin.
func (p *play) begin() {
	p.pending, p.busy = slices.Grow(p.pending[:0], len(p.nodes)), slices.Grow(p.busy[:0], len(p.nodes))
	p.ready, p.active = p.ready[:0], p.active[:0]
	for i := range p.nodes {
		p.pending, p.busy = append(p.pending, p.nodes[i].needs), append(p.busy, 0)
	}
	for i := range p.nodes {
		n := &p.nodes[i]
		if n.over || n.running || n.waiting || n.needs > 0 {
			continue
		}
		if n.instant {
			p.lead(n)
			continue
		}
		p.enqueue(i)
	}
}

// lead is called when a stage is over: those that need nothing more are ready.
func (p *play) lead(n *node) {
	for _, to := range n.leads {
		if p.pending[to]--; p.pending[to] > 0 {
			continue
		}
		if p.nodes[to].instant {
			p.lead(&p.nodes[to])
			continue
		}
		p.enqueue(to)
	}
}

func (p *play) enqueue(i int) {
	if at, there := slices.BinarySearch(p.ready, i); !there {
		p.ready = slices.Insert(p.ready, at, i)
	}
}
