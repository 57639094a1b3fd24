package dora

import "slices"

// ship finds the lead times and cycle times that a deployment has brought.
func (m *Meter) ship(u *unit, at uint32, success int64) ([]int64, []cycle) {
	f, h := m.f, m.h
	room := 0
	for _, c := range h.deployed[u.first].changes.of(h.brought) {
		room++
		if k := h.known(c); k != none {
			room += len(h.behind(k))
		}
	}
	if len(m.scratch) < room {
		m.scratch = make([]int64, 2*room)
	}
	f.leads, f.cycles, f.next[u.service] = m.scratch, f.cycles[:0], 0
	before := f.scores[u.service]
	if !u.failed {
		u.baseline = success == never && f.r.Baseline == BaselineSkipped || success != never && f.r.BaselineGap > 0 && u.finish-success > int64(f.r.BaselineGap)
		stamp := u.service + 1
		if f.r.Redeployed == RedeployedEach {
			stamp = at + 1
		}
		f.bring(u, stamp)
	}
	after := &f.scores[u.service]
	without := score{dropped: after.dropped - before.dropped, unmerged: after.unmerged - before.unmerged, rounded: after.rounded - before.rounded}
	m.services[u.service].score.add(&without)
	m.all.score.add(&without)
	return m.scratch[:f.next[u.service]], f.cycles
}

// enter counts a deployment, and adds its samples.
func (m *Meter) enter(u *unit, last *newest, leads []int64, cycles []cycle) {
	f := m.f
	if !u.inside {
		return
	}
	week, x := f.w.week(u.finish), &m.services[u.service]
	m.tally(u, 1)
	if f.frequent(u) {
		day := f.w.day(u.finish)
		for _, y := range [2]*scope{x, &m.all} {
			if !y.daily[day] {
				y.daily[day] = true
				y.score.days++
				y.cells[f.w.week(max(f.w.days[day], f.w.from))].days++
			}
			if last.frequent != never {
				y.gaps.add(u.finish - last.frequent)
			}
			y.counting = true
		}
		last.frequent = u.finish
	}
	w := m.touch(int(u.service)*f.weeks + week)
	w.leads = append(w.leads, leads...)
	for _, y := range [2]*scope{x, &m.all} {
		for _, v := range leads {
			y.leads.add(v)
		}
		for i := range cycles {
			for k, v := range cycles[i].all() {
				y.cycles[k].add(v)
			}
		}
	}
}

// tally adds what a deployment counts for, and its recovery; with -1 it takes both away.
func (m *Meter) tally(u *unit, sign int) {
	f := m.f
	if !u.inside {
		return
	}
	var s score
	f.countUnit(u, &s)
	if sign < 0 {
		s = s.negative()
	}
	week, x := f.w.week(u.finish), &m.services[u.service]
	c := int(u.service)*f.weeks + week
	m.touch(c)
	x.cells[week].add(&s)
	m.all.cells[week].add(&s)
	x.score.add(&s)
	m.all.score.add(&s)
	x.fresh, m.all.fresh = false, false
	if f.r.Recovery == RecoveryDeployment || f.r.Recovery == "" {
		kept := len(f.recoveries)
		f.recovered(int(f.unitOf[u.first]))
		m.recoveries(f.recoveries[kept:], sign)
		f.recoveries = f.recoveries[:kept]
	}
}

// recoveries adds recoveries to what they belong to, or takes them away.
func (m *Meter) recoveries(some []recovery, sign int) {
	f := m.f
	for _, r := range some {
		s := len(f.services)
		if r.service != none {
			s = int(r.service)
		}
		w := m.touch(s*f.weeks + f.w.week(r.at))
		if sign > 0 {
			w.recoveries = append(w.recoveries, r)
		} else {
			for i := range w.recoveries {
				if w.recoveries[i] == r {
					w.recoveries = append(w.recoveries[:i], w.recoveries[i+1:]...)
					break
				}
			}
		}
		change := func(x *scope) {
			x.fresh, x.recovering = false, true
			if r.open {
				x.open.by(r.value, sign)
			}
			if !r.open || f.r.Open == OpenNow {
				x.ended.by(r.value, sign)
			}
		}
		change(&m.all)
		if r.service != none {
			change(&m.services[r.service])
		}
	}
}

// around changes some deployments: what they counted for before is taken away, and what they count for now added. It is false
// where something was said of them that may not be so any more.
func (m *Meter) around(targets []uint32, change func()) bool {
	f := m.f
	anomalies := len(f.anomalies)
	for i, t := range targets {
		if slices.Index(targets, t) == i {
			m.tally(&f.units[t], -1)
		}
	}
	if len(f.anomalies) != anomalies {
		return false
	}
	change()
	for i, t := range targets {
		if slices.Index(targets, t) == i {
			m.tally(&f.units[t], 1)
		}
	}
	return true
}

// score adds to a week of a service, or of none.
func (m *Meter) score(service uint32, week int, s *score) {
	f := m.f
	f.cell(service, week).add(s)
	m.all.cells[week].add(s)
	m.all.score.add(s)
	m.all.fresh = false
	at := len(f.services)
	if service != none {
		at = int(service)
		m.services[service].score.add(s)
		m.services[service].fresh = false
	}
	m.touch(at*f.weeks + week)
}

func (s *score) negative() score {
	var n score
	n.subtract(s)
	return n
}

func (s *score) subtract(o *score) {
	s.n -= o.n
	s.deployments -= o.deployments
	s.attempts -= o.attempts
	s.attemptsFailed -= o.attemptsFailed
	s.bad -= o.bad
	s.denominator -= o.denominator
	s.incidents -= o.incidents
	s.opened -= o.opened
	s.rework -= o.rework
	s.unattributed -= o.unattributed
}

// by adds a number, or takes it away.
func (r *ranked) by(v int64, sign int) {
	if sign > 0 {
		r.add(v)
	} else {
		r.remove(v)
	}
}
