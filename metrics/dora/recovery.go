package dora

import (
	"cmp"
	"slices"
)

// recovery is how long a failure lasted, or, where it is open, how long it had lasted when the window ended.
type recovery struct {
	at, value int64
	service   uint32
	open      bool
}

// recover finds the recoveries of the window, in the order of service and time.
func (f *fold) recover() {
	f.recoveries = make([]recovery, 0, len(f.h.harm))
	switch f.r.Recovery {
	case RecoveryDeployment, "", RecoveryNext:
		if f.r.Recovery == RecoveryNext {
			f.follow()
		}
		for i := range f.units {
			f.recovered(i)
		}
	case RecoveryIncident:
		for _, l := range f.links {
			u, n := &f.units[l.unit], &f.h.harm[l.incident]
			if u.inside {
				f.recovery(u.service, u.finish, u.finish, n.resolved, u, l.incident)
			}
		}
	default:
		for i := range f.h.harm {
			f.restored(uint32(i))
		}
	}
	f.recoveries = f.inOrder(f.recoveries)
}

// recovered is the recovery of a deployment.
func (f *fold) recovered(i int) {
	u := &f.units[i]
	if !u.inside || !f.broken(u) {
		return
	}
	end := u.fixed
	switch {
	case f.r.Recovery == RecoveryNext:
		end = f.mended[i]
	case u.open:
		end = never
	case u.incidents > 0:
		end = u.ended
	}
	f.recovery(u.service, u.finish, u.finish, end, u, none)
}

// broken says whether a deployment counts as a failed one.
func (f *fold) broken(u *unit) bool {
	return u.bad && u.completed() || u.failed && f.r.Attempts == AttemptsFail
}

// follow finds, for each deployment, when the next successful one of its service finished; never: there is none.
func (f *fold) follow() {
	f.mended = make([]int64, len(f.units))
	for s := range f.services {
		next := int64(never)
		for i := f.begins[s+1] - 1; i >= f.begins[s]; i-- {
			if f.mended[i] = next; !f.units[i].failed {
				next = f.units[i].finish
			}
		}
	}
}

// restored is the recovery of an incident by itself.
func (f *fold) restored(i uint32) {
	n := &f.h.harm[i]
	cause := f.cause[i]
	if !f.mine(i) || f.r.Recovery == RecoveryAttributed && cause >= elsewhere {
		return
	}
	begin, at := n.opened, n.resolved
	var u *unit
	if cause < elsewhere {
		u = &f.units[cause]
		if f.r.Recovery == RecoveryEarliest {
			begin = min(begin, u.finish)
		}
	}
	if at == never {
		at = n.opened
	}
	if f.w.has(at) && (f.r.RecoveryWindow != RecoveryWithin || f.w.has(begin)) {
		f.recovery(f.home[i], at, begin, n.resolved, u, i)
	}
}

// recovery adds one that began and ended then, and counts for the week of at.
func (f *fold) recovery(service uint32, at, begin, end int64, u *unit, incident uint32) {
	e := entry{metric: mRecovery, role: roleSample, unit: u, service: service, at: at, other: incident, of: 'i'}
	r := recovery{at: at, service: service, value: end - begin}
	switch {
	case end == never:
		r.open, r.value = true, max(0, f.w.to-begin)
		e.role = roleCensored
	case incident != none && f.h.harm[incident].resolved < f.h.harm[incident].opened:
		e.role, e.why = roleExcluded, whyNegative
	case f.r.RecoveryWindow == RecoveryWithin && end >= f.w.to:
		e.role, e.why = roleExcluded, whyLater
	case end < begin:
		if u != nil && incident == none {
			f.odd(Anomaly{Code: CodeRecoveryBeforeDeploy, ID: f.h.deployments.String(u.first)})
		} else if u != nil && f.r.Recovery == RecoveryIncident {
			f.odd(Anomaly{Code: CodeRecoveryBeforeDeploy, ID: f.h.deployments.String(u.first), Other: f.h.incidents.String(incident)})
		}
		e.role, e.why = roleExcluded, whyNegative
	}
	if f.r.BusinessTime == BusinessAlways && r.value > 0 {
		r.value = f.w.calendar.between(begin, begin+r.value)
	}
	if !r.open {
		r.value = f.r.RecoveryRounding.round(r.value)
	}
	e.value = r.value
	if e.role != roleExcluded {
		f.recoveries = append(f.recoveries, r)
	}
	if f.trace != nil {
		f.note(e)
	}
}

