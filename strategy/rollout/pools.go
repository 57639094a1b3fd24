package rollout

import (
	"cmp"
	"slices"

	"github.com/davit-sdk/davit/strategy"
)

// pools sorts the instances of a fleet by what shall become of them.
type pools struct {
	order []strategy.Pool
	of    map[strategy.Pool]*members
}

type members struct {
	want     int
	stopping int
	failed   []Instance
	keep     []Instance // alive, and to stay
	leaving  []Instance // alive, and to go
}

func split(instances []Instance, table Table, s strategy.State) pools {
	p := pools{of: map[strategy.Pool]*members{}}
	get := func(pool strategy.Pool) *members {
		if p.of[pool] == nil {
			p.of[pool] = &members{}
			p.order = append(p.order, pool)
		}
		return p.of[pool]
	}
	for role, g := range s.Groups() {
		get(s.Pool(role)).want = g.Replicas
	}
	for _, in := range instances {
		switch m := get(in.Pool); in.Phase {
		case Stopping:
			m.stopping++
		case Failed:
			m.failed = append(m.failed, in)
		default:
			m.keep = append(m.keep, in)
		}
	}
	routed := table.ids()
	for _, m := range p.of {
		if len(m.keep) <= m.want {
			continue
		}
		// The ones of least use go: those that are not ready, then those that get no requests. An
		// instance that was chosen once has left the table, and is therefore chosen again.
		slices.SortStableFunc(m.keep, func(a, b Instance) int {
			return cmp.Or(
				cmp.Compare(rank(a, routed), rank(b, routed)),
				a.ReadySince.Compare(b.ReadySince),
				cmp.Compare(a.ID, b.ID))
		})
		m.keep, m.leaving = m.keep[:m.want], m.keep[m.want:]
	}
	return p
}

func rank(in Instance, routed map[string]bool) int {
	switch {
	case in.Phase == Ready && routed[in.ID]:
		return 0
	case in.Phase == Ready:
		return 1
	case in.Phase == Unready:
		return 2
	}
	return 3
}
