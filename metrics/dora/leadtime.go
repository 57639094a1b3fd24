package dora

import "slices"

// wantedMark marks a change that an incident names, so that whoever first deployed it is noted.
const wantedMark = 1 << 31

// ship walks over the deployments in the order of time, and finds which changes each one brought to its service, and how
// long they took. In the end f.leads has the lead times in the order of services, and of time within.
//
// Changes are known by when they come, so that to walk in the order of time, not by service, is to walk through memory
// from one end to the other.
func (f *fold) ship(units []unit) {
	h := f.h
	f.stamps = make([]uint32, len(h.committed))
	for _, c := range h.culprits {
		if k := h.known(c); k != none {
			f.stamps[k] = wantedMark
			f.shippers = map[uint32][]uint32{}
		}
	}
	region := f.regions(units)
	begin := slices.Clone(region)
	f.next = region
	previous := make([]int64, len(f.services))
	for s := range previous {
		previous[s] = never
	}
	for i := range units {
		u := &units[i]
		u.leads = uint32(f.next[u.service])
		if u.failed {
			continue
		}
		last := &previous[u.service]
		u.baseline = *last == never && f.r.Baseline == BaselineSkipped ||
			*last != never && f.r.BaselineGap > 0 && u.finish-*last > int64(f.r.BaselineGap)
		*last = u.finish
		if f.r.Redeployed == RedeployedEach {
			f.bring(u, uint32(i)+1)
		} else {
			f.bring(u, u.service+1)
		}
	}
	f.compact(units, begin)
	slices.SortStableFunc(f.cycles, func(a, b cycle) int { return int(a.service) - int(b.service) })
}

// regions reserves for the lead times of each service as much room as they can take.
func (f *fold) regions(units []unit) []int {
	h := f.h
	room := make([]int, len(f.services)+1)
	var one [1]uint32
	for i := range units {
		u := &units[i]
		if u.failed || !u.inside {
			continue
		}
		for _, m := range f.members(u, &one) {
			changes := h.deployed[m].changes
			n := int(changes.n)
			if len(h.originals) > 0 {
				for _, c := range changes.of(h.brought) {
					if k := h.known(c); k != none {
						n += max(0, len(h.behind(k))-1)
					}
				}
			}
			room[u.service+1] += n
		}
	}
	for s := range f.services {
		room[s+1] += room[s]
	}
	f.leads = make([]int64, room[len(f.services)])
	return room
}

// compact closes the gaps between the lead times of services.
func (f *fold) compact(units []unit, begin []int) {
	at := 0
	for s := range f.services {
		n := copy(f.leads[at:], f.leads[begin[s]:f.next[s]])
		begin[s] -= at // by how much they have moved
		at += n
	}
	f.leads = f.leads[:at]
	for i := range units {
		u := &units[i]
		u.leads -= uint32(begin[u.service])
	}
}

// bring takes the changes that a deployment brought and that do not bear the stamp yet.
func (f *fold) bring(u *unit, stamp uint32) {
	h := f.h
	unknown := 0
	from := f.next[u.service]
	noted := f.noted()
	var one [1]uint32
	for _, m := range f.members(u, &one) {
		for _, c := range h.deployed[m].changes.of(h.brought) {
			if h.committed[c] == never {
				if c = h.known(c); c == none {
					unknown++
					continue
				}
			}
			u.changed = true
			if was := f.stamps[c]; was != 0 && f.stamped(c, was, stamp) {
				continue
			} else if was == 0 {
				f.stamps[c] = stamp
			} else if was&wantedMark != 0 {
				f.shippers[c] = append(f.shippers[c], u.first)
			}
			if len(h.originals) > 0 {
				if commits := h.behind(c); commits != nil {
					f.wanted(u, c, commits)
					if f.split {
						f.unpack(u, c, stamp, commits)
						continue
					}
				}
			}
			switch {
			case !u.inside:
			case u.baseline:
				f.note(entry{metric: mLeadTime, role: roleExcluded, why: whyBaseline, unit: u, other: c, of: 'c'})
			case f.plain && !f.cycled && u.finish >= h.committed[c]:
				f.leads[f.next[u.service]] = u.finish - h.committed[c]
				f.next[u.service]++
			default:
				f.lead(u, c)
			}
		}
	}
	if leads := f.leads[from:f.next[u.service]]; f.r.Samples == SamplesOldest && len(leads) > 1 {
		leads[0] = slices.Max(leads)
		f.next[u.service] = from + 1
		f.keepOldest(noted, leads[0])
	}
	if unknown > 0 && u.inside {
		f.odd(Anomaly{Code: CodeUnknownChange, ID: h.deployments.String(u.first), Count: unknown})
	}
}

// stamped says whether a change that bears a stamp, or is wanted, has been taken under this one already, and stamps it. One
// service is noted with the change itself, where it was the first; others are noted apart.
func (f *fold) stamped(c, was, stamp uint32) bool {
	if f.r.Redeployed == RedeployedEach {
		f.stamps[c] = stamp | was&wantedMark
		return was&^wantedMark == stamp
	}
	switch was &^ wantedMark {
	case stamp:
		return true
	case 0:
		f.stamps[c] = stamp | wantedMark
		return false
	}
	k := uint64(c)<<32 | uint64(stamp)
	if f.also == nil {
		f.also = map[uint64]struct{}{}
	}
	if _, ok := f.also[k]; ok {
		return true
	}
	f.also[k] = struct{}{}
	return false
}

// lead adds the lead time of a change.
func (f *fold) lead(u *unit, c uint32) {
	h := f.h
	at := h.committed[c]
	if f.cycled {
		f.addCycle(u, c)
	}
	if f.plain {
		f.sample(u, c, c, at)
		return
	}
	switch f.r.Start {
	case StartMerged:
		if at = h.mergedAt(c); at == never {
			f.scores[u.service].unmerged++
			f.note(entry{metric: mLeadTime, role: roleExcluded, why: whyUnmerged, unit: u, other: c, of: 'c'})
			return
		}
	case StartFirstCommit:
		for _, o := range h.behind(c) {
			at = min(at, o.at)
		}
	}
	f.sample(u, c, c, at)
}

// sample adds a lead time that began then.
func (f *fold) sample(u *unit, c, id uint32, at int64) {
	lead := u.finish - at
	if f.r.LeadRounding == RoundStages {
		lead = f.stages(u, c, at)
	}
	if lead < 0 {
		f.scores[u.service].dropped++
		f.odd(Anomaly{Code: CodeCommitAfterDeploy, ID: f.h.changes.String(id), Other: f.h.deployments.String(u.first)})
		f.note(entry{metric: mLeadTime, role: roleExcluded, why: whyNegative, unit: u, other: id, of: 'c', value: lead})
		return
	}
	if f.r.BusinessTime == BusinessLead || f.r.BusinessTime == BusinessAlways {
		lead = f.w.calendar.between(at, u.finish)
	}
	if !f.plain {
		if lead = f.r.LeadRounding.round(lead); lead == 0 && (f.r.LeadRounding == RoundMinutes || f.r.LeadRounding == RoundHours) {
			f.scores[u.service].rounded++
			f.note(entry{metric: mLeadTime, role: roleExcluded, why: whyRounded, unit: u, other: id, of: 'c'})
			return
		}
	}
	f.leads[f.next[u.service]] = lead
	f.next[u.service]++
	if f.trace != nil {
		f.note(entry{metric: mLeadTime, role: roleSample, unit: u, other: id, of: 'c', value: lead})
	}
}
