package kubernetes

import (
	"fmt"

	"github.com/davit-sdk/davit/strategy"
)

// assign gives each pool of a state its slot: the one that it lives in, or else one that is empty and
// that no other pool of the state lives in. Pools that find none are told, with the reason: they wait
// until one is empty.
//
// A target that rolls natively has one slot, in which one pool takes the place of another.
func assign(v *view, s strategy.State, native bool) (at map[strategy.Pool]string, waiting map[strategy.Pool]string) {
	at, waiting = map[strategy.Pool]string{}, map[strategy.Pool]string{}
	taken := map[string]bool{}
	for role := range s.Groups() {
		if t := v.holding(s.Pool(role)); t != nil {
			at[s.Pool(role)], taken[t.name] = t.name, true
		}
	}
	for role := range s.Groups() {
		pool := s.Pool(role)
		if at[pool] != "" {
			continue
		}
		why := ""
		for _, t := range v.slots {
			switch {
			case t.baseline != pool.Baseline || taken[t.name]:
				continue
			case !native && !t.empty():
				why = fmt.Sprintf("%s still holds %s%s", t.object, t.pool, t.leftover())
				continue
			}
			at[pool], taken[t.name], why = t.name, true, ""
			break
		}
		if at[pool] == "" {
			if why == "" {
				why = "all slots are taken by other pools of the state"
			}
			waiting[pool] = why
		}
	}
	return at, waiting
}
