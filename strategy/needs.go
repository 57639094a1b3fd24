package strategy

// Needs is what a plan asks of a target beyond shares, so that a plan that asks too much is refused
// before anything moves.
type Needs struct {
	// Match lists all rules, each once, in the order in which the plan meets them.
	Match []Match
	// Mirror is the largest part of the traffic that is to be copied to one group.
	Mirror Share
	// Sticky tells that clients are to be kept with their group.
	Sticky bool
	// Native tells that a step leaves its way to the target.
	Native bool
}

// Needs tells what the plan asks of a target. The state that it starts from counts, because the way
// back ends in it.
func (p Plan) Needs() Needs {
	var n Needs
	known := map[Match]bool{}
	n.add(p.From, known)
	for i := range p.Steps {
		n.add(p.Steps[i].State, known)
		n.Native = n.Native || p.Steps[i].Native
	}
	return n
}

// add takes in what one state asks for; known holds the rules so far.
func (n *Needs) add(s State, known map[Match]bool) {
	n.Sticky = n.Sticky || s.Sticky
	for _, g := range s.Groups() {
		if g.Mirror.Compare(n.Mirror) > 0 {
			n.Mirror = g.Mirror
		}
		for _, m := range g.Match {
			if !known[m] {
				known[m] = true
				n.Match = append(n.Match, m)
			}
		}
	}
}
