package dora

// score is what is counted of a service or a week.
type score struct {
	n, deployments, attempts, attemptsFailed    int
	bad, denominator, incidents, opened, rework int
	days, unattributed, dropped                 int
	unmerged, rounded                           int
}

func (s *score) add(o *score) {
	s.n += o.n
	s.deployments += o.deployments
	s.attempts += o.attempts
	s.attemptsFailed += o.attemptsFailed
	s.bad += o.bad
	s.denominator += o.denominator
	s.incidents += o.incidents
	s.opened += o.opened
	s.rework += o.rework
	s.days += o.days
	s.unattributed += o.unattributed
	s.dropped += o.dropped
	s.unmerged += o.unmerged
	s.rounded += o.rounded
}

// cell is a week of a service.
type cell struct {
	score
	leadsFrom, leadsTo       int
	recoversFrom, recoversTo int
}

// count adds up what each deployment and incident is, by service and week.
func (f *fold) count() {
	f.weeks = len(f.w.weeks) - 1
	f.cells = make([]cell, (len(f.services)+1)*f.weeks)
	for s := range f.services {
		f.countUnits(s)
	}
	for i := range f.h.harm {
		n := &f.h.harm[i]
		if s, counts := f.countIncident(uint32(i), n); counts {
			f.cell(f.home[i], f.w.week(n.opened)).add(&s)
			if f.trace != nil {
				f.noteIncident(uint32(i), n)
			}
		}
	}
	for i, r := range f.recoveries {
		c := f.cell(r.service, f.w.week(r.at))
		if c.recoversTo == 0 {
			c.recoversFrom = i
		}
		c.recoversTo = i + 1
	}
	for s := range f.scores {
		for w := range f.weeks {
			f.scores[s].add(&f.cells[s*f.weeks+w].score)
		}
	}
}

// countIncident is what an incident opened in the window adds.
func (f *fold) countIncident(i uint32, n *incident) (s score, counts bool) {
	if !f.mine(i) || !f.w.has(n.opened) {
		return s, false
	}
	s.opened = 1
	if f.cause[i] == none {
		s.unattributed = 1
	}
	return s, true
}

// cell is a week of a service, or of none.
func (f *fold) cell(service uint32, week int) *cell {
	s := len(f.services)
	if service != none {
		s = int(service)
	}
	return &f.cells[s*f.weeks+week]
}

func (f *fold) countUnits(s int) {
	day, week := -1, 0
	var c *cell
	for i := f.begins[s]; i < f.begins[s+1]; i++ {
		u := &f.units[i]
		if !u.inside {
			continue
		}
		for c == nil || u.finish >= f.w.weeks[week+1] {
			if c == nil {
				week = f.w.week(u.finish)
			} else {
				week++
			}
			c = f.cell(uint32(s), week)
			c.leadsFrom, c.leadsTo = int(u.leads), int(u.leads)
		}
		c.leadsTo = len(f.leads)
		if i+1 < len(f.units) {
			c.leadsTo = int(f.units[i+1].leads)
		}
		f.countUnit(u, &c.score)
		if d := f.w.day(u.finish); d != day && f.frequent(u) {
			c.days++
			day = d
		}
	}
}

// frequent says whether a deployment counts for the frequency.
func (f *fold) frequent(u *unit) bool {
	return !u.failed && (u.kind != kindRollback || f.r.Rollbacks != RollbacksNotFrequency && f.r.Rollbacks != RollbacksApart)
}

// divides says whether failures are divided by a deployment.
func (f *fold) divides(u *unit) bool {
	switch {
	case !u.completed() && f.r.Attempts != AttemptsFail && f.r.Attempts != AttemptsInRate:
		return false
	case u.kind == kindRollback && (f.r.Rollbacks == RollbacksNotRate || f.r.Rollbacks == RollbacksApart):
		return false
	}
	return u.changed || f.r.Denominator != DenominatorChanged
}

func (f *fold) countUnit(u *unit, c *score) {
	c.attempts++
	if u.failed && !u.reached {
		c.attemptsFailed++
	}
	if !u.failed {
		c.deployments++
		if u.remedies() {
			c.rework++
		}
	}
	if f.frequent(u) {
		c.n++
	}
	if f.divides(u) {
		c.denominator++
		if f.broken(u) {
			c.bad++
		}
		c.incidents += int(u.incidents)
	}
	if f.trace != nil {
		f.noteUnit(u)
	}
}
