package strategy

import "time"

// Hold is how long, and under whose eyes, a state is held before the next step. The zero value
// does not hold it.
type Hold struct {
	// Bake is how long the state is held and watched once it is reached. Zero: no longer than until the
	// gates have passed.
	Bake time.Duration
	// Gates are the names of the gates that are asked during the bake and must pass at its end.
	Gates []string
	// Pause waits for a person after the bake. Nil: no pause.
	Pause *Pause
}

// IsZero reports whether nothing is held.
func (h Hold) IsZero() bool { return h.Bake == 0 && len(h.Gates) == 0 && h.Pause == nil }

// Validate reports everything that is wrong with the hold.
func (h Hold) Validate() error {
	var p problems
	p.duration("Bake", h.Bake)
	p.gates("Gates", h.Gates)
	p.pause("Pause", h.Pause)
	return p.err()
}

// on puts the hold on a step. The step shares nothing with the strategy that it came from.
func (h Hold) on(s Step) Step {
	s.Bake = h.Bake
	s.Gates = append([]string(nil), h.Gates...)
	if h.Pause != nil {
		pause := *h.Pause
		s.Pause = &pause
	}
	return s
}