// mine says whether an incident belongs to a service that was asked for.
func (f *fold) mine(i uint32) bool {
	return f.home[i] != none || f.everything
}

// restore finds how long all incidents took that were resolved in the window.
func (f *fold) restore() {
	f.restores = make([]recovery, 0, len(f.h.harm))
	for i := range f.h.harm {
		n := &f.h.harm[i]
		if !f.restoredInside(uint32(i), n) {
			continue
		}
		f.restores = append(f.restores, recovery{at: n.resolved, value: n.resolved - n.opened, service: f.home[i]})
		if f.trace != nil {
			f.note(entry{metric: mMTTR, role: roleSample, service: f.home[i], at: n.resolved, other: uint32(i), of: 'i', value: n.resolved - n.opened})
		}
	}
	f.restores = f.inOrder(f.restores)
}

// inOrder puts recoveries in the order of services, with those of none at the end, and of time within.
func (f *fold) inOrder(all []recovery) []recovery {
	begins := make([]int, len(f.services)+2)
	place := func(r recovery) int { return int(min(r.service, uint32(len(f.services)))) }
	for _, r := range all {
		begins[place(r)+1]++
	}
	for s := range len(f.services) + 1 {
		begins[s+1] += begins[s]
	}
	sorted, next := make([]recovery, len(all)), slices.Clone(begins)
	for _, r := range all {
		sorted[next[place(r)]] = r
		next[place(r)]++
	}
	for s := range len(f.services) + 1 {
		slices.SortFunc(sorted[begins[s]:begins[s+1]], func(a, b recovery) int {
			if a.at != b.at {
				return cmp.Compare(a.at, b.at)
			}
			return cmp.Compare(a.value, b.value)
		})
	}
	return sorted
}

// restoredInside says whether the time until an incident was resolved counts.
func (f *fold) restoredInside(i uint32, n *incident) bool {
	return f.mine(i) && n.resolved != never && n.resolved >= n.opened && f.w.has(n.resolved)
}

// recoveryTimes splits recoveries into those that have ended and those that are open, into scratch space.
func (f *fold) recoveryTimes(all []recovery) (ended, open []int64) {
	f.ended, f.open = f.ended[:0], f.open[:0]
	for _, r := range all {
		if r.open {
			f.open = append(f.open, r.value)
		}
		if !r.open || f.r.Open == OpenNow {
			f.ended = append(f.ended, r.value)
		}
	}
	return f.ended, f.open
}

// recoverySpread fills d with the distribution of recoveries; false: there is none.
func (f *fold) recoverySpread(all []recovery, d *Durations) bool {
	if len(all) == 0 {
		return false
	}
	ended, open := f.recoveryTimes(all)
	f.spreader.spread(ended, d)
	if len(open) > 0 {
		slices.Sort(ended)
		slices.Sort(open)
	}
	f.censor(d, list(ended), open)
	return true
}

// censor fills in what those say that are open; both lists are in order.
func (f *fold) censor(d *Durations, ended ordered, open []int64) {
	if d.Censored = len(open); len(open) > 0 && f.r.Open != OpenNow {
		if d.Survival = outlived(ended, open); d.Survival.IsZero() {
			longest := open[len(open)-1]
			if n := ended.len(); n > 0 {
				longest = max(longest, ended.at(n-1))
			}
			d.SurvivalAbove = Known(float64(longest) / 1e9)
		}
		if f.r.Open != OpenDropped {
			d.Typical = d.Survival
		}
	}
	d.Tier = f.durationTier(f.tiers.Recovery, d)
}
