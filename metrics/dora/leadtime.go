package dora

import "time"

// wantedMark marks a change that an incident names, so that whoever first deployed it is noted.
const wantedMark = 1 << 31

// ship walks over the deployments of each service in the order of time, and finds which changes each one brought, and
// how long they took. f.leads has the lead times in the order of the units.
func (f *fold) ship() {
	h := f.h
	f.stamps = make([]uint32, len(h.committed))
	for _, c := range h.culprits {
		if k := h.known(c); k != none {
			f.stamps[k] = wantedMark
			f.shippers = map[uint32][]uint32{}
		}
	}
	f.leads = make([]int64, 0, len(h.brought))
	last := uint32(0) // the stamp of the last unit, or of the last service
	for s := range f.services {
		previous := int64(never)
		last++
		for i := f.begins[s]; i < f.begins[s+1]; i++ {
			u := &f.units[i]
			u.leads = uint32(len(f.leads))
			if u.failed {
				continue
			}
			u.baseline = previous == never && f.r.Baseline == BaselineSkipped ||
				previous != never && f.r.BaselineGap > 0 && u.finish-previous > int64(f.r.BaselineGap)
			previous = u.finish
			if f.r.Redeployed == RedeployedEach {
				last++
			}
			f.bring(uint32(i), u, last)
		}
	}
}

// bring takes the changes that a deployment brought and that do not bear the stamp yet.
func (f *fold) bring(i uint32, u *unit, stamp uint32) {
	h := f.h
	unknown := 0
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
			was := f.stamps[c]
			if was&^wantedMark == stamp {
				continue
			}
			f.stamps[c] = stamp | was&wantedMark
			if was&wantedMark != 0 {
				f.shippers[c] = append(f.shippers[c], i)
			}
			if u.inside && !u.baseline {
				f.lead(u, c)
			}
		}
	}
	if from := int(u.leads); f.r.Samples == SamplesOldest && len(f.leads) > from+1 {
		oldest := f.leads[from]
		for _, v := range f.leads[from:] {
			oldest = max(oldest, v)
		}
		f.leads = append(f.leads[:from], oldest)
	}
	if unknown > 0 && u.inside {
		f.odd(Anomaly{Code: CodeUnknownChange, ID: h.deployments.String(u.first), Count: unknown})
	}
}

// lead adds the lead time of a change, or of each of the commits behind it.
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
			f.note(entry{metric: mLeadTime, role: roleExcluded, why: whyUnmerged, unit: u, other: c, of: 'c'})
			return
		}
	case StartFirstCommit:
		for _, o := range h.behind(c) {
			at = min(at, o.at)
		}
	case StartCommit, "":
		if commits := h.behind(c); commits != nil {
			for _, o := range commits {
				f.sample(u, c, o.id, o.at)
			}
			return
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
			f.note(entry{metric: mLeadTime, role: roleExcluded, why: whyRounded, unit: u, other: id, of: 'c'})
			return
		}
	}
	f.leads = append(f.leads, lead)
	if f.trace != nil {
		f.note(entry{metric: mLeadTime, role: roleSample, unit: u, other: id, of: 'c', value: lead})
	}
}

// stages is a lead time of which each stage is rounded up to minutes by itself. A stage that ends before it begins
// is nothing; where the whole does, it is negative.
func (f *fold) stages(u *unit, c uint32, at int64) int64 {
	merged := f.h.mergedAt(c)
	if merged == never {
		if u.finish < at {
			return u.finish - at
		}
		return ceilMinutes(u.finish - at)
	}
	before, after := merged-at, u.finish-merged
	if before < 0 && after < 0 {
		return before
	}
	return ceilMinutes(max(before, 0)) + ceilMinutes(max(after, 0))
}

func ceilMinutes(d int64) int64 {
	const m = int64(time.Minute)
	return (d + m - 1) / m * m
}

// round cuts a duration that is not negative.
func (r Rounding) round(d int64) int64 {
	switch r {
	case RoundMinutes:
		return d - d%int64(time.Minute)
	case RoundHours:
		return d - d%int64(time.Hour)
	}
	return d
}
