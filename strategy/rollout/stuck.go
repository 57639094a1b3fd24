package rollout

import "github.com/davit-sdk/davit/strategy"

// stuck takes note of pools that will not get there by themselves, and tells of each reason once.
func (r *Rollout) stuck(w *watch) {
	w.stuck, w.seized = nil, nil
	for _, status := range r.seen.Pools {
		if status.Stuck == "" {
			continue
		}
		e := StuckError{Pool: status.Pool, Reason: status.Stuck}
		w.stuck = append(w.stuck, e)
		if status.Seized {
			w.seized = append(w.seized, e)
		}
		if !r.told[e] {
			r.told[e] = true
			r.tell(w.leg.event(Stuck, e.Error()))
		}
	}
}

// hopeless is why there is no use in waiting: on the way forward, a pool of the new revision lacks
// instances which it will not get. The old one may be stuck for what the release mends, and on the way
// back there is nowhere else to go.
func (r *Rollout) hopeless(w *watch, s strategy.State, need func(strategy.Pool, strategy.Group) int) error {
	if !w.leg.forward() {
		return nil
	}
	if err := w.foreign(s); err != nil {
		return err
	}
	wanted := r.seen.sized(s)
	for _, e := range w.stuck {
		_, g, ok := wanted.Find(e.Pool)
		if ok && e.Pool.Revision == r.plan.To && r.seen.Pool(e.Pool).Available < need(e.Pool, g) {
			return &e
		}
	}
	return nil
}

// foreign is a pool of the state that somebody else has taken over, on the way forward.
func (w *watch) foreign(s strategy.State) error {
	if !w.leg.forward() {
		return nil
	}
	for _, e := range w.seized {
		if _, g, ok := s.Find(e.Pool); ok && g.Replicas > 0 {
			return &e
		}
	}
	return nil
}
