package dora

// noteOthers notes what stands behind the figures that are made of no deployments: outages, work, answers, and instants.
func (f *fold) noteOthers() {
	if f.trace == nil {
		return
	}
	f.noteOutages()
	f.noteWork()
	for i, a := range f.h.answers {
		e := entry{metric: mCSAT, role: roleCounted, service: none, at: a.at, other: uint32(i), of: 'a'}
		if a.kind == NPS {
			e.metric = mNPS
		}
		if a.kind == CSAT && a.score >= 4 || a.kind == NPS && a.score >= 9 {
			e.role = roleHit
		}
		f.note(e)
	}
	f.noteHours()
}

// noteOutages notes how long of each outage lies in the window.
func (f *fold) noteOutages() {
	for i, o := range f.h.outages {
		service := f.rank[o.service]
		if o.service == f.nameless {
			service = none // one of each service
		} else if service == none {
			continue
		}
		from, to := max(o.from, f.w.from), min(o.to, f.w.to)
		if from >= to {
			continue
		}
		for _, m := range []metric{mAvailability, mDowntime, mBudget} {
			if m != mBudget || f.q.Objective != 0 {
				f.note(entry{metric: m, role: roleSample, service: service, at: from, other: uint32(i), of: 'o', value: to - from})
			}
		}
	}
}

// noteWork notes the items of the iterations that ended in the window, and how long work took that was done in it.
func (f *fold) noteWork() {
	ends := map[uint32]int64{}
	for _, w := range f.h.worked {
		if w.iteration != none {
			end, some := ends[w.iteration]
			if !some {
				end = never
			}
			ends[w.iteration] = max(end, w.done, w.started)
		}
	}
	for i, w := range f.h.worked {
		e := entry{service: none, at: w.done, other: uint32(i), of: 'w'}
		if w.done != never && w.started != never && f.w.has(w.done) {
			e.metric, e.role, e.value = mWork, roleSample, w.done-w.started
			if e.value < 0 {
				e.role, e.why = roleExcluded, whyNegative
			}
			f.note(e)
		}
		if end := ends[w.iteration]; w.iteration != none && f.w.has(end) {
			e.metric, e.role, e.why, e.at = mVelocity, roleCounted, whyNothing, end
			if w.done != never {
				e.role = roleHit
			}
			f.note(e)
		}
	}
}

// noteHours notes which commits and deployments were made in working hours, and which outside of them.
func (f *fold) noteHours() {
	at := f.w.hours()
	note := func(e entry, t int64) {
		if !f.w.has(t) {
			return
		}
		e.metric, e.at, e.service = mHours, t, none
		if e.role = roleCounted; !at.working(t) {
			e.role = roleHit
		}
		f.note(e)
	}
	for i := range f.units {
		note(entry{unit: &f.units[i], other: f.units[i].first, of: 'd'}, f.units[i].finish)
	}
	for c, t := range f.h.committed {
		if t == never {
			continue
		}
		commits := f.h.behind(uint32(c))
		for _, o := range commits {
			note(entry{other: o.id, of: 'c'}, o.at)
		}
		if commits == nil {
			note(entry{other: uint32(c), of: 'c'}, t)
		}
	}
}
