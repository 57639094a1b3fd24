package pace

import (
	"slices"
	"time"
)

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
	enter := func(i int, from time.Duration) {
		n := &p.nodes[i]
		if n.of >= 0 {
			p.busy[n.of]++
		}
		room--
		p.active = append(p.active, active{from + work(n), i, false})
	}
	for i := range p.nodes {
		switch n := &p.nodes[i]; {
		case n.over:
		case n.running:
			enter(i, 0)
		case n.waiting && people:
			p.active = append(p.active, active{wait(n), i, true})
		case n.waiting:
			p.active = append(p.active, active{0, i, true})
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
			enter(i, now)
		}
		if len(p.active) == 0 {
			return now
		}
		one := p.first()
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
		p.over = append(p.over[:0], one.node)
		p.lead()
	}
}

// first takes out what ends first.
func (p *play) first() active {
	at := 0
	for k := range p.active {
		if p.active[k].at < p.active[at].at {
			at = k
		}
	}
	one := p.active[at]
	p.active = append(p.active[:at], p.active[at+1:]...)
	return one
}

// begin makes ready what is ready at the begin.
func (p *play) begin() {
	p.pending, p.busy = slices.Grow(p.pending[:0], len(p.nodes)), slices.Grow(p.busy[:0], len(p.nodes))
	p.ready, p.active, p.order, p.made = p.ready[:0], p.active[:0], p.order[:0], 0
	for i := range p.nodes {
		p.pending, p.busy, p.order = append(p.pending, p.nodes[i].needs), append(p.busy, 0), append(p.order, i)
	}
	p.over = p.over[:0]
	for i := range p.nodes {
		n := &p.nodes[i]
		switch {
		case n.over || n.running || n.waiting || n.needs > 0:
		case n.instant:
			p.over = append(p.over, i)
		default:
			p.enqueue(i)
		}
	}
	p.lead()
}

// lead is called when the stages of p.over are over: those that need nothing more are ready. Those among them that do not run themselves are
// over in the next round, as the engine has it.
func (p *play) lead() {
	for len(p.over) > 0 {
		p.fresh = p.fresh[:0]
		for _, i := range p.over {
			for _, to := range p.nodes[i].leads {
				if p.pending[to]--; p.pending[to] == 0 {
					p.fresh = append(p.fresh, to)
				}
			}
		}
		slices.Sort(p.fresh)
		p.over = p.over[:0]
		for _, i := range p.fresh {
			if p.nodes[i].instant {
				p.over = append(p.over, i)
				continue
			}
			p.enqueue(i)
		}
	}
}

// enqueue makes a stage ready. Those that are made on the way come behind all others, in the order in which they are.
func (p *play) enqueue(i int) {
	if i >= len(p.state.Stages) {
		p.order[i] = len(p.state.Stages) + p.made
		p.made++
	}
	at, there := slices.BinarySearchFunc(p.ready, p.order[i], func(j, order int) int { return p.order[j] - order })
	if !there {
		p.ready = slices.Insert(p.ready, at, i)
	}
}
