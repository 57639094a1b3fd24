package dora

import "sort"

// link is an incident with a deployment that caused it.
type link struct{ incident, unit uint32 }

// attribute finds the deployments that caused each incident.
func (f *fold) attribute() {
	h := f.h
	f.home = make([]uint32, len(h.harm))
	f.cause = make([]uint32, len(h.harm))
	f.touched = make([]uint32, len(f.units))
	f.links = make([]link, 0, len(h.harm))
	for i := range h.harm {
		f.charges(uint32(i))
	}
}

// attributes says whether the rules look for what caused an incident.
func (f *fold) attributes() bool { return f.r.Attribution != AttributionNone }

// charges finds the deployments that caused one incident.
func (f *fold) charges(i uint32) {
	h := f.h
	n := &h.harm[i]
	f.home[i], f.cause[i] = f.rank[n.service], none
	if n.resolved != never && n.resolved < n.opened {
		f.odd(Anomaly{Code: CodeNegativeSpan, ID: h.incidents.String(i)})
	}
	explicit := false
	if f.r.Attribution != AttributionLatest && f.r.Attribution != AttributionNone {
		explicit = f.explicit(i, n)
	}
	if f.r.Attribution == AttributionLatest || f.r.Attribution == AttributionElseLatest && !explicit {
		if u := f.latest(n); u != none {
			f.charge(i, u)
		}
	}
	if n.service == f.nameless && f.cause[i] < elsewhere {
		f.home[i] = f.units[f.cause[i]].service
	}
}

// elsewhere is the cause of an incident that was caused by a service which was not asked for.
const elsewhere = none - 1

// explicit charges what an incident says caused it, and answers whether it says anything.
func (f *fold) explicit(i uint32, n *incident) bool {
	h := f.h
	for _, d := range n.causes.of(h.causes) {
		row := &h.deployed[d]
		switch u := f.unitOf[d]; {
		case u != none:
			f.charge(i, u)
		case row.finish == never:
			f.odd(Anomaly{Code: CodeUnknownDeployment, ID: h.incidents.String(i), Other: h.deployments.String(d)})
		case !f.selected[row.service]:
			if f.cause[i] == none {
				f.cause[i] = elsewhere
			}
		default:
			f.odd(Anomaly{Code: CodeUncounted, ID: h.incidents.String(i), Other: h.deployments.String(d)})
		}
	}
	unknown := 0
	for _, c := range n.changes.of(h.culprits) {
		k := h.known(c)
		if k == none {
			unknown++
			continue
		}
		if u := f.shipper(k, n); u != none {
			f.charge(i, u)
		}
	}
	if unknown > 0 {
		f.odd(Anomaly{Code: CodeUnknownChange, ID: h.incidents.String(i), Count: unknown})
	}
	return n.causes.n+n.changes.n > 0
}

// shipper is the deployment that first held a change: of the incident's service, or else of any.
func (f *fold) shipper(c uint32, n *incident) uint32 {
	best := none
	for _, d := range f.shippers[c] {
		u := f.unitOf[d]
		if f.units[u].service == f.rank[n.service] {
			return u
		}
		if best == none || f.earlier(u, best) {
			best = u
		}
	}
	return best
}

// latest is the last successful deployment of an incident's service that finished before it was opened.
func (f *fold) latest(n *incident) uint32 {
	s := f.rank[n.service]
	if s == none {
		return none
	}
	if f.last != nil {
		return f.lastBefore(s, n)
	}
	units := f.of(s)
	k := sort.Search(len(units), func(k int) bool { return units[k].finish >= n.opened }) - 1
	for k >= 0 && units[k].failed {
		if k = int(f.succeeded[f.begins[s]+k]); k >= 0 {
			k -= f.begins[s]
		}
	}
	if k < 0 || f.r.Within > 0 && n.opened-units[k].finish > int64(f.r.Within) {
		return none
	}
	return uint32(f.begins[s] + k)
}

// precede notes for each deployment the successful one right before it in its service; -1: none.
func (f *fold) precede() {
	f.succeeded = make([]int32, len(f.units))
	for s := range f.services {
		last := int32(-1)
		for i := f.begins[s]; i < f.begins[s+1]; i++ {
			f.succeeded[i] = last
			if !f.units[i].failed {
				last = int32(i)
			}
		}
	}
}

// charge says that a deployment caused an incident, once.
func (f *fold) charge(i, unit uint32) {
	if f.touched[unit] == i+1 {
		return
	}
	f.touched[unit] = i + 1
	n, u := &f.h.harm[i], &f.units[unit]
	if f.cause[i] >= elsewhere || f.earlier(f.cause[i], unit) {
		f.cause[i] = unit // the latest one: what went wrong last
	}
	f.links = append(f.links, link{i, unit})
	u.bad = true
	u.reached = u.failed
	u.incidents++
	if n.resolved == never {
		u.open = true
	} else {
		u.ended = max(u.ended, n.resolved, n.opened) // it cannot have ended before it began
	}
}
