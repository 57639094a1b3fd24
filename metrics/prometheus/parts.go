package prometheus

import (
	"maps"
	"slices"
	"sync"
)

// dealer deals the members of groups to parts. It remembers, as a member must keep its part.
type dealer struct {
	most   int
	mu     sync.Mutex
	groups map[string]*dealt
	order  []string // of groups, the one that was asked for last being the last
}

// dealt is who is in which part of a group.
type dealt struct {
	part map[string]int
	seen map[string]int64
	used int
}

const (
	mostGroups = 256
	// keptMillis is for how long a member keeps its part that is not seen any more.
	keptMillis = 24 * 3600 * 1000
)

// slots are the parts of the members, and how many parts there are. Members tells up to when each was seen.
func (d *dealer) slots(group string, members map[string]int64) (map[string]int, int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	g := d.group(group)
	latest := int64(0)
	for _, at := range members {
		latest = max(latest, at)
	}
	for member, at := range g.seen {
		if latest-at > keptMillis {
			delete(g.seen, member)
			delete(g.part, member)
		}
	}
	load := make([]int, d.most)
	for member := range members {
		if slot, ok := g.part[member]; ok {
			load[slot]++
		}
	}
	for _, member := range slices.Sorted(maps.Keys(members)) {
		if _, ok := g.part[member]; !ok {
			slot := slices.Index(load, slices.Min(load))
			g.part[member] = slot
			load[slot]++
			g.used = max(g.used, slot+1)
		}
		g.seen[member] = max(g.seen[member], members[member])
	}
	return maps.Clone(g.part), max(g.used, 1)
}

// group is what is remembered of a group; the one that was not asked for longest is forgotten.
func (d *dealer) group(name string) *dealt {
	if d.groups == nil {
		d.groups = map[string]*dealt{}
	}
	g := d.groups[name]
	if g == nil {
		g = &dealt{part: map[string]int{}, seen: map[string]int64{}}
		d.groups[name] = g
	}
	d.order = append(slices.DeleteFunc(d.order, func(other string) bool { return other == name }), name)
	if len(d.order) > mostGroups {
		delete(d.groups, d.order[0])
		d.order = d.order[1:]
	}
	return g
}
