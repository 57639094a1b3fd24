package strategy

import "slices"

// Needs is what a plan asks of a target beyond shares, so that a plan that asks too much is refused
// before anything moves.
type Needs struct {
	// Match lists all rules, each once, in the order in which the plan meets them.
	Match []Match
	// Mirror is the largest part of the traffic that is to be copied to one group.
	Mirror Share
	// Sticky tells that clients are to be kept with their group.
	Sticky bool
}

// Needs tells what the plan asks of a target. The state that it starts from counts, because the way
// back ends in it.
func (p Plan) Needs() Needs {
	var n Needs
	n.add(p.From)
	for i := range p.Steps {
		n.add(p.Steps[i].State)
	}
	return n
}

func (n *Needs) add(s State) {
	n.Sticky = n.Sticky || s.Sticky
	for _, g := range s.Groups() {
		if g.Mirror.Compare(n.Mirror) > 0 {
			n.Mirror = g.Mirror
		}
		for _, m := range g.Match {
			if !slices.Contains(n.Match, m) {
				n.Match = append(n.Match, m)
			}
		}
	}
}
