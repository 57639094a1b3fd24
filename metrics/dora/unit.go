package dora

import (
	"bytes"
	"cmp"
	"slices"
)

// unit is a deployment that counts, or several of a group.
type unit struct {
	finish    int64
	ended     int64  // when the last of its incidents was resolved; never: it has none
	fixed     int64  // when the first deployment finished that remedies it; never: none has
	first     uint32 // the number of the deployment, or of the first one of the group
	group     int32  // where in groups; -1: none
	service   uint32 // rank
	incidents uint32 // that it caused
	leads     uint32 // where in fold.leads those of this unit begin
	kind      uint8
	failed    bool // an attempt that did not succeed
	reached   bool // an attempt that reached users nevertheless: it caused an incident
	bad       bool // has failed users
	open      bool // one of its incidents is not resolved
	baseline  bool // has no lead times
	changed   bool // brought a change that is known
	inside    bool // finished in the window
	fixes     bool // says what it fixes
}

func (u *unit) remedies() bool { return kinds[u.kind].Remedies() }

// completed says whether users saw it.
func (u *unit) completed() bool { return !u.failed || u.reached }

// arrange finds the deployments that count, by finish. It is the same for any order of the events.
func (f *fold) arrange() []unit {
	h := f.h
	f.unitOf = make([]uint32, len(h.deployed))
	type key struct {
		service, group uint32
		kind           uint8
	}
	grouped := map[key]int32{}
	units := make([]unit, 0, len(h.deployed))
	for i := range h.deployed {
		d := &h.deployed[i]
		f.unitOf[i] = none
		if d.finish == never || d.kind == kindFlag && f.r.Flags == FlagsApart {
			continue
		}
		if !f.selected[d.service] {
			continue
		}
		f.oddStart(uint32(i), d)
		if !f.counts[d.environment] {
			if f.w.has(d.finish) {
				f.elsewhere++
			}
			continue
		}
		if d.group != none && f.r.Groups != GroupsEach {
			k := key{d.service, d.group, d.kind}
			if g, ok := grouped[k]; ok {
				f.groups[g] = append(f.groups[g], uint32(i))
				continue
			}
			grouped[k] = int32(len(f.groups))
			f.groups = append(f.groups, []uint32{uint32(i)})
			units = append(units, unit{first: uint32(i), group: grouped[k]})
			continue
		}
		units = append(units, unit{
			finish: d.finish, ended: never, fixed: never, first: uint32(i), group: -1,
			service: f.rank[d.service], kind: d.kind, failed: d.failed, fixes: d.fixes.n > 0,
		})
	}
	for i := range units {
		if u := &units[i]; u.group >= 0 {
			f.join(u)
		}
	}
	f.sort(units)
	return units
}

// oddStart tells of a deployment that finished before it started.
func (f *fold) oddStart(i uint32, d *deployment) {
	if d.start > d.finish {
		f.odd(Anomaly{Code: CodeNegativeSpan, ID: f.h.deployments.String(i)})
	}
}

// earlier orders deployments by finish and id.
func (h *History) earlier(a, b uint32) int {
	if c := cmp.Compare(h.deployed[a].finish, h.deployed[b].finish); c != 0 {
		return c
	}
	return bytes.Compare(h.deployments.text(a), h.deployments.text(b))
}

// join makes one unit of a group: it is of the version of its first member.
func (f *fold) join(u *unit) {
	members := f.groups[u.group]
	slices.SortFunc(members, f.h.earlier)
	first := f.h.deployed[members[0]]
	*u = unit{
		finish: never, ended: never, fixed: never, first: members[0], group: u.group,
		service: f.rank[first.service], kind: first.kind, failed: true,
	}
	failed := 0
	for _, m := range members {
		d := &f.h.deployed[m]
		u.fixes = u.fixes || d.fixes.n > 0
		if d.failed {
			failed++
		} else {
			u.failed, u.finish = false, d.finish
		}
	}
	if u.failed {
		u.finish = f.h.deployed[members[len(members)-1]].finish
	} else if failed > 0 && f.w.has(u.finish) {
		f.odd(Anomaly{Code: CodePartly, ID: f.h.deployments.String(u.first), Count: failed})
	}
}

// order is by finish and id.
func (f *fold) order(a, b *unit) int {
	if c := cmp.Compare(a.finish, b.finish); c != 0 {
		return c
	}
	return bytes.Compare(f.h.deployments.text(a.first), f.h.deployments.text(b.first))
}

func (f *fold) earlier(a, b uint32) bool { return f.order(&f.units[a], &f.units[b]) < 0 }

// sort puts units in the order of time, unless they came so.
func (f *fold) sort(units []unit) {
	sorted := true
	f.begins = make([]int, len(f.services)+1)
	for i := range units {
		u := &units[i]
		u.inside = f.w.has(u.finish)
		f.begins[u.service+1]++
		sorted = sorted && (i == 0 || units[i-1].finish < u.finish || units[i-1].finish == u.finish && f.order(&units[i-1], u) < 0)
	}
	if !sorted {
		f.sortByTime(units)
	}
	for s := range f.services {
		f.begins[s+1] += f.begins[s]
	}
}

// sortByTime sorts when they finished, which is small, and then moves each unit once.
func (f *fold) sortByTime(units []unit) {
	type key struct {
		finish int64
		at     int
	}
	keys := make([]key, len(units))
	for i := range units {
		keys[i] = key{units[i].finish, i}
	}
	slices.SortFunc(keys, func(a, b key) int {
		if a.finish != b.finish {
			return cmp.Compare(a.finish, b.finish)
		}
		return f.order(&units[a.at], &units[b.at])
	})
	unsorted := slices.Clone(units)
	for i, k := range keys {
		units[i] = unsorted[k.at]
	}
}

// place puts units in the order of services, and of time within.
func (f *fold) place(units []unit) {
	f.units = make([]unit, len(units))
	next := slices.Clone(f.begins)
	for i := range units {
		u := &units[i]
		at := next[u.service]
		f.units[at] = *u
		next[u.service]++
		f.unitOf[u.first] = uint32(at)
		if u.group >= 0 {
			for _, m := range f.groups[u.group] {
				f.unitOf[m] = uint32(at)
			}
		}
	}
}

// members are the deployments of a unit.
func (f *fold) members(u *unit, one *[1]uint32) []uint32 {
	if u.group >= 0 {
		return f.groups[u.group]
	}
	one[0] = u.first
	return one[:]
}

// started is when a unit started, or the first of its group.
func (f *fold) started(u *unit) int64 {
	start := int64(never)
	var one [1]uint32
	for _, m := range f.members(u, &one) {
		if t := f.h.deployed[m].start; t != never && (start == never || t < start) {
			start = t
		}
	}
	return start
}

// of are the units of a service.
func (f *fold) of(service uint32) []unit { return f.units[f.begins[service]:f.begins[service+1]] }
